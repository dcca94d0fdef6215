#include "gate/messages.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/fd.h"

/* What is shown of these bytes, fed `step` at a time; age_ms: how long the push has lasted. */
static char *shown(const char *bytes, size_t step, int64_t age_ms)
{
	struct messages m;
	int pair[2];
	char *text;
	struct err e;

	assert_int_equal(pipe(pair), 0);
	messages_init(&m, pair[1]);
	m.born_ms -= age_ms;
	for (size_t len = strlen(bytes), i = 0; i < len; i += step)
		messages_feed(&m, bytes + i, i + step < len ? step : len - i);
	messages_done(&m);
	close(pair[1]);
	assert_int_equal(fd_read_all(pair[0], "messages", 1U << 20, &text, NULL, &e), 0);
	close(pair[0]);
	return text;
}

static void check(const char *bytes, int64_t age_ms, const char *wanted)
{
	static const size_t steps[] = {1, 3, 1000000};

	for (size_t i = 0; i < 3; i++) {
		char *text = shown(bytes, steps[i], age_ms);

		assert_string_equal(text, wanted);
		free(text);
	}
}

static void the_upstreams_lines_are_shown_without_the_word_in_front(void **state)
{
	(void)state;
	check("remote: one        \nremote: \nremote:   two\nremote: three", 0,
		"one\n\n  two\nthree\n");
	check("remote: a line for Windows        \r\n", 0, "a line for Windows\n");
}

static void what_git_itself_complains_of_is_not(void **state)
{
	(void)state;
	check("error: failed to push some refs to 'ssh://x'\nTo x\nfatal: y\n", 0, "");
}

static void progress_of_a_short_push_is_not_shown(void **state)
{
	(void)state;
	check("Writing objects:  33% (1/3)\rWriting objects: 100% (3/3)\r"
	      "Writing objects: 100% (3/3), done.\nTotal 3 (delta 0)\n"
	      "remote: Resolving deltas:  50% (1/2)\rremote: ok\n",
		0, "ok\n");
}

static void progress_of_a_long_one_is_shown_now_and_then(void **state)
{
	(void)state;
	check("Writing objects:  33% (1/3)\rWriting objects:  66% (2/3)\r"
	      "Writing objects: 100% (3/3), done.\nTotal 3 (delta 0)\n",
		5000,
		"Writing objects:  33% (1/3)\rWriting objects: 100% (3/3), done.\nTotal 3 (delta "
		"0)\n");
}

static void nothing_in_them_controls_a_terminal(void **state)
{
	(void)state;
	check("remote: \033[2Jx\007\xc2\x9b\xff\n", 0, "?[2Jx????\n");
	check("remote: a\xe2\x80\xae"
	      "b\xe2\x81\xa6"
	      "c\n",
		0, "a???b???c\n");
}

static void a_line_without_an_end_takes_no_memory(void **state)
{
	char *bytes = calloc(1, 1000001), *text;

	(void)state;
	memset(bytes, 'x', 1000000);
	memcpy(bytes, "remote: ", 8);
	text = shown(bytes, 1000000, 0);
	assert_in_range(strlen(text), 4000, 5000);
	free(text);
	free(bytes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_upstreams_lines_are_shown_without_the_word_in_front),
		cmocka_unit_test(what_git_itself_complains_of_is_not),
		cmocka_unit_test(progress_of_a_short_push_is_not_shown),
		cmocka_unit_test(progress_of_a_long_one_is_shown_now_and_then),
		cmocka_unit_test(nothing_in_them_controls_a_terminal),
		cmocka_unit_test(a_line_without_an_end_takes_no_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
