#include "base/libexec.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>

#include "base/ptr.h"

int libexec_open_beside(const char *beside, const char *program, int *ret_fd, struct err *e)
{
	static const char *const places[] = {"", "/../libexec/bottle-shim"};
	char path[PATH_MAX];

	*ret_fd = -1;
	for (size_t i = 0; beside && *ret_fd < 0 && i < ARRAY_LEN(places); i++) {
		snprintf(path, sizeof(path), "%s%s/%s", beside, places[i], program);
		*ret_fd = open(path, O_PATH | O_CLOEXEC);
	}
	if (*ret_fd < 0) {
		snprintf(path, sizeof(path), "%s/%s", BOTTLE_LIBEXEC, program);
		*ret_fd = open(path, O_PATH | O_CLOEXEC);
	}
	if (*ret_fd < 0)
		return err_set(e, errno,
			"'%s' is neither in '%s', nor in its ../libexec/bottle-shim, "
			"nor in '%s'",
			program, beside ? beside : "/proc/self/exe's directory", BOTTLE_LIBEXEC);
	return 0;
}
