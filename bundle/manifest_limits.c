#include <stdlib.h>
#include <string.h>

#include "base/ptr.h"
#include "bundle/manifest.h"
#include "bundle/policy_limits.h"

/* limits of a route or of the bottle. Absent: the default; there is no word for "unlimited". */

/* What makes sense where bytes pass as they are. */
#define TCP_LIMITS "connections, idle"

static bool parse_seconds(const char *text, int64_t max, int64_t *ret)
{
	static const struct {
		const char *word;
		int64_t seconds;
	} units[] = {{"", 1}, {"s", 1}, {"m", 60}, {"h", 3600}};
	size_t digits = strspn(text, "0123456789"), i = 0;
	cleanup_free char *number = strndup(text, digits);
	long n;

	while (i < ARRAY_LEN(units) && !str_eq(units[i].word, text + digits))
		i++;
	if (i == ARRAY_LEN(units) || !number ||
		!str_to_long(number, 1, (long)(max / units[i].seconds), &n))
		return false;
	*ret = n * units[i].seconds;
	return true;
}

static bool read_seconds(
	struct frontmatter *f, const struct yaml_node *n, int64_t max, int64_t *ret)
{
	if ((n->type == YAML_NUMBER || n->type == YAML_STRING) && parse_seconds(n->text, max, ret))
		return true;
	yaml_problem(&f->problems, n,
		"'%s' is no duration; expected seconds, or a number with s, m or h behind it (90s, "
		"5m), from 1s to %lldh",
		n->text ? n->text : "", (long long)(max / 3600));
	return false;
}

static bool read_one(struct frontmatter *f, const struct yaml_node *n,
	const struct policy_limit *which, int64_t *ret)
{
	long number;

	switch (which->unit) {
	case POLICY_SECONDS:
		return read_seconds(f, n, which->max, ret);
	case POLICY_BYTES:
		return manifest_read_size(f, n, which->max, ret);
	case POLICY_NUMBER:
		if (!yaml_int(&f->problems, n, 1, (long)which->max, &number))
			return false;
		*ret = number;
		return true;
	}
	return false;
}

void manifest_read_limits(
	struct frontmatter *f, struct yaml_node *limits, struct policy_limits *ret)
{
	int64_t value;

	if (!limits || !yaml_is(&f->problems, limits, YAML_MAP))
		return;
	if (!limits->first)
		yaml_problem(&f->problems, limits, "it is empty; allowed: " POLICY_LIMIT_WORDS);
	for (size_t i = 0; i < policy_limit_count; i++) {
		const struct yaml_node *n = yaml_get(limits, policy_limit_list[i].key);

		if (n && read_one(f, n, &policy_limit_list[i], &value))
			*policy_limit_of(ret, &policy_limit_list[i]) = (int)value;
	}
	manifest_read_size(f, yaml_get(limits, "body"), POLICY_BODY_MAX, &ret->body);
	yaml_finish(&f->problems, limits, POLICY_LIMIT_WORDS);
}

void manifest_read_tcp_limits(
	struct frontmatter *f, struct yaml_node *limits, struct policy_limits *ret)
{
	static const char *const of_http[] = {
		"requests_per_second", "head", "url", "first_byte", "ratio", "body"};

	manifest_read_limits(f, limits, ret);
	if (!limits || limits->type != YAML_MAP)
		return;
	for (size_t i = 0; i < ARRAY_LEN(of_http); i++) {
		const struct yaml_node *n = yaml_get(limits, of_http[i]);

		if (n)
			yaml_problem(&f->problems, n,
				"a tcp route has no requests; allowed here: " TCP_LIMITS);
	}
}

void manifest_merge_limits(struct policy_limits *into, const struct policy_limits *child)
{
	struct policy_limits later = *child;

	for (size_t i = 0; i < policy_limit_count; i++)
		if (*policy_limit_of(&later, &policy_limit_list[i]))
			*policy_limit_of(into, &policy_limit_list[i]) =
				*policy_limit_of(&later, &policy_limit_list[i]);
	if (later.body)
		into->body = later.body;
}
