#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/ptr.h"
#include "base/str.h"
#include "shim/cgroup_devices.h"
#include "shim/cgroup_impl.h"

/*
 * Theory of operation. v1 keeps a list of permissions (or, where everything is allowed, of
 * refusals) that can only be changed entry by entry: Documentation/admin-guide/cgroup-v1/
 * devices.rst. A new group's list is made from nothing. One that is in use is changed into the new
 * one, permissions first, so that what both allow is never refused in between; where that cannot be
 * done with the list's entries (refusals inside a permission) it is made from nothing, too.
 */

struct lists {
	int allow, deny; /* owned */
};

static int write_rule(int fd, const struct oci_device_rule *rule)
{
	char text[64] = "a", major[24] = "*", minor[24] = "*";

	if (rule->major >= 0)
		snprintf(major, sizeof(major), "%" PRId64, rule->major);
	if (rule->minor >= 0)
		snprintf(minor, sizeof(minor), "%" PRId64, rule->minor);
	if (rule->type != 'a')
		snprintf(text, sizeof(text), "%c %s:%s %s", rule->type, major, minor, rule->access);
	return fd_write_all(fd, text, strlen(text));
}

static int write_all(const struct lists *l, const struct device_rules *rules, size_t from)
{
	int r = 0;

	for (size_t i = from; r == 0 && i < rules->n; i++)
		r = write_rule(rules->list[i].allow ? l->allow : l->deny, &rules->list[i]);
	return r;
}

static bool only_permits(const struct device_rules *rules)
{
	if (rules->list[0].allow)
		return false;
	for (size_t i = 1; i < rules->n; i++)
		if (!rules->list[i].allow)
			return false;
	return true;
}

static int64_t number_or_all(const char *text)
{
	return *text == '*' ? -1 : strtoll(text, NULL, 10);
}

/* "c 1:3 rwm", "b *:* m" */
static bool parse_entry(const char *line, struct oci_device_rule *ret)
{
	char major[16], minor[16];

	*ret = (struct oci_device_rule){.allow = false};
	if (sscanf(line, "%c %15[0-9*]:%15[0-9*] %3[rwm]", &ret->type, major, minor, ret->access) !=
		4)
		return false;
	ret->major = number_or_all(major);
	ret->minor = number_or_all(minor);
	return true;
}

/* Leaves in `entry` the kinds of access that no rule gives to the very same devices. */
static void keep_unwanted(struct oci_device_rule *entry, const struct device_rules *rules)
{
	char left[sizeof(entry->access)] = "";
	size_t n = 0;

	for (const char *a = entry->access; *a; a++) {
		bool wanted = false;

		for (size_t i = 1; i < rules->n; i++) {
			const struct oci_device_rule *r = &rules->list[i];

			wanted |= r->type == entry->type && r->major == entry->major &&
				  r->minor == entry->minor && strchr(r->access, *a);
		}
		if (!wanted)
			left[n++] = *a;
	}
	memcpy(entry->access, left, sizeof(left));
}

static int change(const struct lists *l, const struct device_rules *rules, char *old)
{
	char *save = NULL;
	int r = write_all(l, rules, 1);

	for (char *line = strtok_r(old, "\n", &save); r == 0 && line;
		line = strtok_r(NULL, "\n", &save)) {
		struct oci_device_rule entry;

		if (!parse_entry(line, &entry))
			continue;
		keep_unwanted(&entry, rules);
		if (*entry.access)
			r = write_rule(l->deny, &entry);
	}
	return r;
}

static int set_rules(struct cgroup_hier *h, const struct device_rules *rules, struct err *e)
{
	struct lists l = {openat(h->dirfd, "devices.allow", O_WRONLY | O_CLOEXEC),
		openat(h->dirfd, "devices.deny", O_WRONLY | O_CLOEXEC)};
	cleanup_free char *old = NULL;
	int r = l.allow < 0 || l.deny < 0 ? -errno : cgroup_read(h, "devices.list", &old, e);

	if (r == 0 && only_permits(rules) && old[0] != 'a')
		r = change(&l, rules, old);
	else if (r == 0)
		r = write_all(&l, rules, 0);
	fd_close(&l.allow);
	fd_close(&l.deny);
	return r < 0 ? err_set(e, -r, "set the device rules of '%s%s'", h->mount, h->path) : 0;
}

int cgroup_v1_devices(struct cgroup_hier *h, const struct oci_resources *res, struct err *e)
{
	struct device_rules rules = {0};
	int r = cgroup_tree_open(h, e);

	if (r == 0)
		r = device_rules_make(res, &rules, e);
	if (r == 0)
		r = set_rules(h, &rules, e);
	device_rules_done(&rules);
	return r;
}
