#include "gate/refs.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/ptr.h"
#include "base/str.h"

void refs_done(struct refs *r)
{
	for (size_t i = 0; i < r->n; i++) {
		free(r->list[i].name);
		free(r->list[i].target);
	}
	free(r->list);
	free(r->head);
	*r = (struct refs){0};
}

bool refs_is_oid(const char *s, size_t len)
{
	return (len == 40 || len == 64) && strspn(s, "0123456789abcdef") >= len;
}

static bool is_component(const char *p, size_t len)
{
	return len > 0 && *p != '.' && p[len - 1] != '.' &&
	       !(len >= 5 && memcmp(p + len - 5, ".lock", 5) == 0);
}

bool refs_is_name(const char *name)
{
	for (const unsigned char *p = (const unsigned char *)name; *p; p++)
		if (*p <= 0x20 || *p == 0x7f || strchr("~^:?*[\\", *p))
			return false;
	if (!str_starts(name, "refs/") || strstr(name, "..") || strstr(name, "@{"))
		return false;
	for (const char *p = name; p; p = strchr(p, '/') ? strchr(p, '/') + 1 : NULL)
		if (!is_component(p, strcspn(p, "/")))
			return false;
	/* refs/NAME alone is none of git's. */
	return strchr(name + 5, '/') != NULL;
}

bool refs_is_zero(const char *oid)
{
	return strspn(oid, "0") == strlen(oid);
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct ref *)a)->name, ((const struct ref *)b)->name);
}

static bool copy_oid(char to[65], const char *oid, bool sha256)
{
	size_t len = strlen(oid);

	if (!refs_is_oid(oid, len) || (len == 64) != sha256)
		return false;
	memcpy(to, oid, len + 1);
	return true;
}

/* What could break a line of ours is no name, whoever tells it. */
static bool is_plain(const char *name)
{
	for (const unsigned char *p = (const unsigned char *)name; *p; p++)
		if (*p <= 0x20 || *p == 0x7f)
			return false;
	return true;
}

static int add_head(struct refs *r, const struct ref_text *t)
{
	if (t->target && refs_is_name(t->target)) {
		free(r->head);
		r->head = strdup(t->target);
		if (!r->head)
			return -ENOMEM;
	}
	return !t->oid || copy_oid(r->head_oid, t->oid, r->sha256) ? 0 : -EPROTO;
}

/* Room grows at each power of two. */
static int make_room(struct refs *r)
{
	struct ref *grown;

	if ((r->n & (r->n - 1)) != 0)
		return 0;
	grown = reallocarray(r->list, r->n ? r->n * 2 : 1, sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	r->list = grown;
	return 0;
}

int refs_add(struct refs *r, const struct ref_text *t)
{
	struct ref *to;

	if (r->n == 0 && !*r->head_oid && t->oid)
		r->sha256 = strlen(t->oid) == 64;
	if (str_eq(t->name, "HEAD"))
		return add_head(r, t);
	if (!t->oid || !str_starts(t->name, "refs/") || !is_plain(t->name) ||
		(t->target && !is_plain(t->target)))
		return -EPROTO;
	if (make_room(r) < 0)
		return -ENOMEM;
	to = &r->list[r->n];
	*to = (struct ref){0};
	if (!copy_oid(to->oid, t->oid, r->sha256) ||
		(t->peeled && !copy_oid(to->peeled, t->peeled, r->sha256)))
		return -EPROTO;
	r->n++;
	to->name = strdup(t->name);
	if (t->target)
		to->target = strdup(t->target);
	return to->name && (!t->target || to->target) ? 0 : -ENOMEM;
}

void refs_sort(struct refs *r)
{
	if (r->n > 0)
		qsort(r->list, r->n, sizeof(*r->list), by_name);
}

/* "NAME^{}" behind NAME: what the tag stands for. HEAD's own value stands behind it, too. */
static int parse_peeled(struct refs *r, const char *oid, char *name)
{
	struct ref *last = r->n > 0 ? &r->list[r->n - 1] : NULL;

	name[strlen(name) - 3] = '\0';
	if (!last || !str_eq(last->name, name))
		return str_eq(name, "HEAD") ? 0 : -EPROTO;
	return copy_oid(last->peeled, oid, r->sha256) ? 0 : -EPROTO;
}

/* symref: the line before, "ref: TARGET TAB NAME", as long as it waits for its value. */
static int parse_line(struct refs *r, char *line, char **symref)
{
	char *tab = strchr(line, '\t'), *name, *other;
	struct ref_text t;

	if (!tab)
		return -EPROTO;
	*tab = '\0';
	name = tab + 1;
	if (str_starts(line, "ref: ")) {
		*symref = line + 5;
		/* A branch that is not born has no value behind this. */
		return str_eq(name, "HEAD")
			       ? refs_add(r, &(struct ref_text){.name = name, .target = *symref})
			       : 0;
	}
	if (str_ends(name, "^{}"))
		return parse_peeled(r, line, name);
	other = *symref ? *symref + strlen(*symref) + 1 : NULL;
	t = (struct ref_text){
		.oid = line, .name = name, .target = str_eq(other, name) ? *symref : NULL};
	*symref = NULL;
	return refs_add(r, &t);
}

int refs_parse(const char *text, struct refs *ret, struct err *e)
{
	cleanup_free char *copy = strdup(text ? text : "");
	char *symref = NULL;
	int r = copy ? 0 : -ENOMEM;

	*ret = (struct refs){0};
	for (char *line = copy, *end; r == 0 && *line; line = end) {
		end = strchrnul(line, '\n');
		if (*end)
			*end++ = '\0';
		r = parse_line(ret, line, &symref);
	}
	if (r < 0) {
		refs_done(ret);
		return err_set(e, -r, "a list of refs that is not as git prints it");
	}
	refs_sort(ret);
	return 0;
}

void refs_print(const struct refs *r, struct str *out)
{
	if (r->head)
		str_addf(out, "ref: %s\tHEAD\n", r->head);
	if (*r->head_oid)
		str_addf(out, "%s\tHEAD\n", r->head_oid);
	for (size_t i = 0; i < r->n; i++) {
		const struct ref *ref = &r->list[i];

		if (ref->target)
			str_addf(out, "ref: %s\t%s\n", ref->target, ref->name);
		str_addf(out, "%s\t%s\n", ref->oid, ref->name);
		if (*ref->peeled)
			str_addf(out, "%s\t%s^{}\n", ref->peeled, ref->name);
	}
}

const struct ref *refs_find(const struct refs *r, const char *name)
{
	struct ref key = {.name = (char *)name};

	return r->n ? bsearch(&key, r->list, r->n, sizeof(key), by_name) : NULL;
}

bool refs_equal(const struct refs *a, const struct refs *b)
{
	if (a->n != b->n)
		return false;
	for (size_t i = 0; i < a->n; i++)
		if (!str_eq(a->list[i].oid, b->list[i].oid) ||
			!str_eq(a->list[i].name, b->list[i].name))
			return false;
	return true;
}

bool refs_same_head(const struct refs *a, const struct refs *b)
{
	return str_eq(a->head_oid, b->head_oid) && (a->head ? str_eq(a->head, b->head) : !b->head);
}
