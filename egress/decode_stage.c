#include "egress/decode_stage.h"

#include <errno.h>
#include <string.h>

#include <brotli/decode.h>
#include <zlib.h>
#define ZSTD_STATIC_LINKING_ONLY /* for memory that is wiped */
#include <zstd.h>

#include "scan/container_reader.h" /* memory that is wiped */

/* The libraries' streaming decoders: each gives at once what its input says so far. */

/* ---- gzip (RFC 1952) and deflate (RFC 1950; of some servers RFC 1951 without its head) */

struct inflate_stage {
	z_stream z;
	bool gzip;
	bool open, begun, ended;
	bool trailing;	       /* what follows the end is no member */
	unsigned char head[2]; /* of deflate: tells which of the two it is */
	size_t n_head;
};

static void *inflate_open(bool gzip)
{
	struct inflate_stage *s = container_alloc(sizeof(*s));

	if (!s)
		return NULL;
	memset(s, 0, sizeof(*s));
	s->gzip = gzip;
	s->z.zalloc = container_alloc_items;
	s->z.zfree = container_free_for;
	return s;
}

static void *gzip_open(void)
{
	return inflate_open(true);
}

static void *deflate_open(void)
{
	return inflate_open(false);
}

static int start(struct inflate_stage *s, bool bare)
{
	int window = s->gzip ? MAX_WBITS + 16 : bare ? -MAX_WBITS : MAX_WBITS;

	if (inflateInit2(&s->z, window) != Z_OK)
		return -ENOMEM;
	s->open = true;
	return 0;
}

static int step(struct inflate_stage *s, struct decode_span *span)
{
	int r;

	s->z.next_in = (unsigned char *)span->in; /* it is only read */
	s->z.avail_in = (unsigned int)span->in_len;
	s->z.next_out = span->out;
	s->z.avail_out = (unsigned int)span->out_len;
	r = inflate(&s->z, Z_SYNC_FLUSH);
	span->in = s->z.next_in;
	span->in_len = s->z.avail_in;
	span->out = s->z.next_out;
	span->out_len = s->z.avail_out;
	s->ended = r == Z_STREAM_END;
	if (r == Z_MEM_ERROR)
		return -ENOMEM;
	return r == Z_OK || r == Z_BUF_ERROR || r == Z_STREAM_END ? 0 : -EBADMSG;
}

/* The first two bytes are needed to know how to begin; they are then read like any others. */
static int begin(struct inflate_stage *s, struct decode_span *span)
{
	struct decode_span head = {.in = s->head, .out = span->out, .out_len = span->out_len};
	int r;

	while (s->n_head < 2 && span->in_len > 0) {
		s->head[s->n_head++] = *span->in++;
		span->in_len--;
	}
	if (s->n_head < 2)
		return 0;
	r = start(s, (s->head[0] & 15) != 8 || (s->head[0] << 8 | s->head[1]) % 31 != 0);
	if (r < 0)
		return r;
	s->begun = true;
	head.in_len = s->n_head;
	r = step(s, &head);
	span->out = head.out;
	span->out_len = head.out_len;
	return r;
}

/* Members of gzip in a row say one text; what else follows the end says nothing. */
static int inflate_run(void *decoder, struct decode_span *span)
{
	struct inflate_stage *s = decoder;
	int r = s->begun ? 0 : begin(s, span);

	while (r == 0 && s->begun && span->in_len > 0 && span->out_len > 0) {
		s->trailing |= s->ended && (!s->gzip || *span->in != 0x1f);
		if (s->trailing) {
			span->in_len = 0;
			return 0;
		}
		if (s->ended && inflateReset(&s->z) != Z_OK)
			return -EBADMSG;
		r = step(s, span);
	}
	/* What the window still holds. */
	if (r == 0 && s->begun && !s->ended && span->in_len == 0 && span->out_len > 0)
		r = step(s, span);
	return r;
}

static bool inflate_is_whole(const void *decoder)
{
	const struct inflate_stage *s = decoder;

	return s->ended || (!s->begun && s->n_head == 0);
}

static void inflate_close(void *decoder)
{
	struct inflate_stage *s = decoder;

	if (s->open)
		inflateEnd(&s->z);
	container_free(s);
}

const struct decode_kind decode_gzip = {gzip_open, inflate_run, inflate_is_whole, inflate_close};
const struct decode_kind decode_deflate = {
	deflate_open, inflate_run, inflate_is_whole, inflate_close};

/* ---- brotli (RFC 7932) */

static void *br_open(void)
{
	return BrotliDecoderCreateInstance(container_alloc_for, container_free_for, NULL);
}

static int br_run(void *decoder, struct decode_span *s)
{
	if (BrotliDecoderIsFinished(decoder)) {
		s->in_len = 0;
		return 0;
	}
	return BrotliDecoderDecompressStream(decoder, &s->in_len, &s->in, &s->out_len, &s->out,
		       NULL) == BROTLI_DECODER_RESULT_ERROR
		       ? -EBADMSG
		       : 0;
}

static bool br_is_whole(const void *decoder)
{
	return BrotliDecoderIsFinished(decoder) || !BrotliDecoderIsUsed(decoder);
}

static void br_close(void *decoder)
{
	BrotliDecoderDestroyInstance(decoder);
}

const struct decode_kind decode_br = {br_open, br_run, br_is_whole, br_close};

/* ---- zstd (RFC 8878) */

#define WINDOW_LOG_MAX 23 /* 8 MiB: as much as RFC 9659 lets HTTP have */

struct zstd_stage {
	ZSTD_DCtx *z;
	bool midway; /* in a frame */
	unsigned char magic[4];
	size_t n_magic;
};

static void zstd_close(void *decoder)
{
	struct zstd_stage *s = decoder;

	ZSTD_freeDCtx(s->z);
	container_free(s);
}

static void *zstd_open(void)
{
	struct zstd_stage *s = container_alloc(sizeof(*s));

	if (!s)
		return NULL;
	*s = (struct zstd_stage){0};
	s->z = ZSTD_createDCtx_advanced(
		(ZSTD_customMem){container_alloc_for, container_free_for, NULL});
	if (s->z &&
		!ZSTD_isError(ZSTD_DCtx_setParameter(s->z, ZSTD_d_windowLogMax, WINDOW_LOG_MAX)))
		return s;
	zstd_close(s);
	return NULL;
}

/* Frames and skippable frames of RFC 8878; the library reads older formats, too, which nobody
 * sends. */
static bool is_magic(const unsigned char p[static 4])
{
	bool skippable = (p[0] & 0xf0) == 0x50 && p[1] == 0x2a && p[2] == 0x4d && p[3] == 0x18;

	return skippable || (p[0] == 0x28 && p[1] == 0xb5 && p[2] == 0x2f && p[3] == 0xfd);
}

static int zstd_step(struct zstd_stage *stage, struct decode_span *s)
{
	ZSTD_inBuffer in = {.src = s->in, .size = s->in_len};
	ZSTD_outBuffer out = {.dst = s->out, .size = s->out_len};
	size_t left = ZSTD_decompressStream(stage->z, &out, &in);

	s->in += in.pos;
	s->in_len -= in.pos;
	s->out += out.pos;
	s->out_len -= out.pos;
	if (ZSTD_isError(left))
		return -EBADMSG;
	stage->midway = left != 0;
	return 0;
}

/* The beginning of a frame. 0 when there is not enough of it, too. */
static int zstd_begin(struct zstd_stage *stage, struct decode_span *s)
{
	struct decode_span magic = {.in = stage->magic, .out = s->out, .out_len = s->out_len};

	while (stage->n_magic < 4 && s->in_len > 0) {
		stage->magic[stage->n_magic++] = *s->in++;
		s->in_len--;
	}
	if (stage->n_magic < 4)
		return 0;
	if (!is_magic(stage->magic))
		return -EBADMSG;
	magic.in_len = 4;
	stage->n_magic = 0;
	return zstd_step(stage, &magic);
}

/* Once more when the input is used up: the window may hold what is not out yet. */
static int zstd_run(void *decoder, struct decode_span *s)
{
	struct zstd_stage *stage = decoder;
	int r = stage->midway ? 0 : zstd_begin(stage, s);

	return r == 0 && stage->midway ? zstd_step(stage, s) : r;
}

static bool zstd_is_whole(const void *decoder)
{
	const struct zstd_stage *stage = decoder;

	return !stage->midway && stage->n_magic == 0;
}

const struct decode_kind decode_zstd = {zstd_open, zstd_run, zstd_is_whole, zstd_close};
