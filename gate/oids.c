#include "gate/oids.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "gate/refs.h"

void oids_done(struct oids *o)
{
	free(o->list);
	*o = (struct oids){0};
}

static int add(struct oids *o, const char *oid, size_t len, struct err *e)
{
	if (!refs_is_oid(oid, len))
		return err_say(e, EPROTO, "'%.*s' is no object id", len > 64 ? 64 : (int)len, oid);
	if (o->n == o->cap) {
		size_t cap = o->cap ? 2 * o->cap : 64;
		void *list = reallocarray(o->list, cap, sizeof(*o->list));

		if (!list)
			return err_set(e, ENOMEM, "a list of object ids");
		o->list = list;
		o->cap = cap;
	}
	memset(o->list[o->n], 0, sizeof(*o->list));
	memcpy(o->list[o->n++], oid, len);
	return 0;
}

int oids_add(struct oids *o, const char *oid, struct err *e)
{
	return add(o, oid, strlen(oid), e);
}

int oids_add_lines(struct oids *o, const char *text, struct err *e)
{
	int r = 0;

	for (const char *line = text, *nl; r == 0 && (nl = strchr(line, '\n')); line = nl + 1)
		if (*line != '#')
			r = add(o, line, strcspn(line, " \t\n"), e);
	return r;
}

static int compare(const void *a, const void *b)
{
	return strcmp(a, b);
}

void oids_sort(struct oids *o)
{
	size_t n = 0;

	if (o->n == 0)
		return;
	qsort(o->list, o->n, sizeof(*o->list), compare);
	for (size_t i = 0; i < o->n; i++)
		if (n == 0 || !str_eq(o->list[n - 1], o->list[i]))
			memmove(o->list[n++], o->list[i], sizeof(*o->list));
	o->n = n;
}

long oids_find(const struct oids *o, const char *oid)
{
	const char(*found)[65] =
		o->n > 0 ? bsearch(oid, o->list, o->n, sizeof(*o->list), compare) : NULL;

	return found ? found - (const char(*)[65])o->list : -1;
}

bool oids_has(const struct oids *o, const char *oid)
{
	return oids_find(o, oid) >= 0;
}
