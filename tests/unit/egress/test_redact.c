#include "egress/redact.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/evp.h>

#define TEXT_MAX 4096

static struct needles *needles_of(const char *const *values)
{
	struct needles *n = needles_new();

	assert_non_null(n);
	for (; *values; values++)
		assert_int_equal(needles_add(n, *values, strlen(*values)), 0);
	assert_int_equal(needles_compile(n), 0);
	return n;
}

/* The text in pieces of random length below `most`; what comes out into ret, as long as it. */
static void pass(const struct needles *n, const char *text, size_t len, size_t most, char *ret)
{
	struct redact r;
	struct http1_piece out;
	size_t at = 0, got = 0;

	redact_start(&r, n);
	while (at < len) {
		struct http1_piece in = {.data = (const unsigned char *)text + at};

		in.len = 1 + (size_t)rand() % most;
		in.len = in.len < len - at ? in.len : len - at;
		assert_int_equal(redact_take(&r, &in, &out), 0);
		memcpy(ret + got, out.data, out.len);
		got += out.len;
		at += in.len;
		assert_true(got <= at);
	}
	redact_end(&r, &out);
	if (out.len > 0)
		memcpy(ret + got, out.data, out.len);
	assert_int_equal(got + out.len, len);
	ret[len] = '\0';
	redact_done(&r);
}

static void a_spelling_becomes_as_many_stars(const char *value, const char *spelling)
{
	struct needles *n = needles_of((const char *const[]){value, NULL});
	char text[TEXT_MAX], want[TEXT_MAX], got[TEXT_MAX];

	snprintf(text, sizeof(text), "{\"seen\":\"%s\"}", spelling);
	snprintf(want, sizeof(want), "{\"seen\":\"%s\"}", spelling);
	memset(want + 9, '*', strlen(spelling));
	pass(n, text, strlen(text), 7, got);
	assert_string_equal(got, want);
	needles_free(n);
}

static void every_spelling_becomes_as_many_stars(void **state)
{
	(void)state;
	a_spelling_becomes_as_many_stars("word-of+the/test", "word-of+the/test");
	a_spelling_becomes_as_many_stars("word-of+the/test", "word-of%2Bthe%2Ftest");
	a_spelling_becomes_as_many_stars("word-of+the/test", "word-of%2bthe%2ftest");
	a_spelling_becomes_as_many_stars("word-of+the/test", "word-of%2Bthe/test");
	a_spelling_becomes_as_many_stars("word(of)the/test", "word(of)the%2Ftest");
	a_spelling_becomes_as_many_stars("word-of+the/test", "776f72642d6f662b7468652f74657374");
	a_spelling_becomes_as_many_stars("word-of+the/test", "776F72642D6F662B7468652F74657374");
	a_spelling_becomes_as_many_stars("word\"of\\the/test", "word\\\"of\\\\the/test");
	a_spelling_becomes_as_many_stars("word\"of\\the/test", "word\\\"of\\\\the\\/test");
	a_spelling_becomes_as_many_stars(
		"word<of>&the+test", "word\\u003cof\\u003e\\u0026the\\u002btest");
	a_spelling_becomes_as_many_stars("word<of>&the'test", "word&lt;of&gt;&amp;the&#39;test");
	a_spelling_becomes_as_many_stars("word<of>&the'test", "word&lt;of&gt;&amp;the&#x27;test");
	a_spelling_becomes_as_many_stars("word<of>&the'test", "word&lt;of&gt;&amp;the'test");
}

/* In either byte order: all of it but the first or the last NUL. */
static void in_utf_16_it_becomes_stars(void **state)
{
	static const char value[] = "word-of-test";
	struct needles *n = needles_of((const char *const[]){value, NULL});
	char wide[2 * sizeof(value) + 2] = "<", got[sizeof(wide) + 1];

	(void)state;
	for (size_t shift = 1; shift < 3; shift++) {
		memset(wide + 1, 0, sizeof(wide) - 1);
		for (size_t i = 0; i < sizeof(value) - 1; i++)
			wide[shift + 2 * i] = value[i];
		pass(n, wide, sizeof(wide), 5, got);
		for (size_t i = 0; i < 2 * (sizeof(value) - 1) - 1; i++)
			assert_int_equal(got[shift + i], '*');
	}
	needles_free(n);
}

/* Whatever stands before and behind it, base64 shows nothing of the middle of the value. */
static void base64_of_a_text_that_holds_it_shows_none_of_it(void **state)
{
	static const char value[] = "~~~word?of?the?test~~~";
	struct needles *n = needles_of((const char *const[]){value, NULL});

	(void)state;
	for (size_t before = 0; before < 9; before++) {
		unsigned char plain[128], coded[256], decoded[256];
		char got[256];
		int len = snprintf((char *)plain, sizeof(plain), "%.*s%s;tail", (int)before,
			"user:name", value);

		len = EVP_EncodeBlock(coded, plain, len);
		pass(n, (const char *)coded, (size_t)len, 5, got);
		for (char *c = got; *c; c++)
			*c = *c == '*' ? 'A' : *c;
		len = EVP_DecodeBlock(decoded, (unsigned char *)got, len);
		assert_true(len > 0);
		assert_null(memmem(decoded, (size_t)len, "word", 4));
		assert_null(memmem(decoded, (size_t)len, "test", 4));
	}
	needles_free(n);
}

static void random_text(char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		text[i] = "abx"[rand() % 3];
}

/* What is right, said simply: each byte that lies in an occurrence is a star. */
static void star_slowly(const char *text, const char *const *values, char *ret)
{
	memcpy(ret, text, strlen(text) + 1);
	for (; *values; values++)
		for (const char *at = text; (at = strstr(at, *values)); at++)
			memset(ret + (at - text), '*', strlen(*values));
}

/* Values and texts of three letters: prefixes, overlaps and values in values come by themselves. */
static void it_does_not_matter_how_a_body_is_cut(void **state)
{
	char a[12] = "", b[16] = "", c[9] = "", text[513] = "", want[513], got[513];
	const char *const values[] = {a, b, c, NULL};

	(void)state;
	for (unsigned int seed = 1; seed <= 3000; seed++) {
		struct needles *n;

		srand(seed);
		random_text(c, sizeof(c) - 1);
		random_text(a, sizeof(a) - 1);
		random_text(b, sizeof(b) - 1);
		memcpy(b + 3, c, sizeof(c) - 1);
		random_text(text, sizeof(text) - 1);
		for (int i = 0; i < 12; i++) {
			const char *v = values[rand() % 3];

			memcpy(text + (size_t)rand() % (sizeof(text) - strlen(v)), v, strlen(v));
		}
		n = needles_of(values);
		star_slowly(text, values, want);
		pass(n, text, strlen(text), 1 + seed % 40, got);
		assert_string_equal(got, want);
		needles_free(n);
	}
}

static size_t given_at_once(const struct needles *n, const char *text)
{
	struct http1_piece in = {.data = (const unsigned char *)text, .len = strlen(text)}, out;
	struct redact r;

	redact_start(&r, n);
	assert_int_equal(redact_take(&r, &in, &out), 0);
	redact_done(&r);
	return out.len;
}

static void only_what_may_begin_a_credential_is_held_back(void **state)
{
	struct needles *n = needles_of((const char *const[]){"word-of-test", NULL});

	(void)state;
	assert_int_equal(given_at_once(n, "data: 1\n\n"), 9);
	assert_int_equal(given_at_once(n, "data: word-o"), 6);
	assert_int_equal(given_at_once(n, "data: word-ox"), 13);
	needles_free(n);
}

/* Each of the words is a message. */
static void messages(const struct needles *n, const char *const *words, char *ret)
{
	struct http1_piece out;
	struct redact r;

	redact_start(&r, n);
	for (*ret = '\0'; *words; words++) {
		const struct http1_piece in = {
			.data = (const unsigned char *)*words, .len = strlen(*words)};

		assert_int_equal(redact_take(&r, &in, &out), 0);
		strncat(ret, (const char *)out.data, out.len);
		redact_end(&r, &out);
		strncat(ret, out.len > 0 ? (const char *)out.data : "", out.len);
	}
	redact_done(&r);
}

#define MESSAGES(...) messages(n, (const char *const[]){__VA_ARGS__, NULL}, got)

static void a_message_that_ends_is_given_whole(void **state)
{
	struct needles *n = needles_of((const char *const[]){"word-of-the-test", NULL});
	char got[64];

	(void)state;
	MESSAGES("a word-of", " word", "-of-the-test!");
	assert_string_equal(got, "a word-of word************!");
	MESSAGES("a word-of", "f-the-test");
	assert_string_equal(got, "a word-off-the-test");
	needles_free(n);
}

static void of_a_credential_split_over_messages_less_than_a_piece_is_given(void **state)
{
	const char *value = "word-of-the-test";
	struct needles *n = needles_of((const char *const[]){value, NULL});
	char got[64], want[64];

	(void)state;
	for (size_t at = 1; at < strlen(value); at++) {
		char first[64], rest[64];

		snprintf(first, sizeof(first), "a %.*s", (int)at, value);
		snprintf(rest, sizeof(rest), "%s b", value + at);
		snprintf(want, sizeof(want), "a %.*s%.*s b", at < NEEDLE_PIECE ? (int)at : 0, value,
			(int)(strlen(value) - (at < NEEDLE_PIECE ? at : 0)), "****************");
		MESSAGES(first, rest);
		assert_string_equal(got, want);
	}
	MESSAGES("w", "o", "r", "d", "-", "o", "f", "-", "t", "h", "e", "-", "t", "e", "s", "t");
	assert_string_equal(got, "word-of-the*****");
	needles_free(n);
}

static void a_credential_that_goes_on_in_a_trailer_is_starred_there(void **state)
{
	struct needles *n = needles_of((const char *const[]){"word-of-the-test", NULL});
	const struct http1_piece in = {.data = (const unsigned char *)"x word-of", .len = 9};
	char one[] = "0", two[] = "-the-test", three[] = "test";
	struct http1_head trailers = {
		.fields = {{.value = one}, {.value = two}, {.value = three}}, .n_fields = 3};
	struct http1_piece out;
	struct redact r;

	(void)state;
	redact_start(&r, n);
	assert_int_equal(redact_take(&r, &in, &out), 0);
	redact_end(&r, &out);
	redact_trailers(&r, &trailers);
	assert_string_equal(one, "0");
	assert_string_equal(two, "*********");
	assert_string_equal(three, "test");
	redact_done(&r);
	needles_free(n);
}

static void a_short_value_is_left_alone(void **state)
{
	struct needles *n = needles_of((const char *const[]){"short", NULL});
	char got[16];

	(void)state;
	pass(n, "a short one", 11, 3, got);
	assert_string_equal(got, "a short one");
	needles_free(n);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_spelling_becomes_as_many_stars),
		cmocka_unit_test(in_utf_16_it_becomes_stars),
		cmocka_unit_test(base64_of_a_text_that_holds_it_shows_none_of_it),
		cmocka_unit_test(it_does_not_matter_how_a_body_is_cut),
		cmocka_unit_test(only_what_may_begin_a_credential_is_held_back),
		cmocka_unit_test(a_message_that_ends_is_given_whole),
		cmocka_unit_test(of_a_credential_split_over_messages_less_than_a_piece_is_given),
		cmocka_unit_test(a_credential_that_goes_on_in_a_trailer_is_starred_there),
		cmocka_unit_test(a_short_value_is_left_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
