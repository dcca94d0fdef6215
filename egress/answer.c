#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/ptr.h"
#include "egress/conn.h"
#include "egress/journal.h"

/* Answers that we give ourselves. */

/* Whether the next request surely begins where this one's head ended. */
static bool can_go_on(const struct exchange *x)
{
	bool whole = x->length.framing == HTTP1_NO_BODY || http1_body_is_done(&x->up);

	return x->request.method && x->client_keeps && whole && !x->have_response;
}

static void finish_answer(struct conn *c, bool keep)
{
	struct exchange *x = c->x;

	if (keep) {
		bool idle = c->stage == CONN_HEAD || c->stage == CONN_HOLD;

		x->up.state = HTTP1_BODY_DONE;
		x->all_sent = x->upstream_keeps = idle && c->up.state == UPSTREAM_READY;
		conn_finish_exchange(c);
		return;
	}
	exchange_free(x);
	c->x = NULL;
	conn_drain(c);
}

static bool is_head(const struct exchange *x)
{
	return x->request.method && strcmp(x->request.method, "HEAD") == 0;
}

void conn_refuse(struct conn *c, const struct refusal *why)
{
	struct exchange *x = c->x;
	/* After a 400 nobody knows where the next request begins. */
	bool keep = why->status != 400 && why->status != 431 && can_go_on(x);
	struct refusal_form form = {
		.text = refusal_wants_text(&x->request),
		.close = !keep,
		.head_only = is_head(x),
	};

	journal_refusal(c->service, why);
	if (x->have_response || refusal_write(why, &form, &c->client.out) < 0) {
		wire_reset(&c->client);
		conn_end(c);
		return;
	}
	finish_answer(c, keep);
}

static int write_policy(struct conn *c, const char *body, bool keep)
{
	int r = buf_addf(&c->client.out,
		"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %zu\r\n"
		"Cache-Control: no-store\r\nConnection: %s\r\n\r\n",
		strlen(body) + 1, keep ? "keep-alive" : "close");

	if (r < 0 || is_head(c->x))
		return r;
	r = buf_adds(&c->client.out, body);
	return r < 0 ? r : buf_adds(&c->client.out, "\n");
}

/* The path of a target in origin or absolute form; "" when it has none. */
static const char *path_of(const char *target)
{
	const char *authority = *target == '/' ? NULL : strstr(target, "://");
	const char *path = authority ? strchr(authority + 3, '/') : target;

	return path ? path : "";
}

void conn_answer_policy(struct conn *c)
{
	struct exchange *x = c->x;
	const char *method = x->request.method;
	struct refusal why = {.host = HOST_POLICY};
	cleanup_json json_t *j = NULL;
	cleanup_free char *body = NULL;
	bool keep = can_go_on(x);

	if ((strcmp(method, "GET") != 0 && !is_head(x)) ||
		strcmp(path_of(x->request.target), "/allowlist") != 0) {
		refusal_set(&why, 403, "no_service", "GET /allowlist",
			"http://" HOST_POLICY " has one page: /allowlist");
		conn_refuse(c, &why);
		return;
	}
	j = policy_egress_allowlist(rules_policy(c->service->rules));
	body = j ? json_dumps(j, JSON_INDENT(2)) : NULL;
	if (!body || write_policy(c, body, keep) < 0) {
		conn_end(c);
		return;
	}
	finish_answer(c, keep);
}

void conn_answer_gate(struct conn *c)
{
	bool keep = can_go_on(c->x);
	int r = buf_addf(&c->client.out,
		"HTTP/1.1 307 Temporary Redirect\r\nLocation: " HOST_GATE_HTTP "%s\r\n"
		"Content-Length: 0\r\nCache-Control: no-store\r\nConnection: %s\r\n\r\n",
		path_of(c->x->request.target), keep ? "keep-alive" : "close");

	if (r < 0)
		conn_end(c);
	else
		finish_answer(c, keep);
}
