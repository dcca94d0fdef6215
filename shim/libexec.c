#include "shim/libexec.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int libexec_open(const char *program, int *ret_fd, struct err *e)
{
	char self[PATH_MAX], path[PATH_MAX + 64];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	char *slash;

	if (n < 0)
		return err_set(e, errno, "readlink '/proc/self/exe'");
	self[n] = '\0';
	slash = strrchr(self, '/');
	if (slash)
		*slash = '\0';
	snprintf(path, sizeof(path), "%s/%s", self, program);
	*ret_fd = open(path, O_PATH | O_CLOEXEC);
	if (*ret_fd < 0) {
		snprintf(path, sizeof(path), "%s/%s", BOTTLE_LIBEXEC, program);
		*ret_fd = open(path, O_PATH | O_CLOEXEC);
	}
	if (*ret_fd < 0)
		return err_set(e, errno, "'%s' is neither in '%s' nor in '%s'", program, self,
			BOTTLE_LIBEXEC);
	return 0;
}
