#include "base/chain.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/fd.h"
#include "base/sha256.h"

#define ZEROS "0000000000000000000000000000000000000000000000000000000000000000"

/* "MEMBERS" with its link behind `before`, as a whole line without its end. */
static void make(const char *before, const char *members, char line[512])
{
	char link[CHAIN_SIZE];

	assert_int_equal(chain_link(before, members, strlen(members), link), 0);
	snprintf(line, 512, "%s,\"chain\":\"%s\"}", members, link);
}

static void a_link_is_the_sum_of_the_one_before_and_the_line_without_it(void **state)
{
	unsigned char sum[SHA256_SIZE];
	char want[CHAIN_SIZE], got[CHAIN_SIZE];
	const char *text = ZEROS "{\"seq\":1,\"a\":2}";

	(void)state;
	sha256(text, strlen(text), sum);
	for (size_t i = 0; i < sizeof(sum); i++)
		snprintf(want + 2 * i, 3, "%02x", sum[i]);
	assert_int_equal(chain_link(ZEROS, "{\"seq\":1,\"a\":2", 14, got), 0);
	assert_string_equal(got, want);
}

static void a_line_is_taken_apart_as_it_was_made(void **state)
{
	struct chain_line parts;
	char line[512];

	(void)state;
	make(ZEROS, "{\"seq\":12,\"x\":\"y\"", line);
	assert_true(chain_split(line, strlen(line), &parts));
	assert_int_equal(parts.seq, 12);
	assert_int_equal(parts.len, strlen("{\"seq\":12,\"x\":\"y\""));
	assert_memory_equal(parts.link, line + strlen(line) - 66, CHAIN_DIGITS);
}

static void what_has_another_form_is_no_line(void **state)
{
	static const char *const wrong[] = {"", "{}", "{\"seq\":1,\"chain\":\"" ZEROS "\"",
		"{\"seq\":1,\"chain\":\"" ZEROS "\"]", "{\"seq\":,\"chain\":\"" ZEROS "\"}",
		"{\"seq\":01,\"chain\":\"" ZEROS "\"}", "{\"seq\":-1,\"chain\":\"" ZEROS "\"}",
		"{\"seq\":1x,\"chain\":\"" ZEROS "\"}", " {\"seq\":1,\"chain\":\"" ZEROS "\"}",
		"{\"seq\":99999999999999999999,\"chain\":\"" ZEROS "\"}",
		"{\"seq\":1,\"chain\":\"0" ZEROS "\"}", "{\"seq\":1,\"chain\":\"0\"}"};
	struct chain_line parts;
	char upper[128];

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++)
		assert_false(chain_split(wrong[i], strlen(wrong[i]), &parts));
	snprintf(upper, sizeof(upper), "{\"seq\":1,\"chain\":\"%.63sA\"}", ZEROS);
	assert_false(chain_split(upper, strlen(upper), &parts));
}

static void end_of(const char *text, size_t len, struct chain_end *ret)
{
	struct err e;
	int fd = fd_memfd("log", text, len, &e);

	assert_true(fd >= 0);
	assert_int_equal(chain_end_read(fd, "log", ret, &e), 0);
	close(fd);
}

static void the_end_of_a_log_is_its_last_whole_line(void **state)
{
	char one[512], two[512], all[2048];
	struct chain_end end;

	(void)state;
	make(ZEROS, "{\"seq\":1", one);
	make(ZEROS, "{\"seq\":2", two);
	snprintf(all, sizeof(all), "%s\n%s\n", one, two);
	end_of(all, strlen(all), &end);
	assert_int_equal(end.seq, 2);
	assert_int_equal(end.torn, 0);
	assert_int_equal(end.bytes, strlen(all));
	snprintf(all, sizeof(all), "%s\n%.20s", one, two);
	end_of(all, strlen(all), &end);
	assert_int_equal(end.seq, 1);
	assert_int_equal(end.torn, 20);
	assert_memory_equal(end.link, one + strlen(one) - 66, CHAIN_DIGITS);
}

static void what_stands_behind_the_last_line_is_passed_over(void **state)
{
	char one[512], all[1024];
	struct chain_end end;

	(void)state;
	make(ZEROS, "{\"seq\":7", one);
	snprintf(all, sizeof(all), "%s\nan abort's last words\n\n\n", one);
	end_of(all, strlen(all), &end);
	assert_int_equal(end.seq, 7);
	assert_int_equal(end.torn, 0);
}

static void an_empty_log_and_one_without_lines_have_no_end(void **state)
{
	const size_t len = 3 * CHAIN_LINE_MAX;
	char *zeros = calloc(1, len);
	struct chain_end end;

	(void)state;
	end_of("", 0, &end);
	assert_int_equal(end.seq, 0);
	assert_int_equal(end.torn, 0);
	assert_string_equal(end.link, "");
	assert_non_null(zeros);
	end_of(zeros, len, &end);
	assert_int_equal(end.seq, 0);
	assert_int_equal(end.torn, len);
	free(zeros);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_link_is_the_sum_of_the_one_before_and_the_line_without_it),
		cmocka_unit_test(a_line_is_taken_apart_as_it_was_made),
		cmocka_unit_test(what_has_another_form_is_no_line),
		cmocka_unit_test(the_end_of_a_log_is_its_last_whole_line),
		cmocka_unit_test(what_stands_behind_the_last_line_is_passed_over),
		cmocka_unit_test(an_empty_log_and_one_without_lines_have_no_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
