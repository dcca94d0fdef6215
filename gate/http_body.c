#include "gate/http_body.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

#include "base/ptr.h"

#define RATIO_FROM (1U << 20)
#define STEP	   (32U << 10)
/* Of gzip: what it unpacks to at once is held, up to RATIO_FROM and HTTP_BODY_RATIO times this. */
#define GZIP_STEP 4096

static int read_coding(struct http_body *b, const struct http1_head *h, struct err *e)
{
	size_t n;
	const char *coding = http1_field(h, "Content-Encoding", &n);

	if (n == 0 || (n == 1 && strcasecmp(coding, "identity") == 0))
		return 0;
	if (n > 1 || (strcasecmp(coding, "gzip") != 0 && strcasecmp(coding, "x-gzip") != 0))
		return err_say(e, EMEDIUMTYPE,
			"a body in another Content-Encoding than gzip cannot be read here");
	/* zlib.h: 16 and the window's bits: a gzip header, and no other. */
	if (inflateInit2(&b->z, 16 + MAX_WBITS) != Z_OK)
		return err_set(e, ENOMEM, "read a gzip body");
	b->gzip = true;
	return 0;
}

int http_body_start(struct http_body *b, const struct http1_head *h, uint64_t max, struct err *e)
{
	struct http1_length length;
	const char *why;

	*b = (struct http_body){.max = max};
	b->framing.state = HTTP1_BODY_DONE;
	if (http1_request_length(h, &length, &why) < 0)
		return err_say(e, EINVAL, "%s", why);
	if (length.framing == HTTP1_LENGTH && length.length > max)
		return err_say(e, EFBIG,
			"a body of %llu bytes is longer than the %llu that are taken here",
			(unsigned long long)length.length, (unsigned long long)max);
	http1_body_start(&b->framing, &length, true);
	return read_coding(b, h, e);
}

static int count(struct http_body *b, size_t n, struct err *e)
{
	b->given += n;
	if (b->given > b->max)
		return err_say(e, EFBIG,
			"the body is longer than the %llu bytes that are taken here",
			(unsigned long long)b->max);
	if (b->given > RATIO_FROM && b->given / HTTP_BODY_RATIO > b->coded)
		return err_say(e, EFBIG,
			"the gzip body unpacks to more than %d times its size, which nothing that "
			"git "
			"sends does",
			HTTP_BODY_RATIO);
	return 0;
}

static int give(
	struct http_body *b, const struct http1_piece *piece, struct buf *out, struct err *e)
{
	if (buf_add(out, piece->data, piece->len) < 0)
		return err_set(e, ENOMEM, "read a body");
	return count(b, piece->len, e);
}

/* One step of gzip, from a piece's front to out. How much of the piece was used. */
static long inflate_step(
	struct http_body *b, const struct http1_piece *piece, struct buf *out, struct err *e)
{
	unsigned char *room = buf_room(out, STEP);
	int r;

	if (!room)
		return err_set(e, ENOMEM, "read a gzip body");
	if (b->gzip_ended)
		return err_say(e, EINVAL, "there is something behind the end of the gzip body");
	/* zlib reads it only; its type is older than const (ZLIB_CONST would be all headers'). */
	b->z.next_in = (unsigned char *)(uintptr_t)piece->data;
	b->z.avail_in = (unsigned int)piece->len;
	b->z.next_out = room;
	b->z.avail_out = STEP;
	r = inflate(&b->z, Z_NO_FLUSH);
	if (r != Z_OK && r != Z_STREAM_END && r != Z_BUF_ERROR)
		return err_say(e, r == Z_MEM_ERROR ? ENOMEM : EINVAL, "the gzip body is broken");
	b->gzip_ended = r == Z_STREAM_END;
	buf_filled(out, STEP - b->z.avail_out);
	if (count(b, STEP - b->z.avail_out, e) < 0)
		return -e->code;
	return (long)(piece->len - b->z.avail_in);
}

static int inflate_piece(
	struct http_body *b, struct http1_piece piece, struct buf *out, struct err *e)
{
	do {
		long n = inflate_step(b, &piece, out, e);

		if (n < 0)
			return (int)n;
		piece.data += n;
		piece.len -= (size_t)n;
		/* A full step may have left something inside zlib. */
	} while (piece.len > 0 || (b->z.avail_out == 0 && !b->gzip_ended));
	return 0;
}

static int take_piece(struct http_body *b, struct buf *in, struct buf *out, struct err *e)
{
	size_t most = b->gzip ? GZIP_STEP : STEP, len = in->len < most ? in->len : most;
	struct http1_piece piece;
	long n = http1_body_take(&b->framing, buf_data(in), len, &piece);
	int r = 0;

	if (n < 0)
		return err_say(e, EINVAL, "a broken chunk in the body");
	b->coded += piece.len;
	if (piece.len > 0)
		r = b->gzip ? inflate_piece(b, piece, out, e) : give(b, &piece, out, e);
	buf_consume(in, (size_t)n);
	if (r == 0 && b->gzip && http1_body_is_done(&b->framing) && !b->gzip_ended)
		return err_say(e, EINVAL, "the gzip body ends in its middle");
	return r;
}

int http_body_take(struct http_body *b, struct buf *in, struct buf *out, size_t room, struct err *e)
{
	int r = 0;

	while (r == 0 && in->len > 0 && out->len < room && !http_body_is_whole(b))
		r = take_piece(b, in, out, e);
	return r;
}

int http_body_skip(struct http_body *b, struct buf *in, struct err *e)
{
	while (in->len > 0 && !http_body_is_whole(b)) {
		struct http1_piece piece;
		long n = http1_body_take(&b->framing, buf_data(in), in->len, &piece);

		if (n < 0)
			return err_say(e, EINVAL, "a broken chunk in the body");
		buf_consume(in, (size_t)n);
	}
	return 0;
}

bool http_body_is_whole(const struct http_body *b)
{
	return http1_body_is_done(&b->framing);
}

int64_t http_body_length(const struct http_body *b)
{
	if (b->gzip || b->framing.framing == HTTP1_CHUNKED)
		return -1;
	return b->framing.framing == HTTP1_LENGTH ? (int64_t)b->framing.left : 0;
}

void http_body_done(struct http_body *b)
{
	if (b->gzip)
		inflateEnd(&b->z);
	b->gzip = false;
}
