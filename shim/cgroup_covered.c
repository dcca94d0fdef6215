#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <sys/vfs.h>

#include "shim/cgroup_impl.h"

/* On a machine with more mounts each hierarchy is asked about. */
#define MOUNTS_MAX 256

/* One line of the mount table, as far as it tells what lies on what. */
struct mounted {
	int id, parent;
	const char *at; /* borrowed, not NUL-terminated */
	size_t at_len;
};

/* As many as fit; more are as good as a table that cannot be read. */
static size_t read_mounts(const char *mountinfo, struct mounted *ret, size_t max)
{
	size_t n = 0;

	for (const char *line = mountinfo; *line && n < max;
		line = strchrnul(line, '\n'), line += *line == '\n') {
		struct mounted *m = &ret[n];
		int from = 0, to = 0;

		if (sscanf(line, "%d %d %*s %*s %n%*s%n", &m->id, &m->parent, &from, &to) != 2 ||
			to <= from)
			continue;
		m->at = line + from;
		m->at_len = (size_t)(to - from);
		n++;
	}
	return n;
}

static bool holds(const struct mounted *m, const char *path)
{
	return strncmp(m->at, path, m->at_len) == 0 &&
	       (m->at_len == 1 || !path[m->at_len] || path[m->at_len] == '/');
}

static const struct mounted *find_mount(const struct mounted *list, size_t n, int id)
{
	for (size_t i = 0; i < n; i++)
		if (list[i].id == id)
			return &list[i];
	return NULL;
}

static bool ends_at(const struct mounted *m, const char *path)
{
	return strlen(path) == m->at_len && holds(m, path);
}

/*
 * What the path leads through must be what the mount stands on: itself, its parent and so on, and
 * nothing else. False: something lies over it, or it cannot be told.
 */
static bool is_plainly_there(const struct mounted *list, size_t n, const char *at)
{
	const struct mounted *m = NULL;
	size_t on_the_way = 0, below = 0, here = 0;

	for (size_t i = 0; i < n; i++) {
		on_the_way += holds(&list[i], at);
		if (!ends_at(&list[i], at))
			continue;
		m = &list[i];
		here++;
	}
	if (here != 1)
		return false;
	for (; m && below <= on_the_way; m = find_mount(list, n, m->parent))
		below++;
	return below == on_the_way;
}

/* Most often the table tells; else the kernel is asked. */
bool cgroup_is_covered(const struct cgroup_hier *h, const char *mountinfo)
{
	struct mounted list[MOUNTS_MAX];
	size_t n = read_mounts(mountinfo, list, MOUNTS_MAX);
	struct statfs fs;

	if (n < MOUNTS_MAX && is_plainly_there(list, n, h->mount))
		return false;
	return statfs(h->mount, &fs) == 0 &&
	       fs.f_type != (h->v2 ? CGROUP2_SUPER_MAGIC : CGROUP_SUPER_MAGIC);
}
