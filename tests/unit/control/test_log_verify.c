#include "control/log_verify.h"

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
#include "base/str.h"

#define SEED  "5eed000000000000000000000000000000000000000000000000000000000000"
#define LINES 9

/* A log of two segments: lines 1 to 5, 6 to 9. */
static char *lines[LINES];

static char *make(const char *before, int seq, const char *more, char link[CHAIN_SIZE])
{
	char text[512];

	snprintf(text, sizeof(text), "{\"seq\":%d,\"time\":\"2026-01-01T00:00:0%dZ\"%s", seq, seq,
		more);
	assert_int_equal(chain_link(before, text, strlen(text), link), 0);
	return str_format("%s,\"chain\":\"%s\"}", text, link);
}

static int make_lines(void **state)
{
	char link[CHAIN_SIZE] = "", more[300];

	(void)state;
	for (int i = 0; i < LINES; i++) {
		bool first = i == 0 || i == 5;

		more[0] = '\0';
		if (first)
			snprintf(more, sizeof(more), ",\"seed\":\"" SEED "\",\"after\":\"%s\"",
				link);
		lines[i] = make(first ? SEED : link, i + 1, more, link);
	}
	return 0;
}

static int free_lines(void **state)
{
	(void)state;
	for (int i = 0; i < LINES; i++)
		free(lines[i]);
	return 0;
}

static struct str told;

static void tell(void *arg, const char *text)
{
	(void)arg;
	str_addf(&told, "%s\n", text);
}

static struct log_verified verify(const char *text, size_t len, const struct log_end_known *end)
{
	struct log_verified v;
	struct err e;
	int fd = fd_memfd("log", text, len, &e);

	str_done(&told);
	told = (struct str){0};
	str_add(&told, "");
	assert_true(fd >= 0);
	assert_int_equal(log_verify(fd, end, tell, NULL, &v, &e), 0);
	close(fd);
	return v;
}

static const struct log_end_known unknown;

/* The lines of these numbers, in this order; 0 ends. What is told about it. */
static const char *told_of(const int *order, const struct log_end_known *end)
{
	cleanup_str struct str text = {0};

	str_add(&text, "");
	for (; *order; order++)
		str_addf(&text, "%s\n", lines[*order - 1]);
	verify(text.s, text.len, end);
	return told.s;
}

#define TOLD(...) told_of((const int[]){__VA_ARGS__, 0}, &unknown)

static void a_whole_log_is_whole(void **state)
{
	cleanup_str struct str text = {0};
	struct log_verified v;

	(void)state;
	for (int i = 0; i < LINES; i++)
		str_addf(&text, "%s\n", lines[i]);
	v = verify(text.s, text.len, &unknown);
	assert_string_equal(told.s, "");
	assert_int_equal(v.lines, LINES);
	assert_int_equal(v.segments, 2);
	assert_string_equal(v.first, "2026-01-01T00:00:01Z");
	assert_string_equal(v.last, "2026-01-01T00:00:09Z");
	assert_int_equal(verify("", 0, &unknown).problems, 0);
}

static void missing_lines_are_told_with_their_numbers(void **state)
{
	(void)state;
	assert_string_equal(
		TOLD(1, 2, 4, 5, 6, 7, 8, 9), "line 3: in front of it number 3 is missing\n");
	assert_string_equal(
		TOLD(1, 5, 6, 7), "line 2: in front of it numbers 2 to 4 are missing\n");
	assert_string_equal(
		TOLD(1, 2, 3, 6, 7), "line 4: in front of it numbers 4 to 5 are missing\n");
	assert_string_equal(TOLD(3, 4), "line 1: in front of it numbers 1 to 2 are missing\n");
	assert_string_equal(TOLD(6, 7), "line 1: in front of it numbers 1 to 5 are missing\n");
	assert_string_equal(
		TOLD(1, 2, 3, 4, 5, 7, 8), "line 6: in front of it number 6 is missing\n");
}

static void moved_lines_are_told(void **state)
{
	(void)state;
	assert_string_equal(TOLD(1, 3, 2, 4, 5), "line 3: number 2 was moved behind number 3\n");
	assert_string_equal(TOLD(1, 2, 4, 5, 3, 6), "line 5: number 3 was moved behind number 5\n");
}

static void lines_that_were_put_in_are_told(void **state)
{
	char link[CHAIN_SIZE];
	char *again = lines[1], *made = make(SEED, 3, ",\"x\":1", link);

	(void)state;
	assert_string_equal(TOLD(1, 2, 3, 2, 4), "line 4: number 2 comes again: it was put in\n");
	/* With the number of the line that follows it. */
	lines[1] = made;
	made = NULL;
	{
		cleanup_str struct str text = {0};

		str_addf(&text, "%s\n%s\n%s\n%s\n%s\n", lines[0], again, lines[1], lines[2],
			lines[3]);
		verify(text.s, text.len, &unknown);
	}
	assert_string_equal(told.s, "line 3 was put in\n");
	free(lines[1]);
	lines[1] = again;
}

static const char *told_with(int number, char *line)
{
	char *whole = lines[number - 1];
	const char *said;

	lines[number - 1] = line;
	said = TOLD(1, 2, 3, 4, 5, 6, 7, 8, 9);
	lines[number - 1] = whole;
	free(line);
	return said;
}

static void a_changed_line_is_told(void **state)
{
	char link[CHAIN_SIZE];
	char *changed = strdup(lines[2]), *first = strdup(lines[0]), *second = strdup(lines[5]);

	(void)state;
	assert_true(changed && first && second);
	*strstr(changed, "00:00:03") = '9';
	assert_string_equal(told_with(3, changed),
		"line 3 does not follow the line before it: one of the two was changed\n");
	*strstr(first, "00:00:01") = '9';
	assert_string_equal(told_with(1, first), "line 1 was changed\n");
	*strstr(second, "00:00:06") = '9';
	assert_string_equal(told_with(6, second), "line 6 was changed\n");
	/* With a link made anew. */
	assert_string_equal(told_with(3, make(SEED, 3, ",\"x\":1", link)),
		"line 3 does not follow the line before it: one of the two was changed\n"
		"line 4 does not follow the line before it: one of the two was changed\n");
	assert_string_equal(told_with(4, strdup("{}")),
		"line 4 is no line of the log: it was changed or put in\n"
		"line 5: in front of it number 4 is missing\n");
}

static void a_missing_end_is_found_by_what_the_monitor_saw(void **state)
{
	struct log_end_known end = {.known = true, .seq = 5, .link = strrchr(lines[4], ':') + 2};
	char link[CHAIN_SIZE];

	(void)state;
	snprintf(link, sizeof(link), "%s", end.link);
	end.link = link;
	assert_string_equal(told_of((const int[]){1, 2, 3, 4, 5, 0}, &end), "");
	assert_string_equal(
		told_of((const int[]){1, 2, 3, 0}, &end), "the end is missing: numbers 4 to 5\n");
	assert_string_equal(told_of((const int[]){1, 2, 3, 4, 5, 6, 0}, &end),
		"1 lines were put in behind the bottle's end\n");
	assert_string_equal(
		told_of((const int[]){0}, &end), "the end is missing: numbers 1 to 5\n");
}

static void a_torn_line_of_which_the_next_life_tells_is_no_problem(void **state)
{
	char link[CHAIN_SIZE], more[300];
	cleanup_str struct str text = {0};
	char *boot, end[CHAIN_SIZE];

	(void)state;
	snprintf(end, sizeof(end), "%s", strrchr(lines[1], ':') + 2);
	snprintf(more, sizeof(more), ",\"seed\":\"" SEED "\",\"after\":\"%s\",\"torn\":6", end);
	boot = make(SEED, 3, more, link);
	str_addf(&text, "%s\n%s\n{\"seq\"\n%s\n", lines[0], lines[1], boot);
	verify(text.s, text.len, &unknown);
	assert_string_equal(told.s, "");
	str_done(&text);
	text = (struct str){0};
	str_addf(&text, "%s\n%s\n{\"seq\":\n%s\n", lines[0], lines[1], boot);
	verify(text.s, text.len, &unknown);
	assert_string_equal(told.s, "line 3 is no line of the log: it was changed or put in\n");
	free(boot);
}

static void a_line_of_any_length_is_one_line(void **state)
{
	cleanup_str struct str text = {0};
	char *zeros = calloc(1, 300000);

	(void)state;
	assert_non_null(zeros);
	str_addf(&text, "%s\n", lines[0]);
	str_add_bytes(&text, zeros, 300000);
	str_addf(&text, "\n%s\n", lines[1]);
	verify(text.s, text.len, &unknown);
	assert_string_equal(told.s, "line 2 is no line of the log: it was changed or put in\n");
	free(zeros);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_whole_log_is_whole),
		cmocka_unit_test(missing_lines_are_told_with_their_numbers),
		cmocka_unit_test(moved_lines_are_told),
		cmocka_unit_test(lines_that_were_put_in_are_told),
		cmocka_unit_test(a_changed_line_is_told),
		cmocka_unit_test(a_missing_end_is_found_by_what_the_monitor_saw),
		cmocka_unit_test(a_torn_line_of_which_the_next_life_tells_is_no_problem),
		cmocka_unit_test(a_line_of_any_length_is_one_line),
	};
	int r = cmocka_run_group_tests(tests, make_lines, free_lines);

	str_done(&told);
	return r;
}
