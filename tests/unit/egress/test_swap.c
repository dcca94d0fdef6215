#include "egress/swap.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* The text in pieces of random length below `most`. */
static int pass(const char *from, const char *to, const char *text, size_t most, char *ret)
{
	struct swap s;
	struct http1_piece out;
	size_t len = strlen(text), at = 0, got = 0;
	int r = 0;

	swap_start(&s, from, to, strlen(to));
	while (at < len && r == 0) {
		struct http1_piece in = {.data = (const unsigned char *)text + at};

		in.len = 1 + (size_t)rand() % most;
		in.len = in.len < len - at ? in.len : len - at;
		r = swap_take(&s, &in, &out);
		if (r == 0 && out.len > 0)
			memcpy(ret + got, out.data, out.len);
		got += r == 0 ? out.len : 0;
		at += in.len;
	}
	swap_end(&s, &out);
	if (r == 0 && out.len > 0)
		memcpy(ret + got, out.data, out.len);
	ret[got + out.len] = '\0';
	swap_done(&s);
	return r;
}

static void swap_slowly(const char *from, const char *to, const char *text, char *ret)
{
	const char *at;

	while ((at = strstr(text, from))) {
		memcpy(ret, text, (size_t)(at - text));
		ret += at - text;
		memcpy(ret, to, strlen(to));
		ret += strlen(to);
		text = at + strlen(from);
	}
	memcpy(ret, text, strlen(text) + 1);
}

/* Two letters: beginnings of the placeholder within it come by themselves. */
static void it_does_not_matter_how_a_body_is_cut(void **state)
{
	char from[9], text[129], want[1024], got[1024];

	(void)state;
	for (unsigned int seed = 1; seed <= 4000; seed++) {
		srand(seed);
		for (size_t i = 0; i < 8; i++)
			from[i] = "ab"[rand() % 2];
		for (size_t i = 0; i < 128; i++)
			text[i] = "ab"[rand() % 2];
		from[8] = text[128] = '\0';
		for (int i = 0; i < 3; i++)
			memcpy(text + rand() % 120, from, 8);
		swap_slowly(from, "<value>", text, want);
		assert_int_equal(pass(from, "<value>", text, 1 + seed % 20, got), 0);
		assert_string_equal(got, want);
	}
}

static void a_value_with_the_placeholder_in_it_is_put_in_once(void **state)
{
	char got[128];

	(void)state;
	assert_int_equal(pass("placeholder", "x-placeholder-y", "a placeholder b", 3, got), 0);
	assert_string_equal(got, "a x-placeholder-y b");
}

static void more_of_them_than_a_client_sends_are_refused(void **state)
{
	char text[12 * (SWAPS_MAX + 1) + 1] = "", got[1024];

	(void)state;
	for (size_t i = 0; i < SWAPS_MAX; i++)
		memcpy(text + 12 * i, "placeholder ", 13);
	assert_int_equal(pass("placeholder", "v", text, 50, got), 0);
	memcpy(text + 12 * (size_t)SWAPS_MAX, "placeholder ", 13);
	assert_int_equal(pass("placeholder", "v", text, 50, got), -E2BIG);
	assert_int_equal(swap_count("placeholder", text, strlen(text)), SWAPS_MAX + 1);
}

static void without_a_placeholder_all_passes_as_it_is(void **state)
{
	struct swap s = {0};
	struct http1_piece in = {.data = (const unsigned char *)"abc", .len = 3}, out;

	(void)state;
	assert_int_equal(swap_take(&s, &in, &out), 0);
	assert_ptr_equal(in.data, out.data);
	swap_end(&s, &out);
	assert_int_equal(out.len, 0);
	swap_done(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_does_not_matter_how_a_body_is_cut),
		cmocka_unit_test(a_value_with_the_placeholder_in_it_is_put_in_once),
		cmocka_unit_test(more_of_them_than_a_client_sends_are_refused),
		cmocka_unit_test(without_a_placeholder_all_passes_as_it_is),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
