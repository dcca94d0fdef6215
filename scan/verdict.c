#include "scan/verdict.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "base/ptr.h"
#include "base/str.h"
#include "scan/entropy.h"
#include "scan/placeholder.h"
#include "scan/validator.h"

/* Steps that one search may take: a pattern that needs more could not be decided. */
#define MATCH_LIMIT 200000
#define HEAP_KIB    1024

/* A pattern of the ruleset, compiled when first needed. Not by JIT: components may make no code. */
struct lazy {
	const char *pattern;
	pcre2_code *code;
};

struct verdicts {
	const struct ruleset *rules;
	struct lazy *lazy;
	size_t n;
	pcre2_match_data *data;
	pcre2_match_context *limits;
};

static size_t count_patterns(const struct ruleset *set)
{
	size_t n = 0;

	for (size_t i = 0; i < set->n; i++) {
		const struct rule *r = &set->rules[i];

		n += r->path != NULL;
		for (size_t j = 0; j < r->n_allows; j++)
			n += strv_len(r->allows[j].regexes) + strv_len(r->allows[j].paths);
	}
	for (size_t j = 0; j < set->n_allows; j++)
		n += strv_len(set->allows[j].regexes) + strv_len(set->allows[j].paths);
	return n;
}

int verdicts_new(const struct ruleset *rules, struct verdicts **ret, struct err *e)
{
	struct verdicts *v = calloc(1, sizeof(*v));

	if (v) {
		v->rules = rules;
		v->lazy = calloc(count_patterns(rules) + 1, sizeof(*v->lazy));
		v->data = pcre2_match_data_create(1, NULL);
		v->limits = pcre2_match_context_create(NULL);
	}
	if (!v || !v->lazy || !v->data || !v->limits) {
		verdicts_free(v);
		return err_set(e, ENOMEM, "allowlists of the rules");
	}
	pcre2_set_match_limit(v->limits, MATCH_LIMIT);
	pcre2_set_heap_limit(v->limits, HEAP_KIB);
	*ret = v;
	return 0;
}

void verdicts_free(struct verdicts *v)
{
	if (!v)
		return;
	for (size_t i = 0; i < v->n; i++)
		pcre2_code_free(v->lazy[i].code);
	pcre2_match_data_free(v->data);
	pcre2_match_context_free(v->limits);
	free(v->lazy);
	free(v);
}

/* ---- patterns of allowlists and paths */

static int compile(const char *pattern, pcre2_code **ret, struct err *e)
{
	PCRE2_UCHAR why[128];
	PCRE2_SIZE at;
	int code;

	*ret = pcre2_compile((PCRE2_SPTR)pattern, PCRE2_ZERO_TERMINATED,
		PCRE2_NEVER_UTF | PCRE2_DOLLAR_ENDONLY, &code, &at, NULL);
	if (*ret)
		return 0;
	pcre2_get_error_message(code, why, sizeof(why));
	return err_say(e, EINVAL, "pattern '%.80s': %s", pattern, (const char *)why);
}

static int find_code(struct verdicts *v, const char *pattern, pcre2_code **ret, struct err *e)
{
	int rc;

	for (size_t i = 0; i < v->n; i++)
		if (v->lazy[i].pattern == pattern) {
			*ret = v->lazy[i].code;
			return 0;
		}
	rc = compile(pattern, ret, e);
	if (rc == 0)
		v->lazy[v->n++] = (struct lazy){pattern, *ret};
	return rc;
}

/* 1: the pattern is found in the text, 0: it is not. */
static int search(
	struct verdicts *v, const char *pattern, const void *text, size_t len, struct err *e)
{
	pcre2_code *code = NULL;
	int rc = find_code(v, pattern, &code, e);

	if (rc < 0)
		return rc;
	rc = pcre2_match(code, text, len, 0, 0, v->data, v->limits);
	if (rc >= 0)
		return 1;
	if (rc == PCRE2_ERROR_NOMATCH)
		return 0;
	return err_say(e, EIO, "pattern '%.80s' takes too many steps", pattern);
}

/* -ENOENT: there is no list. */
static int search_any(
	struct verdicts *v, char *const *patterns, const void *text, size_t len, struct err *e)
{
	int rc = patterns ? 0 : -ENOENT;

	for (; rc == 0 && patterns && *patterns; patterns++)
		rc = search(v, *patterns, text, len, e);
	return rc;
}

/* ---- allowlists */

struct span {
	const unsigned char *p;
	size_t len;
};

static struct span target_of(const struct verdict_match *m, enum rule_target target)
{
	size_t start = m->start, end = m->end;

	switch (target) {
	case RULE_TARGET_SECRET:
		return (struct span){m->text + m->secret_start, m->secret_end - m->secret_start};
	case RULE_TARGET_MATCH:
		break;
	case RULE_TARGET_LINE:
		while (start > 0 && m->text[start - 1] != '\n')
			start--;
		while (end < m->len && m->text[end] != '\n')
			end++;
		break;
	}
	return (struct span){m->text + start, end - start};
}

static unsigned char lower(unsigned char c)
{
	return c >= 'A' && c <= 'Z' ? c | 0x20 : c;
}

static bool has_word(struct span s, const char *word)
{
	size_t n = strlen(word), i;

	for (size_t at = 0; at + n <= s.len; at++) {
		for (i = 0; i < n && lower(s.p[at + i]) == (unsigned char)word[i]; i++)
			;
		if (i == n)
			return true;
	}
	return false;
}

static int has_stopword(const struct rule_allow *a, struct span secret)
{
	if (!a->stopwords)
		return -ENOENT;
	for (char **word = a->stopwords; *word; word++)
		if (has_word(secret, *word))
			return 1;
	return 0;
}

static int has_path(struct verdicts *v, const struct rule_allow *a, const char *path, struct err *e)
{
	if (!a->paths)
		return -ENOENT;
	return path ? search_any(v, a->paths, path, strlen(path), e) : 0;
}

/* 1: the allowlist holds for the match. */
static int allows(struct verdicts *v, const struct rule_allow *a, const struct verdict_match *m,
	struct err *e)
{
	struct span target = target_of(m, a->target), secret = target_of(m, RULE_TARGET_SECRET);
	int holds[] = {
		has_stopword(a, secret),
		has_path(v, a, m->path, e),
		search_any(v, a->regexes, target.p, target.len, e),
	};
	bool any = false, all = true;

	for (size_t i = 0; i < ARRAY_LEN(holds); i++) {
		if (holds[i] < 0 && holds[i] != -ENOENT)
			return holds[i];
		any |= holds[i] == 1;
		all &= holds[i] != 0;
	}
	return any && (all || !a->all);
}

static int any_allows(struct verdicts *v, const struct rule_allow *list, size_t n,
	const struct verdict_match *m, struct err *e)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < n; i++)
		rc = allows(v, &list[i], m, e);
	return rc;
}

/* ---- the verdict */

static bool is_spared(const struct rule *rule, const struct verdict_match *m)
{
	const unsigned char *secret = m->text + m->secret_start;

	if (!rule->spares)
		return false;
	if (placeholder_is(secret, m->secret_end - m->secret_start))
		return true;
	/* A vendor's format is a secret wherever it stands. */
	return rule->confidence < SCAN_HIGH &&
	       placeholder_refers(m->text, m->len, m->secret_start, m->secret_end);
}

/*
 * A checksum that is wrong says that it is something else. With tokens of GitHub's and AWS's form
 * there is nothing else that it could be: one that was mistyped, cut or made up is still refused.
 */
static int validate(const struct rule *rule, struct span secret, enum scan_confidence *ret)
{
	*ret = rule->confidence;
	if (rule->validator == RULE_VALID_NONE)
		return 1;
	if (validator_accepts(rule->validator, secret.p, secret.len)) {
		/* A number of a card has a right check digit, and is no secret for that. */
		*ret = rule->confidence == SCAN_LOW ? SCAN_LOW : SCAN_HIGH;
		return 1;
	}
	if (rule->validator != RULE_VALID_GITHUB && rule->validator != RULE_VALID_AWS)
		return 0;
	*ret = rule->confidence < SCAN_MEDIUM ? rule->confidence : SCAN_MEDIUM;
	return 1;
}

int verdict_of(
	struct verdicts *v, const struct verdict_match *m, enum scan_confidence *ret, struct err *e)
{
	const struct rule *rule = &v->rules->rules[m->rule];
	struct span secret = target_of(m, RULE_TARGET_SECRET);
	int rc;

	if (rule->path) {
		rc = m->path ? search(v, rule->path, m->path, strlen(m->path), e) : 0;
		if (rc <= 0)
			return rc;
	}
	if (rule->entropy_floor > 0 && entropy_of(secret.p, secret.len) <= rule->entropy_floor)
		return 0;
	if (is_spared(rule, m))
		return 0;
	rc = any_allows(v, rule->allows, rule->n_allows, m, e);
	if (rc == 0)
		rc = any_allows(v, v->rules->allows, v->rules->n_allows, m, e);
	if (rc != 0)
		return rc < 0 ? rc : 0;
	return validate(rule, secret, ret);
}
