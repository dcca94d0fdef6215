#include "shim/rdt.h"

#include <errno.h>
#include <fcntl.h>
#include <mntent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/ptr.h"
#include "base/str.h"

#define FILE_MAX (1U << 16)

/* ---- where it is */

int rdt_find_root(const char *mounts, char **ret, struct err *e)
{
	FILE *table = setmntent(mounts, "re");
	struct mntent entry;
	char line[8192];

	*ret = NULL;
	if (!table)
		return err_set(e, errno, "open '%s'", mounts);
	while (!*ret && getmntent_r(table, &entry, line, sizeof(line)))
		if (str_eq(entry.mnt_type, "resctrl"))
			*ret = strdup(entry.mnt_dir);
	endmntent(table);
	if (*ret)
		return 0;
	return err_say(e, ENODEV,
		"linux.intelRdt: no resctrl file system is mounted (the kernel needs "
		"CONFIG_X86_CPU_RESCTRL and a CPU that can do it: mount -t resctrl resctrl "
		"/sys/fs/resctrl)");
}

/* ---- what stands in a schemata file against what was asked for */

/* "L3:0=7f0;1=1f": the same value may be written with leading zeros and blanks. */
static bool same_value(const char *a, size_t a_len, const char *b, size_t b_len)
{
	while (a_len > 1 && *a == '0')
		a++, a_len--;
	while (b_len > 1 && *b == '0')
		b++, b_len--;
	return a_len == b_len && strncasecmp(a, b, a_len) == 0;
}

/* Whether `line`, behind its colon, has the domain `id` with this value. */
static bool has_domain(
	const char *line, const char *id, size_t id_len, const char *value, size_t len)
{
	while (*line) {
		size_t part = strcspn(line, ";\n"), name = strcspn(line, "=;\n");

		if (name < part && same_value(line, name, id, id_len))
			return same_value(line + name + 1, part - name - 1, value, len);
		line += part + (line[part] == ';');
		if (*line == '\n')
			break;
	}
	return false;
}

static const char *find_resource(const char *schemata, const char *name, size_t len)
{
	for (const char *line = schemata; *line;) {
		line += strspn(line, " \t\n");
		if (strncmp(line, name, len) == 0 && line[len] == ':')
			return line + len + 1;
		line += strcspn(line, "\n");
	}
	return NULL;
}

static bool in_effect(const char *schemata, const char *wanted)
{
	size_t name = strcspn(wanted, ":");
	const char *line = find_resource(schemata, wanted, name);

	if (!line || !wanted[name])
		return false;
	for (const char *p = wanted + name + 1; *p;) {
		size_t part = strcspn(p, ";"), id = strcspn(p, "=;");

		if (part && (id == part || !has_domain(line, p, id, p + id + 1, part - id - 1)))
			return false;
		p += part + (p[part] == ';');
	}
	return true;
}

static int check_existing(const char *group, const struct oci_rdt *config, struct err *e)
{
	const char *const wanted[] = {config->l3_cache_schema, config->mem_bw_schema};
	cleanup_free char *path = str_format("%s/schemata", group), *text = NULL;
	int r = path ? fd_read_file(AT_FDCWD, path, FILE_MAX, &text, NULL, e)
		     : err_set(e, ENOMEM, "intelRdt");

	for (size_t i = 0; r == 0 && i < ARRAY_LEN(wanted); i++)
		if (wanted[i] && !in_effect(text, wanted[i]))
			return err_say(e, EINVAL,
				"linux.intelRdt: closID '%s' is there already and '%s' does not "
				"say '%s'",
				config->clos_id, path, wanted[i]);
	return r;
}

/* ---- making */

/* The kernel tells why a write or a mkdir failed in a file of its own. */
static int explain(const char *root, struct err *e)
{
	cleanup_free char *path = str_format("%s/info/last_cmd_status", root), *text = NULL;
	struct err ignored;

	if (!path || fd_read_file(AT_FDCWD, path, 4096, &text, NULL, &ignored) < 0 || !*text)
		return err_wrap(e, "linux.intelRdt");
	text[strcspn(text, "\n")] = '\0';
	return err_wrap(e, "linux.intelRdt: resctrl says '%s'", text);
}

static int write_schemata(
	const char *group, const struct oci_rdt *config, bool existed, struct err *e)
{
	cleanup_free char *path = str_format("%s/schemata", group);
	cleanup_str struct str lines = {0};

	if (!existed && config->l3_cache_schema)
		str_addf(&lines, "%s\n", config->l3_cache_schema);
	if (!existed && config->mem_bw_schema)
		str_addf(&lines, "%s\n", config->mem_bw_schema);
	for (size_t i = 0; config->schemata && config->schemata[i]; i++)
		str_addf(&lines, "%s\n", config->schemata[i]);
	if (!path || lines.failed)
		return err_set(e, ENOMEM, "intelRdt");
	return lines.len ? fd_write_file(AT_FDCWD, path, lines.s, e) : 0;
}

static bool has_schema(const struct oci_rdt *config)
{
	return config->l3_cache_schema || config->mem_bw_schema ||
	       (config->schemata && config->schemata[0]);
}

/* 1: it was there. */
static int make_class(const char *group, const struct oci_rdt *config, struct err *e)
{
	struct stat st;

	if (stat(group, &st) == 0)
		return S_ISDIR(st.st_mode)
			       ? 1
			       : err_say(e, ENOTDIR, "'%s' is no class of service", group);
	if (config->clos_id && !has_schema(config))
		return err_say(e, ENOENT,
			"closID '%s' is not there, and no schema is given to make it with",
			config->clos_id);
	return mkdir(group, 0755) < 0 ? err_set(e, errno, "make '%s'", group) : 0;
}

static int fill_class(const char *group, const struct oci_rdt *config, bool existed, struct err *e)
{
	/* Only what somebody else has set up by name is to be as it is. */
	bool foreign = existed && config->clos_id;
	int r = foreign && has_schema(config) ? check_existing(group, config, e) : 0;

	return r < 0 ? r : write_schemata(group, config, foreign, e);
}

static int make_monitoring(const char *group, const char *id, struct rdt *ret, struct err *e)
{
	char *path = str_format("%s/mon_groups/%s", group, id);

	if (!path)
		return err_set(e, ENOMEM, "intelRdt");
	if (mkdir(path, 0755) < 0) {
		err_set(e, errno, "make the monitoring group '%s'", path);
		free(path);
		return -e->code;
	}
	if (strv_add(&ret->made, path) < 0 || strv_add(&ret->groups, path) < 0)
		err_set(e, ENOMEM, "intelRdt");
	free(path);
	return ret->groups && strv_len(ret->groups) == 2 ? 0 : -e->code;
}

static char *class_path(const char *root, const struct oci_rdt *config, const char *id)
{
	if (str_eq(config->clos_id, "/"))
		return strdup(root);
	return str_format("%s/%s", root, config->clos_id ? config->clos_id : id);
}

static int make_all(const char *group, const struct oci_rdt *config, const char *id,
	struct rdt *ret, struct err *e)
{
	int existed = make_class(group, config, e), r;

	if (existed < 0)
		return existed;
	if (strv_add(&ret->groups, group) < 0 || (!existed && strv_add(&ret->made, group) < 0))
		return err_set(e, ENOMEM, "intelRdt");
	r = fill_class(group, config, existed, e);
	return r == 0 && config->monitoring ? make_monitoring(group, id, ret, e) : r;
}

/* What an operator has named stays when the container goes. */
static void forget_class(struct rdt *r)
{
	char *first = r->made ? r->made[0] : NULL;

	for (size_t i = 0; first && r->made[i]; i++)
		r->made[i] = r->made[i + 1];
	free(first);
}

int rdt_make(const char *root, const struct oci_rdt *config, const char *id, struct rdt *ret,
	struct err *e)
{
	cleanup_free char *group = class_path(root, config, id);
	int r;

	*ret = (struct rdt){0};
	if (!group)
		return err_set(e, ENOMEM, "intelRdt");
	r = make_all(group, config, id, ret, e);
	if (r < 0) {
		explain(root, e);
		rdt_remove(ret->made);
		rdt_done(ret);
		return r;
	}
	if (config->clos_id && ret->made && str_eq(ret->made[0], group))
		forget_class(ret);
	return 0;
}

int rdt_join(char *const *groups, pid_t pid, struct err *e)
{
	char text[32];

	snprintf(text, sizeof(text), "%d", (int)pid);
	for (size_t i = 0; groups && groups[i]; i++) {
		cleanup_free char *path = str_format("%s/tasks", groups[i]);
		int r = path ? fd_write_file(AT_FDCWD, path, text, e)
			     : err_set(e, ENOMEM, "intelRdt");

		if (r < 0)
			return err_wrap(e, "linux.intelRdt: join '%s'", groups[i]);
	}
	return 0;
}

void rdt_remove(char *const *made)
{
	for (size_t i = strv_len(made); i > 0; i--)
		if (rmdir(made[i - 1]) < 0 && errno != ENOENT)
			log_warning(
				"linux.intelRdt: remove '%s': %s", made[i - 1], strerror(errno));
}

void rdt_done(struct rdt *r)
{
	strv_free(r->groups);
	strv_free(r->made);
	*r = (struct rdt){0};
}
