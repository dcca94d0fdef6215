#include "egress/decode.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "base/ptr.h"
#include "base/secret.h"
#include "egress/decode_stage.h"

/* Of what comes out at a time. */
#define OUT_MAX (16U << 10)
/* A short answer may well be nothing but one word again and again. */
#define FREE_OF_RATIO (1U << 20)

struct stage {
	const struct decode_kind *kind;
	void *decoder;
	struct buf in;
	unsigned char out[OUT_MAX];
};

struct decode {
	struct stage *stages[DECODE_STAGES_MAX]; /* in the order in which they are undone */
	size_t n;
	uint64_t fed, taken;
	uint64_t ratio;
};

/* ---- which */

static const struct decode_kind *kind_of(const char *token, size_t len)
{
	static const struct {
		const char *name;
		const struct decode_kind *kind;
	} known[] = {{"gzip", &decode_gzip}, {"x-gzip", &decode_gzip}, {"deflate", &decode_deflate},
		{"br", &decode_br}, {"zstd", &decode_zstd}};

	for (size_t i = 0; i < ARRAY_LEN(known); i++)
		if (strlen(known[i].name) == len && strncasecmp(known[i].name, token, len) == 0)
			return known[i].kind;
	return NULL;
}

static bool is_identity(const char *token, size_t len)
{
	return len == 0 || (len == 8 && strncasecmp(token, "identity", 8) == 0);
}

static bool is_coding(const struct http1_field *f)
{
	return strcasecmp(f->name, "Content-Encoding") == 0;
}

/* The next token of a list; false: there is none. */
static bool next_token(const char **list, size_t *ret_len)
{
	*list += strspn(*list, " \t,");
	*ret_len = strcspn(*list, " \t,");
	return **list != '\0';
}

bool decode_wanted(const struct http1_head *response)
{
	size_t len;

	for (size_t i = 0; i < response->n_fields; i++) {
		const char *list = response->fields[i].value;

		for (; is_coding(&response->fields[i]) && next_token(&list, &len); list += len)
			if (!is_identity(list, len))
				return true;
	}
	return false;
}

/* ---- the stages */

/* What was applied last is undone first. */
static int add_stage(struct decode *d, const char *token, size_t len)
{
	const struct decode_kind *kind = kind_of(token, len);
	struct stage *s;

	if (is_identity(token, len))
		return 0;
	if (!kind || d->n == DECODE_STAGES_MAX)
		return -ENOTSUP;
	s = calloc(1, sizeof(*s));
	if (!s)
		return -ENOMEM;
	memmove(d->stages + 1, d->stages, d->n++ * sizeof(*d->stages));
	d->stages[0] = s;
	s->kind = kind;
	s->decoder = kind->open();
	return s->decoder ? 0 : -ENOMEM;
}

int decode_new(const struct http1_head *response, int64_t ratio, struct decode **ret)
{
	struct decode *d = calloc(1, sizeof(*d));
	size_t len;
	int r = d ? 0 : -ENOMEM;

	for (size_t i = 0; i < response->n_fields && r == 0; i++) {
		const char *list = response->fields[i].value;

		for (; is_coding(&response->fields[i]) && r == 0 && next_token(&list, &len);
			list += len)
			r = add_stage(d, list, len);
	}
	if (r < 0) {
		decode_free(d);
		return r;
	}
	d->ratio = (uint64_t)ratio;
	*ret = d;
	return 0;
}

void decode_free(struct decode *d)
{
	for (size_t i = 0; d && i < d->n; i++) {
		struct stage *s = d->stages[i];

		if (s->decoder)
			s->kind->close(s->decoder);
		if (s->in.p)
			secret_wipe(s->in.p, s->in.cap);
		buf_done(&s->in);
		secret_wipe(s, sizeof(*s));
		free(s);
	}
	free(d);
}

/* Not grown by buf_add, which would leave a copy behind. */
static int add_input(struct stage *s, const void *data, size_t len)
{
	struct buf more = {0};

	if (s->in.p && s->in.cap - s->in.len < len) {
		if (!buf_room(&more, s->in.len + len) ||
			buf_add(&more, buf_data(&s->in), s->in.len) < 0)
			return -ENOMEM;
		secret_wipe(s->in.p, s->in.cap);
		buf_done(&s->in);
		s->in = more;
	}
	return buf_add(&s->in, data, len);
}

int decode_feed(struct decode *d, const struct http1_piece *in)
{
	d->fed += in->len;
	return add_input(d->stages[0], in->data, in->len);
}

/*
 * Runs one decoder over what waits for it, until something came out: a decoder may well stop behind
 * a frame that says nothing. Bytes that came out, or -errno.
 */
static long run(struct stage *s)
{
	struct decode_span span = {.in = s->in.p ? buf_data(&s->in) : s->out,
		.in_len = s->in.len,
		.out = s->out,
		.out_len = sizeof(s->out)};
	size_t before;
	int r;

	do {
		before = span.in_len;
		r = s->kind->run(s->decoder, &span);
	} while (r == 0 && span.out == s->out && span.in_len > 0 && span.in_len < before);
	buf_consume(&s->in, s->in.len - span.in_len);
	return r < 0 ? r : (long)(sizeof(s->out) - span.out_len);
}

int decode_take(struct decode *d, struct http1_piece *ret)
{
	size_t at = d->n - 1;

	for (;;) {
		struct stage *s = d->stages[at];
		long n = run(s);
		int r;

		if (n < 0)
			return (int)n;
		if (n == 0 && at == 0)
			return 0;
		if (n == 0) {
			at--;
			continue;
		}
		if (at + 1 < d->n) {
			r = add_input(d->stages[++at], s->out, (size_t)n);
			if (r < 0)
				return r;
			continue;
		}
		d->taken += (uint64_t)n;
		if (d->taken > FREE_OF_RATIO && d->taken / d->ratio > d->fed)
			return -EBADMSG;
		*ret = (struct http1_piece){.data = s->out, .len = (size_t)n};
		return 1;
	}
}

int decode_end(const struct decode *d)
{
	for (size_t i = 0; i < d->n; i++)
		if (!d->stages[i]->kind->is_whole(d->stages[i]->decoder))
			return -EBADMSG;
	return 0;
}

void decode_strip(struct http1_head *response)
{
	static const char *const names[] = {
		"Content-Encoding", "Content-Length", "Content-MD5", "Content-Digest", "Digest"};
	size_t n = 0;

	for (size_t i = 0; i < response->n_fields; i++) {
		bool drop = false;

		for (size_t k = 0; k < ARRAY_LEN(names); k++)
			drop |= strcasecmp(names[k], response->fields[i].name) == 0;
		if (!drop)
			response->fields[n++] = response->fields[i];
	}
	response->n_fields = n;
}
