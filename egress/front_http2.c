#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "egress/conn.h"
#include "egress/front.h"
#include "egress/grpc.h"
#include "egress/h2.h"
#include "egress/journal.h"
#include "egress/websocket_handshake.h"

/* An agent that speaks HTTP/2: as many exchanges at once as H2_STREAMS_MAX. */

/* ---- the request */

static enum take take(struct exchange *x, size_t max, struct http1_piece *ret)
{
	return h2_take(x->front_stream, max, ret, &x->request_trailers);
}

static void lost(struct exchange *x)
{
	x->conn->client.dead = true;
}

static void go_on(struct exchange *x)
{
	struct h2_list l = {.n = 0};

	h2_list_add_status(&l, 100);
	if (h2_interim(x->front_stream, &l) < 0)
		lost(x);
}

/* ---- the response */

static bool is_head(const struct exchange *x)
{
	return x->request.method && strcmp(x->request.method, "HEAD") == 0;
}

/* What a switch of protocols says in HTTP/1 alone (RFC 8441 section 5). */
static bool is_for_http1(const struct exchange *x, const char *name)
{
	return http1_is_hop(&x->response, name) || strcasecmp(name, "Content-Length") == 0 ||
	       strcasecmp(name, "Sec-WebSocket-Accept") == 0;
}

static void send_head(struct exchange *x)
{
	const struct http1_length *length = &x->response_length;
	struct h2_list l = {.n = 0};

	h2_list_add_status(&l, x->response.status == 101 ? 200 : x->response.status);
	for (size_t i = 0; i < x->response.n_fields; i++) {
		const struct http1_field *f = &x->response.fields[i];

		if (!is_for_http1(x, f->name))
			h2_list_add(&l, f->name, f->value, false);
	}
	if (length->announced && x->response.status != 204)
		h2_list_add_length(&l, length->length);
	if (h2_respond(x->front_stream, &l, length->framing == HTTP1_NO_BODY) < 0)
		lost(x);
}

static size_t room(const struct exchange *x)
{
	return h2_room(x->front_stream);
}

static void send_data(struct exchange *x, const struct http1_piece *piece)
{
	if (h2_put(x->front_stream, piece->data, piece->len) < 0)
		lost(x);
}

static void end(struct exchange *x)
{
	if (h2_end(x->front_stream, &x->response_trailers) < 0)
		lost(x);
}

/* ---- answers of ours */

static int answer_in_http(struct exchange *x, const struct answer *a)
{
	struct h2_list l = {.n = 0};
	bool bare = a->len == 0 || is_head(x);
	char retry[16];
	int r;

	h2_list_add_status(&l, a->status);
	if (a->type)
		h2_list_add(&l, "content-type", a->type, false);
	if (a->location)
		h2_list_add(&l, "location", a->location, false);
	snprintf(retry, sizeof(retry), "%d", a->retry_after_s);
	if (a->retry_after_s)
		h2_list_add(&l, "retry-after", retry, false);
	h2_list_add(&l, "cache-control", "no-store", false);
	h2_list_add_length(&l, a->len);
	r = h2_respond(x->front_stream, &l, bare);
	if (r == 0 && !bare)
		r = h2_put(x->front_stream, a->body, a->len);
	return r < 0 ? r : h2_end(x->front_stream, NULL);
}

/* What a client of gRPC shows is the status and the message of trailers, and no body. */
static int answer_in_grpc(struct exchange *x, const struct answer *a)
{
	struct h2_list l = {.n = 0};
	char message[GRPC_MESSAGE_MAX], status[16];

	grpc_message(a->body, a->len, message);
	snprintf(status, sizeof(status), "%d", grpc_status(a->status));
	h2_list_add_status(&l, 200);
	h2_list_add(&l, "content-type", "application/grpc", false);
	h2_list_add(&l, "grpc-status", status, false);
	h2_list_add(&l, "grpc-message", message, false);
	return h2_respond(x->front_stream, &l, true);
}

/* Behind the messages that passed. */
static bool explain(struct exchange *x, const struct answer *a)
{
	char message[GRPC_MESSAGE_MAX], status[16];
	const struct http1_head trailers = {.n_fields = 2,
		.fields = {{.name = "grpc-status", .value = status},
			{.name = "grpc-message", .value = message}}};

	if (!grpc_is(&x->request))
		return false;
	grpc_message(a->body, a->len, message);
	snprintf(status, sizeof(status), "%d", grpc_status(a->status));
	if (h2_end(x->front_stream, &trailers) < 0)
		lost(x);
	return true;
}

static void send_answer(struct exchange *x, const struct answer *a)
{
	int r = grpc_is(&x->request) ? answer_in_grpc(x, a) : answer_in_http(x, a);

	if (r < 0)
		lost(x);
}

static void cut(struct exchange *x, bool now)
{
	uint32_t code = x->back_error ? x->back_error : NGHTTP2_INTERNAL_ERROR;

	if (now)
		h2_reset(x->front_stream, code);
	else
		h2_cut(x->front_stream, code);
}

static void release(struct exchange *x)
{
	if (x->front_stream)
		h2_release(x->front_stream);
	x->front_stream = NULL;
}

const struct front front_http2 = {
	.http2 = true,
	.take = take,
	.go_on = go_on,
	.head = send_head,
	.room = room,
	.data = send_data,
	.end = end,
	.answer = send_answer,
	.cut = cut,
	.explain = explain,
	.release = release,
};

/* ---- the next heads */

static void refuse_head(struct exchange *x, int r, const char *what)
{
	exchange_refuse_head(x, r, 501, "HTTP/2, read strictly", what);
}

/* RFC 9113 section 8.1.1. */
static int check_length(struct exchange *x, const char **what)
{
	int r = http1_request_length(&x->request, &x->length, what);

	if (r < 0 || x->length.framing == HTTP1_CHUNKED || websocket_is_asked(&x->request))
		return r;
	if (x->length.framing == HTTP1_LENGTH && h2_ended_with_head(x->front_stream)) {
		*what = "a Content-Length, and no body";
		return -EINVAL;
	}
	/* Of a body that is announced as empty nobody knows that it is before it ends. */
	if (!h2_ended_with_head(x->front_stream))
		x->length.framing = HTTP1_LENGTH;
	h2_expect(x->front_stream, x->length.length);
	return 0;
}

static void begin(struct conn *c, struct h2_stream *s)
{
	/* Who is refused so may ask again, whatever it asked for (RFC 9113, section 8.7). */
	struct exchange *x = exchange_has_room(c->service) ? exchange_new(c, &front_http2) : NULL;
	const struct h2_head_form form = {.tls = c->client.ssl != NULL,
		.absolute = c->way == CONN_EXPLICIT,
		.ended = h2_ended_with_head(s)};
	const char *what;
	int r;

	if (!x) {
		h2_reset(s, NGHTTP2_REFUSED_STREAM);
		h2_release(s);
		return;
	}
	x->front_stream = s;
	r = h2_head_request(h2_stream_head(s), &form, &x->request, &what);
	if (r == 0)
		r = check_length(x, &what);
	if (r < 0)
		refuse_head(x, r, what);
	else
		exchange_begin(x);
}

/* Those that the agent took back, or lost with a fault of its connection. */
static bool abandon_gone(struct conn *c)
{
	bool moved = false;

	for (struct exchange *x = c->exchanges; x; x = x->next) {
		if (x->stage == EXCHANGE_OVER || !h2_is_gone(x->front_stream))
			continue;
		exchange_abandon(x);
		moved = true;
	}
	return moved;
}

/* ---- the connection */

void conn_begin_http2(struct conn *c)
{
	struct err e;

	if (h2_new(H2_SERVER, &c->client, &c->http2.session, &e) < 0) {
		conn_end(c);
		return;
	}
	c->stage = CONN_HTTP2;
	conn_set_deadline(c, conn_limit(c, LIMIT_NEXT_REQUEST_MS));
	c->http2.idle = true;
}

/* Exchanges have deadlines of their own; here it is idleness, and an agent that takes nothing. */
static void set_deadline(struct conn *c)
{
	bool idle = !c->exchanges && h2_streams(c->http2.session) == 0;

	if (idle && !c->http2.idle)
		conn_set_deadline(c, conn_limit(c, LIMIT_NEXT_REQUEST_MS));
	else if (!idle && c->client.out.len == 0)
		conn_no_deadline(c);
	else if (!idle && c->deadline_ms == INT64_MAX)
		conn_set_deadline(c, conn_limit(c, LIMIT_STALL_MS));
	c->http2.idle = idle;
}

static void close_down(struct conn *c)
{
	const char *fault = h2_fault(c->http2.session);

	for (struct exchange *x = c->exchanges; x; x = x->next)
		exchange_abandon(x);
	if (fault)
		journal_warn(c->service, "the agent's HTTP/2 connection%s%s ended: %s",
			c->sni[0] ? " to " : "", c->sni, fault);
	conn_drain(c);
}

bool conn_step_http2(struct conn *c)
{
	struct h2 *h = c->http2.session;
	bool moved = h2_read(h);
	struct h2_stream *s;

	while ((s = h2_accept(h))) {
		begin(c, s);
		moved = true;
	}
	moved |= abandon_gone(c);
	moved |= h2_write(h);
	/* HTTP/2 knows no half of a connection: who ends it wants no answers. */
	if (h2_is_over(h) || (c->client.eof && c->client.in.len == 0)) {
		close_down(c);
		return true;
	}
	set_deadline(c);
	return moved;
}

void conn_end_http2(struct conn *c)
{
	h2_shutdown(c->http2.session);
	h2_write(c->http2.session);
	close_down(c);
}
