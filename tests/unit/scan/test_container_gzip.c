#include "tests/unit/scan/containers.h"

#include <zlib.h>

/* Deflated by zlib: a gzip member, a zlib stream or a bare one, by its windowBits. */
static void add_deflated(struct str *s, const char *text, size_t len, int window_bits)
{
	z_stream z = {0};
	unsigned char out[4096];
	int rc;

	assert_int_equal(deflateInit2(&z, 9, Z_DEFLATED, window_bits, 8, Z_DEFAULT_STRATEGY), Z_OK);
	z.next_in = (unsigned char *)text;
	z.avail_in = (unsigned int)len;
	do {
		z.next_out = out;
		z.avail_out = sizeof(out);
		rc = deflate(&z, Z_FINISH);
		str_add_bytes(s, out, sizeof(out) - z.avail_out);
	} while (rc == Z_OK);
	assert_int_equal(rc, Z_STREAM_END);
	deflateEnd(&z);
}

#define GZIP 31
#define ZLIB 15
#define BARE (-15)

static void add_gzip(struct str *s, const char *text)
{
	add_deflated(s, text, strlen(text), GZIP);
}

/* A member with header fields, each as given or NULL. */
static void add_gzip_with(
	struct str *s, const char *extra, const char *name, const char *comment, const char *text)
{
	size_t start = s->len, flags = start + 3;
	struct str plain = {0};

	add_gzip(&plain, text);
	str_add_bytes(s, plain.s, 10);
	s->s[flags] = (char)((extra ? 4 : 0) | (name ? 8 : 0) | (comment ? 16 : 0) | 2);
	if (extra) {
		containers_add_le(s, strlen(extra), 2);
		str_add(s, extra);
	}
	if (name)
		str_add_bytes(s, name, strlen(name) + 1);
	if (comment)
		str_add_bytes(s, comment, strlen(comment) + 1);
	str_add(s, "CC"); /* the header's checksum, which nobody checks */
	str_add_bytes(s, plain.s + 10, plain.len - 10);
	str_done(&plain);
}

static void a_member_is_inflated(void **state)
{
	struct str in = {0};

	(void)state;
	add_gzip(&in, "what was said");
	containers_expect(CONTAINER_GZIP, NULL, &in, "[]what was said;");
}

static void a_long_text_comes_out_as_it_went_in(void **state)
{
	static const int forms[][2] = {{CONTAINER_GZIP, GZIP}, {CONTAINER_ZLIB, ZLIB},
		{CONTAINER_DEFLATE, ZLIB}, {CONTAINER_DEFLATE, BARE}};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(forms); i++) {
		struct str text = {0}, in = {0};
		cleanup_free char *found = NULL;
		size_t len;

		containers_add_text(&text, 300000);
		add_deflated(&in, text.s, text.len, forms[i][1]);
		found = containers_read((enum container)forms[i][0], NULL, &in, &len);
		assert_int_equal(len, text.len + 3);
		assert_memory_equal(found + 2, text.s, text.len);
		str_done(&text);
		str_done(&in);
	}
}

static void members_in_a_row_say_one_text(void **state)
{
	struct str in = {0};

	(void)state;
	add_gzip(&in, "one half and ");
	add_gzip(&in, "");
	add_gzip(&in, "the other");
	containers_expect(CONTAINER_GZIP, NULL, &in, "[]one half and the other;");
}

static void what_stands_in_the_header_is_given_out(void **state)
{
	struct str in = {0};

	(void)state;
	add_gzip_with(&in, "an extra field of some length", "file.txt", "a comment", "text");
	add_gzip_with(&in, "short", "other.txt", NULL, " more");
	containers_expect(CONTAINER_GZIP, NULL, &in,
		"[file.txt]text more;[=]an extra field of some lengtha comment;");
}

static void what_follows_is_a_member_of_its_own(void **state)
{
	struct str in = {0}, z = {0};

	(void)state;
	add_gzip(&in, "text");
	str_add(&in, "\x1f\x8b but no member");
	containers_expect(CONTAINER_GZIP, NULL, &in, "[]text;[=]\x1f\x8b but no member;");
	add_gzip(&in, "text");
	str_add(&in, "\x1f\x8b");
	containers_expect(CONTAINER_GZIP, NULL, &in, "[]text;[=]\x1f\x8b;");
	add_deflated(&z, "text", 4, ZLIB);
	str_add(&z, "behind");
	containers_expect(CONTAINER_ZLIB, NULL, &z, "[]text;[=]behind;");
}

static void a_text_that_is_cut_off_is_broken_and_read_as_far(void **state)
{
	struct str in = {0};
	cleanup_free char *found = NULL;

	(void)state;
	add_gzip(&in, "a text of some length that is cut off in the end");
	for (size_t cut = 1; cut < in.len; cut++) {
		struct str part = {.s = in.s, .len = in.len - cut};
		cleanup_free char *text = containers_read(CONTAINER_GZIP, NULL, &part, NULL);

		assert_non_null(strstr(text, "!it ends in the middle"));
	}
	in.len -= 9;
	found = containers_read(CONTAINER_GZIP, NULL, &in, NULL);
	assert_true(str_starts(found, "[]a text of some length that is cut off in the e"));
	str_done(&in);
}

static void a_damaged_text_is_broken(void **state)
{
	struct str in = {0}, text = {0};

	(void)state;
	containers_add_text(&text, 5000);
	for (size_t i = 0; i < 60; i++) {
		cleanup_free char *found = NULL;

		in.len = 0;
		add_deflated(&in, text.s, text.len, GZIP);
		/* Somewhere behind the header, but for the length's highest byte. */
		in.s[10 + next_random() % (in.len - 11)] ^= (char)(1 + next_random() % 255);
		found = containers_read(CONTAINER_GZIP, NULL, &in, NULL);
		assert_non_null(strchr(found, '!'));
	}
	str_done(&in);
	str_done(&text);
}

static void no_gzip_is_said_to_be_none(void **state)
{
	struct str in = {0};

	(void)state;
	str_add(&in, "plain text");
	containers_expect(CONTAINER_GZIP, NULL, &in, "!no gzip header");
	str_add(&in, "plain text");
	containers_expect(CONTAINER_ZLIB, NULL, &in, "[];!broken deflate data");
}

static void deflate_that_can_be_read_in_two_ways_is_told(void **state)
{
	struct str in = {0};

	(void)state;
	/* zlib's header; as a bare stream a stored block of 0x019c bytes. */
	str_add_bytes(&in, "\x78\x9c\x01\x63\xfe", 5);
	str_add(&in, "whatever");
	containers_expect(CONTAINER_DEFLATE, NULL, &in,
		"[];!it can be read in two ways, as zlib and as bare deflate");
}

static void a_preset_dictionary_is_told(void **state)
{
	struct str in = {0};

	(void)state;
	str_add_bytes(&in, "\x78\xbb\x01\x02\x03\x04xyz", 9);
	containers_expect(CONTAINER_ZLIB, NULL, &in, "[];!it needs a preset dictionary");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_member_is_inflated),
		cmocka_unit_test(a_long_text_comes_out_as_it_went_in),
		cmocka_unit_test(members_in_a_row_say_one_text),
		cmocka_unit_test(what_stands_in_the_header_is_given_out),
		cmocka_unit_test(what_follows_is_a_member_of_its_own),
		cmocka_unit_test(a_text_that_is_cut_off_is_broken_and_read_as_far),
		cmocka_unit_test(a_damaged_text_is_broken),
		cmocka_unit_test(no_gzip_is_said_to_be_none),
		cmocka_unit_test(deflate_that_can_be_read_in_two_ways_is_told),
		cmocka_unit_test(a_preset_dictionary_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
