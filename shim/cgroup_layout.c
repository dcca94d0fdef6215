#include "shim/cgroup_impl.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/fd.h"
#include "base/ptr.h"
#include "base/str.h"

bool cgroup_names_has(const char *names, const char *name)
{
	size_t n = strlen(name);

	for (const char *p = names; *p; p += strcspn(p, ","), p += *p == ',')
		if (strcspn(p, ",") == n && strncmp(p, name, n) == 0)
			return true;
	return false;
}

struct cgroup_hier *cgroup_find_v1(const struct cgroup *cg, const char *controller)
{
	for (size_t i = 0; i < cg->n; i++)
		if (!cg->h[i].v2 && cgroup_names_has(cg->h[i].names, controller))
			return (struct cgroup_hier *)&cg->h[i];
	return NULL;
}

struct cgroup_hier *cgroup_find_v2(const struct cgroup *cg)
{
	for (size_t i = 0; i < cg->n; i++)
		if (cg->h[i].v2)
			return (struct cgroup_hier *)&cg->h[i];
	return NULL;
}

bool cgroup_is_pure_v2(const struct cgroup *cg)
{
	return cg->n == 1 && cg->h[0].v2;
}

/* Options of a v1 superblock that are no controllers. */
static bool is_controller(const char *option)
{
	static const char *const others[] = {"rw", "ro", "noprefix", "clone_children", "xattr",
		"cpuset_v2_mode", "favordynmods", "all", "none"};

	for (size_t i = 0; i < ARRAY_LEN(others); i++)
		if (strcmp(option, others[i]) == 0)
			return false;
	return !str_starts(option, "release_agent=");
}

static char *controllers_of(char *super_options)
{
	struct str s = {0};
	char *save = NULL;

	for (char *o = strtok_r(super_options, ",", &save); o; o = strtok_r(NULL, ",", &save)) {
		if (!is_controller(o))
			continue;
		if (s.len)
			str_add_char(&s, ',');
		str_add(&s, o);
	}
	return str_take(&s);
}

/* mountinfo writes blank, tab, newline and backslash as octal (proc_pid_mountinfo(5)). */
static char *unescape(const char *text)
{
	char *out = strdup(text), *to = out;

	for (const char *p = out; p && *p;) {
		if (p[0] == '\\' && p[1] && p[2] && p[3]) {
			*to++ = (char)((p[1] - '0') << 6 | (p[2] - '0') << 3 | (p[3] - '0'));
			p += 4;
		} else {
			*to++ = *p++;
		}
	}
	if (to)
		*to = '\0';
	return out;
}

static bool have_already(const struct cgroup *cg, bool v2, const char *names)
{
	for (size_t i = 0; i < cg->n; i++)
		if (cg->h[i].v2 == v2 && strcmp(cg->h[i].names, names) == 0)
			return true;
	return false;
}

static int add_hier(struct cgroup *cg, bool v2, char *names, const char *mount, const char *root)
{
	struct cgroup_hier *h = &cg->h[cg->n];

	if (!names)
		return -ENOMEM;
	if (cg->n == CGROUP_HIERS_MAX || (!v2 && !*names) || have_already(cg, v2, names)) {
		free(names);
		return 0;
	}
	*h = (struct cgroup_hier){.v2 = v2, .names = names, .dirfd = -1, .join_fd = -1};
	cg->n++;
	h->mount = unescape(mount);
	h->root = unescape(root);
	return h->mount && h->root ? 0 : -ENOMEM;
}

/* ID PARENT MAJ:MIN ROOT MOUNTPOINT OPTIONS [TAGS…] - FSTYPE SOURCE SUPEROPTIONS */
static int parse_line(struct cgroup *cg, char *line)
{
	char *tail = strstr(line, " - "), *save = NULL, *field[5], *type, *super;
	bool v2;

	if (!tail || !str_starts(tail + 3, "cgroup"))
		return 0;
	*tail = '\0';
	for (int i = 0; i < 5; i++) {
		field[i] = strtok_r(i ? NULL : line, " ", &save);
		if (!field[i])
			return 0;
	}
	type = strtok_r(tail + 3, " ", &save);
	strtok_r(NULL, " ", &save);
	super = strtok_r(NULL, " ", &save);
	if (!type || !super)
		return 0;
	v2 = strcmp(type, "cgroup2") == 0;
	if (!v2 && strcmp(type, "cgroup") != 0)
		return 0;
	return add_hier(cg, v2, v2 ? strdup("") : controllers_of(super), field[4], field[3]);
}

int cgroup_layout_parse(const char *mountinfo, struct cgroup *cg, struct err *e)
{
	cleanup_free char *copy = strdup(mountinfo);
	char *save = NULL;
	int r = copy ? 0 : -ENOMEM;

	for (char *line = copy ? strtok_r(copy, "\n", &save) : NULL; r == 0 && line;
		line = strtok_r(NULL, "\n", &save))
		r = parse_line(cg, line);
	if (r < 0)
		return err_set(e, -r, "read the mount table");
	if (cg->n == 0)
		return err_say(e, ENOENT, "no cgroup file system is mounted");
	return 0;
}

static void drop_covered(struct cgroup *cg, const char *mountinfo)
{
	size_t kept = 0;

	for (size_t i = 0; i < cg->n; i++) {
		struct cgroup_hier *h = &cg->h[i];

		if (!cgroup_is_covered(h, mountinfo)) {
			cg->h[kept++] = *h;
			continue;
		}
		free(h->names);
		free(h->mount);
		free(h->root);
	}
	cg->n = kept;
}

int cgroup_layout_read(struct cgroup *cg, struct err *e)
{
	static const char table[] = "/proc/self/mountinfo";
	cleanup_fd int fd = open(table, O_RDONLY | O_CLOEXEC);
	cleanup_free char *text = NULL;
	int r = fd < 0 ? err_set(e, errno, "open '%s'", table)
		       : fd_read_all(fd, table, 16 << 20, &text, NULL, e);

	if (r == 0)
		r = cgroup_layout_parse(text, cg, e);
	if (r == 0)
		drop_covered(cg, text);
	return r;
}
