#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/ptr.h"
#include "bundle/manifest.h"

/* push of a bottle, or of one of its repositories: which refs, how, and how much at once. */

#define PACK_MAX (1LL << 40)

/*
 * git-check-ref-format(1), as far as it shows a pattern that no name can match; "*" stands for any
 * characters.
 */
static const char *wrong_with(const char *pattern)
{
	if (str_eq(pattern, "*"))
		return NULL;
	if (!str_starts(pattern, "refs/"))
		return "it is no full name of a ref";
	for (const char *c = pattern; *c; c++)
		if ((unsigned char)*c <= ' ' || *c == 0x7f || strchr("~^:?[\\", *c))
			return "no name of a ref has such a character";
	if (strstr(pattern, "..") || strstr(pattern, "//") || strstr(pattern, "@{") ||
		strstr(pattern, "/.") || str_ends(pattern, "/") || str_ends(pattern, "."))
		return "no name of a ref looks so";
	return NULL;
}

/* ret_empty: the list is there and has nothing in it. */
static int read_patterns(
	struct frontmatter *f, const struct yaml_node *list, char ***ret, bool *ret_empty)
{
	const char *text, *why;

	if (!list || !yaml_is(&f->problems, list, YAML_LIST))
		return 0;
	*ret_empty = !list->first;
	for (const struct yaml_node *c = list->first; c; c = c->next) {
		if (!yaml_str(&f->problems, c, &text))
			continue;
		why = wrong_with(text);
		if (why)
			yaml_problem(&f->problems, c,
				"'%s': %s; expected e.g. 'refs/heads/main', 'refs/heads/agent/*' "
				"or '*'",
				text, why);
		if (strv_add(ret, text) < 0)
			return -ENOMEM;
	}
	return 0;
}

int manifest_read_push(struct frontmatter *f, struct yaml_node *push, struct manifest_push *ret)
{
	const struct yaml_node *allow;
	bool nothing = false;

	if (!push || !yaml_is(&f->problems, push, YAML_MAP))
		return 0;
	allow = yaml_get(push, "allow");
	if (read_patterns(f, allow, &ret->allow, &nothing) < 0 ||
		read_patterns(f, yaml_get(push, "deny"), &ret->deny, &ret->clears_deny) < 0)
		return -ENOMEM;
	if (nothing)
		yaml_problem(&f->problems, allow,
			"an empty list; ['*'] allows every ref, deny: ['*'] refuses every push");
	ret->force = manifest_read_switch(f, yaml_get(push, "force"));
	ret->delete = manifest_read_switch(f, yaml_get(push, "delete"));
	manifest_read_size(f, yaml_get(push, "max_pack"), PACK_MAX, &ret->max_pack);
	yaml_finish(&f->problems, push, "allow, deny, force, delete, max_pack");
	return 0;
}

static void take_list(char ***into, char ***child)
{
	strv_free(*into);
	*into = steal_ptr(child);
}

void manifest_merge_push(struct manifest_push *into, struct manifest_push *child)
{
	if (child->allow)
		take_list(&into->allow, &child->allow);
	if (child->deny || child->clears_deny) {
		take_list(&into->deny, &child->deny);
		into->clears_deny = child->clears_deny;
	}
	if (child->force)
		into->force = child->force;
	if (child->delete)
		into->delete = child->delete;
	if (child->max_pack)
		into->max_pack = child->max_pack;
}

void manifest_push_done(struct manifest_push *p)
{
	strv_free(p->allow);
	strv_free(p->deny);
	*p = (struct manifest_push){0};
}
