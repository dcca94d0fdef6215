#include "egress/hello.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>

#define RECORD_HANDSHAKE    22
#define RECORD_MAX	    16384
#define CLIENT_HELLO	    1
#define EXT_SERVER_NAME	    0
#define EXT_ENCRYPTED_HELLO 0xfe0d

/* A view that shrinks from the front; a read beyond the end marks it short. */
struct view {
	const unsigned char *p;
	size_t len;
	bool is_short;
};

static int bad(const char **ret_why, const char *why)
{
	*ret_why = why;
	return -EINVAL;
}

static size_t take_uint(struct view *v, size_t bytes)
{
	size_t n = 0;

	if (v->len < bytes) {
		v->is_short = true;
		v->len = 0;
		return 0;
	}
	for (size_t i = 0; i < bytes; i++)
		n = n << 8 | v->p[i];
	v->p += bytes;
	v->len -= bytes;
	return n;
}

/* A part with a length of `bytes` bytes in front. */
static struct view take_part(struct view *v, size_t bytes)
{
	size_t n = take_uint(v, bytes);
	struct view part = {.p = v->p, .len = n};

	if (v->is_short || v->len < n) {
		v->is_short = true;
		v->len = 0;
		return (struct view){.is_short = true};
	}
	v->p += n;
	v->len -= n;
	return part;
}

/* Takes the record layer off: the handshake bytes so far, without a copy when one record holds it.
 */
static int join_records(const unsigned char *p, size_t len, unsigned char *joined, size_t *ret_len,
	const char **why)
{
	size_t at = 0, n = 0;

	while (len - at >= 5) {
		size_t body = (size_t)p[at + 3] << 8 | p[at + 4];
		size_t have = len - at - 5 < body ? len - at - 5 : body;

		if (p[at] != RECORD_HANDSHAKE || p[at + 1] != 3)
			return bad(why, "the connection does not begin with a TLS ClientHello");
		if (body == 0 || body > RECORD_MAX)
			return bad(why, "a TLS record of the ClientHello has an impossible length");
		if (n + have > HELLO_MAX)
			return bad(why, "the TLS ClientHello is too long");
		memcpy(joined + n, p + at + 5, have);
		n += have;
		if (have < body)
			break;
		at += 5 + body;
		/* What follows the hello is not ours to look at. */
		if (n >= 4 &&
			n >= 4 + ((size_t)joined[1] << 16 | (size_t)joined[2] << 8 | joined[3]))
			break;
	}
	*ret_len = n;
	return 0;
}

/* RFC 6066: a list of names; only one of type host_name may stand there. */
static int read_server_name(struct view ext, struct hello *ret, const char **why)
{
	struct view list = take_part(&ext, 2);
	size_t type = take_uint(&list, 1);
	struct view name = take_part(&list, 2);

	if (ext.is_short || list.is_short || name.is_short || ext.len || list.len || type != 0)
		return bad(why, "the server name (SNI) is malformed");
	if (host_parse((const char *)name.p, name.len, ret->host, why) < 0)
		return -EINVAL;
	if (name.p[name.len - 1] == '.')
		return bad(why, "the server name (SNI) ends with a dot");
	return 0;
}

static int read_extensions(struct view exts, struct hello *ret, const char **why)
{
	bool seen = false;

	while (exts.len > 0) {
		size_t type = take_uint(&exts, 2);
		struct view body = take_part(&exts, 2);

		if (exts.is_short)
			break;
		if (type == EXT_ENCRYPTED_HELLO)
			ret->ech = true;
		if (type != EXT_SERVER_NAME)
			continue;
		if (seen)
			return bad(why, "the TLS ClientHello has two server names");
		seen = true;
		if (read_server_name(body, ret, why) < 0)
			return -EINVAL;
	}
	return exts.is_short ? bad(why, "the TLS ClientHello is malformed") : 0;
}

static int read_hello(struct view hello, struct hello *ret, const char **why)
{
	struct view exts;

	take_uint(&hello, 2); /* version */
	for (int i = 0; i < 4; i++)
		take_uint(&hello, 8); /* random */
	take_part(&hello, 1);	      /* session id */
	take_part(&hello, 2);	      /* cipher suites */
	take_part(&hello, 1);	      /* compression methods */
	if (hello.is_short)
		return bad(why, "the TLS ClientHello is malformed");
	if (hello.len == 0)
		return 0;
	exts = take_part(&hello, 2);
	if (hello.is_short || hello.len > 0)
		return bad(why, "the TLS ClientHello is malformed");
	return read_extensions(exts, ret, why);
}

int hello_parse(const unsigned char *p, size_t len, struct hello *ret, const char **ret_why)
{
	unsigned char joined[HELLO_MAX];
	struct view v = {.p = joined};
	size_t body;
	int r;

	*ret = (struct hello){0};
	*ret_why = "";
	if (len > 0 && p[0] != RECORD_HANDSHAKE)
		return bad(ret_why, "the connection does not begin with a TLS ClientHello");
	r = join_records(p, len, joined, &v.len, ret_why);
	if (r < 0)
		return r;
	if (v.len >= 1 && joined[0] != CLIENT_HELLO)
		return bad(ret_why, "the connection does not begin with a TLS ClientHello");
	if (v.len < 4)
		return 0;
	take_uint(&v, 1);
	body = take_uint(&v, 3);
	if (body > HELLO_MAX - 4)
		return bad(ret_why, "the TLS ClientHello is too long");
	if (v.len < body)
		return 0;
	v.len = body;
	r = read_hello(v, ret, ret_why);
	return r < 0 ? r : 1;
}
