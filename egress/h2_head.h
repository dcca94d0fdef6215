#ifndef EGRESS_H2_HEAD_H
#define EGRESS_H2_HEAD_H

#include <nghttp2/nghttp2.h>

#include "base/buf.h"
#include "base/http1.h"

/*
 * Heads and trailers of HTTP/2 (RFC 9113 section 8) as heads of HTTP/1.1, so that rules and readers
 * know one form only; and the way back. Read as strictly as base/'s of HTTP/1: what could be read
 * in two ways, or could not be written in HTTP/1.1 as it is, is malformed.
 */
enum h2_head_kind { H2_REQUEST, H2_RESPONSE, H2_TRAILERS };

struct h2_head {
	enum h2_head_kind kind;
	struct http1_head head; /* as far as it came */
	struct buf cookies;	/* crumbs of RFC 9113 section 8.2.3, joined */
	unsigned int seen;	/* pseudo-fields */
	bool fields_begun;	/* no pseudo-field may follow */
	bool secure;		/* :scheme is https */
	bool authority;		/* Host is what :authority said */
	bool websocket;		/* an extended CONNECT (RFC 8441) */
	uint64_t size;		/* as SETTINGS_MAX_HEADER_LIST_SIZE counts */
	int error;		/* of the first fault; 0: none */
	const char *why;
};

/* What is asked of a whole request beyond its fields. */
struct h2_head_form {
	bool tls;      /* of the connection: :scheme must say so */
	bool absolute; /* to a proxy: the target is made a URL */
	bool ended;    /* no body follows */
};

void h2_head_begin(struct h2_head *h, enum h2_head_kind kind);
void h2_head_done(struct h2_head *h);

/*
 * One field, in the order of the wire. A fault is remembered, and the rest not looked at. False: so
 * much came that its sender is an attacker.
 */
bool h2_head_field(
	struct h2_head *h, const struct http1_text *name, const struct http1_text *value);

/*
 * The request's head in HTTP/1.1's form: Host from :authority, method and target as there. Where a
 * body without a length follows it has "Transfer-Encoding: chunked". An extended CONNECT for a
 * WebSocket becomes a GET with Upgrade. *ret is the caller's in every case (http1_head_done). 0, or
 * -EINVAL, -E2BIG, -ENOTSUP (a tunnel), -ENOMEM and *ret_why.
 */
int h2_head_request(struct h2_head *h, const struct h2_head_form *form, struct http1_head *ret,
	const char **ret_why);

/* A response's head, of which HTTP/2 has no reason. The same. */
int h2_head_response(struct h2_head *h, struct http1_head *ret, const char **ret_why);

/* Trailers. The same. */
int h2_head_trailers(struct h2_head *h, struct http1_head *ret, const char **ret_why);

/* ---- the way back */

#define H2_LIST_MAX (HTTP1_FIELDS_MAX + 32)

/* Fields to be sent; names and values are borrowed, nghttp2 copies and lower-cases. */
struct h2_list {
	nghttp2_nv nv[H2_LIST_MAX];
	size_t n;
	char status[16], length[24];
};

/* What has no room is left out: lists are made of heads that have been bounded. secret: no table of
 * HPACK shall hold it. */
void h2_list_add(struct h2_list *l, const char *name, const char *value, bool secret);
void h2_list_add_status(struct h2_list *l, int status);
void h2_list_add_length(struct h2_list *l, uint64_t length);

#endif
