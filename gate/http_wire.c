#include "gate/http_wire.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/proc.h"

#define FILL (64U << 10)
/* For what comes behind the last answer: silence, and in all. */
#define LINGER_IDLE_MS 2000
#define LINGER_MS      30000
/* Silence between requests, and from a head's first byte to its last, milliseconds. */
#define BETWEEN_MS 60000
#define HEAD_MS	   15000

void http_wire_init(struct http_wire *w, int sock, int idle_ms)
{
	*w = (struct http_wire){.sock = sock, .idle_ms = idle_ms};
}

void http_wire_done(struct http_wire *w)
{
	fd_close(&w->sock);
	buf_done(&w->in);
	buf_done(&w->out);
}

int http_wire_fill(struct http_wire *w)
{
	unsigned char *room;
	ssize_t n;

	if (w->eof || w->in.len >= HTTP_WIRE_MAX)
		return 0;
	room = buf_room(&w->in, FILL);
	if (!room)
		return -ENOMEM;
	n = recv(w->sock, room, FILL, 0);
	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -errno;
	w->eof = n == 0;
	buf_filled(&w->in, (size_t)n);
	return 1;
}

int http_wire_flush(struct http_wire *w)
{
	while (w->out.len > 0) {
		ssize_t n = send(w->sock, buf_data(&w->out), w->out.len, MSG_NOSIGNAL);

		if (n < 0)
			return errno == EAGAIN || errno == EINTR ? 0 : -errno;
		buf_consume(&w->out, (size_t)n);
	}
	return 0;
}

/* 1: it is time for one of these events; 0: the time is up; or -errno. */
static int await(const struct http_wire *w, short events, int64_t deadline_ms)
{
	struct pollfd p = {.fd = w->sock, .events = events};
	int64_t left = deadline_ms - proc_now_ms();
	int r = poll(&p, 1, left > 0 ? (int)left : 0);

	return r < 0 ? (errno == EINTR ? 1 : -errno) : r;
}

int http_wire_send(struct http_wire *w, struct err *e)
{
	while (w->out.len > 0) {
		size_t before = w->out.len;
		int r = http_wire_flush(w);

		if (r == 0 && w->out.len == before)
			r = await(w, POLLOUT, proc_now_ms() + w->idle_ms);
		else if (r == 0)
			r = 1;
		if (r <= 0)
			return err_set(e, r < 0 ? -r : ETIMEDOUT, "send an answer");
	}
	return 0;
}

static int take_head(struct http_wire *w, size_t n, struct http1_head *ret, struct err *e)
{
	const char *why = "";
	int r = http1_parse_request(buf_data(&w->in), n, ret, &why);

	buf_consume(&w->in, n);
	return r < 0 ? err_say(e, -r, "%s", why) : 1;
}

int http_wire_head(struct http_wire *w, struct http1_head *ret, struct err *e)
{
	int64_t deadline = proc_now_ms() + (w->in.len > 0 ? HEAD_MS : BETWEEN_MS);
	const char *why = "";
	size_t scanned = 0;

	*ret = (struct http1_head){0};
	for (;;) {
		size_t before = w->in.len;
		long n = before ? http1_head_length(buf_data(&w->in), before, &scanned, &why) : 0;
		int r;

		if (n > 0)
			return take_head(w, (size_t)n, ret, e);
		if (n < 0)
			return err_say(e, (int)-n, "%s", why);
		if (w->eof)
			return before ? err_say(e, EINVAL, "the request ends within its head") : 0;
		r = await(w, POLLIN, deadline);
		if (r > 0)
			r = http_wire_fill(w) < 0 ? -EPIPE : 1;
		if (r < 0)
			return 0;
		if (r == 0)
			return before ? err_say(e, ETIMEDOUT,
						"the head of the request came too slowly")
				      : 0;
		/* From its first byte on its clock runs, however slowly it comes. */
		if (before == 0 && w->in.len > 0)
			deadline = proc_now_ms() + HEAD_MS;
	}
}

void http_wire_linger(struct http_wire *w)
{
	int64_t end = proc_now_ms() + LINGER_MS;

	shutdown(w->sock, SHUT_WR);
	while (!w->eof && proc_now_ms() < end &&
		await(w, POLLIN, proc_now_ms() + LINGER_IDLE_MS) > 0) {
		buf_consume(&w->in, w->in.len);
		if (http_wire_fill(w) < 0)
			return;
	}
}
