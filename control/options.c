#include "control/options.h"

#include <errno.h>
#include <stdio.h>

#include "base/str.h"

static int usage(const struct options *o, struct err *e)
{
	return err_say(e, EINVAL, "see `bottle %s --help`", o->command);
}

int options_read(const struct options *o, char **argv, const char **ret_home, char ***ret_rest,
	struct err *e)
{
	int which, r = 0;

	*ret_home = NULL;
	optind = 1;
	while (r == 0 && (which = getopt_long(
				  (int)strv_len(argv), argv, o->letters, o->table, NULL)) != -1) {
		if (which == OPTIONS_HOME)
			*ret_home = optarg;
		else if (which == OPTIONS_HELP || which == 'h')
			return fputs(o->help, stdout) < 0 ? err_set(e, errno, "tell the help") : 0;
		else
			r = which == '?' ? usage(o, e) : o->set(o->arg, which, optarg, e);
	}
	if (r < 0)
		return r;
	*ret_rest = argv + optind;
	return 1;
}

int options_at_most(const struct options *o, char *const *rest, size_t max, struct err *e)
{
	return strv_len(rest) <= max ? 0
				     : err_say(e, EINVAL, "unexpected '%s'; see `bottle %s --help`",
					       rest[max], o->command);
}
