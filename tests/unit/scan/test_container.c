#include "tests/unit/scan/containers.h"

#include <zlib.h>

/* A gzip member of len bytes of one kind. */
static void add_gzip(struct str *s, size_t len, int level)
{
	cleanup_free unsigned char *text = calloc(1, len), *out = malloc(len + 4096);
	z_stream z = {0};

	assert_true(text && out);
	assert_int_equal(deflateInit2(&z, level, Z_DEFLATED, 31, 8, Z_DEFAULT_STRATEGY), Z_OK);
	z.next_in = text;
	z.avail_in = (unsigned int)len;
	z.next_out = out;
	z.avail_out = (unsigned int)(len + 4096);
	assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
	str_add_bytes(s, out, z.total_out);
	deflateEnd(&z);
}

/* How much comes out, and why no more; the same for any cuts. Frees the input. */
static void expect_limited(
	struct str *in, const struct container_limits *limits, size_t len, const char *why)
{
	static const size_t pieces[] = {1 << 30, 1, 1000, 0, 0, 0};
	cleanup_free char *tail = str_format(";!%s", why);

	for (size_t i = 0; i < ARRAY_LEN(pieces); i++) {
		struct containers_result r;

		containers_read_in(&r, CONTAINER_GZIP, NULL, limits, in, pieces[i]);
		assert_int_equal(r.rc, -EBADMSG);
		assert_int_equal(r.text.len, 2 + len + strlen(tail));
		assert_string_equal(r.text.s + 2 + len, tail);
		str_done(&r.text);
	}
	str_done(in);
}

static void no_more_comes_out_than_is_allowed(void **state)
{
	const struct container_limits limits = {
		.out_max = 100000, .ratio_max = 2000, .members_max = 1};
	struct str in = {0};

	(void)state;
	add_gzip(&in, 100001, 1);
	expect_limited(&in, &limits, 100000, "more in it than is read");
}

static void a_bomb_is_stopped_by_its_ratio(void **state)
{
	const struct container_limits limits = {
		.out_max = 1U << 30, .ratio_max = 20, .members_max = 1};
	struct str in = {0};

	(void)state;
	/* All of it expands by 1000; the first MiB is free. */
	add_gzip(&in, 10 << 20, 9);
	expect_limited(&in, &limits, 1 << 20, "it expands too much");
}

static void what_expands_little_is_read_to_its_end(void **state)
{
	const struct container_limits limits = {
		.out_max = 1U << 30, .ratio_max = 2, .members_max = 1};
	struct str in = {0};
	struct containers_result r;

	(void)state;
	add_gzip(&in, 3 << 20, 0);
	containers_read_in(&r, CONTAINER_GZIP, NULL, &limits, &in, 0);
	assert_int_equal(r.rc, 0);
	assert_int_equal(r.text.len, (3 << 20) + 3);
	str_done(&r.text);
	str_done(&in);
}

static void members_beyond_the_limit_are_told(void **state)
{
	static const char text[] = "--b\n\none\n--b\n\ntwo\n--b\n\nthree\n--b--";
	const struct container_limits limits = {
		.out_max = 1000, .ratio_max = 1000, .members_max = 2};
	struct str in = {.s = (char *)text, .len = sizeof(text) - 1};

	(void)state;
	for (size_t piece = 1; piece < 40; piece++) {
		struct containers_result r;

		containers_read_in(&r, CONTAINER_MULTIPART, "b", &limits, &in, piece);
		assert_string_equal(r.text.s, "[=]one;[=]two;!more members than are read");
		str_done(&r.text);
	}
}

static void of_nothing_nothing_is_missing(void **state)
{
	struct str in = {0};

	(void)state;
	for (int c = CONTAINER_GZIP; c <= CONTAINER_UTF32BE; c++)
		containers_expect((enum container)c, "b", &in, "");
}

static void every_kind_has_a_name_and_what_is_none_cannot_be_opened(void **state)
{
	struct container_reader *r = NULL;
	struct err e;

	(void)state;
	assert_string_equal(container_name(CONTAINER_GZIP), "gzip");
	assert_string_equal(container_name(CONTAINER_UTF32BE), "UTF-32");
	assert_string_equal(container_name(CONTAINER_OPAQUE), "opaque");
	assert_int_equal(container_open(CONTAINER_NONE, NULL, &containers_limits, &r, &e), -EINVAL);
	assert_int_equal(
		container_open(CONTAINER_OPAQUE, NULL, &containers_limits, &r, &e), -EINVAL);
	container_close(NULL);
}

/* Whatever a reader has read before, and however that ended, it reads the next text the same. */
static void a_reader_can_be_used_again(void **state)
{
	static const enum container kinds[] = {CONTAINER_GZIP, CONTAINER_GZIP, CONTAINER_ZLIB,
		CONTAINER_ZLIB, CONTAINER_ZSTD, CONTAINER_ZSTD, CONTAINER_ZIP, CONTAINER_ZIP,
		CONTAINER_UTF16LE, CONTAINER_GZIP};
	struct container_reader *r = NULL;
	struct str gzip = {0};

	(void)state;
	add_gzip(&gzip, 100000, 1);
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		struct str text = {0};
		const struct container_out out = {
			containers_begin, containers_write, containers_end, &text};
		struct err e;

		assert_int_equal(container_open(kinds[i], NULL, &containers_limits, &r, &e), 0);
		(void)container_feed(r, (const unsigned char *)"\x78\x9c\xff", 3, &out);
		(void)container_finish(r, &out);
		assert_int_equal(
			container_open(CONTAINER_GZIP, NULL, &containers_limits, &r, &e), 0);
		text.len = 0;
		/* Left in the middle of it. */
		assert_int_equal(
			container_feed(r, (const unsigned char *)gzip.s, gzip.len / 2, &out), 0);
		assert_int_equal(
			container_open(CONTAINER_GZIP, NULL, &containers_limits, &r, &e), 0);
		text.len = 0;
		assert_int_equal(
			container_feed(r, (const unsigned char *)gzip.s, gzip.len, &out), 0);
		assert_int_equal(container_finish(r, &out), 0);
		assert_int_equal(text.len, 100003);
		str_done(&text);
	}
	container_close(r);
	str_done(&gzip);
}

struct refuser {
	int after; /* so many calls are fine */
	int calls;
};

static int refuse(struct refuser *r)
{
	r->calls++;
	return r->after-- > 0 ? 0 : -EACCES;
}

static int refuse_begin(void *arg, const struct container_member *m)
{
	(void)m;
	return refuse(arg);
}

static int refuse_write(void *arg, const unsigned char *p, size_t len)
{
	(void)p;
	(void)len;
	return refuse(arg);
}

static int refuse_end(void *arg)
{
	return refuse(arg);
}

static void what_the_caller_refuses_with_is_returned_and_it_is_not_called_again(void **state)
{
	static const char text[] = "--b\n\none\n--b\n\ntwo\n--b--";

	(void)state;
	for (int after = 0; after < 6; after++) {
		struct refuser refuser = {.after = after};
		const struct container_out out = {refuse_begin, refuse_write, refuse_end, &refuser};
		struct container_reader *r = NULL;
		struct err e;

		assert_int_equal(
			container_open(CONTAINER_MULTIPART, "b", &containers_limits, &r, &e), 0);
		assert_int_equal(
			container_feed(r, (const unsigned char *)text, sizeof(text) - 1, &out),
			-EACCES);
		assert_int_equal(container_finish(r, &out), -EACCES);
		assert_int_equal(refuser.calls, after + 1);
		container_close(r);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_more_comes_out_than_is_allowed),
		cmocka_unit_test(a_bomb_is_stopped_by_its_ratio),
		cmocka_unit_test(what_expands_little_is_read_to_its_end),
		cmocka_unit_test(members_beyond_the_limit_are_told),
		cmocka_unit_test(of_nothing_nothing_is_missing),
		cmocka_unit_test(every_kind_has_a_name_and_what_is_none_cannot_be_opened),
		cmocka_unit_test(a_reader_can_be_used_again),
		cmocka_unit_test(
			what_the_caller_refuses_with_is_returned_and_it_is_not_called_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
