#include "scan/container.h"

#include <string.h>
#include <strings.h>
#include <zlib.h>

#include "base/ptr.h"
#include "scan/container_reader.h"
#include "scan/container_tar_header.h"
#include "scan/container_trial.h"

/*
 * What a text is by its first bytes. A wrong guess costs a refusal, so a magic number of less than
 * four bytes is not enough: what must follow it is looked at, too.
 */

/* ---- what is known and not read */

struct magic {
	const char *bytes;
	size_t len, at;
	const char *what;
};
#define MAGIC(s, at, what)                                                                         \
	{                                                                                          \
		s, sizeof(s) - 1, at, what                                                         \
	}

static const struct magic opaque[] = {
	MAGIC("\xfd"
	      "7zXZ\0",
		0, "an xz archive"),
	MAGIC("7z\xbc\xaf\x27\x1c", 0, "a 7z archive"),
	MAGIC("Rar!\x1a\x07", 0, "a rar archive"),
	MAGIC("LZIP\x01", 0, "an lzip archive"),
	MAGIC("\x5d\0\0\x80\0\xff\xff\xff\xff\xff\xff\xff\xff", 0, "an lzma archive"),
	MAGIC("\x04\x22\x4d\x18", 0, "an lz4 archive"),
	MAGIC("\xff\x06\0\0sNaPpY", 0, "a snappy archive"),
	MAGIC("\x89LZO\0\r\n\x1a\n", 0, "an lzop archive"),
	MAGIC("LRZI\0", 0, "an lrzip archive"),
	MAGIC("MSCF\0\0\0\0", 0, "a cabinet archive"),
	MAGIC("MSWIM\0\0\0", 0, "a WIM archive"),
	MAGIC("**ACE**", 7, "an ace archive"),
	MAGIC("-lh5-", 2, "an lha archive"),
	MAGIC("hsqs", 0, "a squashfs image"),
	MAGIC("age-encryption.org/v1\n", 0, "a file encrypted with age"),
	MAGIC("-----BEGIN AGE ENCRYPTED FILE-----", 0, "a file encrypted with age"),
	MAGIC("-----BEGIN PGP MESSAGE-----", 0, "a message encrypted with PGP"),
	MAGIC("Salted__", 0, "a file encrypted with openssl"),
	MAGIC("LUKS\xba\xbe", 0, "a disk encrypted with LUKS"),
	MAGIC("$ANSIBLE_VAULT;", 0, "a file encrypted with ansible-vault"),
	MAGIC("\x03\xd9\xa2\x9a", 0, "a KeePass database"),
};

static const char *find_magic(
	const struct magic *table, size_t n, const unsigned char *p, size_t len)
{
	for (size_t i = 0; i < n; i++)
		if (len >= table[i].at + table[i].len &&
			p[table[i].at] == (unsigned char)table[i].bytes[0] &&
			memcmp(p + table[i].at, table[i].bytes, table[i].len) == 0)
			return table[i].what;
	return NULL;
}

/* A level, then the number pi in front of a block, or the square root of it behind none. */
static bool is_bzip2(const unsigned char *p, size_t len)
{
	return len >= 10 && memcmp(p, "BZh", 3) == 0 && p[3] >= '1' && p[3] <= '9' &&
	       (memcmp(p + 4, "1AY&SY", 6) == 0 || memcmp(p + 4, "\x17rE8P\x90", 6) == 0);
}

/* What may follow a session key: another one, or what it encrypts (RFC 9580, 4.3). */
static bool is_pgp_next(unsigned char tag)
{
	return memchr("\x84\x85\x8c\xc1\xc3\xd2\xc9\xd4\xa4\xa5\xa6\xa7", tag, 12);
}

/*
 * A session key for a public key (tag 1, version 3; RFC 9580, 5.1) or for a passphrase (tag 3,
 * version 4 to 6; 5.3), with which an encrypted message begins; its length leads to the next
 * packet.
 */
static bool is_pgp(const unsigned char *p, size_t len)
{
	static const unsigned char public_key[] = {1, 2, 16, 18, 25, 26};
	size_t at = p[0] == 0x85 || (p[0] == 0xc1 && p[1] >= 192) ? 3 : 2, next;

	if (len < 16)
		return false;
	next = at + (p[0] == 0x85     ? (size_t)(p[1] << 8 | p[2])
			    : at == 3 ? (size_t)((p[1] - 192) << 8) + p[2] + 192
				      : p[1]);
	/* Of a key of 4096 bits the next packet is out of sight. */
	if (next < len ? !is_pgp_next(p[next]) : len < CONTAINER_SNIFF || next > 600)
		return false;
	if (p[0] == 0x8c || p[0] == 0xc3)
		return next < len && p[1] >= 4 && p[2] == 4 && p[3] >= 7 && p[3] <= 10 &&
		       (p[4] <= 1 || p[4] == 3) && p[5] >= 1 && p[5] <= 14;
	return (p[0] == 0x84 || p[0] == 0x85 || p[0] == 0xc1) && p[at] == 3 &&
	       memchr(public_key, p[at + 9], sizeof(public_key));
}

/* ---- what is read */

/*
 * The header is two bytes of which one in about 500 pairs is one: so what follows has to inflate,
 * to its end, or for as long as there is something.
 */
#define ZLIB_LONG_ENOUGH 32
#define ZLIB_OUT_ENOUGH	 65536

static bool inflates(const unsigned char *p, size_t len)
{
	z_stream z = {.next_in = (unsigned char *)p, .avail_in = (unsigned int)len};
	unsigned char out[4096];
	int rc;

	if (inflateInit(&z) != Z_OK)
		return true; /* then it is for the reader to say so */
	do {
		z.next_out = out;
		z.avail_out = sizeof(out);
		rc = inflate(&z, Z_SYNC_FLUSH);
	} while (rc == Z_OK && z.avail_out == 0 && z.total_out < ZLIB_OUT_ENOUGH);
	inflateEnd(&z);
	explicit_bzero(out, sizeof(out));
	return rc == Z_STREAM_END ||
	       ((rc == Z_OK || rc == Z_BUF_ERROR) && z.total_out > 0 && len >= ZLIB_LONG_ENOUGH);
}

static bool is_zlib(const unsigned char *p, size_t len)
{
	/* Deflate, a window of at most 32 KiB, no dictionary, divisible by 31 (RFC 1950, 2.2). */
	return len >= 8 && (p[0] & 0x8f) == 0x08 && !(p[1] & 0x20) &&
	       (p[0] << 8 | p[1]) % 31 == 0 && inflates(p, len);
}

static bool is_gzip(const unsigned char *p, size_t len)
{
	return len >= 10 && memcmp(p, "\x1f\x8b\x08", 3) == 0 && !(p[3] & 0xe0);
}

/* A frame, whose descriptor has a reserved bit, or a skippable one (RFC 8878, 3.1). */
static bool is_zstd(const unsigned char *p, size_t len)
{
	if (len < 8)
		return false;
	return (container_le32(p) == 0xfd2fb528U && !(p[4] & 0x08)) ||
	       (container_le32(p) & ~15U) == 0x184d2a50U;
}

/* A member, behind a mark of a split archive perhaps, or the end of an empty directory. */
static bool is_zip(const unsigned char *p, size_t len)
{
	if (len >= 8 && (memcmp(p, "PK\7\x08", 4) == 0 || memcmp(p, "PK00", 4) == 0)) {
		p += 4;
		len -= 4;
	}
	return (len >= 30 && memcmp(p, "PK\3\4", 4) == 0) ||
	       (len >= 22 && memcmp(p, "PK\5\6\0\0\0", 7) == 0);
}

/* A line that may be a boundary, then a header field that only a part has. */
static bool is_multipart(const unsigned char *p, size_t len)
{
	size_t n = 2, words = 0;

	if (len < 4 || memcmp(p, "--", 2) != 0)
		return false;
	for (; n < len && n < 2 + 70 && p[n] > ' ' && p[n] < 0x7f; n++)
		words += p[n] != '-';
	if (words < 4 || n == len)
		return false;
	n += p[n] == '\r';
	return len >= n + 9 && p[n] == '\n' &&
	       strncasecmp((const char *)p + n + 1, "content-", 8) == 0;
}

/* ---- wide characters */

#define WIDE_ENOUGH 8

/* Of units of this width, three quarters say a character of ASCII text, and none says NUL. */
static bool is_wide(const unsigned char *p, size_t len, size_t width, bool big)
{
	size_t low = big ? width - 1 : 0, n = len / width, bad = 0;

	for (size_t i = 0; i < n && bad <= n / 4; i++, p += width) {
		unsigned int others = 0;

		for (size_t k = 0; k < width; k++)
			others |= k == low ? 0 : p[k];
		if (others == 0 && p[low] == 0)
			return false;
		bad += others != 0 ||
		       !((p[low] >= ' ' && p[low] < 0x7f) || memchr("\t\r\n", p[low], 3));
	}
	return bad <= n / 4 && n - bad >= WIDE_ENOUGH;
}

static enum container sniff_wide(const unsigned char *p, size_t len)
{
	static const struct {
		enum container container;
		unsigned char mark[4];
		size_t mark_len, width;
		bool big;
	} kinds[] = {
		{CONTAINER_UTF32LE, {0xff, 0xfe, 0, 0}, 4, 4, false},
		{CONTAINER_UTF32BE, {0, 0, 0xfe, 0xff}, 4, 4, true},
		{CONTAINER_UTF16LE, {0xff, 0xfe}, 2, 2, false},
		{CONTAINER_UTF16BE, {0xfe, 0xff}, 2, 2, true},
	};
	bool nuls = memchr(p, 0, len < 64 ? len : 64);

	for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
		if (len >= 4 && memcmp(p, kinds[i].mark, kinds[i].mark_len) == 0)
			return kinds[i].container;
	for (size_t i = 0; nuls && i < ARRAY_LEN(kinds); i++)
		if (is_wide(p, len, kinds[i].width, kinds[i].big))
			return kinds[i].container;
	return CONTAINER_NONE;
}

enum container container_sniff_magic(const unsigned char *p, size_t len, const char **ret_what)
{
	static const struct {
		bool (*is)(const unsigned char *p, size_t len);
		enum container container;
	} readers[] = {
		{is_gzip, CONTAINER_GZIP},
		{is_zip, CONTAINER_ZIP},
		{is_zstd, CONTAINER_ZSTD},
		{is_zlib, CONTAINER_ZLIB},
		{is_multipart, CONTAINER_MULTIPART},
	};

	len = len < CONTAINER_SNIFF ? len : CONTAINER_SNIFF;
	*ret_what = NULL;
	if (len < 4)
		return CONTAINER_NONE;
	for (size_t i = 0; i < ARRAY_LEN(readers); i++)
		if (readers[i].is(p, len))
			return readers[i].container;
	if (len == TAR_BLOCK && tar_header_valid(p))
		return CONTAINER_TAR;
	*ret_what = find_magic(opaque, ARRAY_LEN(opaque), p, len);
	if (!*ret_what && is_bzip2(p, len))
		*ret_what = "a bzip2 archive";
	if (!*ret_what && is_pgp(p, len))
		*ret_what = "a message encrypted with PGP";
	return *ret_what ? CONTAINER_OPAQUE : sniff_wide(p, len);
}

/*
 * Most texts are text, and short: their first bytes are plain. Of what is known by its bytes only a
 * few begin so, and of what is not, nothing does.
 */
#define PLAIN 32

static bool is_plain(const unsigned char *p, size_t len)
{
	unsigned char padded[PLAIN], bad = 0;

	/* Of fixed length, so that it is done in a few steps. */
	memset(padded, ' ', sizeof(padded));
	memcpy(padded, p, len < PLAIN ? len : PLAIN);
	for (size_t i = 0; i < PLAIN; i++) {
		unsigned char c = padded[i];

		bad |= (c >= 0x7f) |
		       ((c < ' ') & (c != '\t') & (c != '\n') & (c != '\f') & (c != '\r'));
	}
	return !bad;
}

/* What has a magic number of plain characters, and is not a tar archive, which begins with a name.
 */
static bool may_be_known(const unsigned char *p, size_t len)
{
	static const char beginnings[][3] = {"--", "ag", "Sa", "$A", "BZ"};

	for (size_t i = 0; len >= 2 && i < ARRAY_LEN(beginnings); i++)
		if (memcmp(p, beginnings[i], 2) == 0)
			return true;
	return len == TAR_BLOCK && tar_header_valid(p);
}

enum container container_sniff(const unsigned char *p, size_t len, const char **ret_what)
{
	bool plain;
	enum container c;

	len = len < CONTAINER_SNIFF ? len : CONTAINER_SNIFF;
	*ret_what = NULL;
	plain = is_plain(p, len);
	if (plain && !may_be_known(p, len))
		return CONTAINER_NONE;
	c = container_sniff_magic(p, len, ret_what);
	return c != CONTAINER_NONE || plain ? c : container_trial(p, len);
}
