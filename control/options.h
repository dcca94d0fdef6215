#ifndef CONTROL_OPTIONS_H
#define CONTROL_OPTIONS_H

#include <getopt.h>

#include "base/err.h"

/* What all commands of `bottle` have in common on their command lines. */

/* The last rows of each command's table: --home DIR and --help. */
#define OPTIONS_HOME 256
#define OPTIONS_HELP 257
#define OPTIONS_COMMON                                                                             \
	{"home", required_argument, NULL, OPTIONS_HOME},                                           \
		{"help", no_argument, NULL, OPTIONS_HELP},                                         \
	{                                                                                          \
		0                                                                                  \
	}

struct options {
	const char *command; /* "logs" */
	const char *help;
	const char *letters;	    /* as getopt_long(3) has them, with 'h' for --help */
	const struct option *table; /* ends with OPTIONS_COMMON */
	/* For each of the command's own: its val, and its argument or NULL. 0 or -errno. */
	int (*set)(void *arg, int which, const char *value, struct err *e);
	void *arg;
};

/*
 * Reads the options. 1: *ret_rest are the operands (of argv, ended by NULL), *ret_home is what
 * --home said or NULL. 0: help was asked for and told; there is nothing more to do. -EINVAL: what
 * is wrong stands on standard error (getopt_long) or in e, which points to --help.
 */
int options_read(const struct options *o, char **argv, const char **ret_home, char ***ret_rest,
	struct err *e);

/* Of a command that takes so many operands at most: what is beyond them is an error. */
int options_at_most(const struct options *o, char *const *rest, size_t max, struct err *e);

#endif
