#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/ptr.h"
#include "base/str.h"
#include "scan/scan.h"
#include "scan/split.h"
#include "scan/values.h"
#include "tests/lib/random.h"

#define ALNUM "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"

/* A world of one secret, made here; a scan of values; and how often it was found. */
struct world {
	char secret[41];
	struct known *known;
	struct split *split;
	struct scan_window *window;
	size_t hits;
};

static int set_up(void **state)
{
	static struct world w;
	struct err e;

	w = (struct world){0};
	for (size_t i = 0; i < 40; i++)
		w.secret[i] = ALNUM[next_random() % strlen(ALNUM)];
	w.known = known_new();
	assert_int_equal(known_add(w.known, 0, w.secret, 40, &e), 0);
	assert_int_equal(known_add(w.known, 1, "~!@#$%^&*()_+|", 14, &e), 0);
	assert_int_equal(known_compile(w.known), 0);
	w.split = split_new(w.known);
	w.window = scan_window_new();
	*state = &w;
	return 0;
}

static int tear_down(void **state)
{
	struct world *w = *state;

	split_free(w->split);
	scan_window_free(w->window);
	known_free(w->known);
	return 0;
}

static int on_hit(void *arg, unsigned int id, uint64_t start, uint64_t end)
{
	(void)id;
	(void)start;
	(void)end;
	((struct world *)arg)->hits++;
	return 0;
}

/* In two pieces, so that a value is more than a call. */
static void value(struct world *w, const char *name, const char *p, size_t len)
{
	const unsigned char *u = (const unsigned char *)p;

	assert_int_equal(split_value(w->split, name, u, len / 2, on_hit, w), 0);
	assert_int_equal(split_value(w->split, name, u + len / 2, len - len / 2, on_hit, w), 0);
	assert_int_equal(split_end(w->split, on_hit, w), 0);
}

static void text_value(struct world *w, const char *name, const char *text)
{
	value(w, name, text, strlen(text));
}

static void values_in_a_row_are_joined_whatever_their_names(void **state)
{
	struct world *w = *state;

	for (size_t size = 1; size <= 11; size++) {
		char name[2] = "a";

		w->hits = 0;
		split_message(w->split, NULL);
		for (size_t at = 0; at < 40; at += size, name[0]++)
			value(w, name, w->secret + at, size < 40 - at ? size : 40 - at);
		assert_true(w->hits > 0);
	}
}

static void values_of_a_name_are_joined_over_others(void **state)
{
	struct world *w = *state;

	for (size_t size = 1; size <= 11; size++) {
		w->hits = 0;
		split_message(w->split, NULL);
		for (size_t at = 0; at < 40; at += size) {
			cleanup_free char *name = str_format("X-Part-%zu", at);

			value(w, name, w->secret + at, size < 40 - at ? size : 40 - at);
			text_value(w, "other", "something else 17");
		}
		assert_true(w->hits > 0);
	}
}

static void parts_from_the_last_to_the_first_are_found(void **state)
{
	struct world *w = *state;

	split_message(w->split, NULL);
	for (size_t at = 40; at > 0; at -= 4) {
		value(w, at % 8 ? "p1" : "P27", w->secret + at - 4, 4);
		text_value(w, "other", "something else");
	}
	assert_true(w->hits > 0);
}

static void what_is_whole_in_a_value_is_left_to_the_texts_own_search(void **state)
{
	struct world *w = *state;

	split_message(w->split, w->window);
	for (int i = 0; i < 3; i++) {
		text_value(w, "a", "before");
		value(w, "a", w->secret, 40);
		text_value(w, "b", "~!@#$%^&*()_+|");
	}
	assert_int_equal(w->hits, 0);
}

static void parts_in_long_values_are_found(void **state)
{
	struct world *w = *state;

	for (size_t fill = 0; fill < 3000; fill = fill * 2 + 1) {
		struct str a = {0}, b = {0};

		for (size_t i = 0; i < fill; i++)
			str_add(&a, i % 3 ? " - " : "f");
		str_add_bytes(&b, w->secret + 20, 20);
		str_add_bytes(&b, a.s, a.len);
		str_add_bytes(&a, w->secret, 20);
		w->hits = 0;
		split_message(w->split, NULL);
		value(w, "a", a.s, a.len);
		value(w, "b", b.s, b.len);
		assert_true(w->hits > 0);
		str_done(&a);
		str_done(&b);
	}
}

/* As a client would: headers that are always there, and three characters a request. */
static void one_request(struct world *w, size_t at, const char *name, struct scan_window *window)
{
	split_message(w->split, window);
	text_value(w, "host", "api.example.com");
	text_value(w, "user-agent", "client/1.0");
	value(w, name, w->secret + at, 3);
	text_value(w, "accept", "*/*");
}

static void parts_over_consecutive_messages_are_found(void **state)
{
	struct world *w = *state;

	for (size_t at = 0; at + 3 <= 40; at += 3)
		one_request(w, at, "q", w->window);
	assert_true(w->hits > 0);
}

static void parts_over_consecutive_messages_are_found_under_changing_names(void **state)
{
	struct world *w = *state;

	for (size_t at = 0; at + 3 <= 40; at += 3) {
		const char name[2] = {(char)('a' + at / 3), '\0'};

		one_request(w, at, name, w->window);
	}
	assert_true(w->hits > 0);
}

static void without_a_window_or_with_another_one_nothing_is_remembered(void **state)
{
	struct world *w = *state;
	struct scan_window *other = scan_window_new();

	for (size_t at = 0; at + 3 <= 40; at += 3)
		one_request(w, at, "q", NULL);
	for (size_t at = 0; at + 3 <= 40; at += 3)
		one_request(w, at, "q", at % 2 ? w->window : other);
	assert_int_equal(w->hits, 0);
	scan_window_free(other);
}

static void many_names_do_not_hide_one_that_is_used_again(void **state)
{
	struct world *w = *state;

	for (size_t at = 0; at + 3 <= 40; at += 3) {
		one_request(w, at, "q", w->window);
		for (char c = 'a'; c <= 'z'; c++) {
			const char name[3] = {c, (char)('a' + at), '\0'};

			if (c < 'q' - 4)
				text_value(w, name, "17 of them");
		}
	}
	assert_true(w->hits > 0);
}

static void names_are_joined_with_names_only(void **state)
{
	struct world *w = *state;

	split_message(w->split, NULL);
	for (size_t at = 0; at + 4 <= 40; at += 4) {
		value(w, VALUES_NAMES, w->secret + at, 4);
		text_value(w, "x", "1");
	}
	assert_true(w->hits > 0);
	w->hits = 0;
	split_message(w->split, NULL);
	for (size_t at = 0; at + 4 <= 40; at += 4) {
		const char name[2] = {(char)('a' + at), '\0'};

		text_value(w, VALUES_NAMES, "somename");
		value(w, name, w->secret + at, 4);
	}
	assert_true(w->hits > 0);
}

static void bytes_of_a_secret_without_letters_are_joined(void **state)
{
	struct world *w = *state;

	split_message(w->split, NULL);
	text_value(w, "a", "~!@#$%");
	text_value(w, "b", "^&*()_+|");
	assert_true(w->hits > 0);
}

static void random_values_are_no_secret(void **state)
{
	struct world *w = *state;

	for (int message = 0; message < 200; message++) {
		split_message(w->split, w->window);
		for (int i = 0; i < 40; i++) {
			char text[16], name[3] = "x";

			for (size_t c = 0; c < sizeof(text); c++)
				text[c] = ALNUM[next_random() % strlen(ALNUM)];
			name[1] = (char)('a' + i % 26);
			value(w, name, text, next_random() % sizeof(text));
		}
	}
	assert_int_equal(w->hits, 0);
}

#define IN_A_WORLD(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_A_WORLD(values_in_a_row_are_joined_whatever_their_names),
		IN_A_WORLD(values_of_a_name_are_joined_over_others),
		IN_A_WORLD(parts_from_the_last_to_the_first_are_found),
		IN_A_WORLD(what_is_whole_in_a_value_is_left_to_the_texts_own_search),
		IN_A_WORLD(parts_in_long_values_are_found),
		IN_A_WORLD(parts_over_consecutive_messages_are_found),
		IN_A_WORLD(parts_over_consecutive_messages_are_found_under_changing_names),
		IN_A_WORLD(without_a_window_or_with_another_one_nothing_is_remembered),
		IN_A_WORLD(many_names_do_not_hide_one_that_is_used_again),
		IN_A_WORLD(names_are_joined_with_names_only),
		IN_A_WORLD(bytes_of_a_secret_without_letters_are_joined),
		IN_A_WORLD(random_values_are_no_secret),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
