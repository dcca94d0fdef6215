#include "scan/serve_session.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/ptr.h"
#include "base/secret.h"
#include "scan/serve_wire.h"

#define BUFFER (128U << 10)

/*
 * Theory of operation. Records are taken out of the buffer one after the other; a DATA record is
 * fed as far as it has come, every other one is waited for whole. What is left moves to the front.
 */
enum phase {
	BETWEEN, /* texts */
	TEXT,
	OVER, /* FINISH was answered, or something went wrong */
};

struct session {
	int fd;
	enum phase phase;
	struct scan *scan;
	struct serve_text text;
	uint32_t data_left; /* of a DATA record that has begun */
	struct serve_done done;
	size_t len;
	unsigned char buffer[BUFFER];
};

/* Whoever does not read what it is told is nobody to wait for. */
static int say(struct session *s, enum serve_type type, const void *body, size_t len, struct err *e)
{
	struct {
		struct serve_head head;
		unsigned char body[sizeof(struct serve_finding)];
	} record = {.head = {type, (uint32_t)len}};
	ssize_t n;

	memcpy(record.body, body, len);
	len += sizeof(record.head);
	n = send(s->fd, &record, len, MSG_NOSIGNAL | MSG_DONTWAIT);
	return n == (ssize_t)len ? 0 : err_say(e, EPIPE, "the client does not listen");
}

/* ---- findings */

static void copy(char *to, size_t size, const char *from)
{
	snprintf(to, size, "%s", from ? from : "");
}

static int found(void *arg, const struct scan_finding *f)
{
	struct session *s = arg;
	/* What could not be read could be anything, however sure that is. */
	bool unreadable = strcmp(f->rule, SCAN_RULE_UNREADABLE) == 0;
	bool warning = f->confidence == SCAN_LOW && !unreadable;
	uint64_t *count = unreadable ? &s->done.unreadable
			  : warning  ? &s->done.warnings
				     : &s->done.found;
	struct serve_finding told = {
		.line = f->line, .start = f->start, .end = f->end, .warning = warning};
	struct err gone;

	if ((*count)++ >= SERVE_TOLD_MAX)
		return 0;
	memcpy(told.tag, s->text.tag, sizeof(told.tag));
	memcpy(told.path, s->text.path, sizeof(told.path));
	copy(told.rule, sizeof(told.rule), f->rule);
	copy(told.what, sizeof(told.what), f->what);
	copy(told.via, sizeof(told.via), f->via);
	copy(told.excerpt, sizeof(told.excerpt), f->excerpt);
	return say(s, SERVE_FINDING, &told, sizeof(told), &gone);
}

/* ---- what a client may ask */

static bool ends(const char *s, size_t size)
{
	return memchr(s, '\0', size) != NULL;
}

static int do_begin(struct session *s, const void *body, size_t len, struct err *e)
{
	struct scan_text text = {0};

	memcpy(&s->text, body, len);
	if (!ends(s->text.tag, sizeof(s->text.tag)) || !ends(s->text.path, sizeof(s->text.path)))
		return err_say(e, EPROTO, "a text's name has no end");
	s->phase = TEXT;
	text.path = *s->text.path ? s->text.path : NULL;
	return scan_message(s->scan, NULL, e) < 0 ? -e->code : scan_begin(s->scan, &text, e);
}

static int do_data(struct session *s, const void *body, size_t len, struct err *e)
{
	s->done.bytes += len;
	return scan_feed(s->scan, body, len, e);
}

static int do_end(struct session *s, const void *body, size_t len, struct err *e)
{
	(void)body;
	(void)len;
	s->done.texts++;
	s->phase = BETWEEN;
	return scan_end(s->scan, e);
}

static int do_finish(struct session *s, const void *body, size_t len, struct err *e)
{
	(void)body;
	(void)len;
	s->phase = OVER;
	return say(s, SERVE_DONE, &s->done, sizeof(s->done), e);
}

#define IN(phase) (1U << (phase))

static const struct request {
	enum serve_type type;
	const char *name;
	unsigned int phases;
	size_t least, most; /* bytes of the body */
	int (*handle)(struct session *, const void *, size_t, struct err *);
} requests[] = {
	{SERVE_BEGIN, "begin", IN(BETWEEN), sizeof(struct serve_text), sizeof(struct serve_text),
		do_begin},
	{SERVE_DATA, "data", IN(TEXT), 1, SERVE_DATA_MAX, do_data},
	{SERVE_END, "end", IN(TEXT), 0, 0, do_end},
	{SERVE_FINISH, "finish", IN(BETWEEN), 0, 0, do_finish},
};

static const struct request *find(
	const struct session *s, const struct serve_head *h, struct err *e)
{
	for (size_t i = 0; i < ARRAY_LEN(requests); i++) {
		const struct request *q = &requests[i];

		if (q->type != h->type)
			continue;
		if (!(q->phases & IN(s->phase))) {
			err_say(e, EPROTO, "'%s' out of turn", q->name);
			return NULL;
		}
		if (h->len < q->least || h->len > q->most) {
			err_say(e, EPROTO, "'%s' of %u bytes", q->name, h->len);
			return NULL;
		}
		return q;
	}
	err_say(e, EPROTO, "an unknown record, %u", h->type);
	return NULL;
}

/* ---- the buffer */

/* One record, or as much of one's data as is there. Bytes taken; 0: more must come. */
static ssize_t take(struct session *s, const unsigned char *p, size_t len, struct err *e)
{
	const struct request *q;
	struct serve_head h;
	int r;

	if (s->data_left > 0) {
		if (len > s->data_left)
			len = s->data_left;
		s->data_left -= (uint32_t)len;
		r = do_data(s, p, len, e);
		return r < 0 ? r : (ssize_t)len;
	}
	if (len < sizeof(h))
		return 0;
	memcpy(&h, p, sizeof(h));
	q = find(s, &h, e);
	if (!q)
		return -e->code;
	if (q->type == SERVE_DATA) {
		s->data_left = h.len;
		return sizeof(h);
	}
	if (len < sizeof(h) + h.len)
		return 0;
	r = q->handle(s, p + sizeof(h), h.len, e);
	return r < 0 ? r : (ssize_t)(sizeof(h) + h.len);
}

static int take_all(struct session *s, struct err *e)
{
	size_t at = 0;

	while (at < s->len) {
		ssize_t n = take(s, s->buffer + at, s->len - at, e);

		if (n < 0)
			return (int)n;
		if (n == 0)
			break;
		at += (size_t)n;
	}
	s->len -= at;
	memmove(s->buffer, s->buffer + at, s->len);
	return 0;
}

int session_step(struct session *s)
{
	struct err e = {0}, gone;
	ssize_t n = recv(s->fd, s->buffer + s->len, sizeof(s->buffer) - s->len, MSG_DONTWAIT);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return 1;
	if (n <= 0)
		return 0;
	s->len += (size_t)n;
	if (take_all(s, &e) < 0) {
		log_warning("a connection was ended: %s", e.msg);
		(void)say(s, SERVE_FAILED, &e, sizeof(e), &gone);
		return 0;
	}
	return s->phase != OVER;
}

int session_new(const struct scan_rules *rules, int fd, struct session **ret, struct err *e)
{
	struct session *s = calloc(1, sizeof(*s));
	int r;

	if (!s) {
		fd_close(&fd);
		return err_set(e, ENOMEM, "a connection");
	}
	s->fd = fd;
	r = scan_open(rules, SCAN_OUTBOUND | SCAN_KNOWN, found, s, &s->scan, e);
	if (r < 0)
		session_free(s);
	else
		*ret = s;
	return r;
}

void session_free(struct session *s)
{
	if (!s)
		return;
	scan_close(s->scan);
	fd_close(&s->fd);
	secret_wipe(s, sizeof(*s));
	free(s);
}

int session_fd(const struct session *s)
{
	return s->fd;
}
