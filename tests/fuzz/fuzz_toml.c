/*
 * The operator's rules: TOML, rules, patterns. What is read must be consistent, and every pattern
 * that was rewritten must be one that PCRE2 takes, but for its size.
 */
#include "tests/fuzz/fuzz.h"

#include <stdlib.h>
#include <string.h>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "scan/ruleset.h"
#include "scan/toml.h"

#define PATTERN_MAX 200 /* longer ones can be too large for PCRE2 */

static void check_value(const struct toml *v)
{
	if (v->type == TOML_STRING && v->s[v->len] != '\0')
		abort();
	if (v->type != TOML_ARRAY && v->type != TOML_TABLE)
		return;
	for (const struct toml *item = v->first; item; item = item->next)
		check_value(item);
}

static void check_pattern(const char *pattern)
{
	PCRE2_SIZE at;
	int code;
	pcre2_code *compiled;

	if (!pattern || strlen(pattern) > PATTERN_MAX)
		return;
	compiled = pcre2_compile(
		(PCRE2_SPTR)pattern, PCRE2_ZERO_TERMINATED, PCRE2_NEVER_UTF, &code, &at, NULL);
	if (!compiled && code != PCRE2_ERROR_INTERNAL_CODE_OVERFLOW && code != 120 && code != 186)
		abort();
	pcre2_code_free(compiled);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ruleset rules = {0};
	struct toml_doc *doc = NULL;
	struct err e;

	if (toml_parse((const char *)data, size, "fuzz", &doc, &e) == 0)
		check_value(toml_root(doc));
	toml_free(doc);
	if (ruleset_read(&rules, (const char *)data, size, "fuzz", size % 2, &e) == 0)
		for (size_t i = 0; i < rules.n; i++) {
			if (!rules.rules[i].id || !rules.rules[i].what || !rules.rules[i].pattern)
				abort();
			check_pattern(rules.rules[i].pattern);
		}
	ruleset_done(&rules);
	return 0;
}
