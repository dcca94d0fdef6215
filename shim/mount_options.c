#include "shim/mount_options.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>

#include "base/ptr.h"
#include "base/str.h"

enum effect {
	SET,	     /* attribute on */
	CLEAR,	     /* attribute off */
	ATIME,	     /* one of the values of MOUNT_ATTR__ATIME */
	NOT_ATIME,   /* no longer that value: back to the kernel's default, relatime */
	PROPAGATION, /* MS_…, perhaps with MS_REC */
	SB_FLAG,     /* flag of the superblock */
	NOT_SB_FLAG, /* without the "no" in front */
	NOTHING,     /* the default, or for others */
	SWITCH,	     /* a bool of struct mount_options, value its offset */
	RBIND,
	RIDMAP,
};

#define SWITCH_OF(member) SWITCH, offsetof(struct mount_options, member), false

struct word {
	const char *name;
	enum effect effect;
	uint64_t value;
	bool recursive;
};

static const struct word words[] = {
	{"async", NOT_SB_FLAG, 0, false},
	{"atime", ATIME, MOUNT_ATTR_RELATIME, false},
	{"bind", SWITCH_OF(bind)},
	{"copy-symlink", SWITCH_OF(copy_symlink)},
	{"defaults", NOTHING, 0, false},
	{"dest-nofollow", SWITCH_OF(dest_nofollow)},
	{"dev", CLEAR, MOUNT_ATTR_NODEV, false},
	{"diratime", CLEAR, MOUNT_ATTR_NODIRATIME, false},
	{"dirsync", SB_FLAG, 0, false},
	{"exec", CLEAR, MOUNT_ATTR_NOEXEC, false},
	{"idmap", SWITCH_OF(idmap)},
	{"iversion", SB_FLAG, 0, false},
	{"lazytime", SB_FLAG, 0, false},
	{"loud", NOTHING, 0, false},
	{"mand", SB_FLAG, 0, false},
	{"noatime", ATIME, MOUNT_ATTR_NOATIME, false},
	{"nodev", SET, MOUNT_ATTR_NODEV, false},
	{"nodiratime", SET, MOUNT_ATTR_NODIRATIME, false},
	{"noexec", SET, MOUNT_ATTR_NOEXEC, false},
	{"noiversion", NOT_SB_FLAG, 0, false},
	{"nolazytime", NOT_SB_FLAG, 0, false},
	{"nomand", NOT_SB_FLAG, 0, false},
	{"norelatime", NOTHING, 0, false},
	{"nostrictatime", NOT_ATIME, MOUNT_ATTR_STRICTATIME, false},
	{"nosuid", SET, MOUNT_ATTR_NOSUID, false},
	{"nosymfollow", SET, MOUNT_ATTR_NOSYMFOLLOW, false},
	{"private", PROPAGATION, MS_PRIVATE, false},
	{"rasync", NOTHING, 0, false},
	{"ratime", ATIME, MOUNT_ATTR_RELATIME, true},
	{"rbind", RBIND, 0, false},
	{"rdev", CLEAR, MOUNT_ATTR_NODEV, true},
	{"rdiratime", CLEAR, MOUNT_ATTR_NODIRATIME, true},
	{"rdirsync", NOTHING, 0, false},
	{"relatime", ATIME, MOUNT_ATTR_RELATIME, false},
	{"remount", SWITCH_OF(remount)},
	{"rexec", CLEAR, MOUNT_ATTR_NOEXEC, true},
	{"ridmap", RIDMAP, 0, false},
	{"rmand", NOTHING, 0, false},
	{"rnoatime", ATIME, MOUNT_ATTR_NOATIME, true},
	{"rnodev", SET, MOUNT_ATTR_NODEV, true},
	{"rnodiratime", SET, MOUNT_ATTR_NODIRATIME, true},
	{"rnoexec", SET, MOUNT_ATTR_NOEXEC, true},
	{"rnomand", NOTHING, 0, false},
	{"rnorelatime", NOTHING, 0, false},
	{"rnostrictatime", NOT_ATIME, MOUNT_ATTR_STRICTATIME, true},
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
	{"rsync", NOTHING, 0, false},
	{"runbindable", PROPAGATION, MS_UNBINDABLE | MS_REC, false},
	{"rw", CLEAR, MOUNT_ATTR_RDONLY, false},
	{"shared", PROPAGATION, MS_SHARED, false},
	{"silent", NOTHING, 0, false},
	{"slave", PROPAGATION, MS_SLAVE, false},
	{"src-nofollow", SWITCH_OF(src_nofollow)},
	{"strictatime", ATIME, MOUNT_ATTR_STRICTATIME, false},
	{"suid", CLEAR, MOUNT_ATTR_NOSUID, false},
	{"symfollow", CLEAR, MOUNT_ATTR_NOSYMFOLLOW, false},
	{"sync", SB_FLAG, 0, false},
	{"tmpcopyup", SWITCH_OF(copy_up)},
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

static void set_atime(uint64_t *set, uint64_t *clear, uint64_t value)
{
	/* The kernel changes the field as a whole (mount_setattr(2)). */
	*clear |= MOUNT_ATTR__ATIME;
	*set = (*set & ~(uint64_t)MOUNT_ATTR__ATIME) | value;
}

/* The last word wins. */
static void attribute(struct mount_options *o, const struct word *w)
{
	uint64_t *set = w->recursive ? &o->rec_set : &o->set;
	uint64_t *clear = w->recursive ? &o->rec_clear : &o->clear;

	if (w->effect == ATIME) {
		set_atime(set, clear, w->value);
	} else if (w->effect == NOT_ATIME) {
		if (*clear & MOUNT_ATTR__ATIME && (*set & MOUNT_ATTR__ATIME) == w->value)
			set_atime(set, clear, MOUNT_ATTR_RELATIME);
	} else if (w->effect == SET) {
		*set |= w->value;
		*clear &= ~w->value;
	} else {
		*set &= ~w->value;
		*clear |= w->value;
	}
	if (w->value == MOUNT_ATTR_RDONLY && !w->recursive)
		o->sb_readonly = w->effect == SET;
	o->flags_given |= !w->recursive && w->effect != NOT_ATIME;
}

static void remove_flag(char **flags, const char *name)
{
	size_t n = 0;

	for (size_t i = 0; flags && flags[i]; i++) {
		if (strcmp(flags[i], name) == 0)
			free(flags[i]);
		else
			flags[n++] = flags[i];
	}
	if (flags)
		flags[n] = NULL;
}

static int superblock_flag(struct mount_options *o, const struct word *w)
{
	if (w->effect == SB_FLAG) {
		/* One of mount(2)'s: on a bind mount it means that its flags are given. */
		o->flags_given = true;
		return strv_has(o->sb_flags, w->name) ? 0 : strv_add(&o->sb_flags, w->name);
	}
	remove_flag(o->sb_flags, str_starts(w->name, "no") ? w->name + 2 : "sync");
	return 0;
}

static int apply_word(struct mount_options *o, const struct word *w)
{
	switch (w->effect) {
	case SET:
	case CLEAR:
	case ATIME:
	case NOT_ATIME:
		attribute(o, w);
		return 0;
	case PROPAGATION:
		o->propagation = w->value & ~(uint64_t)MS_REC;
		o->propagation_recursive = w->value & MS_REC;
		return 0;
	case SB_FLAG:
	case NOT_SB_FLAG:
		return superblock_flag(o, w);
	case SWITCH:
		*(bool *)((char *)o + w->value) = true;
		return 0;
	case RBIND:
		o->bind = o->recursive = true;
		return 0;
	case RIDMAP:
		o->idmap = o->idmap_recursive = true;
		return 0;
	case NOTHING:
		return 0;
	}
	return 0;
}

/* "idmap=uids=0-1-10;gids=0-1-10": the mapping stands in the option itself. */
static int apply_idmap(struct mount_options *o, const char *option)
{
	o->idmap = true;
	o->idmap_recursive |= *option == 'r';
	free(o->idmap_text);
	o->idmap_text = strdup(strchr(option, '=') + 1);
	return o->idmap_text ? 0 : -ENOMEM;
}

static int apply_option(struct mount_options *o, const char *option)
{
	const struct word *w = find_word(option);

	if (w)
		return apply_word(o, w);
	if (str_starts(option, "idmap=") || str_starts(option, "ridmap="))
		return apply_idmap(o, option);
	return strv_add(&o->data, option);
}

int mount_options_parse(char *const *options, struct mount_options *ret, struct err *e)
{
	*ret = (struct mount_options){0};
	for (size_t i = 0; options && options[i]; i++) {
		int r = apply_option(ret, options[i]);

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
	free(o->idmap_text);
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
