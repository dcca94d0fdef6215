#include "shim/cgroup_impl.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/ptr.h"
#include "base/str.h"

char *cgroup_path_clean(const char *path)
{
	cleanup_free char *copy = strdup(path);
	struct str out = {0};
	char *save = NULL;

	if (!copy)
		return NULL;
	for (char *p = strtok_r(copy, "/", &save); p; p = strtok_r(NULL, "/", &save)) {
		if (strcmp(p, ".") == 0)
			continue;
		if (strcmp(p, "..") == 0) {
			while (out.len && out.s[--out.len] != '/')
				;
			if (out.s)
				out.s[out.len] = '\0';
			continue;
		}
		str_add_char(&out, '/');
		str_add(&out, p);
	}
	if (out.len == 0)
		str_add_char(&out, '/');
	return str_take(&out);
}

char *cgroup_hier_dir(const struct cgroup_hier *h)
{
	return str_format("%s%s", h->mount, strcmp(h->path, "/") == 0 ? "" : h->path);
}

/* The caller's own group in a hierarchy, from lines "N:NAMES:PATH". New string or NULL. */
static char *own_path(const struct cgroup_hier *h, const char *own)
{
	size_t n = strlen(h->names);

	for (const char *line = own; line && *line;
		line = strchr(line, '\n'), line += line != NULL) {
		const char *names = strchr(line, ':'), *path;

		if (!names || !(path = strchr(names + 1, ':')))
			break;
		names++;
		if ((size_t)(path - names) == n && strncmp(names, h->names, n) == 0)
			return strndup(path + 1, strcspn(path + 1, "\n"));
	}
	return strdup("/");
}

/* Where only a part of the hierarchy is mounted, paths count from that part. */
static const char *below_root(const struct cgroup_hier *h, const char *path)
{
	size_t n = strlen(h->root);

	if (strcmp(h->root, "/") != 0 && strncmp(path, h->root, n) == 0 &&
		(path[n] == '/' || path[n] == '\0'))
		return path + n;
	return path;
}

char *cgroup_path_in(const struct cgroup_hier *h, const char *text)
{
	cleanup_free char *path = own_path(h, text);

	return path ? strdup(below_root(h, path)) : NULL;
}

/*
 * As runc: relative to the runtime's own group; on pure v2 to the group above that one, since a
 * group that has processes cannot have controllers for groups below it.
 */
static char *relative_path(
	const struct cgroup_hier *h, bool pure_v2, const char *own, const char *wanted)
{
	cleanup_free char *base = cgroup_path_in(h, own), *joined = NULL;

	if (!base)
		return NULL;
	joined = str_format("%s%s/%s", base, pure_v2 ? "/.." : "", wanted);
	return joined ? cgroup_path_clean(joined) : NULL;
}

int cgroup_path_fill(
	struct cgroup *cg, const char *cgroups_path, const char *id, const char *own, struct err *e)
{
	bool absent = !cgroups_path || !*cgroups_path;
	cleanup_free char *wanted = cgroup_path_clean(absent ? id : cgroups_path);
	bool absolute = absent || cgroups_path[0] == '/';

	for (size_t i = 0; wanted && i < cg->n; i++) {
		struct cgroup_hier *h = &cg->h[i];

		h->path = absolute ? strdup(wanted)
				   : relative_path(h, cgroup_is_pure_v2(cg), own, wanted);
		if (!h->path)
			return err_set(e, ENOMEM, "cgroup path");
	}
	return wanted ? 0 : err_set(e, ENOMEM, "cgroup path");
}

int cgroup_path_of_slice(const char *slice, char **ret, struct err *e)
{
	const char *suffix = ".slice";
	size_t n = strlen(slice) - (str_ends(slice, suffix) ? strlen(suffix) : 0);
	struct str path = {0};

	if (!str_ends(slice, suffix) || n == 0 || strchr(slice, '/') || strstr(slice, "--"))
		return err_say(e, EINVAL, "'%s' is no name of a slice", slice);
	if (strcmp(slice, "-.slice") != 0 && (slice[0] == '-' || slice[n - 1] == '-'))
		return err_say(e, EINVAL, "'%s' is no name of a slice", slice);
	for (size_t i = 1; slice[0] != '-' && i <= n; i++) {
		if (slice[i] != '-' && i != n)
			continue;
		str_add_char(&path, '/');
		str_add_bytes(&path, slice, i);
		str_add(&path, suffix);
	}
	*ret = str_take(&path);
	return *ret ? 0 : err_set(e, ENOMEM, "slice");
}

int cgroup_path_systemd(const char *cgroups_path, const char *id, bool rootless, char **ret_slice,
	char **ret_unit, struct err *e)
{
	cleanup_free char *copy = strdup(cgroups_path ? cgroups_path : ""), *slice = NULL;
	const char *prefix = "bottle", *name = id;
	char *rest = copy, *part[3] = {NULL};
	bool given = copy && *copy;

	for (int i = 0; given && i < 3; i++)
		part[i] = strsep(&rest, ":");
	if (given && (!part[2] || rest || !*part[2]))
		return err_say(e, EINVAL,
			"expected cgroupsPath to be of format \"slice:prefix:name\" for systemd "
			"cgroups, got \"%s\" instead",
			cgroups_path);
	if (part[2]) {
		prefix = part[1];
		name = part[2];
	}
	slice = strdup(part[0] && *part[0] ? part[0] : rootless ? "user.slice" : "system.slice");
	if (str_ends(name, ".slice"))
		*ret_unit = strdup(name);
	else
		*ret_unit = str_format("%s%s%s.scope", prefix, *prefix ? "-" : "", name);
	if (!slice || !*ret_unit)
		return err_set(e, ENOMEM, "cgroup path");
	*ret_slice = steal_ptr(&slice);
	return 0;
}
