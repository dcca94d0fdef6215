#include "shim/container_options.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"

void container_options_complete(struct container_options *o)
{
	const char *text = getenv("LISTEN_FDS");
	long n;

	if (text && str_to_long(text, 1, 1024, &n))
		o->listen_fds = n;
}

int container_create_failed(struct err *e)
{
	if (str_starts(e->msg, "exec: "))
		err_wrap(e, "unable to start container process");
	return -e->code;
}
