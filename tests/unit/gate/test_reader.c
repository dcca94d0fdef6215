#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "gate/reader.h"

/* A descriptor with these bytes and an end. */
static int with(const char *bytes, size_t len)
{
	struct err e;
	int fd = fd_memfd("test", bytes, len, &e);

	assert_true(fd >= 0);
	return fd;
}

static void lines_and_counted_bytes_alternate(void **state)
{
	static const char text[] = "blob 5\nhello\nend\n";
	cleanup_fd int fd = with(text, strlen(text));
	cleanup_reader struct reader r = {.fd = fd};
	const char *got;
	size_t len;
	struct err e;

	(void)state;
	assert_int_equal(reader_until(&r, '\n', &got, &len, &e), 1);
	assert_string_equal(got, "blob 5");
	len = 5;
	assert_int_equal(reader_some(&r, &got, &len, &e), 0);
	assert_memory_equal(got, "hello", 5);
	assert_int_equal(reader_skip(&r, 1, &e), 0);
	assert_int_equal(reader_until(&r, '\n', &got, &len, &e), 1);
	assert_string_equal(got, "end");
	assert_int_equal(reader_until(&r, '\n', &got, &len, &e), 0);
}

static void an_early_end_is_an_error(void **state)
{
	cleanup_fd int fd = with("no line end", 11);
	cleanup_reader struct reader r = {.fd = fd};
	const char *got;
	size_t len;
	struct err e;

	(void)state;
	assert_int_equal(reader_until(&r, '\n', &got, &len, &e), -EPROTO);
	assert_int_equal(reader_skip(&r, 12, &e), -EPROTO);
}

static void a_name_of_more_than_a_mebibyte_is_refused_and_large_pieces_pass(void **state)
{
	const size_t size = 3U << 20;
	char *text = malloc(size);
	cleanup_fd int fd = -1, again = -1;
	cleanup_reader struct reader r = {0}, whole = {0};
	const char *got;
	size_t len;
	struct err e;

	(void)state;
	memset(text, 'a', size);
	fd = with(text, size);
	again = with(text, size);
	r.fd = fd;
	assert_int_equal(reader_until(&r, '\n', &got, &len, &e), -EFBIG);
	whole.fd = again;
	assert_int_equal(reader_skip(&whole, size, &e), 0);
	assert_int_equal(reader_until(&whole, '\n', &got, &len, &e), 0);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_and_counted_bytes_alternate),
		cmocka_unit_test(an_early_end_is_an_error),
		cmocka_unit_test(a_name_of_more_than_a_mebibyte_is_refused_and_large_pieces_pass),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
