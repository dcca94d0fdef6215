#include "bundle/frontmatter.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/path.h"
#include "base/ptr.h"
#include "bundle/user.h"

#define MANIFEST_MAX (1U << 20)

bool manifest_name_ok(const char *name)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789._+@-";

	return *name && *name != '-' && *name != '.' && strlen(name) <= 128 &&
	       !name[strspn(name, allowed)] && !strstr(name, "..");
}

/* The layout before bottles/ and agents/: one JSON file beside or in the operator's directory. */
static bool old_layout(const char *path, char **ret_file)
{
	cleanup_free char *inside = str_format("%s/bot-bottle.json", path);
	cleanup_free char *beside = str_format("%s/../bot-bottle.json", path);

	if (inside && access(inside, F_OK) == 0)
		*ret_file = steal_ptr(&inside);
	else if (beside && access(beside, F_OK) == 0)
		*ret_file = steal_ptr(&beside);
	return *ret_file;
}

int operator_home_open(struct operator_home *h, const char *path, struct err *e)
{
	cleanup_free char *bottles = NULL, *left_over = NULL;
	struct stat st;

	if (!path)
		return err_say(e, ENOENT, "no operator's directory: --home DIR or BOTTLE_HOME");
	bottles = str_format("%s/bottles", path);
	if (!bottles)
		return err_set(e, ENOMEM, "open '%s'", path);
	if (stat(bottles, &st) < 0 && old_layout(path, &left_over))
		return err_say(e, ENOENT,
			"'%s' is the old layout: each bottle is now a file %s/NAME.md, each agent "
			"%s/agents/NAME.md",
			left_over, bottles, path);
	if (stat(path, &st) < 0)
		return err_set(e, errno, "the operator's directory '%s'", path);
	*h = (struct operator_home){.path = path, .owner = st.st_uid, .problems = h->problems};
	return 0;
}

static int compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* "a, b, c" or "(none)". NULL when memory ran out. */
static char *names_in(const char *dir)
{
	cleanup_strv char **names = NULL;
	cleanup_str struct str s = {0};
	DIR *d = opendir(dir);
	struct dirent *entry;

	while (d && (entry = readdir(d))) {
		size_t len = strlen(entry->d_name);

		if (len > 3 && str_ends(entry->d_name, ".md") && entry->d_name[0] != '.' &&
			strv_push(&names, strndup(entry->d_name, len - 3)) < 0)
			break;
	}
	if (d)
		closedir(d);
	if (!names)
		return strdup("(none)");
	qsort(names, strv_len(names), sizeof(*names), compare);
	for (size_t i = 0; names[i]; i++)
		str_addf(&s, "%s%s", i ? ", " : "", names[i]);
	return str_take(&s);
}

static int unknown(const struct operator_home *h, const char *kind, const char *name, struct err *e)
{
	cleanup_free char *dir = str_format("%s/%s", h->path, kind), *names = NULL;
	int one = (int)strlen(kind) - 1;

	names = dir ? names_in(dir) : NULL;
	return err_say(e, ENOENT, "no %.*s '%s' in %s; there are: %s", one, kind, name,
		dir ? dir : kind, names ? names : "?");
}

static char *home_of(uid_t uid)
{
	cleanup_user struct user u;

	return user_find(uid, &u) == 0 && *u.home == '/' ? steal_ptr(&u.home) : NULL;
}

/* The line after this one, or NULL at the end. */
static const char *next_line(const char *line)
{
	const char *nl = strchr(line, '\n');

	return nl && nl[1] ? nl + 1 : NULL;
}

static bool is_fence(const char *line)
{
	size_t len = strcspn(line, "\n");

	while (len > 3 && strchr(" \r\t", line[len - 1]))
		len--;
	return len == 3 && str_starts(line, "---");
}

/* No value or key of a manifest has a line break or another control character. */
static void refuse_controls(struct yaml_problems *p, const struct yaml_node *n)
{
	static const char *const what = "line breaks and control characters are not allowed";

	for (const char *c = n->text; c && *c; c++) {
		if ((unsigned char)*c < 0x20 || *c == 0x7f) {
			yaml_problem(p, n, "%s", what);
			break;
		}
	}
	for (const char *c = n->key; c && *c; c++) {
		if ((unsigned char)*c < 0x20 || *c == 0x7f) {
			yaml_problem(p, n->up, "%s in a key", what);
			break;
		}
	}
	for (const struct yaml_node *c = n->first; c; c = c->next)
		refuse_controls(p, c);
}

int frontmatter_parse(struct frontmatter *f, struct err *e)
{
	const char *front, *end;

	f->problems.file = f->path;
	if (!is_fence(f->data))
		return err_say(e, EINVAL,
			"%s:1: a manifest starts with a line '---', then YAML, then a line '---'",
			f->path);
	front = next_line(f->data);
	for (end = front; end && !is_fence(end);)
		end = next_line(end);
	if (!end)
		return err_say(e, EINVAL, "%s: the second line '---' is missing", f->path);
	f->root = yaml_parse(front, (size_t)(end - front), 2, &f->problems);
	if (f->root)
		refuse_controls(&f->problems, f->root);
	return 0;
}

static int read_file(const struct operator_home *h, struct frontmatter *f, struct err *e)
{
	struct stat st;
	size_t len;
	int r = path_check_strict(f->path, h->owner, e);

	if (r < 0)
		return r;
	r = fd_read_file(AT_FDCWD, f->path, MANIFEST_MAX, &f->data, &len, e);
	if (r < 0)
		return r;
	if (strlen(f->data) != len)
		return err_say(e, EINVAL, "%s: a NUL byte in the file", f->path);
	if (stat(f->path, &st) < 0)
		return err_set(e, errno, "stat '%s'", f->path);
	f->owner = st.st_uid;
	f->owner_home = home_of(st.st_uid);
	return 0;
}

int frontmatter_load(const struct operator_home *h, const char *kind, const char *name,
	struct frontmatter *ret, struct err *e)
{
	int r;

	*ret = (struct frontmatter){0};
	if (!manifest_name_ok(name))
		return err_say(e, EINVAL,
			"'%s' is no name of a manifest: letters, digits and . _ + @ - only, none "
			"of "
			". and - in front",
			name);
	ret->path = str_format("%s/%s/%s.md", h->path, kind, name);
	if (!ret->path)
		return err_set(e, ENOMEM, "read '%s'", name);
	if (access(ret->path, F_OK) < 0 && errno == ENOENT)
		return unknown(h, kind, name, e);
	r = read_file(h, ret, e);
	return r < 0 ? r : frontmatter_parse(ret, e);
}

int frontmatter_problems(const struct yaml_problems *p, struct err *e)
{
	cleanup_str struct str s = {0};
	const char *at = p->text.s;
	size_t told = 0;

	while (at && *at) {
		size_t len = strcspn(at, "\n");

		if (told > 0 && s.len + len > sizeof(e->msg) - 64)
			break;
		if (told > 0)
			str_add(&s, "; ");
		str_add_bytes(&s, at, len);
		told++;
		at += len + (at[len] == '\n');
	}
	if (told < p->n)
		str_addf(&s, "; and %zu more, which bottle-shim plan tells", p->n - told);
	return err_say(e, EINVAL, "%s", s.s ? s.s : "out of memory");
}

void frontmatter_several(struct str *problems, struct err *e)
{
	size_t n = 0;

	for (size_t i = 0; i < problems->len; i++)
		n += problems->s[i] == '\n';
	if (n > 1)
		err_say(e, e->code, "%zu problems in the manifests, a line each", n);
	else
		str_done(problems);
}

int frontmatter_finish(const struct operator_home *h, struct frontmatter *f, struct err *e)
{
	if (f->problems.n == 0)
		return 0;
	if (h->problems && f->problems.text.s)
		str_add(h->problems, f->problems.text.s);
	return frontmatter_problems(&f->problems, e);
}

void frontmatter_done(struct frontmatter *f)
{
	free(f->path);
	free(f->owner_home);
	free(f->data);
	yaml_tree_free(f->root);
	yaml_problems_done(&f->problems);
	*f = (struct frontmatter){0};
}

char *frontmatter_path(struct frontmatter *f, const struct yaml_node *n)
{
	const char *text;

	if (!yaml_str(&f->problems, n, &text))
		return NULL;
	if (*text == '/')
		return strdup(text);
	if (!str_starts(text, "~/")) {
		yaml_problem(&f->problems, n, "'%s' must start with / or ~/", text);
		return NULL;
	}
	if (!f->owner_home) {
		yaml_problem(&f->problems, n,
			"~ is unknown: uid %u, the owner of this file, has no home", f->owner);
		return NULL;
	}
	return str_format("%s/%s", f->owner_home, text + 2);
}
