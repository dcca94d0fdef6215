#include "shim/libexec.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>

#include "base/ptr.h"
#include "shim/self.h"

int libexec_open(const char *program, int *ret_fd, struct err *e)
{
	cleanup_free char *beside = self_directory();
	char path[PATH_MAX];

	*ret_fd = -1;
	if (beside) {
		snprintf(path, sizeof(path), "%s/%s", beside, program);
		*ret_fd = open(path, O_PATH | O_CLOEXEC);
	}
	if (*ret_fd < 0) {
		snprintf(path, sizeof(path), "%s/%s", BOTTLE_LIBEXEC, program);
		*ret_fd = open(path, O_PATH | O_CLOEXEC);
	}
	if (*ret_fd < 0)
		return err_set(e, errno, "'%s' is neither in '%s' nor in '%s'", program,
			beside ? beside : "/proc/self/exe's directory", BOTTLE_LIBEXEC);
	return 0;
}
