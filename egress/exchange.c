#include "egress/exchange.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/ptr.h"
#include "base/str.h"
#include "egress/back.h"
#include "egress/conn.h"
#include "egress/exchange_parts.h"
#include "egress/front.h"
#include "egress/journal.h"
#include "egress/oauth.h"
#include "egress/request.h"
#include "egress/upstreams.h"
#include "egress/websocket.h"

bool exchange_has_room(const struct service *s)
{
	return s->n_exchanges < EXCHANGES_MAX;
}

struct exchange *exchange_new(struct conn *c, const struct front *front)
{
	struct exchange *x = calloc(1, sizeof(*x));

	if (!x)
		return NULL;
	c->service->n_exchanges++;
	x->conn = c;
	x->front = front;
	x->begun_us = loop_now_us();
	x->ends_as = METRICS_ABORTED;
	x->next = c->exchanges;
	x->at = &c->exchanges;
	if (x->next)
		x->next->at = &x->next;
	c->exchanges = x;
	return x;
}

void exchange_free(struct exchange *x)
{
	x->conn->service->n_exchanges--;
	exchange_account(x, NULL);
	exchange_release(x, false);
	if (x->front->release)
		x->front->release(x);
	*x->at = x->next;
	if (x->next)
		x->next->at = x->at;
	outbound_done(&x->outbound);
	held_done(&x->held);
	incoming_done(&x->incoming);
	http1_head_done(&x->request);
	http1_head_done(&x->request_trailers);
	http1_head_done(&x->response);
	http1_head_done(&x->response_trailers);
	buf_done(&x->trailer_lines[0]);
	buf_done(&x->trailer_lines[1]);
	decode_free(x->decode);
	redact_done(&x->redact);
	swap_done(&x->swap);
	aws_chunked_done(&x->aws_chunked);
	websocket_free(x->websocket);
	target_done(&x->target);
	rules_unref(x->rules);
	free(x);
}

const char *exchange_id(struct exchange *x)
{
	if (!x->id[0])
		refusal_new_id(x->id);
	return x->id;
}

void exchange_release(struct exchange *x, bool whole)
{
	if (x->back)
		x->back->release(x, whole);
	else
		upstreams_give(x, whole);
}

void exchange_over(struct exchange *x)
{
	exchange_account(x, NULL);
	x->stage = EXCHANGE_OVER;
}

void exchange_again(struct exchange *x)
{
	exchange_release(x, false);
	x->back_error = 0;
	x->fresh = true;
	x->sent = 0;
	x->all_sent = false;
	x->stage = EXCHANGE_WAIT;
}

/* ---- answers of ours */

static bool is_head(const struct exchange *x)
{
	return x->request.method && strcmp(x->request.method, "HEAD") == 0;
}

void exchange_refuse(struct exchange *x, const struct refusal *refusal)
{
	struct refusal own = *refusal, *why = &own;
	cleanup_free char *body = NULL;
	bool text = refusal_wants_text(&x->request) || grpc_is(&x->request);
	char reason[REFUSAL_PHRASE_MAX];
	struct answer a = {.status = why->status,
		.reason = refusal_phrase(why, reason),
		.type = text ? "text/plain; charset=utf-8" : "application/json",
		.retry_after_s = why->retry_after_s,
		/* After these nobody knows where the next request begins. */
		.last = why->status == 400 || why->status == 431};

	if (x->stage == EXCHANGE_OVER)
		return;
	memcpy(own.id, exchange_id(x), sizeof(own.id));
	exchange_account(x, why);
	exchange_release(x, false);
	exchange_over(x);
	if (refusal_body(why, text, &body) < 0) {
		x->front->cut(x, true);
		return;
	}
	a.body = body;
	a.len = strlen(body);
	if (!x->have_response)
		x->front->answer(x, &a);
	else if (!x->front->explain || !x->front->explain(x, &a))
		x->front->cut(x, true);
}

void exchange_refuse_head(
	struct exchange *x, int r, int unknown, const char *rule, const char *what)
{
	const struct conn *c = x->conn;
	struct refusal why = {.host = ""};
	int status = r == -E2BIG ? 431 : r == -ENOTSUP ? unknown : r == -ENOMEM ? 503 : 400;

	memcpy(why.host, c->sni[0] ? c->sni : c->tunnel, HOST_MAX);
	refusal_set(&why, status, "bad_request", rule, "%s", what);
	exchange_refuse(x, &why);
}

void exchange_refuse_upstream(struct exchange *x, const char *what)
{
	struct refusal why = {.host = ""};

	memcpy(why.host, x->host, HOST_MAX);
	refusal_set(&why, 502, "upstream_answer", "upstream", "%s: %s", x->host, what);
	exchange_refuse(x, &why);
}

void exchange_abandon(struct exchange *x)
{
	if (x->stage == EXCHANGE_OVER)
		return;
	exchange_release(x, false);
	exchange_over(x);
}

/* The path of a target in origin or absolute form; "" when it has none. */
static const char *path_of(const char *target)
{
	const char *authority = *target == '/' ? NULL : strstr(target, "://");
	const char *path = authority ? strchr(authority + 3, '/') : target;

	return path ? path : "";
}

static void answer(struct exchange *x, const struct answer *a)
{
	x->ends_as = METRICS_ANSWERED;
	x->answered = a->status;
	exchange_over(x);
	x->front->answer(x, a);
}

/* Memory ran out for an answer of ours. */
static void lose(struct exchange *x)
{
	exchange_abandon(x);
	x->front->cut(x, true);
}

static void answer_json(struct exchange *x, const char *body)
{
	if (!body) {
		lose(x);
		return;
	}
	answer(x, &(struct answer){.status = 200,
			  .reason = "OK",
			  .type = "application/json",
			  .body = body,
			  .len = strlen(body)});
}

/* With the policy in force (http://_egress.local/allowlist). */
static void answer_policy(struct exchange *x)
{
	struct refusal why = {.host = HOST_POLICY};
	cleanup_json json_t *j = NULL;
	cleanup_free char *text = NULL, *body = NULL;

	if ((strcmp(x->request.method, "GET") != 0 && !is_head(x)) ||
		strcmp(path_of(x->request.target), "/allowlist") != 0) {
		refusal_set(&why, 403, "no_service", "GET /allowlist",
			"http://" HOST_POLICY " has one page: /allowlist");
		exchange_refuse(x, &why);
		return;
	}
	j = policy_egress_allowlist(rules_policy(x->conn->service->rules));
	text = j ? json_dumps(j, JSON_INDENT(2)) : NULL;
	body = text ? str_format("%s\n", text) : NULL;
	answer_json(x, body);
}

/* Tells git-lfs where the gate listens: the request goes there as it is. */
static void answer_gate(struct exchange *x)
{
	cleanup_free char *location = str_format(HOST_GATE_HTTP "%s", path_of(x->request.target));

	if (!location) {
		lose(x);
		return;
	}
	answer(x, &(struct answer){
			  .status = 307, .reason = "Temporary Redirect", .location = location});
}

/* The agent asked where our tokens come from. */
static void answer_token(struct exchange *x)
{
	const struct policy_auth *auth = oauth_endpoint(
		x->conn->service->rules, x->host, x->port, path_of(x->request.target));
	cleanup_free char *body = auth ? oauth_answer(auth) : NULL;

	answer_json(x, body);
}

/* ---- the decision */

static void begin_tunnel(struct exchange *x)
{
	struct refusal why = {.host = ""};

	memcpy(why.host, x->host, HOST_MAX);
	if (strcmp(x->host, HOST_POLICY) != 0 &&
		!rules_find(x->conn->service->rules, x->host, x->port) &&
		!rules_find_tcp(x->conn->service->rules, x->host, x->port) &&
		!oauth_endpoint(x->conn->service->rules, x->host, x->port, NULL)) {
		refusal_set(&why, 403, "host_not_allowed", "default: deny",
			"no route of this bottle allows %s port %u", x->host, x->port);
		exchange_refuse(x, &why);
		return;
	}
	if (x->length.framing != HTTP1_NO_BODY) {
		refusal_set(&why, 400, "bad_request", "HTTP/1.1, read strictly",
			"a CONNECT with a body");
		exchange_refuse(x, &why);
		return;
	}
	x->ends_as = METRICS_ANSWERED;
	x->answered = 200;
	exchange_over(x);
	conn_begin_tunnel(x->conn, x->host, x->port, CONN_ASKED_CONNECT);
}

/* What could not be logged is not begun. */
static bool may_be_logged(struct exchange *x)
{
	struct refusal why = {.host = ""};

	if (journal_ready(x->conn->service))
		return true;
	memcpy(why.host, x->host, HOST_MAX);
	refusal_set(&why, 503, REFUSAL_LOG, "what passes is logged",
		"the bottle's log cannot be written: its disk may be full");
	exchange_refuse(x, &why);
	return false;
}

/* This one is over as soon as it has its answer. */
static void refuse_beyond(struct exchange *x)
{
	struct refusal why = {.host = "", .retry_after_s = 1};

	memcpy(why.host, x->conn->sni[0] ? x->conn->sni : x->conn->tunnel, HOST_MAX);
	refusal_set(&why, 503, "busy", "bounds of memory",
		"%d requests of this bottle are under way, and no more at a time", EXCHANGES_MAX);
	exchange_refuse(x, &why);
}

void exchange_begin(struct exchange *x)
{
	struct refusal why = {.host = ""};

	if (x->conn->service->n_exchanges > EXCHANGES_MAX) {
		refuse_beyond(x);
		return;
	}
	switch (request_decide(x, &why)) {
	case REQUEST_FORWARD:
		if (!may_be_logged(x))
			break;
		if (exchange_admit(x, &why) < 0)
			exchange_refuse(x, &why);
		else
			exchange_read(x);
		break;
	case REQUEST_CONNECT:
		begin_tunnel(x);
		break;
	case REQUEST_POLICY:
		answer_policy(x);
		break;
	case REQUEST_TOKEN:
		answer_token(x);
		break;
	case REQUEST_GATE:
		answer_gate(x);
		break;
	case REQUEST_REFUSED:
		exchange_refuse(x, &why);
		break;
	}
}

/* ---- to the upstream */

void exchange_forward(struct exchange *x)
{
	x->decided_us = loop_now_us();
	x->stage = EXCHANGE_WAIT;
}

static bool send_head(struct exchange *x)
{
	const struct outgoing_request q = request_outgoing(x);

	swap_done(&x->swap);
	outgoing_swap(&q, &x->swap);
	x->back = x->up->http2 ? &back_http2 : &back_http1;
	if (x->back->head(x) < 0) {
		exchange_abandon(x);
		x->front->cut(x, true);
		return true;
	}
	x->sent_us = loop_now_us();
	/* We have decided: the body may come. The upstream is not asked. */
	if (x->expects_continue)
		x->front->go_on(x);
	x->expects_continue = false;
	x->stage = EXCHANGE_STREAM;
	exchange_moved(x);
	/* What is here of the body goes with the head, in one packet. */
	(void)exchange_step_up(x);
	return true;
}

static bool step_wait(struct exchange *x)
{
	struct refusal why;

	if (!exchange_has_token(x))
		return x->stage == EXCHANGE_OVER;
	if (!x->up)
		upstreams_take(x);
	if (!x->up)
		return false;
	if (x->up->state == UPSTREAM_FAILED) {
		why = x->up->why;
		memcpy(why.host, x->host, HOST_MAX);
		exchange_refuse(x, &why);
		return true;
	}
	return x->up->state == UPSTREAM_READY && send_head(x);
}

bool exchange_step(struct exchange *x)
{
	bool moved;

	switch (x->stage) {
	case EXCHANGE_HOLD:
		return exchange_step_hold(x);
	case EXCHANGE_WAIT:
		return step_wait(x);
	case EXCHANGE_STREAM:
		if (websocket_is_open(x->websocket))
			return websocket_step(x);
		moved = exchange_step_up(x);
		if (moved)
			exchange_moved(x);
		return x->stage == EXCHANGE_STREAM ? exchange_step_down(x) || moved : moved;
	case EXCHANGE_NEW:
	case EXCHANGE_OVER:
		break;
	}
	return false;
}

void exchange_tick(struct exchange *x)
{
	if (x->stage == EXCHANGE_STREAM && websocket_is_open(x->websocket))
		websocket_tick(x);
	else if (x->stage == EXCHANGE_HOLD || x->stage == EXCHANGE_STREAM)
		exchange_check_time(x);
	if (!websocket_is_open(x->websocket))
		exchange_check_pause(x);
}
