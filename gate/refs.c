#include "gate/refs.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/ptr.h"
#include "base/str.h"

void refs_done(struct refs *r)
{
	for (size_t i = 0; i < r->n; i++)
		free(r->list[i].name);
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

static int add(struct refs *r, const char *oid, size_t oid_len, char *name)
{
	struct ref *grown;

	/* Room grows at each power of two. */
	if ((r->n & (r->n - 1)) == 0) {
		grown = reallocarray(r->list, r->n ? r->n * 2 : 1, sizeof(*grown));
		if (!grown) {
			free(name);
			return -ENOMEM;
		}
		r->list = grown;
	}
	r->list[r->n] = (struct ref){.name = name};
	memcpy(r->list[r->n].oid, oid, oid_len);
	r->n++;
	return 0;
}

static int parse_head(struct refs *r, const char *target, size_t len)
{
	free(r->head);
	r->head = strndup(target, len);
	return r->head ? 0 : -ENOMEM;
}

static int parse_line(struct refs *r, const char *line, size_t len)
{
	const char *tab = memchr(line, '\t', len), *name;
	size_t name_len;
	char *copy;

	if (!tab)
		return -EPROTO;
	name = tab + 1;
	name_len = len - (size_t)(name - line);
	if (len > 5 && memcmp(line, "ref: ", 5) == 0)
		return name_len == 4 && memcmp(name, "HEAD", 4) == 0
			       ? parse_head(r, line + 5, (size_t)(tab - line) - 5)
			       : 0;
	if (!refs_is_oid(line, (size_t)(tab - line)))
		return -EPROTO;
	if (name_len <= 5 || memcmp(name, "refs/", 5) != 0)
		return name_len == 4 && memcmp(name, "HEAD", 4) == 0 ? 0 : -EPROTO;
	if (name_len > 3 && memcmp(name + name_len - 3, "^{}", 3) == 0)
		return 0;
	copy = strndup(name, name_len);
	return copy ? add(r, line, (size_t)(tab - line), copy) : -ENOMEM;
}

int refs_parse(const char *text, struct refs *ret, struct err *e)
{
	int r = 0;

	*ret = (struct refs){0};
	for (const char *line = text ? text : "", *end; r == 0 && *line; line = end + !!*end) {
		end = strchrnul(line, '\n');
		r = parse_line(ret, line, (size_t)(end - line));
	}
	if (r < 0) {
		refs_done(ret);
		return err_set(e, -r, "a list of refs that is not as git prints it");
	}
	if (ret->n > 0)
		qsort(ret->list, ret->n, sizeof(*ret->list), by_name);
	return 0;
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
