#include "egress/h2_head.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/ptr.h"
#include "egress/websocket_handshake.h"

/* A list so far beyond what we announced was made to keep us busy. */
#define ATTACK_MAX (16U * HTTP1_HEAD_MAX)
#define METHOD_MAX 32

enum pseudo {
	PSEUDO_METHOD = 1 << 0,
	PSEUDO_SCHEME = 1 << 1,
	PSEUDO_AUTHORITY = 1 << 2,
	PSEUDO_PATH = 1 << 3,
	PSEUDO_PROTOCOL = 1 << 4,
	PSEUDO_STATUS = 1 << 5,
};

static const struct http1_text host_name = {.p = "Host", .len = 4};

void h2_head_begin(struct h2_head *h, enum h2_head_kind kind)
{
	*h = (struct h2_head){.kind = kind, .head = {.is_request = kind == H2_REQUEST, .minor = 1}};
}

void h2_head_done(struct h2_head *h)
{
	http1_head_done(&h->head);
	buf_done(&h->cookies);
}

static int bad(struct h2_head *h, const char *why)
{
	h->why = why;
	return -EINVAL;
}

static bool is(const struct http1_text *t, const char *text)
{
	return t->len == strlen(text) && memcmp(t->p, text, t->len) == 0;
}

static bool is_same(const struct http1_text *t, const char *text)
{
	return t->len == strlen(text) && strncasecmp(t->p, text, t->len) == 0;
}

/* ---- one field */

static bool is_printable(const struct http1_text *t)
{
	for (size_t i = 0; i < t->len; i++)
		if (t->p[i] <= 0x20 || t->p[i] >= 0x7f)
			return false;
	return t->len > 0;
}

static int take_method(struct h2_head *h, const struct http1_text *v)
{
	if (v->len == 0 || v->len > METHOD_MAX)
		return bad(h, "a malformed :method");
	for (size_t i = 0; i < v->len; i++)
		if (!http1_is_token_char((unsigned char)v->p[i]))
			return bad(h, "a malformed :method");
	return http1_head_keep(&h->head, &h->head.method, v);
}

static int take_scheme(struct h2_head *h, const struct http1_text *v)
{
	h->secure = is_same(v, "https");
	return h->secure || is_same(v, "http") ? 0 : bad(h, "a :scheme other than http and https");
}

static int take_authority(struct h2_head *h, const struct http1_text *v)
{
	if (!is_printable(v))
		return bad(h, "the :authority holds something other than printable ASCII");
	h->authority = true;
	return http1_head_add(&h->head, &host_name, v);
}

static int take_path(struct h2_head *h, const struct http1_text *v)
{
	if (!is_printable(v) || (v->p[0] != '/' && !is(v, "*")))
		return bad(h, "a :path that is no path of printable ASCII");
	return http1_head_keep(&h->head, &h->head.target, v);
}

static int take_protocol(struct h2_head *h, const struct http1_text *v)
{
	h->websocket = is(v, "websocket");
	return h->websocket ? 0 : bad(h, "a :protocol other than websocket");
}

/* RFC 9110 section 15: three digits; 101 has no meaning in HTTP/2 (RFC 9113 section 8.6). */
static int take_status(struct h2_head *h, const struct http1_text *v)
{
	int status = 0;

	if (v->len != 3)
		return bad(h, "a malformed :status");
	for (size_t i = 0; i < 3; i++) {
		if (v->p[i] < '0' || v->p[i] > '9')
			return bad(h, "a malformed :status");
		status = status * 10 + (v->p[i] - '0');
	}
	if (status < 100 || status > 599 || status == 101)
		return bad(h, "a :status that HTTP/2 does not have");
	h->head.status = status;
	return 0;
}

static const struct pseudo_field {
	const char *name;
	enum pseudo bit;
	enum h2_head_kind kind;
	int (*take)(struct h2_head *h, const struct http1_text *v);
} pseudo_fields[] = {
	{":method", PSEUDO_METHOD, H2_REQUEST, take_method},
	{":scheme", PSEUDO_SCHEME, H2_REQUEST, take_scheme},
	{":authority", PSEUDO_AUTHORITY, H2_REQUEST, take_authority},
	{":path", PSEUDO_PATH, H2_REQUEST, take_path},
	{":protocol", PSEUDO_PROTOCOL, H2_REQUEST, take_protocol},
	{":status", PSEUDO_STATUS, H2_RESPONSE, take_status},
};

static int take_pseudo(
	struct h2_head *h, const struct http1_text *name, const struct http1_text *value)
{
	if (h->fields_begun)
		return bad(h, "a pseudo-header behind other headers");
	for (size_t i = 0; i < ARRAY_LEN(pseudo_fields); i++) {
		const struct pseudo_field *f = &pseudo_fields[i];

		if (!is(name, f->name) || f->kind != h->kind)
			continue;
		if (h->seen & f->bit)
			return bad(h, "a pseudo-header that stands there twice");
		h->seen |= f->bit;
		return f->take(h, value);
	}
	return bad(h, "a pseudo-header that does not belong there");
}

static int check_name(struct h2_head *h, const struct http1_text *name)
{
	if (name->len == 0)
		return bad(h, "a header without a name");
	for (size_t i = 0; i < name->len; i++) {
		unsigned char c = (unsigned char)name->p[i];

		if (!http1_is_token_char(c) || (c >= 'A' && c <= 'Z'))
			return bad(h, "a header name that is malformed, or not in lower case");
	}
	return 0;
}

/* RFC 9113 section 8.2.1, and no control character, as in HTTP/1.1. */
static int check_value(struct h2_head *h, const struct http1_text *v)
{
	for (size_t i = 0; i < v->len; i++) {
		unsigned char c = (unsigned char)v->p[i];

		if ((c < 0x20 && c != '\t') || c == 0x7f)
			return bad(h, "a header value holds a control character");
	}
	if (v->len > 0 && (memchr(" \t", v->p[0], 2) || memchr(" \t", v->p[v->len - 1], 2)))
		return bad(h, "a header value begins or ends with a blank");
	return 0;
}

/* RFC 9113 section 8.2.2: HTTP/2 says these in its own way. */
static bool is_of_connection(const struct http1_text *name, const struct http1_text *value)
{
	static const char *const names[] = {
		"connection", "proxy-connection", "keep-alive", "transfer-encoding", "upgrade"};

	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (is(name, names[i]))
			return true;
	return is(name, "te") && !is_same(value, "trailers");
}

static int add_cookie(struct h2_head *h, const struct http1_text *v)
{
	int r;

	if (h->cookies.len + v->len > HTTP1_HEAD_MAX)
		return -E2BIG;
	r = h->cookies.len > 0 ? buf_adds(&h->cookies, "; ") : 0;
	return r < 0 ? r : buf_add(&h->cookies, v->p, v->len);
}

static int take_field(
	struct h2_head *h, const struct http1_text *name, const struct http1_text *value)
{
	int r;

	if (name->len > 0 && name->p[0] == ':')
		return take_pseudo(h, name, value);
	h->fields_begun = true;
	r = check_name(h, name);
	if (r == 0)
		r = check_value(h, value);
	if (r < 0)
		return r;
	if (is_of_connection(name, value))
		return bad(h, "a header that belongs to a connection of HTTP/1.1");
	if (h->kind == H2_REQUEST && is(name, "cookie"))
		return add_cookie(h, value);
	if (h->kind == H2_REQUEST && h->authority && is(name, "host")) {
		if (!is_same(value, h->head.fields[0].value))
			return bad(h, "the Host header is not the :authority");
		return 0;
	}
	return http1_head_add(&h->head, name, value);
}

bool h2_head_field(struct h2_head *h, const struct http1_text *name, const struct http1_text *value)
{
	h->size += name->len + value->len + 32;
	if (h->error == 0)
		h->error = take_field(h, name, value);
	return h->size <= ATTACK_MAX;
}

/* ---- the whole */

static int hand_over(struct h2_head *h, int r, struct http1_head *ret, const char **ret_why)
{
	*ret = h->head;
	h->head = (struct http1_head){0};
	if (r == -E2BIG)
		h->why = "the head is too long, or has too many headers";
	else if (r == -ENOMEM)
		h->why = "no memory for a head";
	*ret_why = h->why;
	h2_head_done(h);
	return r;
}

static int add(struct http1_head *head, const char *name, const char *value)
{
	const struct http1_text n = {.p = name, .len = strlen(name)};
	const struct http1_text v = {.p = value, .len = strlen(value)};

	return http1_head_add(head, &n, &v);
}

/* RFC 9113 section 8.5: a tunnel would need a connection of its own within this one. */
static int check_tunnel(struct h2_head *h)
{
	if (!h->head.method || strcmp(h->head.method, "CONNECT") != 0)
		return h->websocket ? bad(h, "a :protocol without CONNECT") : 0;
	if (h->websocket)
		return 0;
	h->why = "CONNECT within HTTP/2: a tunnel needs a connection of its own, in HTTP/1.1";
	return -ENOTSUP;
}

static int check_request(struct h2_head *h, const struct h2_head_form *form)
{
	const unsigned int needed = PSEUDO_METHOD | PSEUDO_SCHEME | PSEUDO_PATH;

	if ((h->seen & needed) != needed)
		return bad(h, "a request without :method, :scheme or :path");
	if (h->secure != form->tls)
		return bad(h, "the :scheme is not that of the connection");
	if (strcmp(h->head.target, "*") == 0 && strcmp(h->head.method, "OPTIONS") != 0)
		return bad(h, "the :path is * without OPTIONS");
	return 0;
}

static int make_absolute(struct h2_head *h)
{
	const char *host = http1_field(&h->head, "Host", NULL);
	struct buf url = {0};
	struct http1_text text;
	bool whole = strcmp(h->head.target, "*") == 0;
	int r;

	if (!host || (h->head.target[0] != '/' && !whole))
		return 0;
	r = buf_adds(&url, h->secure ? "https://" : "http://");
	r |= buf_adds(&url, host);
	r |= whole ? 0 : buf_adds(&url, h->head.target);
	text = (struct http1_text){.p = (const char *)buf_data(&url), .len = url.len};
	r = r ? -ENOMEM : http1_head_keep(&h->head, &h->head.target, &text);
	buf_done(&url);
	return r;
}

static int add_cookies(struct h2_head *h)
{
	static const struct http1_text name = {.p = "cookie", .len = 6};
	const struct http1_text value = {
		.p = (const char *)buf_data(&h->cookies), .len = h->cookies.len};

	return value.len > 0 ? http1_head_add(&h->head, &name, &value) : 0;
}

/* RFC 8441 section 5: what of RFC 6455's opening HTTP/2 leaves out. */
static int make_upgrade(struct h2_head *h)
{
	static const struct http1_text get = {.p = "GET", .len = 3};
	int r = http1_head_keep(&h->head, &h->head.method, &get);

	if (r == 0)
		r = add(&h->head, "Connection", "Upgrade");
	if (r == 0)
		r = add(&h->head, "Sec-WebSocket-Key", WEBSOCKET_ANY_KEY);
	return r < 0 ? r : add(&h->head, "Upgrade", "websocket");
}

static int finish_request(struct h2_head *h, const struct h2_head_form *form)
{
	int r = form->absolute ? make_absolute(h) : 0;

	if (r == 0)
		r = add_cookies(h);
	if (r < 0 || h->websocket)
		return r < 0 ? r : make_upgrade(h);
	if (form->ended || http1_field(&h->head, "Content-Length", NULL))
		return 0;
	return add(&h->head, "Transfer-Encoding", "chunked");
}

int h2_head_request(struct h2_head *h, const struct h2_head_form *form, struct http1_head *ret,
	const char **ret_why)
{
	int r = h->error;

	if (r == 0)
		r = check_tunnel(h);
	if (r == 0)
		r = check_request(h, form);
	if (r == 0)
		r = finish_request(h, form);
	return hand_over(h, r, ret, ret_why);
}

int h2_head_response(struct h2_head *h, struct http1_head *ret, const char **ret_why)
{
	static const struct http1_text none = {.p = "", .len = 0};
	int r = h->error;

	if (r == 0 && !(h->seen & PSEUDO_STATUS))
		r = bad(h, "an answer without :status");
	if (r == 0)
		r = http1_head_keep(&h->head, &h->head.reason, &none);
	return hand_over(h, r, ret, ret_why);
}

int h2_head_trailers(struct h2_head *h, struct http1_head *ret, const char **ret_why)
{
	return hand_over(h, h->error, ret, ret_why);
}

/* ---- the way back */

void h2_list_add(struct h2_list *l, const char *name, const char *value, bool secret)
{
	if (l->n < H2_LIST_MAX)
		l->nv[l->n++] = (nghttp2_nv){
			.name = (uint8_t *)name,
			.namelen = strlen(name),
			.value = (uint8_t *)value,
			.valuelen = strlen(value),
			.flags = secret ? NGHTTP2_NV_FLAG_NO_INDEX : NGHTTP2_NV_FLAG_NONE,
		};
}

void h2_list_add_status(struct h2_list *l, int status)
{
	snprintf(l->status, sizeof(l->status), "%d", status);
	h2_list_add(l, ":status", l->status, false);
}

void h2_list_add_length(struct h2_list *l, uint64_t length)
{
	snprintf(l->length, sizeof(l->length), "%" PRIu64, length);
	h2_list_add(l, "content-length", l->length, false);
}
