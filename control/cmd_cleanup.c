#include <errno.h>
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/ptr.h"
#include "control/cleanup_keys.h"
#include "control/command.h"
#include "control/home.h"

static const char help[] =
	"usage: bottle cleanup [--yes] [--home DIR]\n"
	"\n"
	"Finds what bottles that have ended have left behind: deploy keys that a forge still has.\n"
	"Lists it, asks once, and removes it; what could not be removed is told with the reason, "
	"and\n"
	"stays listed. What belongs to a bottle that is alive is spared. The exit status is 0 "
	"when\n"
	"nothing is left, else 1.\n"
	"\n"
	"  --yes       without asking\n"
	"  --home DIR  the operator's directory\n"
	"              (default: $BOTTLE_HOME, ~/.bot-bottle or " HOME_OF_ENGINE ")\n";

struct cleanup_options {
	const char *home;
	bool yes, help;
};

static int parse_options(int argc, char **argv, struct cleanup_options *o, struct err *e)
{
	static const struct option options[] = {{"yes", no_argument, NULL, 'y'},
		{"home", required_argument, NULL, 'H'}, {"help", no_argument, NULL, 'h'}, {0}};
	int which;

	optind = 1;
	while ((which = getopt_long(argc, argv, "hy", options, NULL)) != -1) {
		if (which == 'y')
			o->yes = true;
		else if (which == 'H')
			o->home = optarg;
		else if (which == 'h')
			o->help = true;
		else
			return err_say(e, EINVAL, "see `bottle cleanup --help`");
	}
	if (argv[optind])
		return err_say(
			e, EINVAL, "unexpected '%s'; see `bottle cleanup --help`", argv[optind]);
	return 0;
}

/* 1: yes. */
static int ask(struct err *e)
{
	char answer[8];

	if (!isatty(STDIN_FILENO))
		return err_say(
			e, EINVAL, "nobody to ask: standard input is no terminal; use --yes");
	fputs("Revoke them? [y/N] ", stdout);
	fflush(stdout);
	return fgets(answer, sizeof(answer), stdin) && (*answer == 'y' || *answer == 'Y');
}

static int clean(const struct cleanup_options *o, struct cleanup_keys *keys, struct err *e)
{
	int r;

	if (keys->spared)
		printf("spared: %zu deploy keys of live bottles, or about to be revoked\n",
			keys->spared);
	if (keys->n == 0) {
		puts("nothing is left behind");
		return 0;
	}
	cleanup_keys_list(keys);
	r = o->yes ? 1 : ask(e);
	if (r <= 0)
		return r < 0 ? r : 1;
	r = cleanup_keys_revoke(keys, e);
	return r < 0 ? r : r > 0;
}

static int run(int argc, char **argv, struct err *e)
{
	struct cleanup_options o = {0};
	struct cleanup_keys keys = {0};
	cleanup_free char *home = NULL;
	int r = parse_options(argc, argv, &o, e);

	if (r < 0)
		return r;
	if (o.help) {
		fputs(help, stdout);
		return 0;
	}
	home = home_find(o.home);
	if (!home)
		return err_say(e, ENOENT, "the operator's directory '%s' does not exist",
			o.home ? o.home : getenv("BOTTLE_HOME"));
	r = cleanup_keys_find(home, &keys, e);
	if (r == 0)
		r = clean(&o, &keys, e);
	cleanup_keys_done(&keys);
	return r;
}

const struct command cmd_cleanup = {
	.name = "cleanup",
	.help = "remove what bottles that have ended have left behind",
	.run = run,
};
