#include "egress/upstreams.h"

#include <stdlib.h>
#include <string.h>

#include "egress/front.h"
#include "egress/h2.h"

/* Of HTTP/1, and so exchanges of one HTTP/2 connection that are under way at a time. */
#define UPSTREAMS_MAX 16

static void free_task(struct loop_task *t)
{
	free((char *)t - offsetof(struct upstream, task));
}

static struct upstream *new_upstream(struct conn *c)
{
	struct upstream *u = calloc(1, sizeof(*u));

	if (!u)
		return NULL;
	upstream_init(u, c->service, conn_wake, c);
	u->task.fn = free_task;
	u->list_next = c->upstreams;
	u->list_at = &c->upstreams;
	if (u->list_next)
		u->list_next->list_at = &u->list_next;
	c->upstreams = u;
	c->n_upstreams++;
	return u;
}

/* An event of this round may still name it: its memory goes after the round. */
static void drop(struct conn *c, struct upstream *u)
{
	upstream_close(u);
	*u->list_at = u->list_next;
	if (u->list_next)
		u->list_next->list_at = u->list_at;
	c->n_upstreams--;
	loop_later(c->service->loop, &u->task);
}

static bool is_shared(const struct upstream *u)
{
	return u->http2 || (u->asks_http2 && u->state != UPSTREAM_READY);
}

/* An exchange that was sent over a kept connection in vain wants none of those. */
static bool is_free_for(const struct upstream *u, const struct exchange *x)
{
	if (u->state == UPSTREAM_READY && u->http2)
		return u->h2 && h2_takes_request(u->h2);
	return is_shared(u) || (u->users == 0 && !x->fresh);
}

static struct upstream *find(struct exchange *x, const struct upstream_to *to)
{
	for (struct upstream *u = x->conn->upstreams; u; u = u->list_next)
		if (is_free_for(u, x) && upstream_fits(u, to))
			return u;
	return NULL;
}

/* One that nobody uses makes room for another destination. */
static bool make_room(struct conn *c)
{
	struct upstream *u = c->upstreams;

	if (c->n_upstreams < UPSTREAMS_MAX)
		return true;
	while (u && u->users > 0)
		u = u->list_next;
	if (u)
		drop(c, u);
	return u != NULL;
}

/* Of all that nobody uses, one of this route: its limit of connections is for all that there are.
 */
static void spare(struct service *s, const struct rule *rule)
{
	for (struct conn *c = s->conns; c; c = c->next) {
		for (struct upstream *u = c->upstreams; u; u = u->list_next) {
			if (u->users > 0 || u->rule != rule)
				continue;
			drop(c, u);
			return;
		}
	}
}

static void take(struct exchange *x, struct upstream *u)
{
	x->up = u;
	u->users++;
	if (!is_shared(u))
		u->holder = x;
}

/* To the proxy itself HTTP/2 in plain says nothing of what the upstream knows; and a WebSocket goes
 * upstream in HTTP/1.1. */
static bool speaks_http2(const struct exchange *x)
{
	const struct conn *c = x->conn;

	if (x->only_http1 || (x->port == c->http1_port && strcmp(x->host, c->http1_host) == 0))
		return false;
	return x->front->http2 && !x->websocket && (x->tls || x->conn->way != CONN_EXPLICIT);
}

void upstreams_want_http1(struct exchange *x)
{
	x->only_http1 = true;
	memcpy(x->conn->http1_host, x->host, HOST_MAX);
	x->conn->http1_port = x->port;
}

void upstreams_take(struct exchange *x)
{
	const struct upstream_to to = {.host = x->host,
		.port = x->port,
		.tls = x->tls,
		.rules = x->rules,
		.rule = x->rule,
		.http2 = speaks_http2(x)};
	struct upstream *u = find(x, &to);

	if (!u) {
		u = make_room(x->conn) ? new_upstream(x->conn) : NULL;
		if (!u)
			return;
		x->fresh = true;
		if (!rule_may_connect(to.rule))
			spare(x->conn->service, to.rule);
		upstream_open(u, &to);
	}
	take(x, u);
}

void upstreams_give(struct exchange *x, bool keep)
{
	struct upstream *u = x->up;

	if (!u)
		return;
	x->up = NULL;
	x->back = NULL;
	u->users--;
	if (u->holder == x)
		u->holder = NULL;
	if (u->users == 0 && !keep)
		drop(x->conn, u);
}

/* It turned out to speak HTTP/1: the first of those that await it has it, the others look again. */
static void settle(struct conn *c, struct upstream *u)
{
	if (u->state != UPSTREAM_READY || is_shared(u))
		return;
	for (struct exchange *x = c->exchanges; x; x = x->next) {
		if (x->up != u)
			continue;
		if (!u->holder)
			u->holder = x;
		if (u->holder != x) {
			x->fresh = false;
			upstreams_give(x, true);
		}
	}
}

/* An idle upstream has nothing to say: what it sends belongs to no request. */
static bool is_spent(const struct upstream *u)
{
	if (u->http2 && u->state == UPSTREAM_READY)
		return u->users == 0 && upstream_is_spent_http2(u);
	return u->users == 0 &&
	       (u->state != UPSTREAM_READY || u->wire.in.len > 0 || u->wire.eof || u->wire.dead);
}

static bool move(struct conn *c, struct upstream *u)
{
	bool moved;

	if (u->state != UPSTREAM_READY) {
		moved = upstream_step(u);
		settle(c, u);
		return moved;
	}
	if (u->http2)
		return upstream_move_http2(u);
	moved = wire_write(&u->wire);
	moved |= wire_read(&u->wire);
	return moved;
}

bool upstreams_move(struct conn *c)
{
	bool moved = false;

	for (struct upstream *next, *u = c->upstreams; u; u = next) {
		moved |= move(c, u);
		next = u->list_next;
		if (is_spent(u))
			drop(c, u);
	}
	return moved;
}

void upstreams_tick(struct conn *c)
{
	for (struct upstream *u = c->upstreams; u; u = u->list_next)
		upstream_tick(u);
}

void upstreams_close(struct conn *c)
{
	while (c->upstreams)
		drop(c, c->upstreams);
}
