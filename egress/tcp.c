#include "egress/tcp.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/ptr.h"
#include "egress/journal.h"
#include "egress/socks.h"
#include "egress/upstream.h"

struct tcp {
	struct upstream up;
	struct loop_task task; /* frees it */
	enum conn_asked asked;
	bool open;  /* bytes pass */
	bool whole; /* both sides ended well */
	uint64_t bytes_up, bytes_down;
	int64_t begun_us;
	char id[17];
};

static void journal(const struct conn *c, const char *end)
{
	const struct tcp *t = c->tcp;
	const struct journal_tcp line = {.id = t->id,
		.host = t->up.host,
		.port = t->up.port,
		.bytes_up = t->bytes_up,
		.bytes_down = t->bytes_down,
		.ms = (loop_now_us() - t->begun_us) / 1000,
		.end = end};

	journal_tcp(c->service, &line);
}

/* ---- what the client is told */

static enum socks_reply reply_of(const struct refusal *why)
{
	if (strcmp(why->error, "upstream_unreachable") == 0)
		return SOCKS_REFUSED;
	if (strcmp(why->error, "upstream_name") == 0)
		return SOCKS_HOST_UNREACHABLE;
	return why->status == 403 ? SOCKS_NOT_ALLOWED : SOCKS_FAILED;
}

static int write_refusal(const struct refusal *why, struct buf *out)
{
	cleanup_free char *body = NULL;
	char reason[REFUSAL_PHRASE_MAX];

	if (refusal_body(why, true, &body) < 0)
		return -ENOMEM;
	return buf_addf(out,
		"HTTP/1.1 %d %s\r\nContent-Type: text/plain; charset=utf-8\r\n"
		"Content-Length: %zu\r\nConnection: close\r\n\r\n%s",
		why->status, refusal_phrase(why, reason), strlen(body), body);
}

static void refuse(struct conn *c, enum conn_asked asked, const struct refusal *why)
{
	unsigned char reply[SOCKS_REPLY_LEN];
	int r = -ECONNRESET;

	journal_refusal(c->service, why);
	if (asked == CONN_ASKED_CONNECT) {
		r = write_refusal(why, &c->client.out);
	} else if (asked == CONN_ASKED_SOCKS) {
		socks_write_reply(reply_of(why), reply);
		r = buf_add(&c->client.out, reply, sizeof(reply));
	}
	if (r == 0) {
		conn_drain(c);
		return;
	}
	wire_reset(&c->client);
	conn_end(c);
}

/* ---- begin and end */

static void free_task(struct loop_task *task)
{
	free((char *)task - offsetof(struct tcp, task));
}

/* An event of this round may still name the upstream: the memory goes after the round. */
static void drop(struct conn *c)
{
	struct tcp *t = c->tcp;

	c->tcp = NULL;
	upstream_close(&t->up);
	loop_later(c->service->loop, &t->task);
}

void tcp_end(struct conn *c)
{
	struct tcp *t = c->tcp;

	if (!t)
		return;
	if (!t->whole)
		wire_reset(&t->up.wire);
	if (t->open)
		journal(c, t->whole ? "ended" : "cut");
	drop(c);
}

static int start(struct conn *c, const struct upstream_to *to, enum conn_asked asked)
{
	struct tcp *t = calloc(1, sizeof(*t));

	if (!t)
		return -ENOMEM;
	t->task.fn = free_task;
	t->asked = asked;
	t->begun_us = loop_now_us();
	refusal_new_id(t->id);
	c->tcp = t;
	c->stage = CONN_TCP;
	conn_no_deadline(c);
	upstream_init(&t->up, c->service, conn_wake, c);
	upstream_open(&t->up, to);
	return 0;
}

bool tcp_begin(struct conn *c, const char *host, uint16_t port, enum conn_asked asked)
{
	struct rules *rules = c->service->rules;
	struct upstream_to to = {.host = host, .port = port, .rules = rules};
	struct refusal why = {.host = ""};

	to.rule = rules_find_tcp(rules, host, port);
	if (!to.rule)
		return false;
	memcpy(why.host, host, strlen(host) + 1);
	if (!journal_ready(c->service)) {
		refusal_set(&why, 503, REFUSAL_LOG, "what passes is logged",
			"the bottle's log cannot be written: its disk may be full");
		refuse(c, asked, &why);
	} else if (rule_admit(rules, to.rule, loop_now_ms(c->service->loop), &why) < 0) {
		refuse(c, asked, &why);
	} else if (start(c, &to, asked) < 0) {
		conn_end(c);
	}
	return true;
}

void tcp_tick(struct conn *c)
{
	if (c->tcp)
		upstream_tick(&c->tcp->up);
}

/* ---- bytes */

/* Moves what fits. Where nothing waits the buffers change places, and no byte is copied. */
static bool pass(struct wire *from, struct wire *to, uint64_t *count)
{
	size_t n = from->in.len;
	struct buf swapped = from->in;

	if (n == 0 || to->shut || to->out.len >= WIRE_OUT_MAX)
		return false;
	if (to->out.len == 0) {
		from->in = to->out;
		to->out = swapped;
	} else {
		if (n > WIRE_OUT_MAX - to->out.len)
			n = WIRE_OUT_MAX - to->out.len;
		if (buf_add(&to->out, buf_data(&from->in), n) < 0) {
			to->dead = true;
			return true;
		}
		buf_consume(&from->in, n);
	}
	*count += n;
	return true;
}

static bool pass_end(const struct wire *from, struct wire *to)
{
	if (!from->eof || from->in.len > 0 || to->shut)
		return false;
	wire_shut(to);
	return true;
}

static void await_bytes(struct conn *c)
{
	conn_set_deadline(c, (int)rule_limits(c->tcp->up.rule)->of[LIMIT_TCP_IDLE_MS]);
}

static void open_up(struct conn *c)
{
	struct tcp *t = c->tcp;

	t->open = true;
	journal(c, NULL);
	conn_grant(c, t->asked);
	await_bytes(c);
}

/* Connects. Whether it stands, or has failed, now. */
static bool step_connect(struct conn *c)
{
	struct tcp *t = c->tcp;
	struct refusal why;
	bool moved = upstream_step(&t->up);

	if (t->up.state == UPSTREAM_READY) {
		open_up(c);
		return true;
	}
	if (t->up.state != UPSTREAM_FAILED)
		return moved;
	why = t->up.why;
	memcpy(why.host, t->up.host, HOST_MAX);
	refuse(c, t->asked, &why);
	if (c->stage != CONN_END)
		drop(c);
	return true;
}

bool conn_step_tcp(struct conn *c)
{
	struct tcp *t = c->tcp;
	struct wire *up = &t->up.wire, *client = &c->client;
	bool moved;

	if (!t->open)
		return step_connect(c);
	moved = wire_write(up);
	moved |= wire_read(up);
	moved |= pass(client, up, &t->bytes_up);
	moved |= pass(up, client, &t->bytes_down);
	moved |= pass_end(client, up);
	moved |= pass_end(up, client);
	if (up->dead) {
		wire_reset(client);
		conn_end(c);
		return true;
	}
	if (client->shut && up->shut && client->out.len == 0 && up->out.len == 0) {
		t->whole = true;
		conn_end(c);
		return true;
	}
	if (moved)
		await_bytes(c);
	return moved;
}
