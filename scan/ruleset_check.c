#include <errno.h>
#include <stdlib.h>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "base/str.h"
#include "scan/matcher.h"
#include "scan/pattern.h"
#include "scan/ruleset_edit.h"

/* How many groups the pattern has; -1 and an error when PCRE2 does not take it. */
static int check_pattern(struct ruleset_reading *rd, unsigned int line, const char *pattern)
{
	PCRE2_UCHAR why[160];
	uint32_t groups = 0;
	PCRE2_SIZE at;
	pcre2_code *compiled;
	int code;

	compiled = pcre2_compile((PCRE2_SPTR)pattern, PCRE2_ZERO_TERMINATED,
		PCRE2_DOLLAR_ENDONLY | PCRE2_NEVER_UTF, &code, &at, NULL);
	if (!compiled) {
		pcre2_get_error_message(code, why, sizeof(why));
		ruleset_wrong(rd, line, "pattern '%.80s': %s", pattern, (const char *)why);
		return -1;
	}
	pcre2_pattern_info(compiled, PCRE2_INFO_CAPTURECOUNT, &groups);
	pcre2_code_free(compiled);
	return (int)groups;
}

static void check_list(struct ruleset_reading *rd, unsigned int line, char *const *patterns)
{
	for (; patterns && *patterns; patterns++)
		(void)check_pattern(rd, line, *patterns);
}

static void check_width(struct ruleset_reading *rd, const struct rule *r)
{
	cleanup_pattern struct pattern p = {0};
	struct err why;

	/* One that is not followed is as wide as any. */
	if (pattern_parse(r->pattern, &p, &why) == 0 && pattern_max(p.root) <= MATCHER_MAX)
		return;
	ruleset_warn(rd, r->line,
		"rule '%s': what it matches can be longer than %d bytes, of which "
		"only so many are looked at",
		r->id, MATCHER_MAX);
}

static void check_rule(struct ruleset_reading *rd, const struct rule *r)
{
	int groups = check_pattern(rd, r->line, r->pattern);

	if (groups >= 0 && r->secret_group > (unsigned int)groups)
		ruleset_wrong(rd, r->line, "rule '%s': secretGroup is %u, but the regex has %d",
			r->id, r->secret_group, groups);
	if (groups >= 0)
		check_width(rd, r);
	if (r->path)
		(void)check_pattern(rd, r->line, r->path);
	for (size_t i = 0; i < r->n_allows; i++) {
		check_list(rd, r->line, r->allows[i].regexes);
		check_list(rd, r->line, r->allows[i].paths);
	}
}

int ruleset_check(struct ruleset *r, const char *name, struct err *e)
{
	struct ruleset_reading rd = {.to = r, .name = name};

	for (size_t i = 0; i < r->n; i++)
		if (!r->rules[i].builtin)
			check_rule(&rd, &r->rules[i]);
	for (size_t i = 0; i < r->n_allows; i++) {
		check_list(&rd, 0, r->allows[i].regexes);
		check_list(&rd, 0, r->allows[i].paths);
	}
	return ruleset_reading_end(&rd, e);
}
