#include "scan/serve_client.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/msg.h"
#include "base/ptr.h"
#include "base/secret.h"
#include "scan/scan.h"

/* Without a byte to or from the scanner, seconds: it may be started again meanwhile. */
#define PATIENCE_S 30
/* Small texts go out together. */
#define BUFFER (64U << 10)
/* What the scanner tells before anybody hears it must fit: it does not wait. */
#define HEARING (3 * SERVE_TOLD_MAX * 2 * sizeof(struct serve_finding))

struct serve_client {
	int fd;
	bool failed;		/* in the scanner's own words */
	struct serve_done sent; /* what must have been read in the end; found: told so far */
	size_t len;
	unsigned char buffer[BUFFER];
};

static int no_scanner(const struct serve_client *c, struct err *e)
{
	return err_wrap(e, c->failed ? "the scanner" : "no scanner");
}

/* ---- opening */

static int set_limits(int fd, int theirs, struct err *e)
{
	const struct timeval limit = {.tv_sec = PATIENCE_S};
	const int hearing = HEARING;

	if (setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit)) < 0 ||
		setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)) < 0 ||
		setsockopt(theirs, SOL_SOCKET, SO_SNDBUF, &hearing, sizeof(hearing)) < 0)
		return err_set(e, errno, "setsockopt");
	return 0;
}

/* The door is everybody's, so no limit is set on it: one that is full refuses at once. */
static int knock(int door, int theirs, struct err *e)
{
	int r = fd_set_nonblock(door, 1) < 0 ? err_set(e, errno, "the door") : 0;

	return r < 0 ? r : msg_send(door, SERVE_CONNECT, NULL, 0, &theirs, 1, e);
}

int serve_client_open(int door, struct serve_client **ret, struct err *e)
{
	cleanup_serve_client struct serve_client *c = calloc(1, sizeof(*c));
	cleanup_fd int theirs = -1;
	int pair[2], r;

	if (!c)
		return err_set(e, ENOMEM, "a connection to the scanner");
	c->fd = -1;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
		return err_set(e, errno, "socketpair");
	c->fd = pair[0];
	theirs = pair[1];
	r = set_limits(c->fd, theirs, e);
	if (r == 0)
		r = knock(door, theirs, e);
	if (r < 0)
		return no_scanner(c, e);
	*ret = steal_ptr(&c);
	return 0;
}

void serve_client_close(struct serve_client *c)
{
	if (!c)
		return;
	fd_close(&c->fd);
	secret_wipe(c->buffer, sizeof(c->buffer));
	free(c);
}

/* ---- answers */

static int receive(struct serve_client *c, void *to, size_t len, struct err *e)
{
	ssize_t n;

	do {
		n = recv(c->fd, to, len, MSG_WAITALL);
	} while (n < 0 && errno == EINTR);
	if (n < 0 && errno != EAGAIN && errno != ECONNRESET)
		return err_set(e, errno, "hear the scanner");
	if (n < 0 && errno == EAGAIN)
		return err_say(e, ETIMEDOUT, "it has not answered for %d s", PATIENCE_S);
	return n == (ssize_t)len ? 0 : err_say(e, EPIPE, "it has ended");
}

static bool ends(const char *s, size_t size)
{
	return memchr(s, '\0', size) != NULL;
}

#define ENDS(field) ends(field, sizeof(field))

static int take_finding(
	struct serve_client *c, serve_client_found_fn *found, void *arg, struct err *e)
{
	struct serve_finding f;
	int r = receive(c, &f, sizeof(f), e);

	if (r < 0)
		return r;
	if (!ENDS(f.tag) || !ENDS(f.path) || !ENDS(f.rule) || !ENDS(f.what) || !ENDS(f.via) ||
		!ENDS(f.excerpt))
		return err_say(e, EPROTO, "a finding that cannot be read");
	if (strcmp(f.rule, SCAN_RULE_UNREADABLE) == 0)
		c->sent.unreadable++;
	else if (f.warning)
		c->sent.warnings++;
	else
		c->sent.found++;
	if (found)
		found(arg, &f);
	return 0;
}

static int take_failed(struct serve_client *c, struct err *e)
{
	struct err why;
	int r = receive(c, &why, sizeof(why), e);

	if (r < 0)
		return r;
	why.msg[sizeof(why.msg) - 1] = '\0';
	*e = why;
	c->failed = true;
	if (e->code <= 0)
		e->code = EIO;
	return -e->code;
}

/* More findings than were told is fine, fewer is not; and every byte of every text. */
static int take_done(struct serve_client *c, struct serve_done *ret, struct err *e)
{
	struct serve_done done;
	int r = receive(c, &done, sizeof(done), e);

	if (r < 0)
		return r;
	if (done.texts != c->sent.texts || done.bytes != c->sent.bytes)
		return err_say(e, EPROTO, "it has read %llu bytes of %llu",
			(unsigned long long)done.bytes, (unsigned long long)c->sent.bytes);
	if (done.found < c->sent.found || done.warnings < c->sent.warnings ||
		done.unreadable < c->sent.unreadable)
		return err_say(e, EPROTO, "it counts less than it tells");
	*ret = done;
	return 1;
}

/* 1: that was the last one. */
static int take(struct serve_client *c, serve_client_found_fn *found, void *arg,
	struct serve_done *ret, struct err *e)
{
	struct serve_head h;
	int r = receive(c, &h, sizeof(h), e);

	if (r < 0)
		return r;
	if (h.type == SERVE_FINDING && h.len == sizeof(struct serve_finding))
		return take_finding(c, found, arg, e);
	if (h.type == SERVE_DONE && h.len == sizeof(*ret))
		return take_done(c, ret, e);
	if (h.type == SERVE_FAILED && h.len == sizeof(*e))
		return take_failed(c, e);
	return err_say(e, EPROTO, "it says what it should not");
}

/* It hangs up with a reason, as a rule, behind what it has found so far. */
static int hung_up(struct serve_client *c, struct err *e)
{
	struct serve_done ignored;
	int r;

	do {
		r = take(c, NULL, NULL, &ignored, e);
	} while (r == 0);
	return r < 0 ? r : err_say(e, EPROTO, "it was done before the end");
}

/* ---- texts */

static int send_all(struct serve_client *c, const void *data, size_t len, struct err *e)
{
	const char *p = data;

	while (len > 0) {
		ssize_t n = send(c->fd, p, len, MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			return err_say(e, ETIMEDOUT, "it has not read for %d s", PATIENCE_S);
		if (n < 0 && (errno == EPIPE || errno == ECONNRESET))
			return hung_up(c, e);
		if (n < 0)
			return err_set(e, errno, "send to it");
		p += n;
		len -= (size_t)n;
	}
	return 0;
}

static int send_buffer(struct serve_client *c, struct err *e)
{
	size_t len = c->len;

	c->len = 0;
	return send_all(c, c->buffer, len, e);
}

/* A body that has no room beside what waits already goes out by itself. */
static int put(
	struct serve_client *c, enum serve_type type, const void *body, size_t len, struct err *e)
{
	const struct serve_head h = {type, (uint32_t)len};
	int r = 0;

	if (c->len + sizeof(h) + len > sizeof(c->buffer))
		r = send_buffer(c, e);
	if (r < 0)
		return r;
	memcpy(c->buffer + c->len, &h, sizeof(h));
	c->len += sizeof(h);
	if (c->len + len <= sizeof(c->buffer)) {
		memcpy(c->buffer + c->len, body, len);
		c->len += len;
		return 0;
	}
	r = send_buffer(c, e);
	return r < 0 ? r : send_all(c, body, len, e);
}

int serve_client_begin(struct serve_client *c, const char *tag, const char *path, struct err *e)
{
	struct serve_text text = {0};
	size_t len = strlen(path);

	if (strlen(tag) >= sizeof(text.tag))
		return err_say(e, EINVAL, "'%s' is too long for a tag", tag);
	memcpy(text.tag, tag, strlen(tag));
	if (len >= sizeof(text.path)) {
		path += len - (sizeof(text.path) - 1);
		len = sizeof(text.path) - 1;
	}
	memcpy(text.path, path, len);
	c->sent.texts++;
	return put(c, SERVE_BEGIN, &text, sizeof(text), e) < 0 ? no_scanner(c, e) : 0;
}

int serve_client_feed(struct serve_client *c, const void *data, size_t len, struct err *e)
{
	const char *p = data;

	c->sent.bytes += len;
	while (len > 0) {
		size_t n = len < SERVE_DATA_MAX ? len : SERVE_DATA_MAX;

		if (put(c, SERVE_DATA, p, n, e) < 0)
			return no_scanner(c, e);
		p += n;
		len -= n;
	}
	return 0;
}

int serve_client_end(struct serve_client *c, struct err *e)
{
	return put(c, SERVE_END, "", 0, e) < 0 ? no_scanner(c, e) : 0;
}

int serve_client_finish(struct serve_client *c, serve_client_found_fn *found, void *arg,
	struct serve_done *ret, struct err *e)
{
	int r = put(c, SERVE_FINISH, "", 0, e);

	if (r == 0)
		r = send_buffer(c, e);
	while (r == 0)
		r = take(c, found, arg, ret, e);
	return r < 0 ? no_scanner(c, e) : 0;
}
