#include "shim/mount_options.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>

#include "base/ptr.h"
#include "base/str.h"

enum effect {
	SET,	     /* attribute on */
	CLEAR,	     /* attribute off */
	ATIME,	     /* one of the values of MOUNT_ATTR__ATIME */
	PROPAGATION, /* MS_…, perhaps with MS_REC */
	SB_FLAG,     /* flag of the superblock */
	NOTHING,     /* the default, or for others */
	BIND,
	RBIND,
	REMOUNT,
	COPY_UP,
	IDMAP,
	RIDMAP,
};

struct word {
	const char *name;
	enum effect effect;
	uint64_t value;
	bool recursive;
};

static const struct word words[] = {
	{"async", NOTHING, 0, false},
	{"atime", CLEAR, MOUNT_ATTR_NOATIME, false},
	{"bind", BIND, 0, false},
	{"defaults", NOTHING, 0, false},
	{"dev", CLEAR, MOUNT_ATTR_NODEV, false},
	{"diratime", CLEAR, MOUNT_ATTR_NODIRATIME, false},
	{"dirsync", SB_FLAG, 0, false},
	{"exec", CLEAR, MOUNT_ATTR_NOEXEC, false},
	{"idmap", IDMAP, 0, false},
	{"iversion", SB_FLAG, 0, false},
	{"lazytime", SB_FLAG, 0, false},
	{"loud", NOTHING, 0, false},
	{"mand", SB_FLAG, 0, false},
	{"noatime", ATIME, MOUNT_ATTR_NOATIME, false},
	{"nodev", SET, MOUNT_ATTR_NODEV, false},
	{"nodiratime", SET, MOUNT_ATTR_NODIRATIME, false},
	{"noexec", SET, MOUNT_ATTR_NOEXEC, false},
	{"noiversion", NOTHING, 0, false},
	{"nolazytime", NOTHING, 0, false},
	{"nomand", NOTHING, 0, false},
	{"norelatime", ATIME, MOUNT_ATTR_STRICTATIME, false},
	{"nostrictatime", ATIME, MOUNT_ATTR_RELATIME, false},
	{"nosuid", SET, MOUNT_ATTR_NOSUID, false},
	{"nosymfollow", SET, MOUNT_ATTR_NOSYMFOLLOW, false},
	{"private", PROPAGATION, MS_PRIVATE, false},
	{"ratime", CLEAR, MOUNT_ATTR_NOATIME, true},
	{"rbind", RBIND, 0, false},
	{"rdev", CLEAR, MOUNT_ATTR_NODEV, true},
	{"rdiratime", CLEAR, MOUNT_ATTR_NODIRATIME, true},
	{"relatime", ATIME, MOUNT_ATTR_RELATIME, false},
	{"remount", REMOUNT, 0, false},
	{"rexec", CLEAR, MOUNT_ATTR_NOEXEC, true},
	{"ridmap", RIDMAP, 0, false},
	{"rnoatime", ATIME, MOUNT_ATTR_NOATIME, true},
	{"rnodev", SET, MOUNT_ATTR_NODEV, true},
	{"rnodiratime", SET, MOUNT_ATTR_NODIRATIME, true},
	{"rnoexec", SET, MOUNT_ATTR_NOEXEC, true},
	{"rnorelatime", ATIME, MOUNT_ATTR_STRICTATIME, true},
	{"rnostrictatime", ATIME, MOUNT_ATTR_RELATIME, true},
	{"rnosuid", SET, MOUNT_ATTR_NOSUID, true},
	{"rnosymfollow", SET, MOUNT_ATTR_NOSYMFOLLOW, true},
	{"ro", SET, MOUNT_ATTR_RDONLY, false},
	{"rprivate", PROPAGATION, MS_PRIVATE | MS_REC, false},
	{"rrelatime", ATIME, MOUNT_ATTR_RELATIME, true},
	{"rro", SET, MOUNT_ATTR_RDONLY, true},
	{"rrw", CLEAR, MOUNT_ATTR_RDONLY, true},
	{"rshared", PROPAGATION, MS_SHARED | MS_REC, false},
	{"rslave", PROPAGATION, MS_SLAVE | MS_REC, false},
	{"rstrictatime", ATIME, MOUNT_ATTR_STRICTATIME, true},
	{"rsuid", CLEAR, MOUNT_ATTR_NOSUID, true},
	{"rsymfollow", CLEAR, MOUNT_ATTR_NOSYMFOLLOW, true},
	{"runbindable", PROPAGATION, MS_UNBINDABLE | MS_REC, false},
	{"rw", CLEAR, MOUNT_ATTR_RDONLY, false},
	{"shared", PROPAGATION, MS_SHARED, false},
	{"silent", SB_FLAG, 0, false},
	{"slave", PROPAGATION, MS_SLAVE, false},
	{"strictatime", ATIME, MOUNT_ATTR_STRICTATIME, false},
	{"suid", CLEAR, MOUNT_ATTR_NOSUID, false},
	{"symfollow", CLEAR, MOUNT_ATTR_NOSYMFOLLOW, false},
	{"sync", SB_FLAG, 0, false},
	{"tmpcopyup", COPY_UP, 0, false},
	{"unbindable", PROPAGATION, MS_UNBINDABLE, false},
};

static int compare_word(const void *key, const void *w)
{
	return strcmp(key, ((const struct word *)w)->name);
}

static const struct word *find_word(const char *name)
{
	return bsearch(name, words, ARRAY_LEN(words), sizeof(words[0]), compare_word);
}

/* The last word wins; an attribute that was never set needs no clearing on a new mount. */
static void attribute(struct mount_options *o, const struct word *w)
{
	uint64_t *set = w->recursive ? &o->rec_set : &o->set;
	uint64_t *clear = w->recursive ? &o->rec_clear : &o->clear;

	if (w->effect == ATIME) {
		*clear |= MOUNT_ATTR__ATIME;
		*set = (*set & ~(uint64_t)MOUNT_ATTR__ATIME) | w->value;
	} else if (w->effect == SET) {
		*set |= w->value;
		*clear &= ~w->value;
	} else {
		*set &= ~w->value;
		if (w->recursive && w->value != MOUNT_ATTR_NOATIME)
			*clear |= w->value;
	}
	if (w->value == MOUNT_ATTR_RDONLY && !w->recursive)
		o->sb_readonly = w->effect == SET;
}

static int apply_word(struct mount_options *o, const struct word *w)
{
	switch (w->effect) {
	case SET:
	case CLEAR:
	case ATIME:
		attribute(o, w);
		return 0;
	case PROPAGATION:
		o->propagation = w->value & ~(uint64_t)MS_REC;
		o->propagation_recursive = w->value & MS_REC;
		return 0;
	case SB_FLAG:
		return strv_add(&o->sb_flags, w->name);
	case BIND:
		o->bind = true;
		return 0;
	case RBIND:
		o->bind = o->recursive = true;
		return 0;
	case REMOUNT:
		o->remount = true;
		return 0;
	case COPY_UP:
		o->copy_up = true;
		return 0;
	case RIDMAP:
		o->idmap_recursive = true;
		o->idmap = true;
		return 0;
	case IDMAP:
		o->idmap = true;
		return 0;
	case NOTHING:
		return 0;
	}
	return 0;
}

int mount_options_parse(char *const *options, struct mount_options *ret, struct err *e)
{
	*ret = (struct mount_options){0};
	for (size_t i = 0; options && options[i]; i++) {
		const struct word *w = find_word(options[i]);
		int r = w ? apply_word(ret, w) : strv_add(&ret->data, options[i]);

		if (r < 0) {
			mount_options_done(ret);
			return err_set(e, -r, "mount options");
		}
	}
	return 0;
}

void mount_options_done(struct mount_options *o)
{
	strv_free(o->sb_flags);
	strv_free(o->data);
	*o = (struct mount_options){0};
}

int mount_propagation(const char *word, unsigned long *ret, struct err *e)
{
	const struct word *w = word && *word ? find_word(word) : NULL;

	*ret = 0;
	if (!word || !*word)
		return 0;
	if (!w || w->effect != PROPAGATION)
		return err_say(e, EINVAL,
			"config.json: linux.rootfsPropagation: found '%s', allowed are shared, "
			"slave, private, unbindable, each also with an r in front",
			word);
	*ret = (unsigned long)w->value;
	return 0;
}

const char *const *mount_options_known(void)
{
	static const char *names[ARRAY_LEN(words) + 1];

	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		names[i] = words[i].name;
	return names;
}
