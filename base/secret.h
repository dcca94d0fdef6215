#ifndef BASE_SECRET_H
#define BASE_SECRET_H

#include <stddef.h>

#include "base/err.h"

/*
 * A secret value. It lives in pages of its own that are locked (where the limit allows), left out
 * of core dumps and of forks' copies where the caller asks, and wiped at the end. There is no
 * printer; the bytes are NUL-terminated behind len.
 */
struct secret {
	char *bytes;
	size_t len;
	size_t mapped;
};

/* Copies len bytes in; the source stays the caller's to wipe. 0 or -errno. */
int secret_set(struct secret *s, const void *bytes, size_t len, struct err *e);
void secret_done(struct secret *s);
#define cleanup_secret __attribute__((cleanup(secret_done)))

/* Leaves the pages out of the copies that fork(2) makes: a child faults on them. Best effort. */
void secret_hide_from_children(const struct secret *s);

/* Overwrites memory in a way that the compiler keeps. */
void secret_wipe(void *p, size_t len);

/* Compares in time that does not depend on where they differ. 1 when equal. */
int secret_equal(const void *a, const void *b, size_t len);

#endif
