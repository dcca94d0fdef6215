#include "egress/conn.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "base/fd.h"
#include "egress/h2.h"
#include "egress/journal.h"
#include "egress/tcp.h"
#include "egress/upstreams.h"

/* Steps at a time, so that one busy connection does not keep the others waiting. */
#define STEPS_MAX  32
#define PROXY_PORT 9099
#define OLD_PORT   8888 /* host pipelock of old manifests */
#define DNS_PORT   53

static void conn_run(struct conn *c);

static struct conn *conn_of_task(struct loop_task *t)
{
	return (struct conn *)((char *)t - offsetof(struct conn, task));
}

static void free_task(struct loop_task *t)
{
	free(conn_of_task(t));
}

static void run_task(struct loop_task *t)
{
	conn_run(conn_of_task(t));
}

void conn_end(struct conn *c)
{
	if (c->stage == CONN_END)
		return;
	c->stage = CONN_END;
	while (c->exchanges)
		exchange_free(c->exchanges);
	c->http1.x = NULL;
	h2_free(c->http2.session);
	c->http2.session = NULL;
	upstreams_close(c);
	tcp_end(c);
	wire_done(&c->client);
	*c->at = c->next;
	if (c->next)
		c->next->at = c->at;
	c->service->n_conns--;
	c->task.fn = free_task;
	loop_later(c->service->loop, &c->task);
}

int conn_limit(const struct conn *c, enum limit which)
{
	return (int)rules_limits(c->service->rules)->of[which];
}

void conn_set_deadline(struct conn *c, int ms)
{
	c->deadline_ms = loop_now_ms(c->service->loop) + ms;
}

void conn_no_deadline(struct conn *c)
{
	c->deadline_ms = INT64_MAX;
}

/* The answer goes out, and then what the agent still sends ends. */
static void await_drain(struct conn *c)
{
	bool sending = c->client.out.len > 0;

	conn_set_deadline(c, conn_limit(c, sending ? LIMIT_STALL_MS : LIMIT_DRAIN_MS));
}

void conn_drain(struct conn *c)
{
	c->stage = CONN_DRAIN;
	wire_shut(&c->client);
	await_drain(c);
}

/* Reading on a little lets the answer arrive: a close with unread input would reset it. */
static bool step_drain(struct conn *c)
{
	size_t n = c->client.in.len;

	buf_consume(&c->client.in, n);
	c->drained += n;
	if (c->drained > (size_t)conn_limit(c, LIMIT_DRAIN_BYTES) ||
		(c->client.eof && c->client.out.len == 0)) {
		conn_end(c);
		return false;
	}
	return n > 0;
}

static bool step(struct conn *c)
{
	switch (c->stage) {
	case CONN_SNIFF:
		return conn_step_sniff(c);
	case CONN_HANDSHAKE:
		return conn_step_handshake(c);
	case CONN_SOCKS:
		return conn_step_socks(c);
	case CONN_HTTP1:
		return conn_step_http1(c);
	case CONN_TCP:
		return conn_step_tcp(c);
	case CONN_HTTP2:
		return conn_step_http2(c);
	case CONN_DRAIN:
		return step_drain(c);
	case CONN_DNS:
		return conn_step_dns(c);
	case CONN_END:
		break;
	}
	return false;
}

/* Steps each exchange, and frees those that are over. */
static bool step_exchanges(struct conn *c)
{
	bool moved = false;

	for (struct exchange *next, *x = c->exchanges; x; x = next) {
		moved |= exchange_step(x);
		if (c->stage == CONN_END)
			return false;
		next = x->next;
		if (x->stage == EXCHANGE_OVER)
			exchange_free(x);
	}
	return moved;
}

/* An answer on its way to a slow reader keeps the connection. */
static void note_sent(struct conn *c)
{
	if (c->stage == CONN_DRAIN)
		await_drain(c);
	else if (c->stage == CONN_HTTP1 && !c->http1.x && !c->http1.head_begun)
		conn_set_deadline(c, conn_limit(c, LIMIT_NEXT_REQUEST_MS));
	else if (c->stage == CONN_HTTP2 && c->client.out.len > 0)
		conn_set_deadline(c, conn_limit(c, LIMIT_STALL_MS));
}

static bool move_client(struct conn *c)
{
	bool moved = wire_write(&c->client);

	if (moved)
		note_sent(c);
	/* Until the handshake is done a read would be part of it. */
	if (c->stage != CONN_HANDSHAKE)
		moved |= wire_read(&c->client);
	return moved;
}

/* One round. Whether anything moved. */
static bool turn(struct conn *c)
{
	bool moved = move_client(c);

	moved |= upstreams_move(c);
	moved |= step(c);
	if (c->stage != CONN_END)
		moved |= step_exchanges(c);
	if (c->stage != CONN_END && c->client.dead)
		conn_end(c);
	return moved;
}

static void conn_run(struct conn *c)
{
	bool moved = true;

	c->running = true;
	for (int i = 0; i < STEPS_MAX && moved && c->stage != CONN_END; i++)
		moved = turn(c);
	c->running = false;
	if (moved && c->stage != CONN_END)
		loop_later(c->service->loop, &c->task);
}

static void on_ready(struct loop_watch *w, uint32_t events)
{
	struct conn *c = (struct conn *)((char *)w - offsetof(struct conn, watch));

	if (c->stage == CONN_END)
		return;
	wire_note(&c->client, events);
	conn_run(c);
}

void conn_wake(void *arg)
{
	struct conn *c = arg;

	if (c->stage != CONN_END && !c->running)
		conn_run(c);
}

/* Nothing came of what the stage awaits. */
static void end_late(struct conn *c)
{
	/* Idle between two requests: clients expect an end; a reset is an error to them. */
	if (c->stage == CONN_HTTP1 && !c->http1.head_begun && c->client.out.len == 0) {
		conn_drain(c);
		return;
	}
	if (c->stage == CONN_HTTP2 && c->http2.idle && c->client.out.len == 0) {
		conn_end_http2(c);
		return;
	}
	/* What the kernel holds for a slow reader still arrives: no reset. */
	if (c->stage != CONN_DRAIN) {
		journal_warn(c->service, "connection to %s port %u ended: nothing moved in time",
			inet_ntoa(c->to), c->to_port);
		wire_reset(&c->client);
	}
	conn_end(c);
}

void conn_tick(struct conn *c)
{
	c->running = true;
	upstreams_tick(c);
	tcp_tick(c);
	if (c->http2.session)
		h2_tick(c->http2.session, loop_now_ms(c->service->loop));
	for (struct exchange *next, *x = c->exchanges; x && c->stage != CONN_END; x = next) {
		next = x->next;
		exchange_tick(x);
	}
	c->running = false;
	if (c->stage == CONN_END)
		return;
	if (loop_now_ms(c->service->loop) >= c->deadline_ms)
		end_late(c);
	else
		conn_run(c);
}

static int read_destination(struct conn *c)
{
	struct sockaddr_in sa = {0};
	socklen_t len = sizeof(sa);
	bool proxy;

	if (getsockname(c->client.fd, (struct sockaddr *)&sa, &len) < 0 || sa.sin_family != AF_INET)
		return -1;
	c->to = sa.sin_addr;
	c->to_port = c->port = ntohs(sa.sin_port);
	proxy = c->to_port == PROXY_PORT || c->to_port == OLD_PORT;
	c->way = proxy && c->to.s_addr == c->service->sidecar.s_addr ? CONN_EXPLICIT
								     : CONN_TRANSPARENT;
	c->stage = c->to_port == DNS_PORT ? CONN_DNS : CONN_SNIFF;
	return 0;
}

void conn_accept(struct service *s, int fd)
{
	struct conn *c = calloc(1, sizeof(*c));
	const char *name;
	int one = 1;

	if (!c) {
		fd_close(&fd);
		return;
	}
	c->watch.ready = on_ready;
	c->task.fn = run_task;
	c->service = s;
	wire_init(&c->client);
	c->client.fd = fd;
	c->client.writable = true;
	wire_keep_alive(&c->client);
	c->next = s->conns;
	c->at = &s->conns;
	if (c->next)
		c->next->at = &c->next;
	s->conns = c;
	s->n_conns++;
	conn_set_deadline(c, conn_limit(c, LIMIT_SNIFF_MS));
	loop_want_ticks(s->loop);
	if (read_destination(c) < 0 ||
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one)) < 0 ||
		loop_add(s->loop, fd, EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, &c->watch) < 0) {
		conn_end(c);
		return;
	}
	/* Before any byte: its server may be the one to speak first. */
	name = c->stage == CONN_SNIFF ? service_name_of(s, c->to) : NULL;
	if (name && c->way == CONN_TRANSPARENT)
		(void)tcp_begin(c, name, c->to_port, CONN_ASKED_NOTHING);
}
