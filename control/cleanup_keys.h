#ifndef CONTROL_CLEANUP_KEYS_H
#define CONTROL_CLEANUP_KEYS_H

#include <stddef.h>

#include "base/err.h"
#include "forge/key_record.h"

/*
 * What `bottle cleanup` does about deploy keys that dead bottles have left at forges: found,
 * listed, revoked. Those of live bottles, and those that are being revoked, are locked, and spared.
 */
struct cleanup_keys {
	char *home, *state_home; /* the operator's */
	struct key_record *list; /* locked */
	size_t n;
	size_t spared;
};

/* The caller ends *ret with cleanup_keys_done, also on failure. */
int cleanup_keys_find(const char *home, struct cleanup_keys *ret, struct err *e);
void cleanup_keys_done(struct cleanup_keys *k);

/* One line each, on standard output. */
void cleanup_keys_list(const struct cleanup_keys *k);

/*
 * Tries each once and tells what has become of it: revoked on standard output, else why not on
 * standard error. How many are left, or -errno.
 */
int cleanup_keys_revoke(struct cleanup_keys *k, struct err *e);

#endif
