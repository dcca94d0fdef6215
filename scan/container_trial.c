#include "scan/container_trial.h"

#include <brotli/decode.h>
#include <zlib.h>

#include "base/secret.h"

#define OUT  512 /* so much of what is decoded is looked at … */
#define FEW  64	 /* … and at least so much, where it does not end with the text */
#define LOOK 64	 /* bytes by which a text is told from what may be compressed */

/* Bytes of a character of UTF-8 by its first one (RFC 3629); 0: none begins so. */
static size_t character_len(unsigned char c)
{
	if (c < 0x80)
		return c >= ' ' ? c != 0x7f : c == '\t' || c == '\n' || c == '\r' || c == '\f';
	return c >= 0xc2 && c < 0xe0   ? 2
	       : c >= 0xe0 && c < 0xf0 ? 3
	       : c >= 0xf0 && c < 0xf5 ? 4
				       : 0;
}

/* UTF-8 without control characters; the last character may be cut off. */
static bool is_text(const unsigned char *p, size_t len)
{
	for (size_t i = 0, n; i < len; i += n) {
		n = character_len(p[i]);
		if (n == 0)
			return false;
		for (size_t k = 1; k < n && i + k < len; k++)
			if ((p[i + k] & 0xc0) != 0x80)
				return false;
	}
	return true;
}

/* ended: with the text's last byte. */
static bool makes_sense(const unsigned char *out, size_t len, bool ended)
{
	const char *what;

	if (len == 0 || (!ended && len < FEW))
		return false;
	return is_text(out, len) || container_sniff_magic(out, len, &what) != CONTAINER_NONE;
}

static bool is_deflate(const unsigned char *p, size_t len, unsigned char out[OUT])
{
	z_stream z = {.next_in = (unsigned char *)p,
		.avail_in = (unsigned int)len,
		.next_out = out,
		.avail_out = OUT};
	int rc;

	/* A block of a reserved type, or a stored one (RFC 1951, 3.2.3), which says it in plain
	 * bytes. */
	if ((p[0] & 6) == 6 || (p[0] & 6) == 0)
		return false;
	if (inflateInit2(&z, -MAX_WBITS) != Z_OK)
		return false;
	rc = inflate(&z, Z_SYNC_FLUSH);
	inflateEnd(&z);
	return (rc == Z_OK || rc == Z_BUF_ERROR || rc == Z_STREAM_END) &&
	       makes_sense(out, OUT - z.avail_out, rc == Z_STREAM_END && z.avail_in == 0);
}

static bool is_br(const unsigned char *p, size_t len, unsigned char out[OUT])
{
	BrotliDecoderState *b = BrotliDecoderCreateInstance(NULL, NULL, NULL);
	size_t room = OUT;
	unsigned char *to = out;
	BrotliDecoderResult rc;

	if (!b)
		return false;
	rc = BrotliDecoderDecompressStream(b, &len, &p, &room, &to, NULL);
	BrotliDecoderDestroyInstance(b);
	return rc != BROTLI_DECODER_RESULT_ERROR &&
	       makes_sense(out, OUT - room, rc == BROTLI_DECODER_RESULT_SUCCESS && len == 0);
}

enum container container_trial(const unsigned char *p, size_t len)
{
	unsigned char out[OUT];
	enum container c = CONTAINER_NONE;

	if (len < 8 || is_text(p, len < LOOK ? len : LOOK))
		return CONTAINER_NONE;
	if (is_deflate(p, len, out))
		c = CONTAINER_DEFLATE;
	else if (is_br(p, len, out))
		c = CONTAINER_BR;
	secret_wipe(out, sizeof(out));
	return c;
}
