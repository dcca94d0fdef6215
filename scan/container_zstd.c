#include "scan/container_reader.h"

#define ZSTD_STATIC_LINKING_ONLY /* for memory that is wiped */
#include <errno.h>
#include <string.h>
#include <zstd.h>
#include <zstd_errors.h>

/*
 * Zstandard (RFC 8878). Frames in a row say one text; what skippable frames hold stands beside it.
 * A call of the decoder that ends in an error loses what it wrote before that; so it is given the
 * parts of a frame one by one, none of which both says something and can be wrong after that.
 */
#define MAGIC	       0xfd2fb528U
#define MAGIC_SKIPPING 0x184d2a50U /* and the next 15 */
#define WINDOW_LOG_MAX 23	   /* 8 MiB: as much as RFC 9659 lets HTTP have */
#define OUT	       (64U << 10)

struct zstd_reader {
	struct container_reader r;
	enum zstd_state {
		ZSTD_STATE_MAGIC,
		ZSTD_STATE_HEADER,
		ZSTD_STATE_BLOCK_HEADER,
		ZSTD_STATE_BLOCK,
		ZSTD_STATE_CHECKSUM,
		ZSTD_STATE_SKIP_LEN,
		ZSTD_STATE_SKIP,
		ZSTD_STATE_REST,
	} state;
	struct container_field field;
	uint32_t left; /* of a block or a skippable frame */
	bool last;     /* block of the frame */
	bool raw;      /* the block is, so parts of it say something */
	bool checked;  /* by a checksum at its end */
	bool long_skip;
	bool begun; /* the text */
	bool seen;  /* a frame of any kind */
	ZSTD_DStream *decoder;
	struct container_buffer buf;
};

static int make_decoder(struct zstd_reader *z)
{
	z->decoder = ZSTD_createDStream_advanced(
		(ZSTD_customMem){container_alloc_for, container_free_for, NULL});
	if (!z->decoder)
		return -ENOMEM;
	ZSTD_DCtx_setParameter(z->decoder, ZSTD_d_windowLogMax, WINDOW_LOG_MAX);
	return container_buffer_init(&z->buf);
}

static int fail(struct zstd_reader *z, size_t rc)
{
	switch (ZSTD_getErrorCode(rc)) {
	case ZSTD_error_memory_allocation:
		return -ENOMEM;
	case ZSTD_error_frameParameter_windowTooLarge:
		return container_refuse(&z->r, "a zstd window of more than 8 MiB");
	case ZSTD_error_dictionary_wrong:
		return container_refuse(&z->r, "it needs a dictionary");
	case ZSTD_error_checksum_wrong:
		return container_fail(&z->r, "its checksum is wrong");
	default:
		return container_fail(&z->r, "broken zstd data");
	}
}

static int decode(struct zstd_reader *z, const unsigned char *p, size_t len)
{
	ZSTD_inBuffer in = {p, len, 0};
	ZSTD_outBuffer out;
	size_t left;
	int rc;

	do {
		out = (ZSTD_outBuffer){z->buf.p, CONTAINER_BUFFER, 0};
		left = ZSTD_decompressStream(z->decoder, &out, &in);
		rc = container_buffer_give(&z->buf, &z->r, out.pos);
		if (rc == 0 && ZSTD_isError(left))
			rc = fail(z, left);
	} while (rc == 0 && left > 0 && (in.pos < in.size || out.pos == out.size));
	return rc;
}

static int begin_frame(struct zstd_reader *z)
{
	const struct container_member m = {.name = ""};
	int rc = z->begun ? 0 : container_begin(&z->r, &m);

	z->begun = z->seen = true;
	z->state = ZSTD_STATE_HEADER;
	if (rc == 0 && !z->decoder)
		rc = make_decoder(z);
	return rc;
}

static int read_magic(struct zstd_reader *z, const unsigned char **p, size_t *len)
{
	uint32_t magic;

	if (!container_gather(&z->field, 4, p, len))
		return 0;
	magic = container_le32(z->field.bytes);
	if (magic == MAGIC)
		return begin_frame(z);
	if ((magic & ~15U) == MAGIC_SKIPPING) {
		z->seen = true;
		z->state = ZSTD_STATE_SKIP_LEN;
		z->field.n = 0;
		return 0;
	}
	if (!z->seen)
		return container_fail(&z->r, "no zstd frame");
	z->state = ZSTD_STATE_REST;
	return container_rest(&z->r, z->field.bytes, z->field.n);
}

static void end_frame(struct zstd_reader *z)
{
	z->state = ZSTD_STATE_MAGIC;
	z->field.n = 0;
}

/* Of what follows the descriptor: the window, the dictionary's id, the size (RFC 8878, 3.1.1.1). */
static size_t header_rest(unsigned char descriptor)
{
	static const unsigned char dictionary[] = {0, 1, 2, 4}, size[] = {0, 2, 4, 8};
	bool single = descriptor & 0x20;
	size_t n = dictionary[descriptor & 3] + size[descriptor >> 6];

	return n + (single ? descriptor >> 6 == 0 : 1);
}

/* With the magic number, which was kept for it. */
static int read_header(struct zstd_reader *z, const unsigned char **p, size_t *len)
{
	struct container_field *f = &z->field;
	int rc;

	if ((f->n < 5 && !container_gather(f, 5, p, len)) ||
		!container_gather(f, 5 + header_rest(f->bytes[4]), p, len))
		return 0;
	z->checked = f->bytes[4] & 0x04;
	z->state = ZSTD_STATE_BLOCK_HEADER;
	rc = decode(z, f->bytes, f->n);
	f->n = 0;
	return rc;
}

static void end_block(struct zstd_reader *z)
{
	z->state = ZSTD_STATE_BLOCK_HEADER;
	if (z->last && z->checked)
		z->state = ZSTD_STATE_CHECKSUM;
	else if (z->last)
		end_frame(z);
}

static int read_block_header(struct zstd_reader *z, const unsigned char **p, size_t *len)
{
	const unsigned char *h = z->field.bytes;
	int rc;

	if (!container_gather(&z->field, 3, p, len))
		return 0;
	z->field.n = 0;
	z->last = h[0] & 1;
	z->raw = (h[0] >> 1 & 3) == 0;
	/* A block of one repeated byte says that once. */
	z->left = (h[0] >> 1 & 3) == 1 ? 1 : (uint32_t)(h[0] >> 3 | h[1] << 5 | h[2] << 13);
	z->state = ZSTD_STATE_BLOCK;
	rc = decode(z, h, 3);
	if (z->left == 0)
		end_block(z);
	return rc;
}

static int read_block(struct zstd_reader *z, const unsigned char **p, size_t *len)
{
	size_t n = z->left < *len ? z->left : *len;
	int rc;

	/* With the last byte, the size of all comes out right or not. */
	if (z->raw && n == z->left && n > 1)
		n--;
	rc = decode(z, *p, n);
	*p += n;
	*len -= n;
	z->left -= (uint32_t)n;
	if (z->left == 0)
		end_block(z);
	return rc;
}

static int read_checksum(struct zstd_reader *z, const unsigned char **p, size_t *len)
{
	if (!container_gather(&z->field, 4, p, len))
		return 0;
	end_frame(z);
	return decode(z, z->field.bytes, 4);
}

static int read_skip_len(struct zstd_reader *z, const unsigned char **p, size_t *len)
{
	if (!container_gather(&z->field, 4, p, len))
		return 0;
	z->left = container_le32(z->field.bytes);
	z->long_skip = z->left >= CONTAINER_ASIDE_MIN;
	z->state = ZSTD_STATE_SKIP;
	if (z->left == 0)
		end_frame(z);
	return 0;
}

static int read_skip(struct zstd_reader *z, const unsigned char **p, size_t *len)
{
	size_t n = z->left < *len ? z->left : *len;
	int rc = z->long_skip ? container_aside(&z->r, *p, n) : 0;

	*p += n;
	*len -= n;
	z->left -= (uint32_t)n;
	if (z->left == 0)
		end_frame(z);
	return rc;
}

static int read_some(struct zstd_reader *z, const unsigned char **p, size_t *len)
{
	size_t n = *len;

	switch (z->state) {
	case ZSTD_STATE_MAGIC:
		return read_magic(z, p, len);
	case ZSTD_STATE_HEADER:
		return read_header(z, p, len);
	case ZSTD_STATE_BLOCK_HEADER:
		return read_block_header(z, p, len);
	case ZSTD_STATE_BLOCK:
		return read_block(z, p, len);
	case ZSTD_STATE_CHECKSUM:
		return read_checksum(z, p, len);
	case ZSTD_STATE_SKIP_LEN:
		return read_skip_len(z, p, len);
	case ZSTD_STATE_SKIP:
		return read_skip(z, p, len);
	case ZSTD_STATE_REST:
		break;
	}
	*len = 0;
	return container_rest(&z->r, *p, n);
}

static int feed(struct container_reader *r, const unsigned char *p, size_t len)
{
	struct zstd_reader *z = (struct zstd_reader *)r;
	int rc = 0;

	while (rc == 0 && len > 0)
		rc = read_some(z, &p, &len);
	return rc;
}

static int finish(struct container_reader *r)
{
	struct zstd_reader *z = (struct zstd_reader *)r;

	if (z->state == ZSTD_STATE_REST)
		return 0;
	if (z->state == ZSTD_STATE_MAGIC && z->seen)
		return container_rest(r, z->field.bytes, z->field.n);
	return container_fail(r, "it ends in the middle");
}

static void done(struct container_reader *r)
{
	struct zstd_reader *z = (struct zstd_reader *)r;

	ZSTD_freeDStream(z->decoder);
	container_buffer_done(&z->buf);
}

static void reset(struct container_reader *r)
{
	struct zstd_reader *z = (struct zstd_reader *)r;

	*z = (struct zstd_reader){.decoder = z->decoder, .buf = z->buf};
	if (z->decoder)
		ZSTD_DCtx_reset(z->decoder, ZSTD_reset_session_only);
}

const struct container_kind container_zstd = {
	"zstd", sizeof(struct zstd_reader), NULL, feed, finish, done, reset};
