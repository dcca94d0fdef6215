#ifndef BASE_HTTP1_H
#define BASE_HTTP1_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Heads of HTTP/1.0 and 1.1 messages (RFC 9112), read strictly: what two parsers could read in two
 * ways is refused, not repaired. Bounded by the numbers below.
 */
#define HTTP1_HEAD_MAX	 (48U << 10) /* bytes of a head */
#define HTTP1_FIELDS_MAX 128
#define HTTP1_NAME_MAX	 256

struct http1_field {
	const char *name; /* as sent; compare without case */
	const char *value;
};

struct http1_head {
	char *text; /* owned; all strings below point into it */
	size_t size;
	size_t room; /* of text, while it is made piece by piece; 0: it was parsed */
	bool is_request;
	const char *method, *target; /* request */
	int status;		     /* response */
	const char *reason;
	int minor; /* HTTP/1.minor */
	struct http1_field fields[HTTP1_FIELDS_MAX];
	size_t n_fields;
};

/* Bytes of somebody's, without a NUL behind. */
struct http1_text {
	const char *p;
	size_t len;
};

void http1_head_done(struct http1_head *h);

/*
 * Length of the head at the front of p, its empty line included; 0: not all there yet. -EINVAL: a
 * line that ends without CR, a CR inside a line, a control character; -E2BIG: longer than
 * HTTP1_HEAD_MAX. *scanned (0 at first) remembers what was looked at between calls.
 */
long http1_head_length(const unsigned char *p, size_t len, size_t *scanned, const char **ret_why);

/*
 * Parses a whole head (copied). 0, or -EINVAL with *ret_why, -E2BIG, -ENOTSUP (another version of
 * HTTP), -ENOMEM. The caller ends with http1_head_done in every case.
 */
int http1_parse_request(
	const unsigned char *p, size_t len, struct http1_head *ret, const char **ret_why);
int http1_parse_response(
	const unsigned char *p, size_t len, struct http1_head *ret, const char **ret_why);

/*
 * A head that is made piece by piece, as out of another protocol; starts with {0} and is_request,
 * or goes on with one that was parsed. Texts are copied. 0, -E2BIG (the bounds above) or -ENOMEM.
 * Nothing is checked but the bounds.
 */
int http1_head_add(
	struct http1_head *h, const struct http1_text *name, const struct http1_text *value);

/* The same for one of the head's own texts: at is &h->method, &h->target or &h->reason. */
int http1_head_keep(struct http1_head *h, const char **at, const struct http1_text *text);

/*
 * Trailers, as http1_body collected them: lines up to the empty one. Errors as of the parsers
 * above.
 */
int http1_parse_trailers(
	const unsigned char *p, size_t len, struct http1_head *ret, const char **ret_why);

/*
 * Whether a field may stand behind a body. RFC 9110 section 6.5.1: not what frames a message,
 * routes it, says who sends it or how it is to be read; that was decided when the head was.
 */
bool http1_may_trail(const char *name);

/* First value of a field, or NULL; *ret_count (may be NULL): how many there are. */
const char *http1_field(const struct http1_head *h, const char *name, size_t *ret_count);

/* Takes all fields of that name out. */
void http1_drop_field(struct http1_head *h, const char *name);

/* Whether a server may take one name of a field for the other: '_' as '-', since a gateway
 * interface (CGI, WSGI) shows its program the same variable for both (RFC 3875, section 4.1.18). */
bool http1_is_alike(const char *name, const char *other);

/* Whether a comma-separated field (any of its lines) lists this token. */
bool http1_lists(const struct http1_head *h, const char *name, const char *token);

/* RFC 9110 section 5.6.2: what a method or a field name is made of. */
bool http1_is_token_char(unsigned char c);

/* How long the body is. */
enum http1_framing { HTTP1_NO_BODY, HTTP1_LENGTH, HTTP1_CHUNKED, HTTP1_UNTIL_CLOSE };

struct http1_length {
	enum http1_framing framing;
	uint64_t length; /* HTTP1_LENGTH: of the body; a response to HEAD keeps it as announced */
	bool announced;	 /* there was a Content-Length */
};

/* RFC 9112 section 6.3, without its leniences. -EINVAL with *ret_why for any doubt. */
int http1_request_length(
	const struct http1_head *h, struct http1_length *ret, const char **ret_why);
int http1_response_length(const struct http1_head *h, const char *request_method,
	struct http1_length *ret, const char **ret_why);

/* The value of a hexadecimal digit, in a chunk's size or behind a percent sign; -1: it is none. */
static inline int http1_hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* Whether the sender of this head keeps the connection open. */
bool http1_keeps_alive(const struct http1_head *h);

/* A field that belongs to one connection and is not passed on: by name or by Connection. */
bool http1_is_hop(const struct http1_head *h, const char *name);

#endif
