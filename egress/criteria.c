#include "egress/criteria.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/regex.h"

/* A path of the policy, ready to be compared. */
struct path {
	char *text; /* decoded; of `deny` without '/' at its end; NULL: it is a regex */
	size_t len;
};

struct criteria {
	const struct policy_matcher *policy;
	enum criteria_kind kind;
	struct path *paths;
	struct regex **path_regexes; /* NULL where the value is none */
	struct regex **header_regexes, **query_regexes;
};

/* ---- made */

static size_t without_slash(const char *text, size_t len)
{
	while (len > 0 && text[len - 1] == '/')
		len--;
	return len;
}

static char *decoded(const char *text)
{
	char *ret = malloc(strlen(text) + 1), *out = ret;

	for (const char *in = text; ret && *in; in++) {
		int high = *in == '%' ? http1_hex_digit(in[1]) : -1;
		int low = high < 0 ? -1 : http1_hex_digit(in[2]);

		*out++ = low < 0 ? *in : (char)(high << 4 | low);
		in += low < 0 ? 0 : 2;
	}
	if (ret)
		*out = '\0';
	return ret;
}

static int make_path(struct criteria *m, size_t i, struct err *e)
{
	const struct policy_path *p = &m->policy->paths[i];

	if (p->type == POLICY_REGEX &&
		regex_new(p->value, m->kind == CRITERIA_DENY, &m->path_regexes[i], e) < 0)
		return err_wrap(e, "paths[%zu].value", i);
	if (p->type == POLICY_REGEX)
		return 0;
	m->paths[i].text = decoded(p->value);
	if (!m->paths[i].text)
		return err_set(e, ENOMEM, "the matches of a route");
	m->paths[i].len = strlen(m->paths[i].text);
	if (m->kind == CRITERIA_DENY)
		m->paths[i].len = without_slash(m->paths[i].text, m->paths[i].len);
	return 0;
}

static int make_pairs(const struct criteria *m, const struct policy_header *list, size_t n,
	struct regex **regexes, struct err *e)
{
	for (size_t i = 0; i < n; i++)
		if (list[i].type == POLICY_REGEX &&
			regex_new(list[i].value, m->kind == CRITERIA_DENY, &regexes[i], e) < 0)
			return err_wrap(e, "%s[%zu].value",
				list == m->policy->query ? "query" : "headers", i);
	return 0;
}

static int fill(struct criteria *m, struct err *e)
{
	const struct policy_matcher *p = m->policy;
	int r = 0;

	m->paths = calloc(p->n_paths + 1, sizeof(*m->paths));
	m->path_regexes = calloc(p->n_paths + 1, sizeof(*m->path_regexes));
	m->header_regexes = calloc(p->n_headers + 1, sizeof(*m->header_regexes));
	m->query_regexes = calloc(p->n_query + 1, sizeof(*m->query_regexes));
	if (!m->paths || !m->path_regexes || !m->header_regexes || !m->query_regexes)
		return err_set(e, ENOMEM, "the matches of a route");
	for (size_t i = 0; r == 0 && i < p->n_paths; i++)
		r = make_path(m, i, e);
	if (r == 0)
		r = make_pairs(m, p->headers, p->n_headers, m->header_regexes, e);
	return r < 0 ? r : make_pairs(m, p->query, p->n_query, m->query_regexes, e);
}

int criteria_new(const struct policy_matcher *policy, enum criteria_kind kind,
	struct criteria **ret, struct err *e)
{
	struct criteria *m = calloc(1, sizeof(*m));
	int r;

	if (!m)
		return err_set(e, ENOMEM, "the matches of a route");
	m->policy = policy;
	m->kind = kind;
	r = fill(m, e);
	if (r < 0) {
		criteria_free(m);
		return r;
	}
	*ret = m;
	return 0;
}

static void regexes_free(struct regex **list, size_t n)
{
	for (size_t i = 0; list && i < n; i++)
		regex_free(list[i]);
	free(list);
}

void criteria_free(struct criteria *m)
{
	if (!m)
		return;
	for (size_t i = 0; m->paths && i < m->policy->n_paths; i++)
		free(m->paths[i].text);
	free(m->paths);
	regexes_free(m->path_regexes, m->policy->n_paths);
	regexes_free(m->header_regexes, m->policy->n_headers);
	regexes_free(m->query_regexes, m->policy->n_query);
	free(m);
}

/* ---- compared */

/* Nobody knows: then it is what refuses. */
static bool regex_fits(const struct criteria *m, const struct regex *x, const char *s, size_t len)
{
	enum regex_fit fit = regex_test(x, s, len);

	return fit == REGEX_YES || (fit == REGEX_LOST && m->kind == CRITERIA_DENY);
}

static bool same(const struct criteria *m, const char *a, const char *b, size_t len)
{
	return m->kind == CRITERIA_DENY ? strncasecmp(a, b, len) == 0 : memcmp(a, b, len) == 0;
}

/* What is below it alone: of `matches`, where "/v1/" is narrower than "/v1". */
static bool ends_in_slash(const struct path *p)
{
	return p->len > 0 && p->text[p->len - 1] == '/';
}

static bool path_fits(const struct criteria *m, size_t i, const struct criteria_request *q)
{
	const struct path *p = &m->paths[i];
	size_t len = q->path_len;

	switch (m->policy->paths[i].type) {
	case POLICY_EXACT:
		if (m->kind == CRITERIA_DENY)
			len = without_slash(q->path, len);
		return p->len == len && same(m, p->text, q->path, len);
	case POLICY_PREFIX:
		/* The server as a whole: what is for all paths is denied for it, too. */
		if (m->kind == CRITERIA_DENY && len == 1 && q->path[0] == '*')
			return p->len == without_slash("/", 1);
		return p->len <= len && same(m, p->text, q->path, p->len) &&
		       (p->len == len || q->path[p->len] == '/' || ends_in_slash(p));
	case POLICY_REGEX:
		return regex_fits(m, m->path_regexes[i], q->path, len);
	}
	return false;
}

static bool any_path(const struct criteria *m, const struct criteria_request *q)
{
	for (size_t i = 0; i < m->policy->n_paths; i++)
		if (path_fits(m, i, q))
			return true;
	return m->policy->n_paths == 0;
}

static bool any_method(const struct criteria *m, const char *method)
{
	char **list = m->policy->methods;

	for (char **p = list; p && *p; p++)
		if (m->kind == CRITERIA_DENY ? strcasecmp(*p, method) == 0
					     : strcmp(*p, method) == 0)
			return true;
	return !list || !list[0];
}

/* Headers, or parameters: what the policy says of them, and what was sent. */
struct side {
	const struct criteria *m;
	const struct policy_header *wanted;
	size_t n_wanted;
	struct regex *const *regexes;
	const struct http1_field *sent;
	size_t n_sent;
	bool (*alike)(const char *sent, const char *name);
	int (*compare)(const char *sent, const char *name); /* 0: the very name */
	bool lists;					    /* a value may be a list with commas */
};

static bool value_fits(const struct side *s, size_t i, const char *value, size_t len)
{
	const char *wanted = s->wanted[i].value;

	if (s->wanted[i].type == POLICY_REGEX)
		return regex_fits(s->m, s->regexes[i], value, len);
	return strlen(wanted) == len && same(s->m, wanted, value, len);
}

/* The value, or, where a list may be denied, one of its members. */
static bool any_member_fits(const struct side *s, size_t i, const char *value)
{
	if (value_fits(s, i, value, strlen(value)))
		return true;
	if (!s->lists || s->m->kind != CRITERIA_DENY)
		return false;
	while (*value) {
		size_t len = strcspn(value, ","), end = len;
		size_t skip = strspn(value, " \t");

		while (end > skip && (value[end - 1] == ' ' || value[end - 1] == '\t'))
			end--;
		if (end > skip && value_fits(s, i, value + skip, end - skip))
			return true;
		value += len + (value[len] == ',');
	}
	return false;
}

/* Any of the alternatives for this name. */
static bool value_allowed(const struct side *s, const char *name, const char *value)
{
	for (size_t i = 0; i < s->n_wanted; i++)
		if (s->alike(s->wanted[i].name, name) && any_member_fits(s, i, value))
			return true;
	return false;
}

/* All that was sent under this name, or under one that a server could take for it. */
static bool name_fits(const struct side *s, const char *name)
{
	size_t n = 0;

	for (size_t i = 0; i < s->n_sent; i++) {
		bool fits;

		if (!s->alike(s->sent[i].name, name))
			continue;
		fits = value_allowed(s, name, s->sent[i].value);
		if (s->m->kind == CRITERIA_DENY ? fits : !fits)
			return s->m->kind == CRITERIA_DENY;
		n += s->compare(s->sent[i].name, name) == 0;
	}
	return s->m->kind == CRITERIA_ALLOW && n > 0;
}

static bool all_names(const struct side *s)
{
	for (size_t i = 0; i < s->n_wanted; i++)
		if (!name_fits(s, s->wanted[i].name))
			return false;
	return true;
}

bool criteria_fits(const struct criteria *m, const struct criteria_request *q)
{
	const struct side headers = {m, m->policy->headers, m->policy->n_headers, m->header_regexes,
		q->head->fields, q->head->n_fields, http1_is_alike, strcasecmp, true};
	const struct side query = {m, m->policy->query, m->policy->n_query, m->query_regexes,
		q->query ? q->query->pairs : NULL, q->query ? q->query->n : 0, parameters_alike,
		strcmp, false};

	return any_method(m, q->head->method) && any_path(m, q) && all_names(&headers) &&
	       all_names(&query);
}
