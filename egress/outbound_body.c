#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "egress/conn.h"
#include "egress/outbound_parts.h"

/* The body of what leaves: one text, or the messages of a call. */

/* All lines of a field as one list. 0 or -ENOMEM. */
static int join_field(const struct http1_head *head, const char *name, struct buf *ret)
{
	int r = 0;

	for (size_t i = 0; i < head->n_fields && r == 0; i++) {
		if (strcasecmp(head->fields[i].name, name) != 0)
			continue;
		r = ret->len > 0 ? buf_adds(ret, ", ") : 0;
		if (r == 0)
			r = buf_adds(ret, head->fields[i].value);
	}
	return r == 0 && ret->len > 0 ? buf_add(ret, "", 1) : r;
}

static int begin_text(struct outbound *o)
{
	const struct http1_head *head = &o->x->request;
	struct scan_text text = {
		.place = "body", .content_type = http1_field(head, "Content-Type", NULL)};
	struct buf codings = {0};
	struct err e;
	int r = join_field(head, "Content-Encoding", &codings);

	if (codings.len > 0)
		text.content_encoding = (const char *)codings.p;
	if (r == 0)
		r = scan_begin(scanner_scan(o->scanner), &text, &e);
	buf_done(&codings);
	return outbound_failed(o, r, "body");
}

static int feed_text(struct outbound *o, const void *data, size_t len, bool end)
{
	struct err e;
	int r = len > 0 ? scan_feed(scanner_scan(o->scanner), data, len, &e) : 0;

	o->fed += len;
	if (r == 0 && end)
		r = scan_end(scanner_scan(o->scanner), &e);
	return outbound_failed(o, r, "body");
}

/* ---- a call of gRPC */

static int begin_message(struct outbound *o)
{
	const struct http1_head *head = &o->x->request;
	const char *coding = http1_field(head, "grpc-encoding", NULL);
	struct scan_text text = {.place = "message", .content_type = "application/octet-stream"};
	struct err e;

	/* Compressed in a way that nobody told: no coding has that name, so it cannot be read. */
	if (grpc_frame_is_compressed(&o->call.frame))
		text.content_encoding = coding ? coding : "unknown";
	o->call.reading = true;
	o->call.begun = o->fed;
	return scan_begin(scanner_scan(o->scanner), &text, &e);
}

static int end_message(struct outbound *o)
{
	struct err e;
	int r = o->call.reading ? scan_end(scanner_scan(o->scanner), &e) : 0;

	o->call.reading = false;
	o->call.frame.have = 0;
	o->call.settled = o->fed;
	return r;
}

/* It is none: what one server takes for a message is no part of one for another. */
static int refuse_frames(struct outbound *o, const char *what)
{
	o->found = true;
	memcpy(o->why.host, o->x->host, HOST_MAX);
	refusal_set(&o->why, 400, "bad_request", "gRPC, read strictly", "%s", what);
	return -EACCES;
}

/* The next of its bytes, up to a message's end. How many, or -errno. */
static long feed_message(struct outbound *o, const unsigned char *p, size_t len)
{
	struct grpc_frame *f = &o->call.frame;
	size_t n = grpc_frame_head(f, p, len);
	struct err e;
	int r = 0;

	o->fed += n;
	if (!grpc_frame_is_valid(f))
		return refuse_frames(o, "a message of the call has flags that nobody knows");
	if (f->have < GRPC_HEAD_LEN)
		return (long)n;
	if (n > 0) {
		r = begin_message(o);
	} else {
		n = len < f->left ? len : f->left;
		r = scan_feed(scanner_scan(o->scanner), p, n, &e);
		o->fed += n;
		f->left -= (uint32_t)n;
	}
	if (r == 0 && f->left == 0)
		r = end_message(o);
	return r < 0 ? r : (long)n;
}

static int feed_call(struct outbound *o, const unsigned char *p, size_t len, bool end)
{
	while (len > 0) {
		long n = feed_message(o, p, len);

		if (n < 0)
			return outbound_failed(o, (int)n, "message");
		p += n;
		len -= (size_t)n;
	}
	if (end && !grpc_frame_is_between(&o->call.frame))
		return refuse_frames(o, "the call ends within a message");
	return 0;
}

/* ---- either */

int outbound_begin_body(struct outbound *o)
{
	o->call = (struct outbound_call){.on = o->long_body && grpc_is(&o->x->request)};
	return o->call.on ? 0 : begin_text(o);
}

int outbound_feed_body(struct outbound *o, const void *data, size_t len, bool end)
{
	return o->call.on ? feed_call(o, data, len, end) : feed_text(o, data, len, end);
}

int outbound_flush_body(struct outbound *o)
{
	struct err e;
	/* The messages of a call have ends of their own. */
	int r = o->call.on ? 0 : scan_flush(scanner_scan(o->scanner), &e);

	if (r == 0 && !o->call.on)
		o->flushed = o->fed;
	return outbound_failed(o, r, "body");
}

/* Of `fed` bytes of a text those that nothing that follows can make a finding of. */
static uint64_t decided_of(const struct outbound *o, uint64_t fed)
{
	uint64_t behind = fed > SCAN_HOLD ? fed - SCAN_HOLD : 0;
	uint64_t decided = scan_decided(scanner_scan(o->scanner));

	decided = decided < behind ? decided : behind;
	return o->flushed > decided ? o->flushed : decided;
}

uint64_t outbound_decided(const struct outbound *o)
{
	const struct outbound_call *c = &o->call;
	uint64_t of_message;

	if (!o->scanner)
		return o->fed;
	if (!c->on)
		return decided_of(o, o->fed);
	of_message = c->reading ? decided_of(o, o->fed - c->begun) : 0;
	return of_message > 0 ? c->begun + of_message : c->settled;
}
