/*
 * The matcher beside PCRE2 alone: on any text, however it is cut, both must find the same.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "base/ptr.h"
#include "base/str.h"
#include "scan/compile.h"
#include "scan/inline_masks.h"
#include "scan/matcher.h"

#define FOUND_MAX 4096

struct found {
	struct one {
		size_t rule;
		uint64_t start, end;
	} list[FOUND_MAX];
	size_t n;
};

static void add_found(struct found *f, size_t rule, uint64_t start, uint64_t end)
{
	assert_true(f->n < FOUND_MAX);
	f->list[f->n++] = (struct one){rule, start, end};
}

static int on_match(void *arg, const struct match *m)
{
	assert_true(m->at <= m->at_end && m->at_end <= m->len);
	assert_true(m->at_end - m->at == m->end - m->start);
	assert_true(m->secret_at <= m->secret_end && m->secret_end <= m->len);
	add_found(arg, m->rule, m->start, m->end);
	return 0;
}

static int compare(const void *a, const void *b)
{
	const struct one *x = a, *y = b;

	if (x->rule != y->rule)
		return x->rule < y->rule ? -1 : 1;
	return x->start < y->start ? -1 : x->start > y->start;
}

static void same(struct found *a, struct found *b, const char *what, const char *text)
{
	qsort(a->list, a->n, sizeof(a->list[0]), compare);
	qsort(b->list, b->n, sizeof(b->list[0]), compare);
	for (size_t i = 0; i < a->n || i < b->n; i++) {
		const struct one *x = i < a->n ? &a->list[i] : &(struct one){0};
		const struct one *y = i < b->n ? &b->list[i] : &(struct one){0};

		if (x->rule != y->rule || x->start != y->start || x->end != y->end)
			fail_msg("%s: rule %zu [%llu, %llu), not rule %zu [%llu, %llu), in: %.400s",
				what, x->rule, (unsigned long long)x->start,
				(unsigned long long)x->end, y->rule, (unsigned long long)y->start,
				(unsigned long long)y->end, text);
	}
}

/* ---- the matcher under test */

struct machine {
	struct ruleset rules;
	void *image;
	size_t image_len;
	struct matcher *m;
	struct matcher_scratch *scratch;
	struct matcher_stream *s;
};

static void machine_open(struct machine *x, const char *const *patterns, size_t n)
{
	struct err e = {0};

	*x = (struct machine){.rules.n = n, .rules.rules = calloc(n, sizeof(struct rule))};
	for (size_t i = 0; i < n; i++) {
		x->rules.rules[i].id = str_format("rule-%zu", i);
		x->rules.rules[i].pattern = strdup(patterns[i]);
	}
	if (matcher_compile(&x->rules, &x->image, &x->image_len, &e) < 0 ||
		matcher_new(&x->rules, x->image, x->image_len, &x->m, &e) < 0 ||
		matcher_scratch_new(x->m, &x->scratch, &e) < 0 ||
		matcher_open(x->m, x->scratch, &x->s, &e) < 0)
		fail_msg("%s", e.msg);
}

static void machine_close(struct machine *x)
{
	matcher_close(x->s);
	matcher_scratch_free(x->scratch);
	matcher_free(x->m);
	free(x->image);
	for (size_t i = 0; i < x->rules.n; i++) {
		free(x->rules.rules[i].id);
		free(x->rules.rules[i].pattern);
	}
	free(x->rules.rules);
}

/* A text in pieces of 1 to piece_max bytes. */
static void run(struct machine *x, const char *text, size_t len, size_t piece_max, struct found *f)
{
	f->n = 0;
	matcher_reset(x->s);
	for (size_t at = 0, n; at < len; at += n) {
		n = piece_max > 1 ? 1 + (size_t)random() % piece_max : 1;
		n = n < len - at ? n : len - at;
		assert_int_equal(matcher_feed(x->s, text + at, n, on_match, f), 0);
	}
	assert_int_equal(matcher_finish(x->s, on_match, f), 0);
}

/* ---- PCRE2 alone */

static void reference(const struct ruleset *rules, const char *text, size_t len, struct found *f)
{
	pcre2_match_data *data = pcre2_match_data_create(32, NULL);

	f->n = 0;
	for (size_t i = 0; i < rules->n; i++) {
		int error;
		PCRE2_SIZE at = 0;
		pcre2_code *code = pcre2_compile((PCRE2_SPTR)rules->rules[i].pattern,
			PCRE2_ZERO_TERMINATED, PCRE2_DOLLAR_ENDONLY, &error, &at, NULL);

		assert_non_null(code);
		at = 0;
		while (pcre2_match(code, (PCRE2_SPTR)text, len, at, PCRE2_NOTEMPTY, data, NULL) >
			0) {
			const PCRE2_SIZE *spans = pcre2_get_ovector_pointer(data);

			add_found(f, i, spans[0], spans[1]);
			at = spans[1];
		}
		pcre2_code_free(code);
	}
	pcre2_match_data_free(data);
}

/* ---- rules and texts, made up */

/* Shapes that rules have; %s: a word of its own. */
static const char *const shapes[] = {
	"\\b%s_[A-Za-z0-9]{12}\\b",
	"\\b(%s-[0-9a-f]{8}-(?:[a-z]{2,4}|[0-9]{3}))(?:[\"'\\s;]|$)",
	"(?i)[\\w.-]{0,20}?(?:%s)(?:[ "
	"\\t\\w.-]{0,10})[\\s'\"]{0,3}(?:=|:|=>)[\"'\\s=]{0,5}([a-z0-9]{10})(?:['\"\\s;]|$)",
	"%s[.:][\\w-]{4,20}[.:][\\w-]{3,}",
	"(?:^|[^A-Za-z0-9])%s[0-9]{6,9}",
	"(?<![A-Za-z])%s(?:ab?|c+)x{2,}(?![0-9])",
	"(?i:%s)-(?P<n>[[:alnum:]]{3})-\\1",
	"[a-f0-9]{4,}%s[^\\n]*?end",
	"\\x5b%s\\x{5d}\\Q(*)\\E?",
};

static const char *const fixed[] = {
	"(?i)(?:access|auth|(?-i:[Aa]pi|API)|key|token|secret)[\\w.-]{0,8}[\\s'\"]{0,3}[=:][\\s'\"="
	"]{0,5}([\\w.=-]{10,30}|[a-z0-9][a-z0-9+/]{11,}={0,3})(?:['\"\\s;]|$)",
	"[MN][A-Za-z\\d]{13}\\.[\\w-]{6}\\.[\\w-]{7}",
	"\\b[0-9a-f]{32}\\b",
	"\\bey[a-zA-Z0-9]{7,}\\.ey[a-zA-Z0-9_-]{7,}\\.[a-zA-Z0-9_-]{5,}={0,2}",
	"-----BEGIN[ A-Z]{0,30}KEY-----[\\s\\S]{8,}?-----END",
	"(?:aa|ab)*c{3,5}?d",
	"^begin[0-9]{2}|[0-9]{2}end$",
	"[0-9]{3}(?:0|1)+",
	"(?s)\\(.{3,9}\\)",
	"\\b(S[A-D][A-Z2-7]{24})\\b",
	"(?:[^0-9]|^)((?:4[0-9]{3}|5[1-5][0-9]{2})(?:[ -]?[0-9]{4}){3})(?:[^0-9]|$)",
	"[0-9a-f]{16}-[0-9a-f]{4,8}",
};

static const char *const words[] = {"ghp", "xox", "sk", "acme", "key", "Token", "aa", "zz9"};

#define N_RULES (ARRAY_LEN(shapes) * ARRAY_LEN(words) + ARRAY_LEN(fixed))

static void make_rules(struct machine *x)
{
	char *patterns[N_RULES];
	size_t n = 0;

	for (size_t i = 0; i < ARRAY_LEN(shapes); i++)
		for (size_t k = 0; k < ARRAY_LEN(words); k++) {
			const char *at = strstr(shapes[i], "%s");

			patterns[n++] = str_format(
				"%.*s%s%s", (int)(at - shapes[i]), shapes[i], words[k], at + 2);
		}
	for (size_t i = 0; i < ARRAY_LEN(fixed); i++)
		patterns[n++] = strdup(fixed[i]);
	machine_open(x, (const char *const *)patterns, n);
	while (n)
		free(patterns[--n]);
}

/* A long stretch of few different bytes. */
static size_t make_run(char *text)
{
	static const char *const sets[] = {"0123456789abcdef", "ABCDEFS234567", "0123456789",
		"45 -0123456789", "0123456789abcdef-"};
	const char *set = sets[(size_t)random() % ARRAY_LEN(sets)];
	size_t n = 10 + (size_t)random() % 90;

	for (size_t i = 0; i < n; i++)
		text[i] = set[(size_t)random() % strlen(set)];
	return n;
}

/* Pieces that rules' patterns are made of, and noise. */
static size_t make_text(char *text, size_t size)
{
	static const char *const pieces[] = {"_", "-", " ", "\n", "\"", "=", ": ", ".", "a", "b",
		"c", "d", "x", "xx", "0", "1", "abc", "-abc", "ABC", "00", "123456", "0123abcd",
		"-0123abcd-", "end", "begin", "-----", "-----BEGIN", " KEY-----", "-----END", "ey",
		"ccc", "key", "token", "secret=", "api", "M", "(", ")", "[", "]", "(*)",
		"abcdefghijkl", "ABCdef012345", "\xff\xc3"};
	size_t len = 0, n;

	while (len + 128 < size) {
		const char *piece = pieces[(size_t)random() % ARRAY_LEN(pieces)];

		if (random() % 3 == 0)
			piece = words[(size_t)random() % ARRAY_LEN(words)];
		n = strlen(piece);
		memcpy(text + len, piece, n);
		len += n;
		if (random() % 40 == 0)
			text[len++] = '\0';
		if (random() % 25 == 0)
			len += make_run(text + len);
	}
	text[len] = '\0';
	return len;
}

static struct machine shared;

static int open_shared(void **state)
{
	(void)state;
	srandom(7);
	make_rules(&shared);
	return 0;
}

static int close_shared(void **state)
{
	(void)state;
	machine_close(&shared);
	return 0;
}

static void finds_what_pcre2_alone_finds(void **state)
{
	static struct found a, b;
	static char text[6100];
	size_t total = 0;

	(void)state;
	for (int round = 0; round < 300; round++) {
		size_t len = make_text(text, 100 + (size_t)random() % (round % 10 ? 800 : 5900));

		reference(&shared.rules, text, len, &b);
		run(&shared, text, len, 100000, &a);
		same(&a, &b, "whole", text);
		total += b.n;
	}
	assert_true(total > 1000);
}

static void a_text_may_be_cut_anywhere(void **state)
{
	static struct found a, b;
	static char text[40100];

	(void)state;
	for (int round = 0; round < 30; round++) {
		size_t len = make_text(text, 200 + (size_t)random() % (round % 10 ? 4000 : 39000));

		run(&shared, text, len, 100000, &b);
		run(&shared, text, len, 1, &a);
		same(&a, &b, "bytes", text);
		run(&shared, text, len, 3000, &a);
		same(&a, &b, "pieces", text);
	}
}

/* ---- single rules */

struct first {
	char *text;
	bool secret;
};

static int take_first(void *arg, const struct match *m)
{
	struct first *f = arg;
	size_t from = f->secret ? m->secret_at : m->at, to = f->secret ? m->secret_end : m->at_end;

	if (!f->text)
		f->text = strndup((const char *)m->text + from, to - from);
	return 0;
}

/* The first match of one rule in a text, as text; NULL: none. secret: only that part. */
static char *match_of(const char *pattern, const char *text, size_t len, bool secret)
{
	struct first f = {.secret = secret};
	struct machine x;

	machine_open(&x, &pattern, 1);
	assert_int_equal(matcher_feed(x.s, text, len, take_first, &f), 0);
	assert_int_equal(matcher_finish(x.s, take_first, &f), 0);
	machine_close(&x);
	return f.text;
}

static void finds(const char *pattern, const char *text, const char *expected)
{
	cleanup_free char *found = match_of(pattern, text, strlen(text), false);

	if (!str_eq(found, expected) && (found || expected))
		fail_msg("'%s' in '%s': '%s'", pattern, text, found ? found : "nothing");
}

static void a_token_behind_an_escape_is_found(void **state)
{
	static const char *const before[] = {
		"\\n", "\\t", "%0A", "%3d", "\\u000a", "\\x0a", "\\\\n", "", " ", "&quot;"};
	static const char *const patterns[] = {"\\bwxy_[a-z]{6}\\b",
		"(?:^|[^A-Za-z0-9])wxy_[a-z]{6}", "(?<![A-Za-z0-9])wxy_[a-z]{6}"};

	(void)state;
	for (size_t p = 0; p < ARRAY_LEN(patterns); p++) {
		for (size_t i = 0; i < ARRAY_LEN(before); i++) {
			cleanup_free char *text = str_format("a=%swxy_abcdef", before[i]);
			cleanup_free char *found = match_of(patterns[p], text, strlen(text), false);

			if (!found || !strstr(found, "wxy_abcdef"))
				fail_msg("%s in %s", patterns[p], text);
		}
		finds(patterns[p], "a=nwxy_abcdef", NULL);
	}
}

static void a_stretch_is_found_wherever_it_stands(void **state)
{
	const char *pattern = "\\bS[A-D][A-Z2-7]{24}\\b";
	struct found f = {.n = 0};
	struct machine x;
	char text[300];

	(void)state;
	machine_open(&x, &pattern, 1);
	for (size_t i = 2; i < 400; i++) {
		size_t at = i / 2;

		/* By what this processor has, and by what each has. */
		inline_masks_portable(i % 2);
		memset(text, '.', sizeof(text));
		memset(text + at, 'A', 26);
		text[at] = 'S';
		run(&x, text, sizeof(text), sizeof(text), &f);
		assert_int_equal(f.n, 1);
		assert_int_equal(f.list[0].start, at);
	}
	inline_masks_portable(false);
	machine_close(&x);
}

/* Tokens behind many that almost are one, glued to them or not. */
static void near_misses_hide_nothing(void **state)
{
	static const char *const near[] = {"wxy_", "wxy_abc", "wxy_abcdefghijk ", "wxy_abc.",
		"=wxy_=",
		"wxy wxy_abcdefghijk-                                                            "};
	static const char *const patterns[] = {"wxy_[a-z]{12}", "(?:[^A-Z0-9]|^)wxy_[a-z]{12}",
		"wxy_[a-z_]{3,20}[.=]?[a-z]{3,9}0"};
	static char text[200000];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(near) * ARRAY_LEN(patterns); i++) {
		const char *pattern = patterns[i % ARRAY_LEN(patterns)],
			   *miss = near[i / ARRAY_LEN(patterns)];
		struct found f = {.n = 0};
		struct machine x;
		size_t len = 0;

		machine_open(&x, &pattern, 1);
		while (len + 200 < sizeof(text))
			len += (size_t)snprintf(text + len, sizeof(text) - len, "%s", miss);
		len += (size_t)snprintf(text + len, sizeof(text) - len, "%s", "wxy_abcdefghijkl0");
		run(&x, text, len, 30000, &f);
		if (!f.n || f.list[f.n - 1].end + 1 < len)
			fail_msg("'%s' behind '%s' is not found", pattern, miss);
		machine_close(&x);
	}
}

static void syntax_of_rules_is_understood(void **state)
{
	(void)state;
	finds("(?i)abc(?-i:D)e", "xABCDE", "ABCDE");
	finds("(?i)abc(?-i:D)e", "xABCdE", NULL);
	finds("a(?P<n>b)(?:c|(?i)d)e", "abDe", "abDe");
	finds("q[\\]x-z]{2}\\x60[[:^alpha:]]", "q]y`1", "q]y`1");
	finds("v\\.\\d{2,}?\\D", "v.1234x", "v.1234x");
	finds("(?s)go.up", "go\nup", "go\nup");
	finds("go.up", "go\nup", NULL);
	finds("key: {a,b}", "key: {a,b}", "key: {a,b}");
	finds("end$", "end\n", NULL);
}

static void the_secret_is_the_group(void **state)
{
	cleanup_free char *found =
		match_of("key=(?:\"([a-z]{5})\"|([a-z]{4}))", "key=abcd", 8, true);

	(void)state;
	assert_string_equal(found, "abcd");
}

static void bytes_of_any_kind_are_text(void **state)
{
	static const char text[] = {0, (char)0xff, 'a', 'b', 'c', 0, (char)0x80, 'd', 'e', 'f'};
	cleanup_free char *found = match_of("abc[^a-z]{2}def", text, sizeof(text), false);

	(void)state;
	assert_non_null(found);
}

static void what_begins_before_a_flush_is_found_after_it(void **state)
{
	static const char text[] = "x wxy_abcdefghijkl. wxy_abcdefghijkl";
	const char *pattern = "\\bwxy_[a-z]{12}\\b";
	struct found f = {.n = 0};
	struct machine x;

	(void)state;
	machine_open(&x, &pattern, 1);
	for (size_t i = 0; i < sizeof(text) - 1; i++) {
		assert_int_equal(matcher_feed(x.s, text + i, 1, on_match, &f), 0);
		assert_int_equal(matcher_flush(x.s, on_match, &f), 0);
		/* At once, as soon as it is there, and once. */
		assert_int_equal(f.n, i + 1 < 18 ? 0 : i + 1 < sizeof(text) - 1 ? 1 : 2);
	}
	assert_int_equal(matcher_finish(x.s, on_match, &f), 0);
	assert_int_equal(f.n, 2);
	assert_int_equal(f.list[0].start, 2);
	machine_close(&x);
}

static void what_explodes_is_undecided(void **state)
{
	const char *pattern = "wxy(?:(?:a|aa)+)+[cd]";
	char text[2100];
	struct found f = {.n = 0};
	struct machine x;

	(void)state;
	memset(text, 'a', sizeof(text));
	memcpy(text, "wxy", 3);
	machine_open(&x, &pattern, 1);
	assert_int_equal(matcher_feed(x.s, text, sizeof(text), on_match, &f), 0);
	assert_int_equal(matcher_finish(x.s, on_match, &f), -EIO);
	/* And stays so: what follows cannot make it clean. */
	assert_int_equal(matcher_feed(x.s, "b", 1, on_match, &f), -EIO);
	matcher_reset(x.s);
	assert_int_equal(matcher_feed(x.s, "b", 1, on_match, &f), 0);
	machine_close(&x);
}

static void a_pattern_that_is_wrong_is_named(void **state)
{
	static const char *const patterns[] = {"abc(", "a*", "[z-a]bcd", "(?:x|)", "abc**def("};
	void *image = NULL;
	size_t len;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(patterns); i++) {
		char id[] = "my-rule", pattern[32];
		struct rule rule = {.id = id, .pattern = pattern};
		struct ruleset rules = {.rules = &rule, .n = 1};
		struct err e = {0};

		snprintf(pattern, sizeof(pattern), "%s", patterns[i]);
		assert_int_equal(matcher_compile(&rules, &image, &len, &e), -EINVAL);
		assert_non_null(strstr(e.msg, "my-rule"));
	}
}

static void a_keyword_must_stand_near(void **state)
{
	static const char text[] = "id abc12345";
	char id[] = "r", pattern[] = "abc[0-9]{5}", word[] = "acme", *near[] = {word, NULL};
	struct rule rule = {.id = id, .pattern = pattern, .keywords = near};
	struct machine x = {.rules = {.rules = &rule, .n = 1}};
	struct found f = {.n = 0};
	struct err e;

	(void)state;
	assert_int_equal(matcher_compile(&x.rules, &x.image, &x.image_len, &e), 0);
	assert_int_equal(matcher_new(&x.rules, x.image, x.image_len, &x.m, &e), 0);
	assert_int_equal(matcher_scratch_new(x.m, &x.scratch, &e), 0);
	assert_int_equal(matcher_open(x.m, x.scratch, &x.s, &e), 0);
	run(&x, text, sizeof(text) - 1, 100, &f);
	assert_int_equal(f.n, 0);
	run(&x, "ACME id abc12345", 16, 100, &f);
	assert_int_equal(f.n, 1);
	matcher_close(x.s);
	matcher_scratch_free(x.scratch);
	matcher_free(x.m);
	free(x.image);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_what_pcre2_alone_finds),
		cmocka_unit_test(a_text_may_be_cut_anywhere),
		cmocka_unit_test(a_token_behind_an_escape_is_found),
		cmocka_unit_test(a_stretch_is_found_wherever_it_stands),
		cmocka_unit_test(near_misses_hide_nothing),
		cmocka_unit_test(syntax_of_rules_is_understood),
		cmocka_unit_test(the_secret_is_the_group),
		cmocka_unit_test(bytes_of_any_kind_are_text),
		cmocka_unit_test(what_begins_before_a_flush_is_found_after_it),
		cmocka_unit_test(what_explodes_is_undecided),
		cmocka_unit_test(a_pattern_that_is_wrong_is_named),
		cmocka_unit_test(a_keyword_must_stand_near),
	};

	return cmocka_run_group_tests(tests, open_shared, close_shared);
}
