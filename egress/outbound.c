#include "egress/outbound.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/ptr.h"
#include "base/str.h"
#include "egress/conn.h"
#include "egress/exchange_parts.h"
#include "egress/found.h"
#include "egress/metrics.h"
#include "egress/outbound_parts.h"
#include "egress/request.h"

#define FORM	  "application/x-www-form-urlencoded"
#define PLACE_MAX (HTTP1_NAME_MAX + 16)

static const struct policy_dlp *dlp_of(const struct exchange *x)
{
	return &rule_route(x->rule)->dlp;
}

bool outbound_wanted(const struct exchange *x)
{
	return dlp_of(x)->outbound != 0;
}

/* ---- what was found */

static int on_found(void *arg, const struct scan_finding *f)
{
	struct outbound *o = arg;
	bool unreadable = str_eq(f->rule, SCAN_RULE_UNREADABLE);

	if (found_warns(o->x, f))
		return 0;
	if (o->redacting && !unreadable && f->end > 0)
		return redaction_add(&o->spans, f);
	if (o->found)
		return -EACCES;
	o->found = true;
	found_leaving(&o->why, o->x, f,
		dlp_of(o->x)->on_match != POLICY_REDACT || unreadable ? ""
		: o->long_body ? "; a body of more than 1 MiB is not rewritten"
			       : "; it cannot be rewritten there");
	return -EACCES;
}

/* ---- one text */

/* What scan could not decide counts as unreadable; without memory nothing leaves. */
int outbound_failed(struct outbound *o, int r, const char *place)
{
	const struct scan_finding f = {.rule = SCAN_RULE_UNREADABLE,
		.what = "it could not be decided within the scanner's bounds",
		.confidence = SCAN_MEDIUM,
		.place = place};

	if (r == 0 || o->found)
		return r;
	if (r == -EIO)
		return on_found(o, &f);
	o->found = true;
	memcpy(o->why.host, o->x->host, HOST_MAX);
	found_unread(&o->why, r, "what leaves is read");
	return r;
}

/* Stars in the place of what was found in a text. */
static int rewrite(struct outbound *o, char *p, size_t len)
{
	int r = o->spans.n > 0 ? redaction_apply(&o->spans, p, len) : 0;

	o->rewrote |= o->spans.n > 0;
	redaction_done(&o->spans);
	o->spans = (struct redaction){0};
	return r;
}

static int read_text(struct outbound *o, const struct scan_text *text, char *p, size_t len)
{
	struct scan *s = scanner_scan(o->scanner);
	struct err e;
	int r = scan_begin(s, text, &e);

	if (r == 0)
		r = scan_feed(s, p, len, &e);
	if (r == 0)
		r = scan_end(s, &e);
	r = outbound_failed(o, r, text->place);
	return r < 0 ? r : rewrite(o, p, len);
}

static int read_value(struct outbound *o, const char *place, const char *name, char *p, size_t len)
{
	struct err e;
	int r = scan_value(scanner_scan(o->scanner), place, name, p, len, &e);

	r = outbound_failed(o, r, place);
	return r < 0 ? r : rewrite(o, p, len);
}

/* ---- the head */

static bool is_among(const char *text, const char *const *words)
{
	for (; *words; words++)
		if (str_same(*words, text))
			return true;
	return false;
}

/* These say nothing, so that most requests need not be read for their method. */
static const char *const methods[] = {
	"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", NULL};

/* … nor for the names of their headers. */
static const char *const ordinary_names[] = {"Accept", "Accept-Encoding", "Accept-Language",
	"Authorization", "Cache-Control", "Content-Encoding", "Content-Type", "Cookie", "If-Match",
	"If-Modified-Since", "If-None-Match", "Origin", "Pragma", "Range", "Referer", "User-Agent",
	"X-Request-Id", "X-Requested-With", NULL};

/* What cannot be rewritten: a method, the labels that a wildcard leaves to the agent. */
static int read_fixed(struct outbound *o)
{
	const struct exchange *x = o->x;
	char host[HOST_MAX];
	bool redacting = o->redacting;
	int r = 0;

	o->redacting = false;
	if (!is_among(x->request.method, methods))
		r = read_value(o, "method", "method", (char *)x->request.method,
			strlen(x->request.method));
	if (r == 0 && str_starts(rule_route(x->rule)->host, "*.")) {
		memcpy(host, x->host, HOST_MAX);
		r = read_value(o, "host name", "host", host, strlen(host));
	}
	o->redacting = redacting;
	return r;
}

/* Before the values, whose place they are: a name that holds a secret is told nowhere. */
static int read_names(struct outbound *o, const struct http1_head *head, const char *place)
{
	/* As in a form, so that what is split over them is joined. */
	const struct scan_text text = {.place = place, .content_type = FORM};
	const struct exchange *x = o->x;
	bool redacting = o->redacting;
	struct buf names = {0};
	int r = 0;

	for (size_t i = 0; i < head->n_fields && r == 0; i++) {
		const char *name = head->fields[i].name;

		if (is_among(name, ordinary_names) || !request_sends(x, &head->fields[i]))
			continue;
		if (strncasecmp(name, "X-", 2) == 0)
			name += 2;
		r = buf_adds(&names, name);
		if (r == 0)
			r = buf_add(&names, "&", 1);
	}
	o->redacting = false;
	r = outbound_failed(o, r, text.place);
	if (r == 0 && names.len > 0)
		r = read_text(o, &text, (char *)names.p, names.len);
	o->redacting = redacting;
	buf_done(&names);
	return r;
}

static int read_target(struct outbound *o)
{
	const struct scan_text query = {.place = "query", .content_type = FORM};
	struct target *t = &o->x->target;
	int r = read_value(o, "path", "path", t->text, t->path_len);

	if (r < 0 || t->text[t->path_len] != '?')
		return r;
	return read_text(o, &query, t->text + t->path_len + 1, strlen(t->text + t->path_len + 1));
}

/* A field's value. What holds a placeholder within Basic is read as what that says. */
static int read_field(struct outbound *o, const struct http1_field *f)
{
	const struct outgoing_request q = request_outgoing(o->x);
	cleanup_free char *basic = outgoing_basic(&q, f);
	bool redacting = o->redacting;
	char place[PLACE_MAX];
	int r;

	snprintf(place, sizeof(place), "header %s", f->name);
	if (!basic)
		return read_value(o, place, f->name, (char *)f->value, strlen(f->value));
	o->redacting = false;
	r = read_value(o, place, "user", basic, strlen(basic));
	o->redacting = redacting;
	return r;
}

/*
 * A key of our own (egress/websocket_handshake.h): the agent's goes nowhere. Random as it is, now
 * and then it would go on like a piece of a secret that was refused before.
 */
static bool is_our_key(const struct exchange *x, const struct http1_field *f)
{
	return x->websocket && strcasecmp(f->name, "Sec-WebSocket-Key") == 0;
}

static int read_fields(struct outbound *o)
{
	const struct scan_text cookies = {.place = "header Cookie", .content_type = FORM};
	const struct exchange *x = o->x;
	int r = 0;

	for (size_t i = 0; i < x->request.n_fields && r == 0; i++) {
		const struct http1_field *f = &x->request.fields[i];

		if (!request_sends(x, f) || is_our_key(x, f))
			continue;
		/* The value points into the head's own text. */
		r = strcasecmp(f->name, "Cookie") == 0
			    ? read_text(o, &cookies, (char *)f->value, strlen(f->value))
			    : read_field(o, f);
	}
	return r;
}

static int read_head(struct outbound *o)
{
	int r = read_fixed(o);

	if (r == 0)
		r = read_names(o, &o->x->request, "header names");
	if (r == 0)
		r = read_target(o);
	return r < 0 ? r : read_fields(o);
}

/* ---- the body */

static int read_body(struct outbound *o, bool whole)
{
	struct buf *b = &o->x->held.buf;
	int r;

	if (o->x->length.framing == HTTP1_NO_BODY)
		return 0;
	r = outbound_begin_body(o);
	if (r == 0)
		r = outbound_feed_body(o, b->p + b->off, b->len, whole);
	return r < 0 ? r : rewrite(o, (char *)b->p + b->off, b->len);
}

/* What stands behind it cannot be rewritten: the agent's sum of it may be there. */
static int read_trailers(struct outbound *o)
{
	const struct http1_head *t = &o->x->request_trailers;
	bool redacting = o->redacting;
	char place[PLACE_MAX];
	int r = read_names(o, t, "trailer names");

	o->redacting = false;
	for (size_t i = 0; i < t->n_fields && r == 0; i++) {
		const struct http1_field *f = &t->fields[i];

		snprintf(place, sizeof(place), "trailer %s", f->name);
		r = read_value(o, place, f->name, (char *)f->value, strlen(f->value));
	}
	o->redacting = redacting;
	return r;
}

/* ---- the message */

static int read_message(struct outbound *o, struct scan_window *w, bool whole)
{
	struct err e;
	int r;

	o->fed = o->flushed = 0;
	r = outbound_failed(o, scan_message(scanner_scan(o->scanner), w, &e), "");
	if (r == 0)
		r = read_head(o);
	if (r == 0)
		r = read_body(o, whole);
	return r == 0 && whole ? read_trailers(o) : r;
}

/*
 * What was rewritten is another message: it must still be what the route allows, and nothing may be
 * found in it any more. The window has its values from the first reading.
 */
static int read_again(struct outbound *o)
{
	if (request_check_again(o->x, &o->why) < 0) {
		o->found = true;
		return -EACCES;
	}
	o->redacting = false;
	return read_message(o, NULL, true);
}

static int start(struct outbound *o, struct exchange *x, bool whole)
{
	const struct policy_dlp *d = dlp_of(x);
	struct err e;
	int r;

	*o = (struct outbound){
		.x = x, .redacting = whole && d->on_match == POLICY_REDACT, .long_body = !whole};
	r = scanner_take(x->conn->service->scanners, found_sets(d), on_found, o, &o->scanner, &e);
	if (r == 0)
		scan_limit_ratio(
			scanner_scan(o->scanner), (unsigned int)exchange_limit(x, LIMIT_RATIO));
	return outbound_failed(o, r, "");
}

static int finish(struct outbound *o, int r, struct refusal *why)
{
	if (r < 0)
		*why = o->why;
	scanner_done(o->scanner);
	o->scanner = NULL;
	return r < 0 ? -EACCES : 0;
}

int outbound_read(struct outbound *o, struct exchange *x, bool whole, struct refusal *why)
{
	int64_t from_us;
	int r;

	if (!outbound_wanted(x)) {
		*o = (struct outbound){.x = x, .fed = x->held.buf.len};
		return 0;
	}
	from_us = loop_now_us();
	r = start(o, x, whole);
	if (r == 0)
		r = read_message(o, rule_window(x->rule), whole);
	if (r == 0 && o->rewrote)
		r = read_again(o);
	metrics_scanned(x->conn->service->metrics, loop_now_us() - from_us);
	return r == 0 && !whole ? 0 : finish(o, r, why);
}

int outbound_more(struct outbound *o, const void *data, size_t len, bool end, struct refusal *why)
{
	int64_t from_us = loop_now_us();
	int r;

	if (!o->scanner) {
		o->fed += len;
		return 0;
	}
	r = outbound_feed_body(o, data, len, end);
	if (r == 0 && end)
		r = read_trailers(o);
	metrics_scanned(o->x->conn->service->metrics, loop_now_us() - from_us);
	return r == 0 && !end ? 0 : finish(o, r, why);
}

int outbound_flush(struct outbound *o, struct refusal *why)
{
	int r = o->scanner && o->flushed < o->fed ? outbound_flush_body(o) : 0;

	return r < 0 ? finish(o, r, why) : 0;
}

void outbound_done(struct outbound *o)
{
	scanner_done(o->scanner);
	o->scanner = NULL;
	redaction_done(&o->spans);
}
