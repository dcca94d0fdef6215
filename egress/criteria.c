#define PCRE2_CODE_UNIT_WIDTH 8
#include "egress/criteria.h"

#include <errno.h>
#include <pcre2.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define MATCH_LIMIT 100000
#define DEPTH_LIMIT 1000

struct criteria {
	const struct policy_matcher *policy;
	pcre2_code **paths;   /* NULL where the value is no regex */
	pcre2_code **headers; /* the same */
};

static int compile(const char *pattern, pcre2_code **ret, struct err *e)
{
	int code;
	PCRE2_SIZE at;
	char text[120];

	*ret = pcre2_compile((PCRE2_SPTR)pattern, PCRE2_ZERO_TERMINATED,
		PCRE2_ANCHORED | PCRE2_ENDANCHORED | PCRE2_DOLLAR_ENDONLY | PCRE2_NEVER_BACKSLASH_C,
		&code, &at, NULL);
	if (*ret)
		return 0;
	pcre2_get_error_message(code, (PCRE2_UCHAR *)text, sizeof(text));
	return err_say(
		e, EINVAL, "regular expression '%s', character %zu: %s", pattern, (size_t)at, text);
}

int criteria_new(const struct policy_matcher *policy, struct criteria **ret, struct err *e)
{
	struct criteria *m = calloc(1, sizeof(*m));
	int r = 0;

	if (!m)
		return err_set(e, ENOMEM, "the matches of a route");
	m->policy = policy;
	m->paths = calloc(policy->n_paths + 1, sizeof(*m->paths));
	m->headers = calloc(policy->n_headers + 1, sizeof(*m->headers));
	if (!m->paths || !m->headers)
		r = err_set(e, ENOMEM, "the matches of a route");
	for (size_t i = 0; i < policy->n_paths && r == 0; i++)
		if (policy->paths[i].type == POLICY_REGEX)
			r = compile(policy->paths[i].value, &m->paths[i], e);
	for (size_t i = 0; i < policy->n_headers && r == 0; i++)
		if (policy->headers[i].type == POLICY_REGEX)
			r = compile(policy->headers[i].value, &m->headers[i], e);
	if (r < 0) {
		criteria_free(m);
		return r;
	}
	*ret = m;
	return 0;
}

void criteria_free(struct criteria *m)
{
	if (!m)
		return;
	for (size_t i = 0; m->paths && i < m->policy->n_paths; i++)
		pcre2_code_free(m->paths[i]);
	for (size_t i = 0; m->headers && i < m->policy->n_headers; i++)
		pcre2_code_free(m->headers[i]);
	free(m->paths);
	free(m->headers);
	free(m);
}

static bool regex_fits(const pcre2_code *code, const char *text, size_t len)
{
	pcre2_match_context *ctx = pcre2_match_context_create(NULL);
	pcre2_match_data *data = pcre2_match_data_create(1, NULL);
	int r = -1;

	if (ctx && data) {
		pcre2_set_match_limit(ctx, MATCH_LIMIT);
		pcre2_set_depth_limit(ctx, DEPTH_LIMIT);
		r = pcre2_match(code, (PCRE2_SPTR)text, len, 0, 0, data, ctx);
	}
	pcre2_match_data_free(data);
	pcre2_match_context_free(ctx);
	return r >= 0;
}

static bool path_fits(const struct policy_path *p, const pcre2_code *code, const struct target *t)
{
	size_t len = strlen(p->value);

	switch (p->type) {
	case POLICY_EXACT:
		return len == t->path_len && memcmp(p->value, t->text, len) == 0;
	case POLICY_PREFIX:
		return len <= t->path_len && memcmp(p->value, t->text, len) == 0;
	case POLICY_REGEX:
		return regex_fits(code, t->text, t->path_len);
	}
	return false;
}

/* Every line of that name must fit: otherwise the server might take the other one. */
static bool header_fits(
	const struct policy_header *p, const pcre2_code *code, const struct http1_head *head)
{
	size_t n = 0;

	for (size_t i = 0; i < head->n_fields; i++) {
		const char *value = head->fields[i].value;

		if (strcasecmp(head->fields[i].name, p->name) != 0)
			continue;
		n++;
		if (p->type == POLICY_REGEX ? !regex_fits(code, value, strlen(value))
					    : strcmp(value, p->value) != 0)
			return false;
	}
	return n > 0;
}

static bool any_path(const struct criteria *m, const struct target *target)
{
	for (size_t i = 0; i < m->policy->n_paths; i++)
		if (path_fits(&m->policy->paths[i], m->paths[i], target))
			return true;
	return m->policy->n_paths == 0;
}

static bool any_method(const struct criteria *m, const char *method)
{
	for (char **p = m->policy->methods; p && *p; p++)
		if (strcmp(*p, method) == 0)
			return true;
	return !m->policy->methods || !m->policy->methods[0];
}

/* Values for one header name are alternatives; different names must all fit. */
static bool all_headers(const struct criteria *m, const struct http1_head *head)
{
	for (size_t i = 0; i < m->policy->n_headers; i++) {
		bool fits = false;

		for (size_t k = 0; k < m->policy->n_headers && !fits; k++)
			if (strcasecmp(m->policy->headers[k].name, m->policy->headers[i].name) == 0)
				fits = header_fits(&m->policy->headers[k], m->headers[k], head);
		if (!fits)
			return false;
	}
	return true;
}

bool criteria_fits(
	const struct criteria *m, const struct http1_head *head, const struct target *target)
{
	return any_method(m, head->method) && any_path(m, target) && all_headers(m, head);
}
