/*
 * The built-in rules by their own examples: each is found by its rule and by no other, each near
 * miss is not. What PCRE2 finds counts here, without Hyperscan before it (test_matcher has that).
 * RULES_SEED=N: other random values. RULES_ONLY=ID: one rule, with what it is shown.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "base/ptr.h"
#include "base/str.h"
#include "scan/ruleset.h"
#include "scan/verdict.h"
#include "tests/lib/template.c"

#define RULES_MIN 350
#define ROUNDS	  16

struct fixture {
	struct ruleset rules;
	struct verdicts *verdicts;
	pcre2_code **codes;
	pcre2_match_data *data;
	struct template_random random;
	const char *only;
	size_t wrong;
};

static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	const char *seed = getenv("RULES_SEED");
	PCRE2_SIZE at;
	struct err e;
	int code;

	if (!f)
		return -1;
	*state = f;
	f->only = getenv("RULES_ONLY");
	f->random.state = seed ? strtoul(seed, NULL, 10) : 1;
	print_message("RULES_SEED=%llu\n", (unsigned long long)f->random.state);
	if (ruleset_read(&f->rules, ruleset_builtin, ruleset_builtin_len, "scan/rules/*.toml", true,
		    &e) < 0 ||
		verdicts_new(&f->rules, &f->verdicts, &e) < 0) {
		print_error("%s\n", e.msg);
		return -1;
	}
	f->codes = calloc(f->rules.n, sizeof(*f->codes));
	f->data = pcre2_match_data_create(64, NULL);
	for (size_t i = 0; f->codes && i < f->rules.n; i++) {
		f->codes[i] = pcre2_compile((PCRE2_SPTR)f->rules.rules[i].pattern,
			PCRE2_ZERO_TERMINATED, PCRE2_DOLLAR_ENDONLY, &code, &at, NULL);
		if (!f->codes[i]) {
			print_error("rule %s does not compile at %zu\n", f->rules.rules[i].id, at);
			return -1;
		}
		(void)pcre2_jit_compile(f->codes[i], PCRE2_JIT_COMPLETE);
	}
	return f->codes && f->data ? 0 : -1;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	for (size_t i = 0; f->codes && i < f->rules.n; i++)
		pcre2_code_free(f->codes[i]);
	free(f->codes);
	pcre2_match_data_free(f->data);
	verdicts_free(f->verdicts);
	ruleset_done(&f->rules);
	free(f);
	return 0;
}

static bool has_keyword(const struct rule *r, const char *text)
{
	if (!r->keywords)
		return true;
	for (char **word = r->keywords; *word; word++)
		if (strcasestr(text, *word))
			return true;
	return false;
}

/* The group that is the secret. */
static int secret_of(const struct rule *r, const PCRE2_SIZE *at, int groups)
{
	if (r->secret_group > 0)
		return (int)r->secret_group;
	for (int i = 1; i < groups; i++)
		if (at[2 * i] != PCRE2_UNSET && at[2 * i + 1] > at[2 * i])
			return i;
	return 0;
}

static bool finds(struct fixture *f, size_t rule, const struct str *text)
{
	const struct rule *r = &f->rules.rules[rule];
	const PCRE2_SIZE *at = pcre2_get_ovector_pointer(f->data);
	struct verdict_match m = {.rule = rule,
		.path = r->path ? "x" : NULL,
		.text = (const unsigned char *)text->s,
		.len = text->len};
	enum scan_confidence confidence;
	struct err e;
	int n, group;

	if (!has_keyword(r, text->s))
		return false;
	for (PCRE2_SIZE from = 0; from <= text->len; from = at[0] + 1) {
		n = pcre2_match(
			f->codes[rule], (PCRE2_SPTR)text->s, text->len, from, 0, f->data, NULL);
		if (n <= 0)
			return false;
		group = secret_of(r, at, n);
		m.start = at[0];
		m.end = at[1];
		m.secret_start = at[2 * group];
		m.secret_end = at[2 * group + 1];
		n = verdict_of(f->verdicts, &m, &confidence, &e);
		if (n < 0)
			fail_msg("rule %s: %s", r->id, e.msg);
		if (n == 1)
			return true;
	}
	return false;
}

static void tell(struct fixture *f, const struct rule *r, const char *template, const char *what)
{
	print_error("scan/rules: %s: %s: %s\n", r->id, template, what);
	f->wrong++;
}

static bool expand(struct fixture *f, const struct rule *r, const char *template, struct str *text)
{
	const char *why = "no memory";
	bool ok = template_expand(template, &f->random, text, &why);

	if (!ok)
		tell(f, r, template, why);
	else if (f->only)
		print_message("%s:\n\t%s\n", template, text->s ? text->s : "");
	return ok && text->s;
}

/* No rule but its own and those that it names. */
static void show_others(
	struct fixture *f, const struct rule *r, const char *template, const struct str *text)
{
	for (size_t i = 0; i < f->rules.n; i++) {
		const struct rule *other = &f->rules.rules[i];
		cleanup_free char *what = NULL;

		if (other == r || (r->also && strv_has(r->also, other->id)) || !finds(f, i, text))
			continue;
		what = str_format("is found by %s, too: it belongs into also", other->id);
		tell(f, r, template, what);
	}
}

static void show_example(struct fixture *f, size_t rule, const char *template)
{
	const struct rule *r = &f->rules.rules[rule];

	for (int i = 0; i < ROUNDS; i++) {
		cleanup_str struct str text = {0};

		if (!expand(f, r, template, &text))
			return;
		if (!finds(f, rule, &text))
			tell(f, r, template, "is not found");
		if (i == 0)
			show_others(f, r, template, &text);
	}
}

static void show_near_miss(struct fixture *f, size_t rule, const char *template)
{
	const struct rule *r = &f->rules.rules[rule];

	for (int i = 0; i < ROUNDS; i++) {
		cleanup_str struct str text = {0};

		if (!expand(f, r, template, &text))
			return;
		if (finds(f, rule, &text))
			tell(f, r, template, "is found, though it is a near miss");
	}
}

static void each_rule_finds_its_examples_alone_and_not_its_near_misses(void **state)
{
	struct fixture *f = *state;

	for (size_t i = 0; i < f->rules.n; i++) {
		const struct rule *r = &f->rules.rules[i];

		if (f->only && !str_eq(f->only, r->id))
			continue;
		for (char **t = r->examples; *t; t++)
			show_example(f, i, *t);
		for (char **t = r->near; *t; t++)
			show_near_miss(f, i, *t);
	}
	assert_int_equal(f->wrong, 0);
}

static void there_are_enough_rules_each_with_its_id_and_document(void **state)
{
	struct fixture *f = *state;

	assert_true(f->rules.n >= RULES_MIN);
	for (size_t i = 0; i < f->rules.n; i++) {
		const struct rule *r = &f->rules.rules[i];

		if (ruleset_find(&f->rules, r->id) != i)
			fail_msg("rule %s stands there twice", r->id);
		if (!r->doc || !str_starts(r->doc, "https://"))
			fail_msg("rule %s: doc is '%s', expected an https:// address", r->id,
				r->doc ? r->doc : "");
	}
}

static void a_name_in_also_is_a_rule(void **state)
{
	struct fixture *f = *state;

	for (size_t i = 0; i < f->rules.n; i++)
		for (char **id = f->rules.rules[i].also; id && *id; id++)
			if (ruleset_find(&f->rules, *id) == f->rules.n)
				fail_msg("rule %s: also: there is no rule %s", f->rules.rules[i].id,
					*id);
}

/* It is read at each start of a component. */
static void all_rules_are_read_in_milliseconds(void **state)
{
	double best = 1;

	(void)state;
	for (int i = 0; i < 10; i++) {
		cleanup_ruleset struct ruleset r = {0};
		struct timespec from, to;
		double took;
		struct err e;

		clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &from);
		assert_int_equal(
			ruleset_read(&r, ruleset_builtin, ruleset_builtin_len, "rules", true, &e),
			0);
		clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &to);
		took = (double)(to.tv_sec - from.tv_sec) +
		       1e-9 * (double)(to.tv_nsec - from.tv_nsec);
		best = took < best ? took : best;
	}
	print_message("all rules are read in %.2f ms\n", best * 1e3);
	/* Much slower with sanitizers. */
	assert_true(best < 0.5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_rule_finds_its_examples_alone_and_not_its_near_misses),
		cmocka_unit_test(there_are_enough_rules_each_with_its_id_and_document),
		cmocka_unit_test(a_name_in_also_is_a_rule),
		cmocka_unit_test(all_rules_are_read_in_milliseconds),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
