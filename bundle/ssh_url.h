#ifndef BUNDLE_SSH_URL_H
#define BUNDLE_SSH_URL_H

#include <stdint.h>

#include "base/err.h"

/* An upstream's address in one of git's two forms for ssh (git-clone(1), GIT URLS). */
struct ssh_url {
	char *user, *host;
	uint16_t port; /* 22 by default */
	char *path;    /* as git hands it to ssh: "/org/x.git", "org/x.git", "~me/x.git" */
};

/*
 * ssh://USER@HOST[:PORT]/PATH or USER@HOST:PATH. No part may start with '-' (ssh would take it for
 * an option) or hold blanks, quotes or control characters.
 */
int ssh_url_parse(const char *url, struct ssh_url *ret, struct err *e);
void ssh_url_done(struct ssh_url *u);

/*
 * Every way to write this upstream that a clone may use: both forms, with and without the port and
 * ".git". A string list, the caller's; NULL when memory ran out.
 */
char **ssh_url_spellings(const char *url, const struct ssh_url *u);

#endif
