#ifndef CONTROL_RUNCONFIG_H
#define CONTROL_RUNCONFIG_H

#include <stdbool.h>

#include <jansson.h>

#include "control/hostroot.h"

/* What differs from one `bottle run` to the next. Everything is borrowed. */
struct runconfig {
	const char *workspace;
	struct hostroot_user user;
	char *const *env;  /* --env, "NAME=value" */
	char *const *args; /* the command */
	bool terminal;
	unsigned short rows, columns; /* of the terminal; 0: unknown */
};

/*
 * The config.json of such a container (runtime-spec): root "rootfs" read-only, Docker's
 * capabilities, an allow-list of system calls. Of the operator's environment only TERM, COLORTERM,
 * LANG and TZ go in. New reference; NULL when memory ran out.
 */
json_t *runconfig_json(const struct runconfig *c);

#endif
