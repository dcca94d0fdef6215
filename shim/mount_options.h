#ifndef SHIM_MOUNT_OPTIONS_H
#define SHIM_MOUNT_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "bundle/oci.h"

/*
 * The options of one mount, taken apart (runtime-spec config.md, "Linux mount options"): what the
 * mount calls get as attributes (mount_setattr(2)), what the file system's superblock gets as
 * flags, its propagation, and the rest, which is the file system's own data.
 */
struct mount_options {
	bool bind, recursive, remount;
	bool flags_given;	     /* one of the flags of `set` and `clear` stood there */
	uint64_t set, clear;	     /* MOUNT_ATTR_…, of this mount; clear: said to be off */
	uint64_t rec_set, rec_clear; /* of it and what is below ("rro", …) */
	uint64_t propagation;	     /* MS_SHARED, …; 0: as it comes */
	bool propagation_recursive;
	bool sb_readonly;		  /* "ro" was last: the superblock's, where we make it */
	bool copy_up;			  /* tmpcopyup */
	bool copy_symlink;		  /* a link is made again, not followed (crun) */
	bool src_nofollow, dest_nofollow; /* a link is bound itself, or covered (crun) */
	bool idmap, idmap_recursive;
	char *idmap_text; /* behind "idmap=" (crun), or NULL */
	char **sb_flags;  /* "sync", "dirsync", …: flags of the superblock */
	char **data;	  /* "size=64k", "newinstance" */
};

/* 0 or -ENOMEM. The caller ends with mount_options_done. */
int mount_options_parse(char *const *options, struct mount_options *ret, struct err *e);
void mount_options_done(struct mount_options *o);

/* For rootfsPropagation: MS_… with MS_REC; 0 for NULL; -EINVAL for an unknown word. */
int mount_propagation(const char *word, unsigned long *ret, struct err *e);

/* The words that are understood, sorted, NULL-terminated; for `features`. */
const char *const *mount_options_known(void);

#endif
