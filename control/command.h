#ifndef CONTROL_COMMAND_H
#define CONTROL_COMMAND_H

#include "base/err.h"

/* Exit status of a failure of our own, as `env` and Docker have it: not taken for the command's. */
#define COMMAND_FAILED 125

/* The operator's commands: one file each (cmd_NAME.c), one table (main.c). */
struct command {
	const char *name;
	const char *help; /* one sentence */
	/*
	 * argv[0] is the command's name; NULL ends it. The exit status of the program, or -errno
	 * with `e` set: main prints the error and exits COMMAND_FAILED.
	 */
	int (*run)(char **argv, struct err *e);
};

extern const struct command cmd_run, cmd_logs, cmd_why, cmd_scan, cmd_cleanup, cmd_reload;

#endif
