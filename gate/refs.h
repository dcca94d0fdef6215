#ifndef GATE_REFS_H
#define GATE_REFS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/str.h"

/* A list of refs, as an upstream or a mirror has them; sorted by name. */
struct ref {
	char oid[65];	 /* hexadecimal, SHA-1 or SHA-256 */
	char peeled[65]; /* of an annotated tag: what it stands for at last; or "" */
	char *name;	 /* "refs/heads/main" */
	char *target;	 /* of a symbolic ref, or NULL */
};

struct refs {
	struct ref *list;
	size_t n;
	char *head;	   /* the branch that HEAD stands for; NULL: it is detached, or not known */
	char head_oid[65]; /* ""; the branch is not born yet, or there is no HEAD */
	bool sha256;	   /* the repository's object format; else SHA-1 */
};

/*
 * Reads "OID TAB NAME" lines, as `git ls-remote --symref` prints them, with peeled tags ("^{}")
 * behind their tags and "ref: TARGET TAB NAME" before a symbolic ref. -EPROTO for anything else.
 * Owner: the caller (refs_done).
 */
int refs_parse(const char *text, struct refs *ret, struct err *e);

/* The same text again. out fails when memory runs out. */
void refs_print(const struct refs *r, struct str *out);

void refs_done(struct refs *r);
#define cleanup_refs __attribute__((cleanup(refs_done)))

/*
 * For who reads a list from elsewhere: name is refs/… or HEAD, peeled and target may be NULL;
 * nothing is looked at but the form of the oids (-EPROTO). refs_sort once at the end.
 */
struct ref_text {
	const char *oid, *name, *peeled, *target;
};
int refs_add(struct refs *r, const struct ref_text *text);
void refs_sort(struct refs *r);

/* By its full name, in a sorted list; borrowed, NULL: there is none. */
const struct ref *refs_find(const struct refs *r, const char *name);
bool refs_equal(const struct refs *a, const struct refs *b);	 /* HEAD does not count */
bool refs_same_head(const struct refs *a, const struct refs *b); /* it alone */

/*
 * A full name as git-check-ref-format(1) has it. receive-pack looks at names only after its hook,
 * which makes refspecs of them.
 */
bool refs_is_name(const char *name);

/* 40 or 64 hexadecimal digits in lower case. */
bool refs_is_oid(const char *s, size_t len);
bool refs_is_zero(const char *oid);

#endif
