#include "scan/container_reader.h"

#include <brotli/decode.h>
#include <errno.h>
#include <string.h>

/*
 * Brotli (RFC 7932). Once its decoder meets something broken it hands out nothing more, not even
 * what it had decoded; so it is given blocks that end at the same places however the text was cut,
 * and what is lost is at most what one block says.
 */
#define BLOCK 1024

struct br_reader {
	struct container_reader r;
	BrotliDecoderState *decoder;
	struct container_buffer buf;
	unsigned char block[BLOCK];
	size_t n; /* bytes of the block that is not whole yet */
	bool begun, ended;
};

static int br_open(struct container_reader *r, const char *boundary)
{
	struct br_reader *b = (struct br_reader *)r;

	(void)boundary;
	b->decoder = BrotliDecoderCreateInstance(container_alloc_for, container_free_for, NULL);
	return b->decoder ? container_buffer_init(&b->buf) : -ENOMEM;
}

/* A block, or the last bytes of the text. */
static int decode(struct br_reader *b, const unsigned char *p, size_t len)
{
	BrotliDecoderResult z;
	int rc;

	do {
		unsigned char *to = b->buf.p;
		size_t room = CONTAINER_BUFFER;

		z = BrotliDecoderDecompressStream(b->decoder, &len, &p, &room, &to, NULL);
		rc = container_buffer_give(&b->buf, &b->r, CONTAINER_BUFFER - room);
	} while (rc == 0 && z == BROTLI_DECODER_RESULT_NEEDS_MORE_OUTPUT);
	if (rc < 0)
		return rc;
	if (z == BROTLI_DECODER_RESULT_ERROR)
		return container_fail(&b->r, "broken brotli data");
	if (z != BROTLI_DECODER_RESULT_SUCCESS)
		return 0;
	b->ended = true;
	return container_rest(&b->r, p, len);
}

static int begin(struct br_reader *b)
{
	const struct container_member m = {.name = ""};

	b->begun = true;
	return container_begin(&b->r, &m);
}

static int feed(struct container_reader *r, const unsigned char *p, size_t len)
{
	struct br_reader *b = (struct br_reader *)r;
	int rc = b->begun ? 0 : begin(b);

	while (rc == 0 && len > 0 && !b->ended) {
		size_t n = BLOCK - b->n < len ? BLOCK - b->n : len;

		if (n == BLOCK) {
			rc = decode(b, p, n);
		} else {
			memcpy(b->block + b->n, p, n);
			b->n = (b->n + n) % BLOCK;
			if (b->n == 0)
				rc = decode(b, b->block, BLOCK);
		}
		p += n;
		len -= n;
	}
	return rc < 0 ? rc : container_rest(r, p, len);
}

static int finish(struct container_reader *r)
{
	struct br_reader *b = (struct br_reader *)r;
	int rc = b->n > 0 && !b->ended ? decode(b, b->block, b->n) : 0;

	if (rc < 0)
		return rc;
	return b->ended ? 0 : container_fail(r, "it ends in the middle");
}

static void done(struct container_reader *r)
{
	struct br_reader *b = (struct br_reader *)r;

	if (b->decoder)
		BrotliDecoderDestroyInstance(b->decoder);
	container_buffer_done(&b->buf);
}

const struct container_kind container_br = {
	"br", sizeof(struct br_reader), br_open, feed, finish, done};
