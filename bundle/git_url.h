#ifndef BUNDLE_GIT_URL_H
#define BUNDLE_GIT_URL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "bundle/policy.h"

/* An upstream's address in one of git's forms (git-clone(1), GIT URLS). */
struct git_url {
	enum policy_transport transport;
	char *user;    /* ssh; NULL for https, where a name has no place in the URL */
	char *host;    /* in lower case */
	uint16_t port; /* 22 or 443 by default */
	char *path;    /* ssh: as git hands it to ssh: "/org/x.git", "org/x.git", "~me/x.git";
			  https: "org/x.git" */
};

/*
 * ssh://USER@HOST[:PORT]/PATH, USER@HOST:PATH or https://HOST[:PORT]/PATH. No part may start with
 * '-' (ssh would take it for an option) or hold blanks, quotes or control characters. What stands
 * before an '@' of an https URL may be a token: no error repeats it.
 */
int git_url_parse(const char *url, struct git_url *ret, struct err *e);
void git_url_done(struct git_url *u);

/* An https URL as git is given it: the port only where it is not 443. NULL: out of memory. */
char *git_url_https(const struct git_url *u);

/* https://HOST[:PORT][/PATH], where a program's API begins: no user, no '?' and no '#'. */
bool git_url_is_base(const char *url);

/* HOST or HOST:PORT, the host in lower case. */
bool git_url_is_host(const char *text);

/*
 * Adds to a string list every way to write this upstream that a clone may use, with and without the
 * port and ".git", in the words of its own transport. 0 or -ENOMEM.
 */
int git_url_spell(const char *url, const struct git_url *u, char ***list);

/*
 * Adds the same repository in the words of the other transport, as forges have it: the same path on
 * the same host, at that transport's own port. Nothing where there is none: "~" is ssh's alone.
 */
int git_url_spell_other(const struct git_url *u, char ***list);

#endif
