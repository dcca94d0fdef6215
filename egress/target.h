#ifndef EGRESS_TARGET_H
#define EGRESS_TARGET_H

#include <stdbool.h>
#include <stddef.h>

/*
 * The path and query of a request in one form: the form that rules are matched against is, byte for
 * byte, the form that is sent.
 */
enum target_git { TARGET_NO_GIT, TARGET_GIT_FETCH, TARGET_GIT_LFS, TARGET_GIT_PUSH };

struct target {
	char *text;	 /* owned: path and query as they will be sent */
	size_t path_len; /* of the path in front of '?' */
	enum target_git git;
	/* Why somebody could read the path in another way than we do; NULL: nobody could. Matters
	 * where a rule speaks of paths. */
	const char *ambiguous;
};

/*
 * From origin form ("/path?query", or "*"). In the path, percent-encoded unreserved characters are
 * decoded and hex digits are written in upper case (RFC 3986 section 6.2.2), and a segment "." in
 * front of another is left out (apt sends it for a flat repository, "./"); the query is kept.
 * -EINVAL with *ret_why for what no honest client sends: any other dot segment, in any spelling, a
 * backslash, an encoded NUL or control character, a broken percent sign, a fragment; -ENOMEM.
 */
int target_parse(const char *raw, struct target *ret, const char **ret_why);
void target_done(struct target *t);

/*
 * The path with its percent-encoding taken off, once: what a server compares. Where it is not
 * ambiguous nobody can take off more. NUL-terminated; caller frees. NULL: out of memory.
 */
char *target_decoded(const struct target *t, size_t *ret_len);

/* RFC 3986 section 2.3: what need not be percent-encoded. */
bool target_is_unreserved(int c);

#endif
