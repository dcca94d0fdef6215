#ifndef SHIM_STORE_TIPS_H
#define SHIM_STORE_TIPS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

/* Ids from which the objects of a store, or of what is brought to it, can be reached. */
struct store_tip {
	char oid[65];
	bool kept; /* the upstream had it once: it may have taken it back since */
};

/* Sorted, each id once. */
struct store_tips {
	struct store_tip *list;
	size_t n;
	size_t oid_len; /* 40 or 64; 0: none yet */
};

void store_tips_done(struct store_tips *t);
#define cleanup_tips __attribute__((cleanup(store_tips_done)))

/*
 * "OID NAME" lines, as the gate tells what an upstream has: ids are believed to be ids, names are
 * not looked at. -EPROTO for anything else, and for none.
 */
int store_tips_parse(const char *text, size_t len, struct store_tips *ret, struct err *e);

/* A packed-refs file as store_tips_write writes it. Without one: none, and 0. */
int store_tips_read(const char *path, struct store_tips *ret, struct err *e);

/* packed-refs (gitrepository-layout(5)): refs/kept/OID, refs/tips/OID. On disk when it returns. */
int store_tips_write(const struct store_tips *t, const char *path, struct err *e);

/* Borrowed; NULL: it is none of them. */
struct store_tip *store_tips_find(const struct store_tips *t, const char *oid);

/* Takes in those of `more` that `t` lacks, as kept ones. */
int store_tips_keep(struct store_tips *t, const struct store_tips *more, struct err *e);

#endif
