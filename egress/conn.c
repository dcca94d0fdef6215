#include "egress/conn.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "base/fd.h"
#include "egress/journal.h"

/* Steps at a time, so that one busy connection does not keep the others waiting. */
#define STEPS_MAX  32
#define SNIFF_MS   15000
#define DRAIN_MS   3000	 /* after the last byte of the answer */
#define SENDING_MS 60000 /* while an answer goes out, or the next request is awaited */
#define DRAIN_MAX  (64U << 20)
#define PROXY_PORT 9099
#define OLD_PORT   8888 /* host pipelock of old manifests */
#define DNS_PORT   53

static void conn_run(struct conn *c);

struct exchange *exchange_new(void)
{
	return calloc(1, sizeof(struct exchange));
}

void exchange_free(struct exchange *x)
{
	if (!x)
		return;
	outbound_done(&x->outbound);
	held_done(&x->held);
	incoming_done(&x->incoming);
	http1_head_done(&x->request);
	http1_head_done(&x->response);
	redact_done(&x->redact);
	target_done(&x->target);
	rules_unref(x->rules);
	free(x);
}

struct upstream_to conn_upstream_to(const struct conn *c)
{
	const struct exchange *x = c->x;

	return (struct upstream_to){
		.host = x->host,
		.port = x->port,
		.tls = c->client.ssl != NULL,
		.rules = x->rules,
		.rule = x->rule,
	};
}

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
	upstream_close(&c->up);
	wire_done(&c->client);
	exchange_free(c->x);
	c->x = NULL;
	*c->at = c->next;
	if (c->next)
		c->next->at = c->at;
	c->service->n_conns--;
	c->task.fn = free_task;
	loop_later(c->service->loop, &c->task);
}

void conn_set_deadline(struct conn *c, int ms)
{
	c->deadline_ms = loop_now_ms(c->service->loop) + ms;
}

void conn_drain(struct conn *c)
{
	c->stage = CONN_DRAIN;
	upstream_close(&c->up);
	wire_shut(&c->client);
	conn_set_deadline(c, c->client.out.len > 0 ? SENDING_MS : DRAIN_MS);
}

/* Reading on a little lets the answer arrive: a close with unread input would reset it. */
static bool step_drain(struct conn *c)
{
	size_t n = c->client.in.len;

	buf_consume(&c->client.in, n);
	c->drained += n;
	if (c->drained > DRAIN_MAX || (c->client.eof && c->client.out.len == 0)) {
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
	case CONN_HEAD:
		return conn_step_head(c);
	case CONN_HOLD:
		return conn_step_hold(c);
	case CONN_WAIT:
		return conn_step_wait(c);
	case CONN_STREAM:
		return conn_step_stream(c);
	case CONN_DRAIN:
		return step_drain(c);
	case CONN_DNS:
		return conn_step_dns(c);
	case CONN_END:
		break;
	}
	return false;
}

/* An answer on its way to a slow reader keeps the connection. */
static void note_sent(struct conn *c)
{
	if (c->stage == CONN_DRAIN)
		conn_set_deadline(c, c->client.out.len > 0 ? SENDING_MS : DRAIN_MS);
	else if (c->stage == CONN_HEAD && !c->head_begun)
		conn_set_deadline(c, SENDING_MS);
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

static bool move_upstream(struct conn *c)
{
	bool moved;

	if (c->up.state != UPSTREAM_READY)
		return false;
	moved = wire_write(&c->up.wire);
	moved |= wire_read(&c->up.wire);
	/* An idle upstream has nothing to say: what it sends belongs to no request. */
	if ((!c->x || c->stage == CONN_HOLD) &&
		(c->up.wire.in.len > 0 || c->up.wire.eof || c->up.wire.dead))
		upstream_close(&c->up);
	return moved;
}

static void conn_run(struct conn *c)
{
	for (int i = 0; i < STEPS_MAX; i++) {
		bool moved;

		if (c->stage == CONN_END)
			return;
		moved = move_client(c);
		moved |= move_upstream(c);
		moved |= step(c);
		if (c->stage == CONN_END)
			return;
		if (c->client.dead) {
			conn_end(c);
			return;
		}
		if (!moved)
			return;
	}
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

static void on_upstream(void *arg)
{
	struct conn *c = arg;

	if (c->stage != CONN_END)
		conn_run(c);
}

/* Nothing moved for too long while a request was on its way. */
static void refuse_stalled(struct conn *c)
{
	struct refusal why = {.host = ""};

	memcpy(why.host, c->x->host, HOST_MAX);
	if (http1_body_is_done(&c->x->up))
		refusal_set(&why, 504, "upstream_silent", "time limits",
			"%s did not answer in time", c->x->host);
	else
		refusal_set(&why, 408, "request_stalled", "time limits",
			"the request's body stopped coming");
	conn_refuse(c, &why);
	conn_run(c);
}

void conn_tick(struct conn *c)
{
	upstream_tick(&c->up);
	if (c->stage == CONN_END || loop_now_ms(c->service->loop) < c->deadline_ms)
		return;
	if ((c->stage == CONN_STREAM && !c->x->have_response) || c->stage == CONN_HOLD) {
		refuse_stalled(c);
		return;
	}
	/* Idle between two requests: clients expect an end; a reset is an error to them. */
	if (c->stage == CONN_HEAD && !c->head_begun && c->client.out.len == 0) {
		conn_drain(c);
		return;
	}
	if (c->stage == CONN_DRAIN) {
		/* What the kernel holds for a slow reader still arrives: no reset. */
		conn_end(c);
		return;
	}
	journal_warn(c->service, "connection to %s port %u ended: nothing moved in time",
		inet_ntoa(c->to), c->to_port);
	wire_reset(&c->client);
	conn_end(c);
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
	upstream_init(&c->up, s, on_upstream, c);
	c->next = s->conns;
	c->at = &s->conns;
	if (c->next)
		c->next->at = &c->next;
	s->conns = c;
	s->n_conns++;
	conn_set_deadline(c, SNIFF_MS);
	loop_want_ticks(s->loop);
	if (read_destination(c) < 0 ||
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one)) < 0 ||
		loop_add(s->loop, fd, EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, &c->watch) < 0)
		conn_end(c);
}
