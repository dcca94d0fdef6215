#include "scan/inline_magic.h"

#include <stdint.h>
#include <string.h>
#include <zlib.h>

#include "base/secret.h"
#include "scan/container_trial.h"

/* RFC 1952: deflate, no reserved flag; XFL and OS as programs write them. */
static bool is_gzip(const unsigned char *p, size_t n)
{
	return n >= 10 && p[0] == 0x1F && p[1] == 0x8B && p[2] == 8 && (p[3] & 0xE0) == 0 &&
	       (p[8] == 0 || p[8] == 2 || p[8] == 4) && (p[9] <= 13 || p[9] == 255);
}

/* APPNOTE 4.3.7: a local file header, of a version that there is. */
static bool is_zip(const unsigned char *p, size_t n)
{
	return n >= 6 && memcmp(p, "PK\3\4", 4) == 0 && p[4] <= 63 && p[5] <= 19;
}

/* RFC 8878, 3.1.1. */
static bool is_zstd(const unsigned char *p, size_t n)
{
	return n >= 6 && memcmp(p, "\x28\xB5\x2F\xFD", 4) == 0 && (p[4] & 0x08) == 0;
}

/* RFC 1950, whose header is only 16 bits: so what follows must be something that inflates. */
static bool is_zlib(const unsigned char *p, size_t n)
{
	unsigned char out[512];
	z_stream z = {.next_in = (unsigned char *)p, .avail_in = (unsigned int)n};
	int r;

	if (n < 12 || (p[0] & 0x8F) != 8 || (p[0] * 256 + p[1]) % 31 != 0 || (p[1] & 0x20))
		return false;
	if (inflateInit(&z) != Z_OK)
		return false;
	do {
		z.next_out = out;
		z.avail_out = sizeof(out);
		r = inflate(&z, Z_NO_FLUSH);
	} while (r == Z_OK && z.avail_in > 0);
	inflateEnd(&z);
	secret_wipe(out, sizeof(out));
	return r == Z_OK || r == Z_BUF_ERROR || r == Z_STREAM_END;
}

/* xz, 7z, RAR, bzip2 with its first block: what is opaque and known for certain. */
static bool is_opaque(const unsigned char *p, size_t n)
{
	return n >= 10 && (memcmp(p,
				   "\xFD"
				   "7zXZ",
				   6) == 0 ||
				  memcmp(p, "7z\xBC\xAF\x27\x1C", 6) == 0 ||
				  memcmp(p, "Rar!\x1A\x07", 6) == 0 ||
				  (memcmp(p, "BZh", 3) == 0 && memcmp(p + 4, "1AY&SY", 6) == 0));
}

/* Of short magic numbers random bytes and lists of numbers are full. */
static bool at_start(const unsigned char *p, size_t n)
{
	const char *what = NULL;

	return is_zlib(p, n) || is_opaque(p, n) ||
	       (n >= CONTAINER_SNIFF && container_sniff_magic(p, n, &what) == CONTAINER_TAR);
}

static bool is_magic(const unsigned char *p, size_t n)
{
	return is_gzip(p, n) || is_zip(p, n) || is_zstd(p, n);
}

/* Whether a byte of x is c. */
static inline bool has(uint64_t x, unsigned char c)
{
	x ^= c * 0x0101010101010101ULL;
	return (x - 0x0101010101010101ULL) & ~x & 0x8080808080808080ULL;
}

size_t magic_find(const unsigned char *p, size_t n, bool start)
{
	if (start && n >= 12 && at_start(p, n))
		return 0;
	for (size_t i = 0; i + 6 <= n; i += 8) {
		uint64_t x = 0;

		/* The second bytes of the three, which are rarer in text than the first ones. */
		memcpy(&x, p + i + 1, n - i - 1 < 8 ? n - i - 1 : 8);
		if (!has(x, 0x8B) && !has(x, 'K') && !has(x, 0xB5))
			continue;
		for (size_t k = i; k < i + 8 && k < n; k++)
			if (is_magic(p + k, n - k))
				return k;
	}
	return n;
}
