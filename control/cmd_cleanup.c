#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/ptr.h"
#include "control/cleanup_keys.h"
#include "control/command.h"
#include "control/home.h"
#include "control/options.h"

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

static int set_option(void *arg, int which, const char *value, struct err *e)
{
	bool *yes = arg;

	(void)which;
	(void)value;
	(void)e;
	*yes = true;
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

static int clean(bool yes, struct cleanup_keys *keys, struct err *e)
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
	r = yes ? 1 : ask(e);
	if (r <= 0)
		return r < 0 ? r : 1;
	r = cleanup_keys_revoke(keys, e);
	return r < 0 ? r : r > 0;
}

static int clean_in(const char *home, bool yes, struct err *e)
{
	struct cleanup_keys keys = {0};
	int r = cleanup_keys_find(home, &keys, e);

	if (r == 0)
		r = clean(yes, &keys, e);
	cleanup_keys_done(&keys);
	return r;
}

static int run(char **argv, struct err *e)
{
	static const struct option table[] = {{"yes", no_argument, NULL, 'y'}, OPTIONS_COMMON};
	bool yes = false;
	const struct options options = {.command = "cleanup",
		.help = help,
		.letters = "hy",
		.table = table,
		.set = set_option,
		.arg = &yes};
	cleanup_free char *home = NULL;
	const char *given;
	char **rest;
	int r = options_read(&options, argv, &given, &rest, e);

	if (r > 0)
		r = options_at_most(&options, rest, 0, e);
	else
		return r;
	if (r == 0)
		r = home_find(given, &home, e);
	return r < 0 ? r : clean_in(home, yes, e);
}

const struct command cmd_cleanup = {
	.name = "cleanup",
	.help = "remove what bottles that have ended have left behind",
	.run = run,
};
