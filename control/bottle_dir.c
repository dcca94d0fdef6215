#include "control/bottle_dir.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/fd.h"
#include "base/json.h"
#include "base/ptr.h"
#include "base/str.h"
#include "bundle/plan.h"

#define METADATA_MAX (1U << 20)
#define LISTED_MAX   8

void bottle_dir_done(struct bottle_dir *d)
{
	free(d->slug);
	free(d->bottles);
	free(d->started_at);
	free(d->end_link);
	fd_close(&d->logs_fd);
	*d = (struct bottle_dir){.logs_fd = -1};
}

void bottle_dirs_done(struct bottle_dirs *d)
{
	for (size_t i = 0; i < d->n; i++)
		bottle_dir_done(&d->list[i]);
	free(d->list);
	*d = (struct bottle_dirs){0};
}

/* ---- find */

static char *names_of(const json_t *list)
{
	struct str s = {0};
	size_t i;
	json_t *name;

	json_array_foreach (list, i, name) {
		if (!json_is_string(name))
			continue;
		str_add(&s, s.len > 0 ? ", " : "");
		str_add(&s, json_string_value(name));
	}
	return str_take(&s);
}

static const char *text_of(const json_t *j, const char *key)
{
	const char *text = json_string_value(json_object_get(j, key));

	return text ? text : "";
}

/* 1; 0: it is no bottle's; -errno. */
static int read_one(int state_fd, const char *slug, struct bottle_dir *ret, struct err *e)
{
	cleanup_free char *path = str_format("%s/metadata.json", slug), *text = NULL;
	cleanup_json json_t *j = NULL;
	const json_t *end;
	struct err no;

	if (!path)
		return err_set(e, ENOMEM, "'%s'", slug);
	if (fd_read_file(state_fd, path, METADATA_MAX, &text, NULL, &no) < 0 ||
		json_parse(text, strlen(text), path, &j, &no) < 0)
		return 0;
	end = json_object_get(j, "egress_log");
	*ret = (struct bottle_dir){.slug = strdup(slug),
		.bottles = names_of(json_object_get(j, "bottle_names")),
		.started_at = strdup(text_of(j, "started_at")),
		.logs_fd = -1,
		.ended = end != NULL,
		.end_seq = (uint64_t)json_integer_value(json_object_get(end, "lines")),
		.end_link = strdup(text_of(end, "chain"))};
	return ret->slug && ret->bottles && ret->started_at && ret->end_link
		       ? 1
		       : err_set(e, ENOMEM, "'%s'", slug);
}

static int add(struct bottle_dirs *d, int state_fd, const char *slug, struct err *e)
{
	struct bottle_dir *grown = reallocarray(d->list, d->n + 1, sizeof(*grown));
	int r;

	if (!grown)
		return err_set(e, ENOMEM, "'%s'", slug);
	d->list = grown;
	r = read_one(state_fd, slug, &grown[d->n], e);
	if (r > 0)
		d->n++;
	return r;
}

static int newest_first(const void *a, const void *b)
{
	const struct bottle_dir *one = a, *two = b;
	int r = strcmp(two->started_at, one->started_at);

	return r ? r : strcmp(one->slug, two->slug);
}

int bottle_dirs_find(const char *home, struct bottle_dirs *ret, struct err *e)
{
	cleanup_free char *path = plan_state_home(home);
	const struct dirent *entry;
	DIR *dir;
	int r = 0;

	*ret = (struct bottle_dirs){0};
	if (!path)
		return err_set(e, ENOENT, "the operator's directory '%s'", home);
	dir = opendir(path);
	if (!dir)
		return errno == ENOENT ? 0 : err_set(e, errno, "open '%s'", path);
	while (r >= 0 && (entry = readdir(dir)))
		if (entry->d_name[0] != '.')
			r = add(ret, dirfd(dir), entry->d_name, e);
	closedir(dir);
	if (r < 0)
		return r;
	if (ret->n > 0)
		qsort(ret->list, ret->n, sizeof(*ret->list), newest_first);
	return 0;
}

/* ---- choose */

/* "a, b, c …" */
static char *some_of(const struct bottle_dirs *all, const char *beginning)
{
	struct str s = {0};
	size_t n = 0;

	for (size_t i = 0; i < all->n; i++) {
		if (!str_starts(all->list[i].slug, beginning) || n++ >= LISTED_MAX)
			continue;
		str_add(&s, s.len > 0 ? ", " : "");
		str_add(&s, all->list[i].slug);
	}
	if (n == 0)
		str_add(&s, "(none)");
	else if (n > LISTED_MAX)
		str_addf(&s, " and %zu more", n - LISTED_MAX);
	return str_take(&s);
}

static int find_slug(const struct bottle_dirs *all, const char *slug, size_t *ret, struct err *e)
{
	cleanup_free char *some = NULL;
	size_t found = 0;

	for (size_t i = 0; i < all->n; i++) {
		if (!str_starts(all->list[i].slug, slug))
			continue;
		*ret = i;
		if (str_eq(all->list[i].slug, slug))
			return 0;
		found++;
	}
	if (found == 1)
		return 0;
	some = some_of(all, found ? slug : "");
	return found ? err_say(e, EEXIST, "'%s' begins the names of several: %s", slug, some)
		     : err_say(e, ENOENT, "nothing is kept of a bottle '%s'; there are: %s", slug,
			       some);
}

/* Whether "a, b" lists it. */
static bool is_of(const struct bottle_dir *d, const char *bottle)
{
	size_t len = strlen(bottle);

	for (const char *p = d->bottles; p; p = strstr(p, ", ")) {
		p += str_starts(p, ", ") ? 2 : 0;
		if (strncmp(p, bottle, len) == 0 && (p[len] == '\0' || p[len] == ','))
			return true;
	}
	return false;
}

static int find_newest(
	const struct bottle_dirs *all, const char *bottle, size_t *ret, struct err *e)
{
	for (size_t i = 0; i < all->n; i++) {
		if (bottle && !is_of(&all->list[i], bottle))
			continue;
		*ret = i;
		return 0;
	}
	return bottle ? err_say(e, ENOENT, "nothing is kept that was made of the bottle '%s'",
				bottle)
		      : err_say(e, ENOENT, "nothing is kept of any bottle");
}

int bottle_dir_choose(const char *home, struct bottle_dirs *all, const char *slug,
	const char *bottle, struct bottle_dir *ret, struct err *e)
{
	cleanup_free char *state = plan_state_home(home), *path = NULL;
	size_t which = 0;
	int r = slug ? find_slug(all, slug, &which, e) : find_newest(all, bottle, &which, e);

	if (r < 0)
		return r;
	path = str_format("%s/%s/logs", state ? state : "", all->list[which].slug);
	if (!state || !path)
		return err_set(e, ENOMEM, "the bottle's logs");
	*ret = all->list[which];
	all->list[which] = (struct bottle_dir){.slug = strdup(""), .logs_fd = -1};
	ret->logs_fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	return ret->logs_fd < 0 ? err_set(e, errno, "open '%s'", path) : 0;
}
