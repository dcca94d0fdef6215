#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/ptr.h"
#include "base/regex.h"
#include "bundle/manifest.h"
#include "bundle/policy_match.h"

/* matches and deny of a route. An absent field matches all, so an empty one must not pass for
 * absent. */

#define FIELDS "paths, methods, headers, query"

/* The number of entries; 0 with a problem when it is no list or empty. */
static size_t count(struct frontmatter *f, const struct yaml_node *list)
{
	size_t n = 0;

	if (!yaml_is(&f->problems, list, YAML_LIST))
		return 0;
	for (const struct yaml_node *c = list->first; c; c = c->next)
		n++;
	if (n == 0)
		yaml_problem(&f->problems, list, "an empty list says nothing; leave the key out");
	return n;
}

static void read_type(struct frontmatter *f, const struct yaml_node *n, const char *allowed,
	enum policy_match *ret)
{
	const char *text;

	if (!yaml_str(&f->problems, n, &text))
		return;
	if (!policy_match_parse(text, ret) || !strstr(allowed, text))
		yaml_problem(&f->problems, n, "'%s' is no type; allowed: %s", text, allowed);
}

/* Found here, and not by the egress process of a bottle that is about to begin. */
static void check_regex(
	struct frontmatter *f, const struct yaml_node *n, enum policy_match type, const char *value)
{
	struct err why = {0};

	if (type == POLICY_REGEX && value && regex_check(value, &why) < 0)
		yaml_problem(&f->problems, n, "%s", why.msg);
}

static int copy_str(struct frontmatter *f, const struct yaml_node *n, char **ret)
{
	const char *text;

	if (!yaml_str(&f->problems, n, &text))
		return 0;
	*ret = strdup(text);
	return *ret ? 0 : -ENOMEM;
}

static int read_path(struct frontmatter *f, struct yaml_node *n, struct policy_path *p)
{
	const struct yaml_node *value;

	p->type = POLICY_PREFIX;
	if (!yaml_is(&f->problems, n, YAML_MAP))
		return 0;
	read_type(f, yaml_get(n, "type"), "prefix, exact, regex", &p->type);
	value = yaml_need(&f->problems, n, "value");
	if (copy_str(f, value, &p->value) < 0)
		return -ENOMEM;
	if (p->value && p->type != POLICY_REGEX && *p->value != '/')
		yaml_problem(&f->problems, value, "'%s' must start with /", p->value);
	check_regex(f, value, p->type, p->value);
	yaml_finish(&f->problems, n, "type, value");
	return 0;
}

static int read_paths(struct frontmatter *f, struct yaml_node *list, struct policy_matcher *m)
{
	size_t n = list ? count(f, list) : 0;

	if (n == 0)
		return 0;
	m->paths = calloc(n, sizeof(*m->paths));
	if (!m->paths)
		return -ENOMEM;
	for (struct yaml_node *c = list->first; c; c = c->next)
		if (read_path(f, c, &m->paths[m->n_paths++]) < 0)
			return -ENOMEM;
	return 0;
}

static bool is_token(const char *s)
{
	return *s && !s[strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				  "0123456789!#$%&'*+-.^_`|~")];
}

static int read_methods(struct frontmatter *f, struct yaml_node *list, struct policy_matcher *m)
{
	const char *text;

	if (!list || count(f, list) == 0)
		return 0;
	for (const struct yaml_node *c = list->first; c; c = c->next) {
		if (!yaml_str(&f->problems, c, &text))
			continue;
		/* Methods are case-sensitive (RFC 9110, 9.1): "get" would match nothing. */
		if (!is_token(text) || strpbrk(text, "abcdefghijklmnopqrstuvwxyz"))
			yaml_problem(&f->problems, c, "'%s' is no method, e.g. GET", text);
		else if (strv_add(&m->methods, text) < 0)
			return -ENOMEM;
	}
	return 0;
}

/* Whose names: a header's, or a parameter's. */
enum pair { PAIR_HEADER, PAIR_PARAMETER };

static int read_pair(
	struct frontmatter *f, struct yaml_node *n, enum pair kind, struct policy_header *h)
{
	const struct yaml_node *name, *value;

	h->type = POLICY_EXACT;
	if (!yaml_is(&f->problems, n, YAML_MAP))
		return 0;
	name = yaml_need(&f->problems, n, "name");
	value = yaml_need(&f->problems, n, "value");
	if (copy_str(f, name, &h->name) < 0 || copy_str(f, value, &h->value) < 0)
		return -ENOMEM;
	if (h->name && (kind == PAIR_HEADER ? !is_token(h->name) : !*h->name))
		yaml_problem(&f->problems, name, "'%s' is no name of a %s", h->name,
			kind == PAIR_HEADER ? "header" : "parameter");
	read_type(f, yaml_get(n, "type"), "exact, regex", &h->type);
	check_regex(f, value, h->type, h->value);
	yaml_finish(&f->problems, n, "name, value, type");
	return 0;
}

/* headers and query: lists of names and values. */
static int read_pairs(struct frontmatter *f, struct yaml_node *list, enum pair kind,
	struct policy_header **ret, size_t *ret_n)
{
	size_t n = list ? count(f, list) : 0;

	if (n == 0)
		return 0;
	*ret = calloc(n, sizeof(**ret));
	if (!*ret)
		return -ENOMEM;
	for (struct yaml_node *c = list->first; c; c = c->next)
		if (read_pair(f, c, kind, &(*ret)[(*ret_n)++]) < 0)
			return -ENOMEM;
	return 0;
}

static int read_matcher(struct frontmatter *f, struct yaml_node *n, struct policy_matcher *m)
{
	if (!yaml_is(&f->problems, n, YAML_MAP))
		return 0;
	if (!n->first)
		yaml_problem(&f->problems, n, "it is empty; allowed: " FIELDS);
	if (read_paths(f, yaml_get(n, "paths"), m) < 0 ||
		read_methods(f, yaml_get(n, "methods"), m) < 0 ||
		read_pairs(f, yaml_get(n, "headers"), PAIR_HEADER, &m->headers, &m->n_headers) <
			0 ||
		read_pairs(f, yaml_get(n, "query"), PAIR_PARAMETER, &m->query, &m->n_query) < 0)
		return -ENOMEM;
	yaml_finish(&f->problems, n, FIELDS);
	return 0;
}

int manifest_read_matchers(
	struct frontmatter *f, struct yaml_node *list, const struct manifest_matchers *ret)
{
	size_t n = list ? count(f, list) : 0;

	if (n == 0)
		return 0;
	*ret->list = calloc(n, sizeof(**ret->list));
	if (!*ret->list)
		return -ENOMEM;
	for (struct yaml_node *c = list->first; c; c = c->next)
		if (read_matcher(f, c, &(*ret->list)[(*ret->n)++]) < 0)
			return -ENOMEM;
	return 0;
}
