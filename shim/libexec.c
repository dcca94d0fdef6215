#include "shim/libexec.h"

#include "base/libexec.h"
#include "base/ptr.h"
#include "shim/self.h"

int libexec_open(const char *program, int *ret_fd, struct err *e)
{
	cleanup_free char *beside = self_directory();

	return libexec_open_beside(beside, program, ret_fd, e);
}
