#include "base/http1_body.h"

#include <errno.h>

#define OVERHEAD_MAX 8192

void http1_body_start(
	struct http1_body *b, const struct http1_length *length, bool refuse_extensions)
{
	*b = (struct http1_body){
		.framing = length->framing, .refuse_extensions = refuse_extensions};
	switch (length->framing) {
	case HTTP1_NO_BODY:
		b->state = HTTP1_BODY_DONE;
		break;
	case HTTP1_LENGTH:
		b->state = HTTP1_BODY_DATA;
		b->left = length->length;
		break;
	case HTTP1_CHUNKED:
		b->state = HTTP1_BODY_SIZE;
		break;
	case HTTP1_UNTIL_CLOSE:
		b->state = HTTP1_BODY_DATA;
		break;
	}
}

static long take_data(
	struct http1_body *b, const unsigned char *p, size_t len, struct http1_piece *ret)
{
	size_t n = len;

	if (b->framing != HTTP1_UNTIL_CLOSE) {
		n = b->left < len ? (size_t)b->left : len;
		b->left -= n;
		if (b->left == 0)
			b->state = b->framing == HTTP1_CHUNKED ? HTTP1_BODY_CHUNK_END
							       : HTTP1_BODY_DONE;
	}
	*ret = (struct http1_piece){.data = p, .len = n};
	return (long)n;
}

/* The LF of a size line: the chunk begins, or the trailers do. */
static void end_size(struct http1_body *b)
{
	b->state = b->left > 0 ? HTTP1_BODY_DATA : HTTP1_BODY_TRAILER;
	b->digits = 0;
	b->line = 0;
	b->seen_cr = false;
}

static int size_byte(struct http1_body *b, unsigned char c)
{
	int v = http1_hex_digit((char)c);

	if (b->seen_cr) {
		if (c != '\n')
			return -EPROTO;
		end_size(b);
		return 0;
	}
	if (v >= 0) {
		/* 15 digits: cannot overflow, and nobody sends a chunk of an exabyte. */
		if (++b->digits > 15)
			return -EPROTO;
		b->left = b->left << 4 | (unsigned int)v;
		return 0;
	}
	if (b->digits == 0)
		return -EPROTO;
	if (c == '\r') {
		b->seen_cr = true;
		return 0;
	}
	if ((c != ';' && c != ' ' && c != '\t') || b->refuse_extensions)
		return -EPROTO;
	b->state = HTTP1_BODY_SIZE_EXT;
	return 0;
}

static int ext_byte(struct http1_body *b, unsigned char c)
{
	if (b->seen_cr) {
		if (c != '\n')
			return -EPROTO;
		end_size(b);
		return 0;
	}
	if (c == '\r') {
		b->seen_cr = true;
		return 0;
	}
	if ((c < 0x20 && c != '\t') || c == 0x7f || ++b->overhead > OVERHEAD_MAX)
		return -EPROTO;
	return 0;
}

static int chunk_end_byte(struct http1_body *b, unsigned char c)
{
	if (!b->seen_cr) {
		b->seen_cr = true;
		return c == '\r' ? 0 : -EPROTO;
	}
	b->seen_cr = false;
	b->state = HTTP1_BODY_SIZE;
	return c == '\n' ? 0 : -EPROTO;
}

static int trailer_byte(struct http1_body *b, unsigned char c)
{
	if (b->trailers && buf_add(b->trailers, &c, 1) < 0)
		return -ENOMEM;
	if (b->seen_cr) {
		if (c != '\n')
			return -EPROTO;
		if (b->line == 0)
			b->state = HTTP1_BODY_DONE;
		b->line = 0;
		b->seen_cr = false;
		return 0;
	}
	if (c == '\r') {
		b->seen_cr = true;
		return 0;
	}
	b->line++;
	if ((c < 0x20 && c != '\t') || c == 0x7f || ++b->overhead > OVERHEAD_MAX)
		return -EPROTO;
	return 0;
}

static int framing_byte(struct http1_body *b, unsigned char c)
{
	switch (b->state) {
	case HTTP1_BODY_SIZE:
		return size_byte(b, c);
	case HTTP1_BODY_SIZE_EXT:
		return ext_byte(b, c);
	case HTTP1_BODY_CHUNK_END:
		return chunk_end_byte(b, c);
	case HTTP1_BODY_TRAILER:
		return trailer_byte(b, c);
	case HTTP1_BODY_DATA:
	case HTTP1_BODY_DONE:
		break;
	}
	return -EPROTO;
}

long http1_body_take(
	struct http1_body *b, const unsigned char *p, size_t len, struct http1_piece *ret)
{
	size_t used = 0;

	*ret = (struct http1_piece){0};
	while (used < len && b->state != HTTP1_BODY_DATA && b->state != HTTP1_BODY_DONE) {
		int r = framing_byte(b, p[used]);

		if (r < 0)
			return r;
		used++;
	}
	if (b->state == HTTP1_BODY_DATA && used < len)
		used += (size_t)take_data(b, p + used, len - used, ret);
	return (long)used;
}

int http1_body_at_eof(struct http1_body *b)
{
	if (b->framing == HTTP1_UNTIL_CLOSE)
		b->state = HTTP1_BODY_DONE;
	return b->state == HTTP1_BODY_DONE ? 0 : -EPROTO;
}

int http1_body_put(enum http1_framing framing, struct buf *out, const struct http1_piece *piece)
{
	int r;

	if (piece->len == 0)
		return 0;
	if (framing != HTTP1_CHUNKED)
		return buf_add(out, piece->data, piece->len);
	r = buf_addf(out, "%zx\r\n", piece->len);
	if (r == 0)
		r = buf_add(out, piece->data, piece->len);
	return r < 0 ? r : buf_adds(out, "\r\n");
}

int http1_body_put_end(enum http1_framing framing, struct buf *out)
{
	return framing == HTTP1_CHUNKED ? buf_adds(out, "0\r\n\r\n") : 0;
}

int http1_body_put_trailers(struct buf *out, const struct http1_head *trailers)
{
	int r = buf_adds(out, "0\r\n");

	for (size_t i = 0; i < trailers->n_fields; i++) {
		r |= buf_adds(out, trailers->fields[i].name);
		r |= buf_add(out, ": ", 2);
		r |= buf_adds(out, trailers->fields[i].value);
		r |= buf_add(out, "\r\n", 2);
	}
	return r | buf_adds(out, "\r\n") ? -ENOMEM : 0;
}
