#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/ptr.h"
#include "egress/h2_impl.h"

/* The streams of a connection of HTTP/2: what waits in them in either direction. */

#define INTERIM_MAX 8

/* ---- their life */

struct h2_stream *h2_stream_new(struct h2 *h, int32_t id)
{
	struct h2_stream *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->session = h;
	s->id = id;
	s->heard = h->bytes_in;
	s->next = h->streams;
	s->at = &h->streams;
	if (s->next)
		s->next->at = &s->next;
	h->streams = s;
	h->n_streams++;
	return s;
}

static void head_free(struct h2_head **head)
{
	if (*head)
		h2_head_done(*head);
	free(*head);
	*head = NULL;
}

static void make_ready(struct h2_stream *s)
{
	struct h2 *h = s->session;

	s->is_ready = true;
	*h->ready_end = s;
	h->ready_end = &s->next_ready;
}

static void make_unready(struct h2_stream *s)
{
	struct h2 *h = s->session;
	struct h2_stream **at = &h->ready;

	if (!s->is_ready)
		return;
	while (*at != s)
		at = &(*at)->next_ready;
	*at = s->next_ready;
	if (!s->next_ready)
		h->ready_end = at;
	s->next_ready = NULL;
	s->is_ready = false;
}

/* What nobody will take any more. */
static void drop_input(struct h2_stream *s)
{
	size_t len = s->in.len;

	buf_consume(&s->in, len);
	h2_taken(s, len);
	buf_done(&s->in);
}

void h2_stream_free(struct h2_stream *s)
{
	struct h2 *h = s->session;

	make_unready(s);
	drop_input(s);
	if (h->ng && !s->closed)
		nghttp2_session_set_stream_user_data(h->ng, s->id, NULL);
	*s->at = s->next;
	if (s->next)
		s->next->at = s->at;
	head_free(&s->coming);
	head_free(&s->head);
	http1_head_done(&s->trailers);
	if (s->trailers_out)
		http1_head_done(s->trailers_out);
	free(s->trailers_out);
	buf_done(&s->out);
	free(s);
	if (--h->n_streams == 0 && h->freed)
		free(h);
}

void h2_stream_closed(struct h2_stream *s, uint32_t code)
{
	if (!s->closed) {
		s->closed = true;
		s->error = code;
		s->refused |= code == NGHTTP2_REFUSED_STREAM && !s->was_reset;
		buf_done(&s->out);
	}
	make_unready(s);
	if (!s->held)
		h2_stream_free(s);
}

void h2_release(struct h2_stream *s)
{
	s->held = false;
	if (s->closed) {
		h2_stream_free(s);
		return;
	}
	drop_input(s);
	if (!s->out_end)
		h2_reset(s, NGHTTP2_INTERNAL_ERROR);
	else if (s->session->role == H2_CLIENT)
		h2_reset(s, NGHTTP2_CANCEL);
}

void h2_reset(struct h2_stream *s, uint32_t code)
{
	if (s->closed || s->was_reset)
		return;
	s->was_reset = true;
	s->out_end = true;
	buf_done(&s->out);
	(void)nghttp2_submit_rst_stream(s->session->ng, NGHTTP2_FLAG_NONE, s->id, code);
}

static void go_on(struct h2_stream *s)
{
	if (s->deferred)
		nghttp2_session_resume_data(s->session->ng, s->id);
	s->deferred = false;
}

void h2_cut(struct h2_stream *s, uint32_t code)
{
	if (s->closed || s->was_reset)
		return;
	if (s->out_end) {
		h2_reset(s, code);
		return;
	}
	s->cut = s->out_end = true;
	s->cut_code = code;
	go_on(s);
}

/* ---- what comes */

bool h2_stream_head_begin(struct h2_stream *s)
{
	enum h2_head_kind kind = s->have_head			 ? H2_TRAILERS
				 : s->session->role == H2_SERVER ? H2_REQUEST
								 : H2_RESPONSE;

	head_free(&s->coming);
	s->coming = calloc(1, sizeof(*s->coming));
	if (s->coming)
		h2_head_begin(s->coming, kind);
	return s->coming != NULL;
}

static void break_off(struct h2_stream *s, const char *what)
{
	if (!s->broken)
		s->broken = what;
	drop_input(s);
}

static void trailers_end(struct h2_stream *s, bool last)
{
	const char *what;

	http1_head_done(&s->trailers);
	if (!last)
		break_off(s, "headers in the middle of a body");
	else if (h2_head_trailers(s->coming, &s->trailers, &what) < 0)
		break_off(s, what);
}

/* A response of 1xx; nobody needs it, since we say 100 ourselves. */
static bool is_interim(const struct h2_stream *s)
{
	const struct h2_head *h = s->coming;

	return h->kind == H2_RESPONSE && h->error == 0 && h->head.status >= 100 &&
	       h->head.status < 200;
}

void h2_stream_head_end(struct h2_stream *s, bool last)
{
	if (!s->coming)
		return;
	if (s->coming->kind == H2_TRAILERS) {
		trailers_end(s, last);
		head_free(&s->coming);
		return;
	}
	if (is_interim(s)) {
		head_free(&s->coming);
		if (last || ++s->interim > INTERIM_MAX)
			break_off(s, "too many interim responses, or one that is the last");
		return;
	}
	s->head = steal_ptr(&s->coming);
	s->have_head = true;
	s->ended_at_once = last;
	if (s->session->role == H2_SERVER)
		make_ready(s);
}

/* RFC 9113 section 8.1.1: what was announced is what comes. */
static void check_length(struct h2_stream *s)
{
	if (!s->bounded)
		return;
	if (s->received > s->expected || (s->in_end && s->received != s->expected))
		break_off(s, "a body that is not as long as announced");
}

int h2_stream_data(struct h2_stream *s, const uint8_t *data, size_t len)
{
	if (!s->have_head) {
		break_off(s, "a body without a head");
		return 0;
	}
	s->received += len;
	if (buf_add(&s->in, data, len) < 0)
		return -ENOMEM;
	check_length(s);
	return 0;
}

void h2_stream_end(struct h2_stream *s)
{
	s->in_end = true;
	check_length(s);
}

void h2_taken(struct h2_stream *s, size_t len)
{
	struct h2 *h = s->session;
	size_t owed = h->owed < len ? h->owed : len;

	h->unread -= len;
	h->owed -= owed;
	if (!h->ng || len == 0)
		return;
	nghttp2_session_consume_connection(h->ng, owed);
	/* A closed stream's window is nobody's business. */
	if (!s->closed && !s->in_end && !s->broken)
		nghttp2_session_consume_stream(h->ng, s->id, len);
}

struct h2_stream *h2_accept(struct h2 *h)
{
	struct h2_stream *s = h->ready;

	if (!s)
		return NULL;
	make_unready(s);
	s->held = true;
	return s;
}

struct h2_head *h2_stream_head(struct h2_stream *s)
{
	return s->head;
}

enum take h2_take_head(struct h2_stream *s, const char **ret_what)
{
	*ret_what = s->broken;
	if (s->broken)
		return TAKE_BROKEN;
	if (s->head)
		return TAKE_DATA;
	return s->closed ? TAKE_GONE : TAKE_NOTHING;
}

bool h2_ended_with_head(const struct h2_stream *s)
{
	return s->ended_at_once;
}

void h2_expect(struct h2_stream *s, uint64_t length)
{
	s->bounded = true;
	s->expected = length;
	check_length(s);
}

static enum take take_end(struct h2_stream *s, struct http1_head *trailers)
{
	if (s->end_given)
		return TAKE_NOTHING;
	s->end_given = true;
	http1_head_done(trailers);
	*trailers = s->trailers;
	s->trailers = (struct http1_head){0};
	return TAKE_END;
}

enum take h2_take(
	struct h2_stream *s, size_t max, struct http1_piece *ret, struct http1_head *trailers)
{
	size_t n = s->in.len < max ? s->in.len : max;

	*ret = (struct http1_piece){0};
	if (s->broken)
		return TAKE_BROKEN;
	if (s->in.len > 0) {
		if (n == 0)
			return TAKE_NOTHING;
		*ret = (struct http1_piece){.data = buf_data(&s->in), .len = n};
		buf_consume(&s->in, n);
		h2_taken(s, n);
		return TAKE_DATA;
	}
	if (s->in_end)
		return take_end(s, trailers);
	return s->closed ? TAKE_GONE : TAKE_NOTHING;
}

bool h2_is_drained(const struct h2_stream *s)
{
	return s->in.len == 0;
}

/* ---- what goes */

static void put_trailers(struct h2_stream *s)
{
	struct h2_list l = {.n = 0};

	for (size_t i = 0; i < s->trailers_out->n_fields; i++)
		h2_list_add(&l, s->trailers_out->fields[i].name, s->trailers_out->fields[i].value,
			false);
	(void)nghttp2_submit_trailer(s->session->ng, s->id, l.nv, l.n);
}

static ssize_t on_source(nghttp2_session *ng, int32_t id, uint8_t *p, size_t len, uint32_t *flags,
	nghttp2_data_source *source, void *arg)
{
	struct h2_stream *s = source->ptr;
	size_t n = s->out.len < len ? s->out.len : len;

	(void)p;
	(void)arg;
	if (n == 0 && s->cut) {
		s->was_reset = true;
		(void)nghttp2_submit_rst_stream(ng, NGHTTP2_FLAG_NONE, id, s->cut_code);
	}
	if (n == 0 && (s->cut || !s->out_end)) {
		s->deferred = true;
		return NGHTTP2_ERR_DEFERRED;
	}
	*flags |= NGHTTP2_DATA_FLAG_NO_COPY;
	if (!s->out_end || s->cut || n < s->out.len)
		return (ssize_t)n;
	*flags |= NGHTTP2_DATA_FLAG_EOF;
	if (s->trailers_out) {
		*flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
		put_trailers(s);
	}
	return (ssize_t)n;
}

nghttp2_data_provider h2_stream_provider(struct h2_stream *s)
{
	return (nghttp2_data_provider){.source.ptr = s, .read_callback = on_source};
}

struct h2_stream *h2_request(struct h2 *h, const struct h2_list *head, bool end)
{
	struct h2_stream *s = h2_takes_request(h) ? h2_stream_new(h, 0) : NULL;
	nghttp2_data_provider body;

	if (!s)
		return NULL;
	body = h2_stream_provider(s);
	s->out_end = end;
	s->id = nghttp2_submit_request(h->ng, NULL, head->nv, head->n, end ? NULL : &body, s);
	if (s->id < 0) {
		s->closed = true;
		h2_stream_free(s);
		return NULL;
	}
	s->held = true;
	return s;
}

int h2_respond(struct h2_stream *s, const struct h2_list *head, bool end)
{
	nghttp2_data_provider body = h2_stream_provider(s);

	if (s->closed || s->was_reset)
		return 0;
	s->out_end = end;
	return nghttp2_submit_response(
		       s->session->ng, s->id, head->nv, head->n, end ? NULL : &body) == 0
		       ? 0
		       : -ENOMEM;
}

int h2_interim(struct h2_stream *s, const struct h2_list *head)
{
	if (s->closed || s->was_reset)
		return 0;
	return nghttp2_submit_headers(
		       s->session->ng, NGHTTP2_FLAG_NONE, s->id, NULL, head->nv, head->n, NULL) == 0
		       ? 0
		       : -ENOMEM;
}

size_t h2_room(const struct h2_stream *s)
{
	return s->out.len < H2_QUEUE_MAX ? H2_QUEUE_MAX - s->out.len : 0;
}

int h2_put(struct h2_stream *s, const void *data, size_t len)
{
	/* Whoever puts learns of the end when it takes. */
	if (s->closed || s->was_reset || len == 0)
		return 0;
	if (buf_add(&s->out, data, len) < 0)
		return -ENOMEM;
	go_on(s);
	return 0;
}

static struct http1_head *copy(const struct http1_head *h)
{
	struct http1_head *to = calloc(1, sizeof(*to));

	for (size_t i = 0; to && i < h->n_fields; i++) {
		const struct http1_field *f = &h->fields[i];
		const struct http1_text name = {.p = f->name, .len = strlen(f->name)};
		const struct http1_text value = {.p = f->value, .len = strlen(f->value)};

		if (http1_head_add(to, &name, &value) == 0)
			continue;
		http1_head_done(to);
		free(to);
		return NULL;
	}
	return to;
}

int h2_end(struct h2_stream *s, const struct http1_head *trailers)
{
	if (s->closed || s->was_reset || s->out_end)
		return 0;
	if (trailers && trailers->n_fields > 0) {
		s->trailers_out = copy(trailers);
		if (!s->trailers_out)
			return -ENOMEM;
	}
	s->out_end = true;
	go_on(s);
	return 0;
}

/* ---- its end */

bool h2_is_gone(const struct h2_stream *s)
{
	return s->closed && !s->out_done;
}

uint32_t h2_error(const struct h2_stream *s)
{
	return s->error;
}

bool h2_is_untouched(const struct h2_stream *s)
{
	bool unheard = s->closed && !s->session->ng && s->heard == s->session->bytes_in;

	return !s->have_head && (s->refused || unheard);
}

bool h2_is_refused(const struct h2_stream *s)
{
	return !s->have_head && s->refused;
}

bool h2_wants_http1(const struct h2_stream *s)
{
	uint32_t code = s->refused ? s->session->said : s->error;

	return s->closed && !s->have_head && !s->was_reset && code == NGHTTP2_HTTP_1_1_REQUIRED;
}
