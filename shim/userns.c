#include "shim/userns.h"

#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

/* PROC_USER_INIT_INO of the kernel: the first user namespace has it on every machine. */
#define FIRST_INODE 0xEFFFFFFDU

bool userns_is_rootless(void)
{
	struct stat st;

	return geteuid() != 0 || (stat("/proc/self/ns/user", &st) == 0 && st.st_ino != FIRST_INODE);
}

void userns_let_map(bool on)
{
	if (userns_is_rootless())
		(void)prctl(PR_SET_DUMPABLE, on, 0, 0, 0);
}
