#ifndef EGRESS_QUERY_H
#define EGRESS_QUERY_H

#include <stdbool.h>
#include <stddef.h>

/*
 * The parameters of a query ("a=1&b=2"), as servers may read them: separated by '&' or by ';',
 * names percent-encoded more than once, in either case, and with the characters that some languages
 * take for one another.
 */
struct query_param {
	char *name; /* not NUL-terminated */
	size_t name_len;
	char *value; /* behind the '='; NULL: there is none */
	size_t value_len;
	char *end; /* behind it; its separator, or the end */
};

/*
 * The next parameter of a text that ends with NUL; *at is moved behind it and its separator. False:
 * there is none.
 */
bool query_next(char **at, struct query_param *ret);

/*
 * Whether some server may take the parameter's name for this one: percent-decoded once or more,
 * without case, '.', ' ', '+', '-' and '_' alike, and "name[]" for "name".
 */
bool query_names(const struct query_param *p, const char *name);

/* Whether the value, percent-decoded once, is this text. */
bool query_is(const struct query_param *p, const char *text);

/* Takes each parameter out that `drops` says; in place. Whether there was one. */
typedef bool query_drops_fn(const void *arg, const struct query_param *p);
bool query_drop(char *query, query_drops_fn *drops, const void *arg);

/* Percent-encodes all but what is unreserved, in capitals (RFC 3986 section 2). out NULL: only
 * measures. The length; a NUL is not written. */
size_t query_encode(const void *text, size_t len, char *out);

/* Percent-decodes a text; plus: '+' is a blank. Where there are no two digits a percent sign stands
 * for itself. out may be text. The length. */
size_t query_decode(const char *text, size_t len, bool plus, char *out);

#endif
