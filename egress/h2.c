#include "egress/h2.h"

#include <errno.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>

#include "base/ptr.h"
#include "base/secret.h"
#include "egress/h2_impl.h"

/* Windows: how much of a stream may wait here, of all of them at once, and when to stop that. */
#define SERVER_WINDOW (64U << 10)
#define CLIENT_WINDOW (256U << 10)
#define ALL_WINDOW    (1U << 20)
#define UNREAD_MAX    (4U << 20)

/* What frames without work cost, and what is earned; units of the purse. */
#define PURSE_MAX	  2000
#define PURSE_A_SECOND	  200
#define COST_RESET	  4
#define COST_SETTINGS	  4
#define COST_CONTINUATION 8
#define COST_OTHER	  1
#define EARNED_A_FRAME	  3
#define EARNED_BYTES	  256 /* of payload sent earn 1: who takes much opens windows often */

/* ---- what a hostile peer costs itself */

static void end_calmly(struct h2 *h, const char *fault)
{
	if (h->failed)
		return;
	h->failed = true;
	h->fault = fault;
	(void)nghttp2_session_terminate_session(h->ng, NGHTTP2_ENHANCE_YOUR_CALM);
}

static void pay(struct h2 *h, int cost)
{
	h->purse -= cost;
	if (h->purse < 0)
		end_calmly(h, "a flood of frames that do no work");
}

static void earn(struct h2 *h, int n)
{
	h->purse = h->purse + n < PURSE_MAX ? h->purse + n : PURSE_MAX;
}

static int cost_of(const nghttp2_frame_hd *f)
{
	switch (f->type) {
	case NGHTTP2_RST_STREAM:
		return COST_RESET;
	case NGHTTP2_SETTINGS:
		return COST_SETTINGS;
	case NGHTTP2_CONTINUATION:
		return COST_CONTINUATION;
	case NGHTTP2_HEADERS:
		return 0;
	case NGHTTP2_DATA:
		return f->length > 0 || f->flags & NGHTTP2_FLAG_END_STREAM ? 0 : COST_OTHER;
	default:
		return COST_OTHER;
	}
}

/* ---- nghttp2's callbacks: what was received */

static struct h2_stream *stream_of(struct h2 *h, int32_t id)
{
	return id > 0 ? nghttp2_session_get_stream_user_data(h->ng, id) : NULL;
}

static int on_begin_frame(nghttp2_session *ng, const nghttp2_frame_hd *f, void *arg)
{
	(void)ng;
	pay(arg, cost_of(f));
	return 0;
}

static int on_begin_headers(nghttp2_session *ng, const nghttp2_frame *f, void *arg)
{
	struct h2 *h = arg;
	struct h2_stream *s = stream_of(h, f->hd.stream_id);

	if (!s && h->role == H2_SERVER && f->headers.cat == NGHTTP2_HCAT_REQUEST) {
		s = h2_stream_new(h, f->hd.stream_id);
		if (s)
			nghttp2_session_set_stream_user_data(ng, f->hd.stream_id, s);
	}
	return s && h2_stream_head_begin(s) ? 0 : NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
}

static int on_header(nghttp2_session *ng, const nghttp2_frame *f, const uint8_t *name,
	size_t name_len, const uint8_t *value, size_t value_len, uint8_t flags, void *arg)
{
	const struct http1_text n = {.p = (const char *)name, .len = name_len};
	const struct http1_text v = {.p = (const char *)value, .len = value_len};
	struct h2 *h = arg;
	struct h2_stream *s = stream_of(h, f->hd.stream_id);

	(void)ng;
	(void)flags;
	if (s && s->coming && !h2_head_field(s->coming, &n, &v))
		end_calmly(h, "a head that is many times too long");
	return 0;
}

static int on_frame_recv(nghttp2_session *ng, const nghttp2_frame *f, void *arg)
{
	struct h2_stream *s = stream_of(arg, f->hd.stream_id);
	bool last = f->hd.flags & NGHTTP2_FLAG_END_STREAM;
	struct h2 *h = arg;

	(void)ng;
	if (f->hd.type == NGHTTP2_GOAWAY)
		h->said = f->goaway.error_code;
	if (!s || (f->hd.type != NGHTTP2_HEADERS && f->hd.type != NGHTTP2_DATA))
		return 0;
	if (f->hd.type == NGHTTP2_HEADERS)
		h2_stream_head_end(s, last);
	if (last)
		h2_stream_end(s);
	return 0;
}

/*
 * All was answered, and the rest of the question need not come (RFC 9113 section 8.1). But clients
 * that are told so while they send lose the answer, or never end (curl 7.88), so they may go on.
 */
static void drain(struct h2_stream *s, size_t len)
{
	nghttp2_session_consume(s->session->ng, s->id, len);
	s->received += len;
	s->waits = WAIT_NONE;
	if (s->received > H2_DRAIN_MAX)
		h2_reset(s, NGHTTP2_NO_ERROR);
}

static int on_data(
	nghttp2_session *ng, uint8_t flags, int32_t id, const uint8_t *data, size_t len, void *arg)
{
	struct h2 *h = arg;
	struct h2_stream *s = stream_of(h, id);

	(void)flags;
	if (!s || s->was_reset || s->broken) {
		/* Nobody reads it; the stream's own window stays closed. */
		nghttp2_session_consume_connection(ng, len);
		return 0;
	}
	if (!s->held && !s->is_ready) {
		drain(s, len);
		return 0;
	}
	if (h->unread <= UNREAD_MAX)
		nghttp2_session_consume_connection(ng, len);
	else
		h->owed += len;
	h->unread += len;
	return h2_stream_data(s, data, len) < 0 ? NGHTTP2_ERR_CALLBACK_FAILURE : 0;
}

static int on_stream_close(nghttp2_session *ng, int32_t id, uint32_t code, void *arg)
{
	struct h2_stream *s = stream_of(arg, id);

	(void)ng;
	if (s)
		h2_stream_closed(s, code);
	return 0;
}

/* ---- … and what was sent */

static int on_frame_send(nghttp2_session *ng, const nghttp2_frame *f, void *arg)
{
	struct h2 *h = arg;
	struct h2_stream *s = stream_of(h, f->hd.stream_id);
	bool message = f->hd.type == NGHTTP2_HEADERS || f->hd.type == NGHTTP2_DATA;

	(void)ng;
	if (f->hd.type == NGHTTP2_DATA)
		earn(h, EARNED_A_FRAME + (int)(f->hd.length / EARNED_BYTES));
	if (f->hd.type == NGHTTP2_GOAWAY && f->goaway.error_code != NGHTTP2_NO_ERROR && !h->fault)
		h->fault = nghttp2_http2_strerror(f->goaway.error_code);
	/* Who makes us reset streams by mistakes of its own pays as if it did. */
	if (f->hd.type == NGHTTP2_RST_STREAM && (!s || !s->was_reset))
		pay(h, COST_RESET);
	if (!s || !message || !(f->hd.flags & NGHTTP2_FLAG_END_STREAM))
		return 0;
	s->out_done = true;
	return 0;
}

static int on_frame_not_send(nghttp2_session *ng, const nghttp2_frame *f, int error, void *arg)
{
	struct h2_stream *s = stream_of(arg, f->hd.stream_id);

	(void)ng;
	(void)error;
	/* A request that came too late for this connection. The stream is closed right afterwards.
	 */
	if (s && f->hd.type == NGHTTP2_HEADERS && f->headers.cat == NGHTTP2_HCAT_REQUEST)
		s->refused = !s->was_reset;
	return 0;
}

/* The payload goes from the stream's queue into the wire's without a stop between. */
static int on_send_data(nghttp2_session *ng, nghttp2_frame *f, const uint8_t *head, size_t len,
	nghttp2_data_source *source, void *arg)
{
	struct h2_stream *s = source->ptr;
	struct h2 *h = arg;
	struct buf *out = &h->wire->out;

	(void)ng;
	(void)f;
	if (out->len >= WIRE_OUT_MAX)
		return NGHTTP2_ERR_WOULDBLOCK;
	if (buf_add(out, head, 9) < 0 || buf_add(out, buf_data(&s->out), len) < 0)
		return NGHTTP2_ERR_CALLBACK_FAILURE;
	buf_consume(&s->out, len);
	return 0;
}

static int make_callbacks(nghttp2_session_callbacks **ret)
{
	if (nghttp2_session_callbacks_new(ret) != 0)
		return -ENOMEM;
	nghttp2_session_callbacks_set_on_begin_frame_callback(*ret, on_begin_frame);
	nghttp2_session_callbacks_set_on_begin_headers_callback(*ret, on_begin_headers);
	nghttp2_session_callbacks_set_on_header_callback(*ret, on_header);
	nghttp2_session_callbacks_set_on_frame_recv_callback(*ret, on_frame_recv);
	nghttp2_session_callbacks_set_on_data_chunk_recv_callback(*ret, on_data);
	nghttp2_session_callbacks_set_on_stream_close_callback(*ret, on_stream_close);
	nghttp2_session_callbacks_set_on_frame_send_callback(*ret, on_frame_send);
	nghttp2_session_callbacks_set_on_frame_not_send_callback(*ret, on_frame_not_send);
	nghttp2_session_callbacks_set_send_data_callback(*ret, on_send_data);
	return 0;
}

/* ---- its life */

/* Towards upstreams heads hold credentials: what held them is wiped. */
static void wipe_free(void *p, void *arg)
{
	(void)arg;
	if (p)
		secret_wipe(p, malloc_usable_size(p));
	free(p);
}

static void *plain_malloc(size_t n, void *arg)
{
	(void)arg;
	return malloc(n);
}

static void *plain_calloc(size_t n, size_t size, void *arg)
{
	(void)arg;
	return calloc(n, size);
}

static void *wipe_realloc(void *p, size_t n, void *arg)
{
	size_t old = p ? malloc_usable_size(p) : 0;
	void *to = malloc(n);

	if (!to)
		return NULL;
	if (p)
		memcpy(to, p, old < n ? old : n);
	wipe_free(p, arg);
	return to;
}

static int make_session(struct h2 *h)
{
	static nghttp2_mem wiping = {.malloc = plain_malloc,
		.free = wipe_free,
		.calloc = plain_calloc,
		.realloc = wipe_realloc};
	nghttp2_session_callbacks *cbs = NULL;
	nghttp2_option *opt = NULL;
	int r = make_callbacks(&cbs);

	if (r == 0 && nghttp2_option_new(&opt) != 0)
		r = -ENOMEM;
	if (r == 0) {
		nghttp2_option_set_no_auto_window_update(opt, 1);
		nghttp2_option_set_no_http_messaging(opt, 1);
		nghttp2_option_set_no_closed_streams(opt, 1);
		r = h->role == H2_SERVER
			    ? nghttp2_session_server_new2(&h->ng, cbs, h, opt)
			    : nghttp2_session_client_new3(&h->ng, cbs, h, opt, &wiping);
	}
	nghttp2_option_del(opt);
	nghttp2_session_callbacks_del(cbs);
	return r == 0 ? 0 : -ENOMEM;
}

static int submit_settings(struct h2 *h)
{
	const nghttp2_settings_entry server[] = {
		{NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, H2_STREAMS_MAX},
		{NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, SERVER_WINDOW},
		{NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, HTTP1_HEAD_MAX},
		{NGHTTP2_SETTINGS_ENABLE_CONNECT_PROTOCOL, 1}, /* RFC 8441: WebSocket */
	};
	const nghttp2_settings_entry client[] = {
		{NGHTTP2_SETTINGS_ENABLE_PUSH, 0},
		{NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, CLIENT_WINDOW},
		{NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, HTTP1_HEAD_MAX},
	};
	bool serves = h->role == H2_SERVER;
	int r = nghttp2_submit_settings(h->ng, NGHTTP2_FLAG_NONE, serves ? server : client,
		serves ? ARRAY_LEN(server) : ARRAY_LEN(client));

	if (r == 0)
		r = nghttp2_session_set_local_window_size(h->ng, NGHTTP2_FLAG_NONE, 0, ALL_WINDOW);
	return r == 0 ? 0 : -ENOMEM;
}

int h2_new(enum h2_role role, struct wire *w, struct h2 **ret, struct err *e)
{
	struct h2 *h = calloc(1, sizeof(*h));

	if (!h)
		return err_set(e, ENOMEM, "a connection of HTTP/2");
	*h = (struct h2){.role = role, .wire = w, .purse = PURSE_MAX};
	h->ready_end = &h->ready;
	if (make_session(h) < 0 || submit_settings(h) < 0) {
		h2_free(h);
		return err_set(e, ENOMEM, "a connection of HTTP/2");
	}
	*ret = h;
	return 0;
}

void h2_free(struct h2 *h)
{
	struct h2_stream *next;

	if (!h)
		return;
	h->freed = true;
	h->failed = true;
	nghttp2_session_del(h->ng);
	h->ng = NULL;
	h->wire = NULL;
	if (h->n_streams == 0) {
		free(h);
		return;
	}
	/* The last one that nobody holds takes the session with it: next is read before. */
	for (struct h2_stream *s = h->streams; s; s = next) {
		next = s->next;
		h2_stream_closed(s, NGHTTP2_INTERNAL_ERROR);
	}
}

/* ---- bytes */

static const char *fault_of(int error)
{
	switch (error) {
	case NGHTTP2_ERR_BAD_CLIENT_MAGIC:
		return "it does not begin with HTTP/2's preface";
	case NGHTTP2_ERR_FLOODED:
		return "a flood of frames";
	case NGHTTP2_ERR_NOMEM:
	case NGHTTP2_ERR_CALLBACK_FAILURE:
		return "no memory for HTTP/2";
	default:
		return "broken framing of HTTP/2";
	}
}

static void fail(struct h2 *h, int error)
{
	h->failed = true;
	if (!h->fault)
		h->fault = fault_of(error);
	(void)nghttp2_session_terminate_session(h->ng,
		error == NGHTTP2_ERR_FLOODED ? NGHTTP2_ENHANCE_YOUR_CALM : NGHTTP2_PROTOCOL_ERROR);
}

bool h2_read(struct h2 *h)
{
	struct buf *in = &h->wire->in;
	size_t len = in->len;
	ssize_t n;

	if (len == 0)
		return false;
	if (!h->failed) {
		if (h->wire->out.len >= WIRE_OUT_MAX)
			return false;
		n = nghttp2_session_mem_recv(h->ng, buf_data(in), len);
		if (n < 0)
			fail(h, (int)n);
	}
	h->bytes_in += len;
	buf_consume(in, len);
	return true;
}

bool h2_write(struct h2 *h)
{
	struct buf *out = &h->wire->out;
	size_t before = out->len;

	while (out->len < WIRE_OUT_MAX) {
		const uint8_t *p;
		ssize_t n = nghttp2_session_mem_send(h->ng, &p);

		if (n == 0)
			break;
		if (n < 0 || buf_add(out, p, (size_t)n) < 0) {
			h->wire->dead = true;
			return true;
		}
	}
	return out->len != before;
}

/* ---- state */

bool h2_is_over(const struct h2 *h)
{
	return !nghttp2_session_want_read(h->ng) && !nghttp2_session_want_write(h->ng);
}

const char *h2_fault(const struct h2 *h)
{
	return h->fault;
}

void h2_shutdown(struct h2 *h)
{
	if (h->shut)
		return;
	h->shut = true;
	(void)nghttp2_submit_goaway(h->ng, NGHTTP2_FLAG_NONE,
		nghttp2_session_get_last_proc_stream_id(h->ng), NGHTTP2_NO_ERROR, NULL, 0);
}

size_t h2_streams(const struct h2 *h)
{
	return h->n_streams;
}

bool h2_takes_request(const struct h2 *h)
{
	return !h->failed && !h->shut && h->n_streams < H2_STREAMS_MAX &&
	       nghttp2_session_check_request_allowed(h->ng);
}

/* What of its peer alone a stream waits for. */
static enum h2_wait waits_for(const struct h2_stream *s)
{
	if (s->session->role == H2_SERVER && !s->have_head)
		return WAIT_HEAD;
	if (s->session->role == H2_SERVER && s->out_done)
		return WAIT_DRAIN;
	return s->held || s->is_ready ? WAIT_NONE : WAIT_TAKEN;
}

static void end_late(struct h2_stream *s)
{
	switch (s->waits) {
	case WAIT_HEAD:
		end_calmly(s->session, "a head that did not end in time");
		break;
	case WAIT_TAKEN:
		h2_reset(s, NGHTTP2_CANCEL);
		break;
	case WAIT_DRAIN:
		h2_reset(s, NGHTTP2_NO_ERROR);
		break;
	case WAIT_NONE:
		break;
	}
}

void h2_tick(struct h2 *h, int64_t now_ms)
{
	static const int64_t limits_ms[] = {[WAIT_NONE] = INT64_MAX,
		[WAIT_HEAD] = H2_HEAD_MS,
		[WAIT_TAKEN] = H2_LINGER_MS,
		[WAIT_DRAIN] = H2_DRAIN_MS};
	struct h2_stream *next;

	earn(h, PURSE_A_SECOND);
	for (struct h2_stream *s = h->streams; s && !h->failed; s = next) {
		enum h2_wait waits = waits_for(s);

		next = s->next;
		if (waits != s->waits) {
			s->waits = waits;
			s->since_ms = now_ms;
		} else if (now_ms - s->since_ms > limits_ms[waits]) {
			end_late(s);
		}
	}
}
