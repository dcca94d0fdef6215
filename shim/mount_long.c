#include "shim/mount_long.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#include "base/ptr.h"
#include "base/str.h"

/* fsconfig(2): a value is at most 256 bytes with its end. */
#define FSCONFIG_VALUE_MAX 255

bool mount_is_long(const struct mount_options *o)
{
	for (char *const *d = o->data; d && *d; d++)
		if (strlen(*d) > FSCONFIG_VALUE_MAX)
			return true;
	return strv_has(o->sb_flags, "iversion");
}

bool mount_is_plain(const char *type, const struct mount_options *o)
{
	static const char *const types[] = {"proc", "tmpfs", "devpts", "mqueue", NULL};

	if (!type || !strv_has((char *const *)types, type))
		return false;
	/* MS_RDONLY is the superblock's, too, which all but a tmpfs share with others. */
	if ((o->set & MOUNT_ATTR_RDONLY) && strcmp(type, "tmpfs") != 0)
		return false;
	return !o->bind && !o->remount && !o->copy_up && !o->idmap && !o->rec_set &&
	       !o->rec_clear && !o->propagation && !mount_is_long(o);
}

static unsigned long mount_flags(uint64_t attributes)
{
	static const struct {
		uint64_t attribute;
		unsigned long flag;
	} known[] = {
		{MOUNT_ATTR_NOSUID, MS_NOSUID},
		{MOUNT_ATTR_NODEV, MS_NODEV},
		{MOUNT_ATTR_NOEXEC, MS_NOEXEC},
		{MOUNT_ATTR_NOATIME, MS_NOATIME},
		{MOUNT_ATTR_STRICTATIME, MS_STRICTATIME},
		{MOUNT_ATTR_NODIRATIME, MS_NODIRATIME},
		{MOUNT_ATTR_NOSYMFOLLOW, MS_NOSYMFOLLOW},
	};
	unsigned long flags = 0;

	for (size_t i = 0; i < ARRAY_LEN(known); i++)
		if (attributes & known[i].attribute)
			flags |= known[i].flag;
	return flags;
}

static unsigned long superblock_flags(const struct mount_options *o)
{
	static const struct {
		const char *name;
		unsigned long flag;
	} known[] = {
		{"dirsync", MS_DIRSYNC},
		{"iversion", MS_I_VERSION},
		{"lazytime", MS_LAZYTIME},
		{"mand", MS_MANDLOCK},
		{"sync", MS_SYNCHRONOUS},
	};
	unsigned long flags = o->sb_readonly ? MS_RDONLY : 0;

	for (size_t i = 0; i < ARRAY_LEN(known); i++)
		if (strv_has(o->sb_flags, known[i].name))
			flags |= known[i].flag;
	return flags;
}

/* "a,b=c,context=…"; NULL when memory ran out. Caller frees. */
static char *join(char *const *data, const char *label)
{
	char *all = label && *label ? str_format("context=\"%s\"", label) : strdup("");

	for (; all && data && *data; data++) {
		char *longer = str_format("%s%s%s", all, *all ? "," : "", *data);

		free(all);
		all = longer;
	}
	return all;
}

int mount_long_attach(const struct mount_long *m, int target, struct err *e)
{
	cleanup_free char *data = join(m->options->data, m->label);
	long page = sysconf(_SC_PAGESIZE);
	char path[64];

	if (!data)
		return err_set(e, ENOMEM, "mount options");
	/* The kernel would cut off the rest without a word. */
	if (strlen(data) >= (size_t)page)
		return err_say(e, E2BIG, "its options have %zu bytes, the kernel takes %ld",
			strlen(data), page - 1);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", target);
	if (mount(m->source ? m->source : m->type, path, m->type,
		    superblock_flags(m->options) | mount_flags(m->options->set), data) < 0)
		return err_set(e, errno, "mount of type %s with '%.100s…'", m->type, data);
	return 0;
}
