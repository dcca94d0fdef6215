#ifndef BUNDLE_SECRET_COMMAND_H
#define BUNDLE_SECRET_COMMAND_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/err.h"
#include "base/secret.h"

/* A secret that a program of the operator's tells: a password manager's command, most often. */
struct secret_command {
	char *const
		*argv; /* no shell reads it; argv[0] is looked for in PATH unless it has a '/' */
	uid_t owner;   /* who runs it: whose the settings are; when root calls, root becomes that */
	/*
	 * The operator called: his environment is the program's. Else (an engine) it gets HOME,
	 * USER and a PATH of the system's directories only.
	 */
	bool with_env;
	int limit_ms; /* SECRET_COMMAND_MS */
};

#define SECRET_COMMAND_MS  30000
#define SECRET_COMMAND_MAX 65536 /* bytes of output */

/*
 * Runs it and takes what it writes, without line ends at the end. Its standard input is /dev/null;
 * after limit_ms it is killed with its session. An error has the end status and the
 * beginning of what it said on standard error, never its output.
 */
int secret_command_run(const struct secret_command *c, struct secret *ret, struct err *e);

#endif
