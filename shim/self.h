#ifndef SHIM_SELF_H
#define SHIM_SELF_H

#include "base/err.h"

/*
 * This program's own file. A process that enters a container can be reached from inside as
 * /proc/PID/exe; were that the host's file, a container could overwrite it once the process is gone
 * (CVE-2019-5736). So a command that enters a container first executes itself again from a
 * read-only mount of its file that is attached nowhere.
 */

/*
 * Returns 0 in the protected copy (or when already run from one), does not return in the first
 * instance, and returns -errno when it cannot be done.
 */
int self_protect(char **argv, struct err *e);

/*
 * The directory on the host that holds this program, for what is installed beside it. Caller frees;
 * NULL when it cannot be told. Right in a protected copy, too.
 */
char *self_directory(void);

/*
 * Overwrites the arguments that /proc/PID/cmdline shows, for the caller and what it forks: a
 * container need not read where its policy lies. Strings of argv are gone: the caller uses copies.
 */
void self_hide_arguments(void);

/* The same for the caller's variables and /proc/PID/environ; getenv(3) finds none afterwards. */
void self_hide_environment(void);

#endif
