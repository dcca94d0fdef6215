#include "shim/store_tips.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/ptr.h"
#include "base/str.h"
#include "shim/store.h"

#define HEADER "# pack-refs with: sorted \n"
#define KEPT   "refs/kept/"
#define TIPS   "refs/tips/"

void store_tips_done(struct store_tips *t)
{
	free(t->list);
	*t = (struct store_tips){0};
}

static int compare(const void *a, const void *b)
{
	const struct store_tip *x = a, *y = b;

	return strcmp(x->oid, y->oid);
}

static void sort(struct store_tips *t)
{
	size_t n = 0;

	if (t->n == 0)
		return;
	qsort(t->list, t->n, sizeof(*t->list), compare);
	for (size_t i = 0; i < t->n; i++)
		if (n == 0 || !str_eq(t->list[n - 1].oid, t->list[i].oid))
			t->list[n++] = t->list[i];
	t->n = n;
}

static int add(struct store_tips *t, const char *oid, bool kept, size_t *cap)
{
	if (t->n == *cap) {
		size_t more = *cap ? 2 * *cap : 64;
		struct store_tip *list = reallocarray(t->list, more, sizeof(*list));

		if (!list)
			return -ENOMEM;
		t->list = list;
		*cap = more;
	}
	t->list[t->n] = (struct store_tip){.kept = kept};
	memcpy(t->list[t->n++].oid, oid, t->oid_len);
	return 0;
}

/* One line; its id is of the length of the first one's. */
static int take_line(struct store_tips *t, const char *line, size_t len, size_t *cap, struct err *e)
{
	size_t oid_len = strspn(line, "0123456789abcdef"), zeros = strspn(line, "0");
	const char *name = line + oid_len + 1;

	if (t->oid_len == 0)
		t->oid_len = oid_len;
	if (oid_len >= len || oid_len != t->oid_len || (oid_len != 40 && oid_len != 64) ||
		zeros >= oid_len || (line[oid_len] != ' ' && line[oid_len] != '\t'))
		return err_say(e, EPROTO, "a line of refs that is not an id and a name");
	return add(t, line, str_starts(name, KEPT), cap) < 0 ? err_set(e, ENOMEM, "read refs") : 0;
}

static int take_lines(const char *text, size_t len, struct store_tips *ret, struct err *e)
{
	const char *end = text + len;
	size_t cap = 0;
	int r = 0;

	for (const char *line = text, *nl; r == 0 && line < end; line = nl + 1) {
		nl = memchr(line, '\n', (size_t)(end - line));
		if (!nl)
			return err_say(e, EPROTO, "refs that end in the middle of a line");
		if (*line != '#')
			r = take_line(ret, line, (size_t)(nl - line), &cap, e);
	}
	return r;
}

int store_tips_parse(const char *text, size_t len, struct store_tips *ret, struct err *e)
{
	int r;

	*ret = (struct store_tips){0};
	r = take_lines(text, len, ret, e);
	if (r == 0 && ret->n == 0)
		r = err_say(e, EPROTO, "no refs");
	if (r < 0)
		store_tips_done(ret);
	else
		sort(ret);
	return r;
}

int store_tips_read(const char *path, struct store_tips *ret, struct err *e)
{
	cleanup_free char *text = NULL;
	size_t len;
	int r;

	*ret = (struct store_tips){0};
	r = fd_read_file(AT_FDCWD, path, STORE_TIPS_MAX, &text, &len, e);
	if (r == -ENOENT)
		return 0;
	return r < 0 ? r : store_tips_parse(text, len, ret, e);
}

static void print(const struct store_tips *t, bool kept, struct str *out)
{
	for (size_t i = 0; i < t->n; i++)
		if (t->list[i].kept == kept)
			str_addf(out, "%s %s%s\n", t->list[i].oid, kept ? KEPT : TIPS,
				t->list[i].oid);
}

int store_tips_write(const struct store_tips *t, const char *path, struct err *e)
{
	cleanup_fd int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	cleanup_str struct str out = {0};
	int r;

	str_add(&out, HEADER);
	print(t, true, &out);
	print(t, false, &out);
	if (fd < 0 || out.failed)
		return err_set(e, fd < 0 ? errno : ENOMEM, "write '%s'", path);
	r = fd_write_all(fd, out.s, out.len);
	if (r == 0 && fsync(fd) < 0)
		r = -errno;
	return r < 0 ? err_set(e, -r, "write '%s'", path) : 0;
}

struct store_tip *store_tips_find(const struct store_tips *t, const char *oid)
{
	struct store_tip key = {0};

	if (t->n == 0 || strlen(oid) >= sizeof(key.oid))
		return NULL;
	memcpy(key.oid, oid, strlen(oid));
	return bsearch(&key, t->list, t->n, sizeof(key), compare);
}

int store_tips_keep(struct store_tips *t, const struct store_tips *more, struct err *e)
{
	struct store_tip *list;
	size_t n = t->n;

	if (more->n == 0 || (t->oid_len && more->oid_len != t->oid_len))
		return 0;
	list = reallocarray(t->list, t->n + more->n, sizeof(*list));
	if (!list)
		return err_set(e, ENOMEM, "keep tips");
	t->list = list;
	t->oid_len = more->oid_len;
	for (size_t i = 0; i < more->n; i++) {
		struct store_tips before = {.list = t->list, .n = n};

		if (store_tips_find(&before, more->list[i].oid))
			continue;
		t->list[t->n] = more->list[i];
		t->list[t->n++].kept = true;
	}
	sort(t);
	return 0;
}
