#ifndef SHIM_GLOBALS_H
#define SHIM_GLOBALS_H

#include "shim/cmd.h"
#include "shim/options.h"

/* The options in front of the command, each of which can also stand in the runtime's file. */
#define GLOBALS_FILE "/etc/bot-bottle/runtime.yml"

struct globals_line {
	struct globals globals;
	char **command; /* borrowed from argv: the command's name and its arguments; NULL: none */
	bool version, help;
};

/*
 * Reads the command line, then the runtime's file (BOTTLE_RUNTIME_FILE names another, for whoever
 * may set our environment may choose our options anyway), where a flag of the line wins. 0 or
 * -EINVAL. The caller ends with globals_done, also on failure.
 */
int globals_parse(int argc, char **argv, struct globals_line *ret, struct err *e);

/* Opens the log for append and sets level and format. */
int globals_open_log(const struct globals *g, struct err *e);

void globals_print_help(void);
void globals_done(struct globals *g);

#endif
