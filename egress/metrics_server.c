#include "egress/metrics_server.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/fd.h"
#include "base/http1.h"
#include "base/ptr.h"
#include "egress/conn.h"
#include "egress/journal_file.h"
#include "egress/metrics.h"

#define READERS_MAX 8
#define HEAD_MAX    4096
#define READER_MS   5000

/* One connection: a request comes in, an answer goes out, the end. */
struct reader {
	struct loop_watch watch;
	struct metrics_server *server;
	int fd; /* -1: free */
	int64_t deadline_ms;
	struct buf in, out;
	size_t scanned;
	bool answered;
};

struct metrics_server {
	struct loop_watch watch;
	struct service *service;
	int fd;
	struct reader readers[READERS_MAX];
};

static void reader_done(struct reader *r)
{
	fd_close(&r->fd);
	buf_done(&r->in);
	buf_done(&r->out);
	*r = (struct reader){.watch = r->watch, .server = r->server, .fd = -1};
}

/* ---- the answer */

static int write_answer(struct reader *r, int status, const char *reason, const struct buf *body)
{
	int e = buf_addf(&r->out,
		"HTTP/1.1 %d %s\r\nContent-Type: text/plain; version=0.0.4; charset=utf-8\r\n"
		"Content-Length: %zu\r\nConnection: close\r\n\r\n",
		status, reason, body->len);

	r->answered = true;
	return e < 0 || body->len == 0 ? e : buf_add(&r->out, buf_data(body), body->len);
}

static struct metrics_now now_of(const struct service *s)
{
	struct metrics_now now = {.connections = s->n_conns,
		.held_bytes = s->held,
		.routes = rules_policy(s->rules)->n_routes,
		.log_lines = journal_file_lines(s->log),
		.log_waiting_bytes = journal_file_waiting(s->log)};

	for (const struct conn *c = s->conns; c; c = c->next)
		for (const struct exchange *x = c->exchanges; x; x = x->next)
			now.exchanges++;
	return now;
}

static int answer(struct reader *r, size_t head_len)
{
	struct service *s = r->server->service;
	struct metrics_now now = now_of(s);
	struct http1_head head = {0};
	struct buf body = {0};
	const char *why;
	int e = http1_parse_request(buf_data(&r->in), head_len, &head, &why);

	if (e < 0)
		e = write_answer(r, 400, "Bad Request", &body);
	else if (strcmp(head.target, "/metrics") != 0)
		e = write_answer(r, 404, "Not Found", &body);
	else if (strcmp(head.method, "GET") != 0)
		e = write_answer(r, 405, "Method Not Allowed", &body);
	else if ((e = metrics_write(s->metrics, &now, &body)) == 0)
		e = write_answer(r, 200, "OK", &body);
	http1_head_done(&head);
	buf_done(&body);
	return e;
}

/* ---- the connection */

/* 1: something came; 0: nothing now; -errno: it is over. */
static int read_some(struct reader *r)
{
	unsigned char *p = buf_room(&r->in, HEAD_MAX);
	ssize_t n = p ? recv(r->fd, p, HEAD_MAX, MSG_DONTWAIT) : -1;

	if (!p)
		return -ENOMEM;
	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -errno;
	buf_filled(&r->in, (size_t)n);
	return n == 0 ? -EPIPE : 1;
}

/* -errno: it is over. */
static int take_request(struct reader *r)
{
	const char *why;
	long len;
	int e;

	while (!r->answered && (e = read_some(r)) != 0) {
		if (e < 0)
			return e;
		len = http1_head_length(buf_data(&r->in), r->in.len, &r->scanned, &why);
		if (len < 0 || (len == 0 && r->in.len > HEAD_MAX))
			return -EPROTO;
		if (len > 0 && (e = answer(r, (size_t)len)) < 0)
			return e;
	}
	return 0;
}

static int give_answer(struct reader *r)
{
	while (r->out.len > 0) {
		ssize_t n = send(r->fd, buf_data(&r->out), r->out.len, MSG_DONTWAIT | MSG_NOSIGNAL);

		if (n < 0)
			return errno == EAGAIN || errno == EINTR ? 0 : -errno;
		buf_consume(&r->out, (size_t)n);
	}
	return r->answered ? -ESHUTDOWN : 0;
}

static void on_reader(struct loop_watch *w, uint32_t events)
{
	struct reader *r = (struct reader *)((char *)w - offsetof(struct reader, watch));

	(void)events;
	if (r->fd >= 0 && (take_request(r) < 0 || give_answer(r) < 0))
		reader_done(r);
}

static struct reader *free_reader(struct metrics_server *v)
{
	for (size_t i = 0; i < READERS_MAX; i++)
		if (v->readers[i].fd < 0)
			return &v->readers[i];
	return NULL;
}

static void on_listener(struct loop_watch *w, uint32_t events)
{
	struct metrics_server *v =
		(struct metrics_server *)((char *)w - offsetof(struct metrics_server, watch));
	struct loop *loop = v->service->loop;
	int fd = accept4(v->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	struct reader *r = free_reader(v);

	(void)events;
	if (fd < 0)
		return;
	if (!r || loop_add(loop, fd, EPOLLIN | EPOLLOUT | EPOLLET, &r->watch) < 0) {
		fd_close(&fd);
		return;
	}
	r->fd = fd;
	r->deadline_ms = loop_now_ms(loop) + READER_MS;
	loop_want_ticks(loop);
}

bool metrics_server_tick(struct metrics_server *v)
{
	bool any = false;

	for (size_t i = 0; v && i < READERS_MAX; i++) {
		struct reader *r = &v->readers[i];

		if (r->fd >= 0 && loop_now_ms(v->service->loop) >= r->deadline_ms)
			reader_done(r);
		any |= r->fd >= 0;
	}
	return any;
}

int metrics_server_new(struct service *s, int fd, struct metrics_server **ret, struct err *e)
{
	struct metrics_server *v;

	*ret = NULL;
	if (fd < 0)
		return 0;
	v = calloc(1, sizeof(*v));
	if (!v) {
		fd_close(&fd);
		return err_set(e, ENOMEM, "the listener of the figures");
	}
	*v = (struct metrics_server){.watch.ready = on_listener, .service = s, .fd = fd};
	for (size_t i = 0; i < READERS_MAX; i++)
		v->readers[i] = (struct reader){.watch.ready = on_reader, .server = v, .fd = -1};
	if (fd_set_nonblock(fd, 1) < 0 || loop_add(s->loop, fd, EPOLLIN, &v->watch) < 0) {
		err_set(e, errno, "watch the listener of the figures");
		metrics_server_free(v);
		return -e->code;
	}
	*ret = v;
	return 0;
}

void metrics_server_free(struct metrics_server *v)
{
	if (!v)
		return;
	for (size_t i = 0; i < READERS_MAX; i++)
		reader_done(&v->readers[i]);
	fd_close(&v->fd);
	free(v);
}
