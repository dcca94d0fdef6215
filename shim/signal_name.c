#include "shim/signal_name.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <strings.h>

#include "base/str.h"

static int real_time(const char *name)
{
	long offset = 0;

	if (strncasecmp(name, "RTMIN", 5) == 0 &&
		(!name[5] || (name[5] == '+' && str_to_long(name + 6, 0, 30, &offset))))
		return SIGRTMIN + (int)offset;
	if (strncasecmp(name, "RTMAX", 5) == 0 &&
		(!name[5] || (name[5] == '-' && str_to_long(name + 6, 0, 30, &offset))))
		return SIGRTMAX - (int)offset;
	return 0;
}

int signal_number(const char *text, struct err *e)
{
	const char *name = strncasecmp(text, "SIG", 3) == 0 ? text + 3 : text;
	long number;
	int rt;

	if (str_to_long(text, 0, NSIG - 1, &number))
		return (int)number;
	for (int sig = 1; sig < NSIG; sig++) {
		const char *known = sigabbrev_np(sig);

		if (known && strcasecmp(known, name) == 0)
			return sig;
	}
	rt = real_time(name);
	return rt ? rt : err_say(e, EINVAL, "unknown signal \"%s\"", text);
}
