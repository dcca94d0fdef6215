#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "scan/fold.h"
#include "scan/fold_table.h"

/* The whole text folded, NUL-terminated. */
static const char *fold(const char *text)
{
	static char out[512];
	const unsigned char *p = (const unsigned char *)text, *end = p + strlen(text);
	size_t n = 0, len;
	struct folded f;

	while (p < end && (len = fold_next(p, end, &f)) > 0) {
		assert_true(f.len <= FOLD_MAX && n + f.len < sizeof(out));
		memcpy(out + n, f.text, f.len);
		n += f.len;
		p += len;
	}
	out[n] = '\0';
	return out;
}

static enum fold_kind kind(const char *c)
{
	const unsigned char *p = (const unsigned char *)c;
	struct folded f;

	assert_int_equal(fold_next(p, p + strlen(c), &f), strlen(c));
	return f.kind;
}

static void letters_that_look_latin_become_latin(void **state)
{
	(void)state;
	assert_string_equal(
		fold("ѕесrеt КЕҮ αβ Ꭺ ｔｏｋｅｎ 𝐬𝐤 Ⓐ ﬁ"), "secret KEY aβ A token sk A fi");
	assert_string_equal(fold("é Ł ½ ㎏"), "e L 1/2 kg");
	assert_int_equal(kind("е"), FOLD_ALIEN);
	assert_int_equal(kind("é"), FOLD_ACCENT);
	assert_int_equal(kind("ｔ"), FOLD_COMPAT);
}

static void other_text_stays_as_it_is(void **state)
{
	static const char text[] = "plain 漢字 한글 щюж \xF0\x9F\x98\x80 \xFF\xC0\x80";

	(void)state;
	assert_string_equal(fold(text), text);
	assert_int_equal(kind("漢"), FOLD_SAME);
	assert_int_equal(kind("x"), FOLD_ASCII);
}

static void marks_and_invisible_characters_say_nothing(void **state)
{
	(void)state;
	assert_string_equal(fold("a\u0301\u0336b\u200Bc\u00ADd\u202Ee\uFEFFf\u3164g"), "abcdefg");
	assert_int_equal(kind("\u0301"), FOLD_MARK);
	assert_int_equal(kind("\u200B"), FOLD_DROP);
	assert_string_equal(fold("a\u00A0b\u3000c"), "a b c");
}

static void hidden_bytes_are_told(void **state)
{
	static const struct {
		const char *c;
		unsigned char byte;
	} cases[] = {{"\U000E0041", 'A'}, {"\uFE0F", 15}, {"\U000E0100", 16}, {"\U000E01EF", 255}};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const unsigned char *p = (const unsigned char *)cases[i].c;
		struct folded f;

		assert_int_equal(fold_next(p, p + strlen(cases[i].c), &f), strlen(cases[i].c));
		assert_int_equal(f.kind, FOLD_HIDDEN);
		assert_int_equal(f.hidden, cases[i].byte);
		assert_int_equal(f.len, 0);
	}
}

static void an_incomplete_character_waits(void **state)
{
	static const unsigned char letter[] = "\xF0\x9D\x90\xAC";
	struct folded f;

	(void)state;
	for (size_t len = 1; len < 4; len++)
		assert_int_equal(fold_next(letter, letter + len, &f), 0);
	assert_int_equal(fold_next(letter, letter + 4, &f), 4);
}

static void tables_are_sorted_and_what_they_say_is_short(void **state)
{
	(void)state;
	assert_int_equal(strlen(fold_low), FOLD_LOW_END - FOLD_LOW_FIRST);
	for (size_t i = 0; i < fold_n_segments; i++) {
		assert_int_equal(strlen(fold_segments[i].text), fold_segments[i].len);
		assert_true(i == 0 || fold_segments[i].first >= fold_segments[i - 1].first +
									fold_segments[i - 1].len);
	}
	for (size_t i = 0; i < fold_n_longs; i++)
		assert_true(strlen(fold_longs[i].text) <= FOLD_MAX &&
			    (i == 0 || fold_longs[i].c > fold_longs[i - 1].c));
	for (size_t i = 1; i < fold_n_marks; i++)
		assert_true(fold_marks[i].first > fold_marks[i - 1].last);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(letters_that_look_latin_become_latin),
		cmocka_unit_test(other_text_stays_as_it_is),
		cmocka_unit_test(marks_and_invisible_characters_say_nothing),
		cmocka_unit_test(hidden_bytes_are_told),
		cmocka_unit_test(an_incomplete_character_waits),
		cmocka_unit_test(tables_are_sorted_and_what_they_say_is_short),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
