#ifndef GATE_REFS_H
#define GATE_REFS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

/* A list of refs, as an upstream or a mirror has them; sorted by name. */
struct ref {
	char oid[65]; /* hexadecimal, SHA-1 or SHA-256 */
	char *name;   /* "refs/heads/main" */
};

struct refs {
	struct ref *list;
	size_t n;
	char *head; /* the branch that HEAD stands for, or NULL */
};

/*
 * Reads "OID TAB NAME" lines, as `git ls-remote --symref` prints them: peeled tags ("^{}") and
 * HEAD's own value are left out. -EPROTO for anything else. Owner: the caller (refs_done).
 */
int refs_parse(const char *text, struct refs *ret, struct err *e);
void refs_done(struct refs *r);
#define cleanup_refs __attribute__((cleanup(refs_done)))

const struct ref *refs_find(const struct refs *r, const char *name);
bool refs_equal(const struct refs *a, const struct refs *b); /* HEAD does not count */

/*
 * A full name as git-check-ref-format(1) has it. receive-pack looks at names only after its hook,
 * which makes refspecs of them.
 */
bool refs_is_name(const char *name);

/* 40 or 64 hexadecimal digits in lower case. */
bool refs_is_oid(const char *s, size_t len);
bool refs_is_zero(const char *oid);

#endif
