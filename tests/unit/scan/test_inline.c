#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/ptr.h"
#include "base/str.h"
#include "scan/inline.h"
#include "scan/inline_masks.h"

#define ALL ((1U << INLINE_CODINGS) - 1)

/* What is written of each coding: spans, each begun by a bar. */
struct said {
	struct str text[INLINE_CODINGS], binary[INLINE_CODINGS];
	uint64_t last[INLINE_CODINGS], last_binary[INLINE_CODINGS];
	uint64_t from[INLINE_CODINGS], to[INLINE_CODINGS]; /* of the last span */
	size_t bytes, writes;
};

static int on_write(void *arg, enum inline_coding c, const struct inline_piece *pieces,
	size_t n_pieces, const unsigned char *p, size_t len)
{
	struct said *s = arg;
	size_t sum = 0;

	assert_true(n_pieces > 0 && len > 0);
	for (size_t i = 0; i < n_pieces; i++) {
		assert_true(pieces[i].from <= pieces[i].to);
		assert_true(i == 0 || pieces[i].from == pieces[i - 1].to);
		sum += pieces[i].len;
	}
	assert_int_equal(sum, len);
	if (s->text[c].len == 0 || s->last[c] != pieces[0].from) {
		str_add_char(&s->text[c], '|');
		s->from[c] = pieces[0].from;
	}
	s->last[c] = s->to[c] = pieces[n_pieces - 1].to;
	str_add_bytes(&s->text[c], p, len);
	s->bytes += len;
	s->writes++;
	return 0;
}

static int on_binary(void *arg, enum inline_coding c, uint64_t from, uint64_t to,
	const unsigned char *p, size_t len)
{
	struct said *s = arg;

	assert_true(from < to && len > 0);
	if (s->binary[c].len == 0 || s->last_binary[c] != from)
		str_add_char(&s->binary[c], '|');
	s->last_binary[c] = to;
	str_add_bytes(&s->binary[c], p, len);
	return 0;
}

static void said_done(struct said *s)
{
	for (int c = 0; c < INLINE_CODINGS; c++) {
		str_done(&s->text[c]);
		str_done(&s->binary[c]);
	}
	memset(s, 0, sizeof(*s));
}

/* Reads a text in pieces of `piece` bytes; 0: of random sizes. */
static void read_in(
	struct inline_reader *r, struct said *s, const char *text, size_t len, size_t piece)
{
	const struct inline_out out = {on_write, on_binary, s};

	said_done(s);
	inline_reset(r);
	while (len > 0) {
		size_t some = piece ? piece : (size_t)rand() % 3000 + 1;

		some = some < len ? some : len;
		assert_int_equal(inline_feed(r, (const unsigned char *)text, some, &out), 0);
		text += some;
		len -= some;
	}
	assert_int_equal(inline_finish(r, &out), 0);
}

static void same(const struct said *a, const struct said *b)
{
	for (int c = 0; c < INLINE_CODINGS; c++) {
		assert_int_equal(a->text[c].len, b->text[c].len);
		if (a->text[c].len > 0)
			assert_memory_equal(a->text[c].s, b->text[c].s, a->text[c].len);
		assert_int_equal(a->binary[c].len, b->binary[c].len);
		if (a->binary[c].len > 0)
			assert_memory_equal(a->binary[c].s, b->binary[c].s, a->binary[c].len);
	}
}

/* The coding says this somewhere in the text, however it is cut. */
static void says(enum inline_coding c, const char *text, size_t len, const char *what)
{
	struct inline_reader *r = inline_open(ALL);
	struct said whole = {0}, cut = {0};

	read_in(r, &whole, text, len, len + 1);
	if (!whole.text[c].s || !memmem(whole.text[c].s, whole.text[c].len, what, strlen(what)))
		fail_msg("%s: \"%.300s\" does not say \"%s\" but \"%s\"", inline_name(c), text,
			what, whole.text[c].s ? whole.text[c].s : "");
	read_in(r, &cut, text, len, 1);
	same(&whole, &cut);
	inline_masks_portable(true);
	read_in(r, &cut, text, len, 7);
	inline_masks_portable(false);
	same(&whole, &cut);
	said_done(&whole);
	said_done(&cut);
	inline_close(r);
}

#define SAYS(c, text, what) says(c, text, strlen(text), what)

static const char *encode(const char *alphabet, unsigned int bits, const char *text, size_t len)
{
	static char out[65536];
	size_t n = 0;
	uint64_t held = 0;
	unsigned int have = 0;

	for (size_t i = 0; i < len; i++) {
		held = held << 8 | (unsigned char)text[i];
		for (have += 8; have >= bits; have -= bits)
			out[n++] = alphabet[held >> (have - bits) & ((1U << bits) - 1)];
	}
	if (have > 0)
		out[n++] = alphabet[held << (bits - have) & ((1U << bits) - 1)];
	out[n] = '\0';
	return out;
}

#define LETTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
static const char base64[] = LETTERS "abcdefghijklmnopqrstuvwxyz0123456789+/";
static const char base32[] = LETTERS "234567";
static const char base16[] = "0123456789abcdef";
static const char secret[] = "a secret of the house: 47-11, and more";

static const char *base64_of(const char *text)
{
	return encode(base64, 6, text, strlen(text));
}

/* Each nth character is followed by this; from a static buffer. */
static const char *broken(const char *text, size_t nth, const char *by)
{
	static char out[65536];
	size_t n = 0;

	for (size_t i = 0; text[i]; i++) {
		out[n++] = text[i];
		if ((i + 1) % nth == 0) {
			memcpy(out + n, by, strlen(by));
			n += strlen(by);
		}
	}
	out[n] = '\0';
	return out;
}

static void base64_is_read_at_all_phases(void **state)
{
	(void)state;
	SAYS(INLINE_BASE64, base64_of(secret), secret);
	for (const char *junk = "xyz/+"; *junk; junk++) {
		cleanup_free char *text = str_format("id=\"%s%s==\"", junk, base64_of(secret));

		SAYS(INLINE_BASE64, text, secret);
	}
}

static void base64_is_read_over_line_ends(void **state)
{
	static const char *const breaks[] = {
		"\n", "\r\n", "\n\t  ", "\\n", "\\r\\n", "\" +\n\t\"", "\", \"", "\n> "};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(breaks); i++)
		SAYS(INLINE_BASE64, broken(base64_of(secret), 20, breaks[i]), secret);
	SAYS(INLINE_BASE64, broken(base64_of(secret), 8, "\n"), secret);
}

static void wide_characters_in_base64_are_read(void **state)
{
	static const char wide[] = "a\0 \0s\0e\0c\0r\0e\0t\0-\0w\0o\0r\0d\0";
	static const char *text;

	(void)state;
	text = encode(base64, 6, wide, sizeof(wide) - 1);
	SAYS(INLINE_BASE64, text, "a secret-word");
}

static void base32_and_hexadecimal_are_read(void **state)
{
	cleanup_free char *lower = strdup(encode(base32, 5, secret, strlen(secret)));
	cleanup_free char *hex = str_format("x%s.", encode(base16, 4, secret, strlen(secret)));

	(void)state;
	SAYS(INLINE_BASE32, lower, secret);
	for (char *c = lower; *c; c++)
		*c = (char)(*c >= 'A' ? *c | 0x20 : *c);
	SAYS(INLINE_BASE32, lower, secret);
	SAYS(INLINE_HEX, hex, secret);
	SAYS(INLINE_HEX, broken(encode(base16, 4, secret, strlen(secret)), 10, "\n"), secret);
}

static void base58_tokens_are_read(void **state)
{
	static const char alphabet[] = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
	unsigned char number[64];
	char digits[100], *to = digits + sizeof(digits);
	size_t len = strlen(secret);
	cleanup_free char *text = NULL;

	(void)state;
	memcpy(number, secret, len);
	*--to = '\0';
	for (int i = 0; i < 53; i++) {
		unsigned int rest = 0;

		for (size_t k = 0; k < len; k++) {
			rest = rest << 8 | number[k];
			number[k] = (unsigned char)(rest / 58);
			rest %= 58;
		}
		*--to = alphabet[rest];
	}
	while (*to == '1')
		to++;
	text = str_format("id=%s&x", to);
	SAYS(INLINE_BASE58, text, secret);
}

static const char *base85_of(const char *alphabet, const char *text)
{
	static char out[256];
	size_t n = 0;

	for (; *text; text += 4) {
		uint32_t x = (uint32_t)(unsigned char)text[0] << 24 |
			     (uint32_t)(unsigned char)text[1] << 16 |
			     (uint32_t)(unsigned char)text[2] << 8 | (unsigned char)text[3];

		for (int i = 4; i >= 0; i--, x /= 85)
			out[n + (size_t)i] = alphabet[x % 85];
		n += 5;
	}
	out[n] = '\0';
	return out;
}

static void base85_is_read_in_three_alphabets(void **state)
{
	static const char words[] = "a secret of the house: 47-11, and more!!";
	static const char adobe[] =
		"!\"#$%&'()*+,-./"
		"0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_`abcdefghijklmnopqrstu";
	static const char z85[] = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-"
				  ":+=^!/*?&<>()[]{}@%$#";
	static const char git[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz!#"
				  "$%&()*+-;<=>?@^_`{|}~";
	const char *const alphabets[] = {adobe, z85, git};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(alphabets); i++) {
		cleanup_free char *text = strdup(base85_of(alphabets[i], words));
		cleanup_free char *in = str_format("x <~%s~> y", text);

		SAYS(INLINE_BASE85, in, words);
		SAYS(INLINE_BASE85, broken(text, 32, "\n"), words);
	}
}

static void bytes_that_stand_apart_are_read(void **state)
{
	static const char *const forms[] = {"%02x:", "%02X ", "%02x-", "%02x,", "%02x.", "%02x_",
		"0x%02x,", "0x%02x, ", "%d,", "%d, ", "%d "};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(forms); i++) {
		cleanup_str struct str text = {0};

		str_add(&text, "x [");
		for (const char *c = secret; *c; c++)
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
			str_addf(&text, forms[i], (unsigned char)*c);
		str_add(&text, "]");
		SAYS(INLINE_HEX, text.s, secret);
	}
}

static void dumps_are_read(void **state)
{
	cleanup_str struct str canonical = {0}, plain = {0};

	(void)state;
	for (size_t i = 0; i < 32; i += 16) {
		str_addf(&canonical, "%08zx  ", i);
		str_addf(&plain, "%08zx: ", i);
		for (size_t k = i; k < i + 16; k++) {
			str_addf(&canonical, k % 8 == 7 ? "%02x  " : "%02x ",
				(unsigned char)secret[k]);
			str_addf(&plain, k % 2 ? "%02x " : "%02x", (unsigned char)secret[k]);
		}
		str_addf(&canonical, "|%.16s|\n", secret + i);
		str_addf(&plain, " %.16s\n", secret + i);
	}
	SAYS(INLINE_HEX, canonical.s, "a secret of the house: 47-11, an");
	SAYS(INLINE_HEX, plain.s, "a secret of the house: 47-11, an");
}

static void long_runs_are_one_span(void **state)
{
	cleanup_free char *text = calloc(1, 40001);
	cleanup_free char *want = NULL;

	(void)state;
	for (size_t i = 0; i < 40000; i++)
		text[i] = "some text that is not short. "[i * 7 % 29];
	want = str_format("|%s", text);
	SAYS(INLINE_BASE64, base64_of(text), want);
	SAYS(INLINE_BASE64, broken(base64_of(text), 76, "\r\n"), want);
}

static void escapes_are_undone_in_their_context(void **state)
{
	static const char *const cases[] = {"key%3Dabc%2Ddef%20x", "key&#61;abc&#x2d;def x",
		"key&equals;abc&#45def x", "key\\u003dabc\\u002Ddef x", "key\\x3dabc\\055def\\x20x",
		"key\\u{3d}abc\\U0000002ddef x", "key%u003Dabc%2ddef x"};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		SAYS(INLINE_ESCAPE, cases[i], "key=abc-def x");
	SAYS(INLINE_ESCAPE, "https:\\/\\/host\\/path", "https://host/path");
	SAYS(INLINE_ESCAPE, "a\\ud835\\udc2cb\\u0041",
		"a\xF0\x9D\x90\xAC"
		"bA");
	SAYS(INLINE_ESCAPE, "key = \"ab\" + \"cd\"+\"ef\"; 'gh' + 'ij'", "abcdef\"; 'ghij");
	SAYS(INLINE_ESCAPE, "a=%26%23103%3B%26%23104%3B", "a=&#103;&#104;");
	SAYS(INLINE_ESCAPE, "a=103%2C104%2C105", "a=103,104,105");
	SAYS(INLINE_ESCAPE, "a=103%2C+104%2C+105", "a=103,+104,+105");
	SAYS(INLINE_ESCAPE, "a=67%3A68%3A70%3A5f", "a=67:68:70:5f");
	SAYS(INLINE_ESCAPE, "[103,\\n 104,\\n 105]", "[103,\n 104,\n 105]");
	SAYS(INLINE_ESCAPE, "x\\n00000010: 6768\\n00000020: 69", "x\n00000010: 6768\n00000020: 69");
	SAYS(INLINE_ESCAPE, "x\\n00000010  67 68\\n0000020 69", "x\n00000010  67 68\n0000020 69");
	SAYS(INLINE_QUOTED, "key=3Dabc=2Ddef=20x", "key=abc-def x");
	SAYS(INLINE_QUOTED, "key=61=62=\r\nabc", "keyababc");
	SAYS(INLINE_QUOTED, "keyabc=\ndef", "keyabcdef");
}

static void escapes_that_say_no_token_are_not_written(void **state)
{
	static const char text[] = "a line\\nand 2 of it\\n 12 or 13\\n12345678\\n "
				   "&quot;another&quot; 100% of a\\tb %20 &amp; x=10 "
				   "y=20 \\d+\\w \\033[0m \"a\\\\b\" =\n if (x == 3)";
	struct inline_reader *r = inline_open(ALL);
	struct said s = {0};

	(void)state;
	read_in(r, &s, text, strlen(text), 100);
	assert_int_equal(s.bytes, 0);
	said_done(&s);
	inline_close(r);
}

static void disguised_words_are_undone(void **state)
{
	static const char *const cases[] = {"key=s\u0435cret\u2010w\u043erd1", /* Cyrillic */
		"key=s\u200Be\u200Bc\u200Br\u200Be\u200Bt\u200B-\u200Bw\u200Bo\u200Brd1",
		"key=s\u0301\u0302\u0303\u0304\u0305\u0306\u0307ecret-word1",
		"key=\uff53\uff45\uff43\uff52\uff45\uff54-word1", "key=secret\u00AD-word1",
		"key=s\U000E0041ecret\uFE0F-word1"};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		SAYS(INLINE_FOLD, cases[i], "key=secret-word1");
	SAYS(INLINE_HIDDEN,
		"x\U000E0068\U000E0069\U000E0064\U000E0064\U000E0065\U000E006E"
		"\U000E003A\U000E0020\U000E0078y",
		"hidden: x");
}

static void letters_with_a_nul_behind_each_are_read(void **state)
{
	static const char wide[] = "x k\0e\0y\0=\0s\0e\0c\0r\0e\0t\0-\0w\0o\0r\0d\0";
	static const char strings[] = "main\0printf\0stdout\0exit\0stderr\0malloc\0free\0memcpy\0";
	struct inline_reader *r = inline_open(ALL);
	struct said s = {0};

	(void)state;
	says(INLINE_FOLD, wide, sizeof(wide) - 1, "key=secret-word");
	read_in(r, &s, strings, sizeof(strings) - 1, 100);
	assert_int_equal(s.bytes, 0);
	said_done(&s);
	inline_close(r);
}

static void ordinary_languages_are_not_written(void **state)
{
	static const char *const cases[] = {"Съешь ещё этих мягких французских булок, да выпей чаю",
		"Les élèves étaient là, « déjà » à l’heure — naïveté", "Größe ändern: Fußgänger",
		"私は日本語を話します。", "don’t — “quoted” … 10 €, Windows™ ½ №",
		"👩‍👩‍👧 1️⃣ ✔️ 🏴󠁧󠁢󠁥󠁮󠁧󠁿",
		"Ελληνικά και αγγλικά"};
	struct inline_reader *r = inline_open(ALL);
	struct said s = {0};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		read_in(r, &s, cases[i], strlen(cases[i]), 100);
		if (s.bytes > 0)
			fail_msg("written of \"%s\"", cases[i]);
	}
	said_done(&s);
	inline_close(r);
}

/* A text in which everything occurs, cut anywhere. */
static void what_is_written_does_not_depend_on_the_cuts(void **state)
{
	static const char *const words[] = {"%41", "&#65;", "\\u0041", "=41", "=\n",
		"QUJDREVGR0hJSktM", "616263646566676869", " ", "\n", "\"", "\" + \"", "\\n",
		"H4sIAAAAAAAAA", "\xD0\xB5", "secret", "\xE2\x80\x8B", "a", "61:62:", "0x61, ", "%",
		"&", "\\", "=", "97,98,99,"};
	struct inline_reader *r = inline_open(ALL);
	struct said whole = {0}, cut = {0};

	(void)state;
	srand(11);
	for (int round = 0; round < 40; round++) {
		cleanup_str struct str text = {0};
		int few = rand() % 20 + 1;

		while (text.len < 30000) {
			const char *word = words[(size_t)(rand() % few) % ARRAY_LEN(words)];

			if (rand() % 3 == 0)
				word = words[(size_t)rand() % ARRAY_LEN(words)];
			for (int i = rand() % 9; i >= 0; i--)
				str_add(&text, word);
		}
		read_in(r, &whole, text.s, text.len, text.len);
		read_in(r, &cut, text.s, text.len, 0);
		same(&whole, &cut);
		inline_masks_portable(round % 2);
		read_in(r, &cut, text.s, text.len, (size_t)round + 1);
		inline_masks_portable(false);
		same(&whole, &cut);
	}
	said_done(&whole);
	said_done(&cut);
	inline_close(r);
}

static void random_runs_say_hardly_anything(void **state)
{
	enum { SIZE = 200000 };
	cleanup_free char *text = calloc(1, SIZE + 1);
	struct inline_reader *r = inline_open(ALL);
	struct said s = {0};

	(void)state;
	srand(5);
	for (size_t i = 0; i < SIZE; i++)
		text[i] = i % 70 == 69 ? '\n' : base64[rand() % 64];
	read_in(r, &s, text, SIZE, SIZE);
	assert_true(s.bytes < SIZE / 25);
	for (size_t i = 0; i < SIZE; i++)
		text[i] = i % 41 == 40 ? ' ' : base16[rand() % 16];
	read_in(r, &s, text, SIZE, SIZE);
	assert_true(s.bytes < SIZE / 25);
	said_done(&s);
	inline_close(r);
}

/* How many bytes are said by a text. */
static size_t bytes_of(const char *text)
{
	struct inline_reader *r = inline_open(ALL);
	struct said s = {0};
	size_t n;

	read_in(r, &s, text, strlen(text), SIZE_MAX);
	n = s.bytes;
	said_done(&s);
	inline_close(r);
	return n;
}

static void texts_of_a_few_bytes_are_read(void **state)
{
	static const char git[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz!#"
				  "$%&()*+-;<=>?@^_`{|}~";
	size_t said[3] = {0};

	(void)state;
	srand(7);
	for (int i = 0; i < 300; i++) {
		cleanup_str struct str pairs = {0}, numbers = {0};
		char text[17] = "";

		for (size_t k = 0; k < 16; k++) {
			text[k] = (char)(' ' + rand() % 95);
			str_addf(&pairs, "%02x ", (unsigned char)text[k]);
			if (k < 14)
				str_addf(&numbers, "%d ", (unsigned char)text[k]);
		}
		said[0] += bytes_of(base85_of(git, text));
		said[1] += bytes_of(pairs.s);
		said[2] += bytes_of(numbers.s);
	}
	for (size_t i = 0; i < ARRAY_LEN(said); i++)
		assert_true(said[i] > 300 * 13);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(base64_is_read_at_all_phases),
		cmocka_unit_test(base64_is_read_over_line_ends),
		cmocka_unit_test(wide_characters_in_base64_are_read),
		cmocka_unit_test(base32_and_hexadecimal_are_read),
		cmocka_unit_test(base58_tokens_are_read),
		cmocka_unit_test(base85_is_read_in_three_alphabets),
		cmocka_unit_test(bytes_that_stand_apart_are_read),
		cmocka_unit_test(dumps_are_read),
		cmocka_unit_test(long_runs_are_one_span),
		cmocka_unit_test(escapes_are_undone_in_their_context),
		cmocka_unit_test(escapes_that_say_no_token_are_not_written),
		cmocka_unit_test(disguised_words_are_undone),
		cmocka_unit_test(letters_with_a_nul_behind_each_are_read),
		cmocka_unit_test(ordinary_languages_are_not_written),
		cmocka_unit_test(what_is_written_does_not_depend_on_the_cuts),
		cmocka_unit_test(random_runs_say_hardly_anything),
		cmocka_unit_test(texts_of_a_few_bytes_are_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
