#include "tests/unit/scan/containers.h"

#include <brotli/encode.h>
#include <zlib.h>

static enum container sniff(const void *p, size_t len, const char **what)
{
	/* By itself, so that a sanitizer sees what is read behind it. */
	unsigned char *copy = malloc(len > 0 ? len : 1);
	enum container c;

	assert_non_null(copy);
	memcpy(copy, p, len);
	c = container_sniff(copy, len, what);
	free(copy);
	return c;
}

static void expect(const void *p, size_t len, enum container c, const char *expected)
{
	const char *what;

	assert_int_equal(sniff(p, len, &what), c);
	if (expected)
		assert_string_equal(what, expected);
	else
		assert_null(what);
}

#define BYTES(s) s, sizeof(s) - 1

static void containers_are_known_by_their_magic_numbers(void **state)
{
	(void)state;
	expect(BYTES("\x1f\x8b\x08\0\0\0\0\0\0\x03"), CONTAINER_GZIP, NULL);
	expect(BYTES("\x28\xb5\x2f\xfd\x24\0\1\0\0\0"), CONTAINER_ZSTD, NULL);
	expect(BYTES("\x5e\x2a\x4d\x18\4\0\0\0text"), CONTAINER_ZSTD, NULL);
	expect(BYTES("PK\3\4 and then 26 bytes, at least"), CONTAINER_ZIP, NULL);
	expect(BYTES("PK\7\x08PK\3\4 and then 26 bytes, at least"), CONTAINER_ZIP, NULL);
	expect(BYTES("PK\5\6\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"), CONTAINER_ZIP, NULL);
	expect(BYTES("--abcdef\r\nContent-Type: text/plain\r\n\r\n"), CONTAINER_MULTIPART, NULL);
	expect(BYTES("----abcd\ncontent-disposition: form-data"), CONTAINER_MULTIPART, NULL);
}

/* A packet that begins so, then one of that tag; and not without that. */
static void expect_pgp(const char *begins, size_t len, unsigned char next)
{
	unsigned char message[CONTAINER_SNIFF];

	memset(message, 0x55, sizeof(message));
	memcpy(message, begins, 3 + strlen(begins + 3));
	message[len] = next;
	expect(message, sizeof(message), CONTAINER_OPAQUE, "a message encrypted with PGP");
	message[len] = 0x55;
	expect(message, sizeof(message), CONTAINER_NONE, NULL);
}

static void what_is_not_read_is_named(void **state)
{
	(void)state;
	expect(BYTES("\xfd"
		     "7zXZ\0\0\0"),
		CONTAINER_OPAQUE, "an xz archive");
	expect(BYTES("7z\xbc\xaf\x27\x1c\0\4"), CONTAINER_OPAQUE, "a 7z archive");
	expect(BYTES("BZh91AY&SYxxx"), CONTAINER_OPAQUE, "a bzip2 archive");
	expect(BYTES("Rar!\x1a\x07\1\0"), CONTAINER_OPAQUE, "a rar archive");
	expect(BYTES("age-encryption.org/v1\n-> X25519"), CONTAINER_OPAQUE,
		"a file encrypted with age");
	expect(BYTES("Salted__12345678"), CONTAINER_OPAQUE, "a file encrypted with openssl");
	expect(BYTES("LUKS\xba\xbe\0\2"), CONTAINER_OPAQUE, "a disk encrypted with LUKS");
	/* As gpg 2.2 writes them: for a passphrase, for an elliptic curve, for RSA; then the data.
	 */
	expect_pgp("\x8c\x0d\4\x09\3\2", 2 + 13, 0xd2);
	expect_pgp("\x84\x5e\3\x62\x3b\xc2\xae\xa3\x98\x89\x82\x12", 2 + 94, 0xd2);
	expect_pgp("\x85\1\x0c\3\1\2\3\4\5\6\7\x08\1", 3 + 268, 0xd2);
}

static void ordinary_text_is_nothing(void **state)
{
	static const char *const texts[] = {"", "a", "x^2 + y^2 = z^2, said Fermat, and 3^2 + 4^2",
		"--- a/file.c\n+++ b/file.c\n@@ -1,3 +1,4 @@\n",
		"---\ntitle: x\ncontent-type: page\n---\n", "----------\ncontent-type of it",
		"{\"a\": [1, 2, 3]}",
		"\xd0\xbf\xd1\x80\xd0\xb8\xd0\xb2\xd0\xb5\xd1\x82, \xe4\xbd\xa0\xe5\xa5\xbd",
		"PK is a name, BZh91 is another",
		"-- a comment in SQL\nContent-Type: no boundary has a space", "hello\n",
		"8O 8O 8O, (S (S (S, HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		expect(texts[i], strlen(texts[i]), CONTAINER_NONE, NULL);
}

static void a_zlib_stream_is_known_by_what_it_inflates_to(void **state)
{
	static const char text[] = "a text that is compressed, and read again, compressed and read";
	unsigned char out[2048];
	struct str long_text = {0};
	uLongf n;

	(void)state;
	for (int level = 0; level <= 9; level++) {
		n = sizeof(out);
		assert_int_equal(
			compress2(out, &n, (const unsigned char *)text, sizeof(text), level), Z_OK);
		expect(out, n, CONTAINER_ZLIB, NULL);
		/* Nor has it to be whole. */
		expect(out, n - 6, CONTAINER_ZLIB, NULL);
	}
	containers_add_text(&long_text, 5000);
	n = sizeof(out);
	assert_int_equal(
		compress2(out, &n, (const unsigned char *)long_text.s, long_text.len, 9), Z_OK);
	expect(out, CONTAINER_SNIFF, CONTAINER_ZLIB, NULL);
	str_done(&long_text);
}

static size_t bare_deflated(const struct str *text, unsigned char *out, size_t room)
{
	z_stream z = {.next_in = (unsigned char *)text->s,
		.avail_in = (unsigned int)text->len,
		.next_out = out,
		.avail_out = (unsigned int)room};

	assert_int_equal(deflateInit2(&z, 9, Z_DEFLATED, -15, 8, Z_DEFAULT_STRATEGY), Z_OK);
	assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
	deflateEnd(&z);
	return z.total_out;
}

static void what_has_no_magic_number_is_known_by_the_text_it_says(void **state)
{
	static const size_t lengths[] = {30, 200, 3000, 20000};
	unsigned char out[16384];
	struct str random = {0};
	size_t n;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(lengths); i++) {
		struct str text = {0};

		containers_add_text(&text, lengths[i]);
		n = bare_deflated(&text, out, sizeof(out));
		expect(out, n < CONTAINER_SNIFF ? n : CONTAINER_SNIFF, CONTAINER_DEFLATE, NULL);
		n = sizeof(out);
		assert_true(BrotliEncoderCompress(5, 20, BROTLI_MODE_GENERIC, text.len,
			(const unsigned char *)text.s, &n, out));
		expect(out, n < CONTAINER_SNIFF ? n : CONTAINER_SNIFF, CONTAINER_BR, NULL);
		str_done(&text);
	}
	/* Nor is it enough that something comes out of it. */
	for (size_t i = 0; i < 400; i++)
		str_add_char(&random, (char)(next_random() % 7 * 37));
	n = bare_deflated(&random, out, sizeof(out));
	expect(out, n, CONTAINER_NONE, NULL);
	str_done(&random);
}

static void random_bytes_are_nothing(void **state)
{
	unsigned char bytes[512];
	const char *what;
	size_t found = 0;

	(void)state;
	for (size_t round = 0; round < 20000; round++) {
		size_t len = 1 + next_random() % sizeof(bytes);

		for (size_t i = 0; i < sizeof(bytes); i++)
			bytes[i] = (unsigned char)next_random();
		/* With what a weak magic number there is. */
		if (round % 2 == 0)
			memcpy(bytes, "\x78\x9c", 2);
		if (bytes[0] >= 0xfe && bytes[1] >= 0xfe)
			continue;
		found += sniff(bytes, len, &what) != CONTAINER_NONE;
	}
	/* Of 10,000 that begin as a zlib stream does, a few could be one. */
	assert_true(found <= 3);
}

static void add_wide(struct str *s, const char *text, int width, bool big)
{
	for (; *text; text++)
		for (int i = 0; i < width; i++)
			str_add_char(s, i == (big ? width - 1 : 0) ? *text : '\0');
}

static void wide_characters_are_known_by_their_nuls(void **state)
{
	static const struct {
		enum container container;
		int width;
		bool big;
	} kinds[] = {{CONTAINER_UTF16LE, 2, false}, {CONTAINER_UTF16BE, 2, true},
		{CONTAINER_UTF32LE, 4, false}, {CONTAINER_UTF32BE, 4, true}};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		struct str s = {0};

		add_wide(&s, "some text in wide characters", kinds[i].width, kinds[i].big);
		expect(s.s, s.len, kinds[i].container, NULL);
		/* An odd byte at the end, and a character of another script. */
		str_add(&s, "\x12");
		s.s[kinds[i].width + (kinds[i].big ? 0 : 1)] = 4;
		expect(s.s, s.len, kinds[i].container, NULL);
		str_done(&s);
	}
	expect(BYTES("\xff\xfe"
		     "a\0"),
		CONTAINER_UTF16LE, NULL);
	expect(BYTES("\xfe\xff\0a"), CONTAINER_UTF16BE, NULL);
	expect(BYTES("\xff\xfe\0\0a\0\0\0"), CONTAINER_UTF32LE, NULL);
	expect(BYTES("a\0b\0c\0"), CONTAINER_NONE, NULL);
	expect(BYTES("\1\0\2\0\3\0\4\0\5\0\6\0\7\0\x08\0\1\0\2\0\3\0"), CONTAINER_NONE, NULL);
	expect(BYTES("a\0b\0\0\0c\0d\0e\0f\0g\0h\0i\0j\0k\0"), CONTAINER_NONE, NULL);
}

static void a_tar_archive_is_known_by_its_checksum(void **state)
{
	unsigned char block[512] = "file.txt";
	unsigned int sum = 0;

	(void)state;
	expect(block, sizeof(block), CONTAINER_NONE, NULL);
	memset(block + 148, ' ', 8);
	for (size_t i = 0; i < sizeof(block); i++)
		sum += block[i];
	snprintf((char *)block + 148, 8, "%06o", sum);
	expect(block, sizeof(block), CONTAINER_TAR, NULL);
	block[0]++;
	expect(block, sizeof(block), CONTAINER_NONE, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(containers_are_known_by_their_magic_numbers),
		cmocka_unit_test(what_is_not_read_is_named),
		cmocka_unit_test(ordinary_text_is_nothing),
		cmocka_unit_test(a_zlib_stream_is_known_by_what_it_inflates_to),
		cmocka_unit_test(what_has_no_magic_number_is_known_by_the_text_it_says),
		cmocka_unit_test(random_bytes_are_nothing),
		cmocka_unit_test(wide_characters_are_known_by_their_nuls),
		cmocka_unit_test(a_tar_archive_is_known_by_its_checksum),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
