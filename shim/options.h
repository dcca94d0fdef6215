#ifndef SHIM_OPTIONS_H
#define SHIM_OPTIONS_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

/*
 * Command line options: "--name value", "--name=value", "-x value", and for switches "--name" or
 * "--name=true|false". One dash in front of a long name is taken, too, as runc does.
 */
enum option_type {
	OPTION_SWITCH, /* bool * */
	OPTION_STRING, /* const char **; borrowed from argv */
	OPTION_LIST,   /* char ***: each use adds one string (strv_free) */
	OPTION_NAMES,  /* char ***: as LIST, each value split at commas */
	OPTION_NUMBER, /* long *, 0 or more */
};

struct option_def {
	const char *name;
	char letter; /* 0: none */
	enum option_type type;
	void *to;
	const char *value; /* what stands for the value in the help; NULL for a switch */
	const char *help;
};

struct options {
	const char *program; /* "bottle-shim create" */
	const char *usage;   /* operands */
	const char *help;
	const struct option_def *defs;
	size_t n_defs;
	bool stop_at_operand; /* what follows the first operand belongs to somebody else (exec) */
};

/* -h or --help was there: the help has been printed, the caller returns this and is done. */
#define OPTIONS_HELP INT_MIN

/*
 * The line is wrong, e tells how. Returned as it is: whatever the command, the exit status is 1,
 * since nothing was tried yet.
 */
#define OPTIONS_WRONG (INT_MIN + 1)

/*
 * Parses argv[1…]. Returns the number of operands, which are then argv[1…n], OPTIONS_HELP, or
 * OPTIONS_WRONG with an error that names the option.
 */
int options_parse(const struct options *o, int argc, char **argv, struct err *e);

void options_print_help(const struct options *o);

/* For "expected at least/exactly N operands": 0, or OPTIONS_WRONG with the usage in the error. */
int options_need(const struct options *o, int n, int min, int max, struct err *e);

#endif
