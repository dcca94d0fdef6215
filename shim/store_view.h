#ifndef SHIM_STORE_VIEW_H
#define SHIM_STORE_VIEW_H

#include "base/err.h"
#include "shim/store.h"

/*
 * What one bottle sees of a store: a bare repository of its own, NAME.git, whose packs are hard
 * links to the store's. Whatever becomes of the store (made one pack, objects dropped, removed), no
 * object goes from under the bottle. It only grows, by what the bottle itself has brought; its
 * packed-refs names tips from which all of it can be reached.
 */

/* Makes it, empty, below views_fd, and opens it. The descriptor or -errno. */
int store_view_make(int views_fd, const char *name, struct err *e);

/*
 * Fills an empty one with what is in force. -EXDEV: store and view are on two file systems; -EIO: a
 * pack of the store is broken, as after the machine died while it was written.
 */
int store_view_fill(int view_fd, const struct store *s, struct err *e);

/* Adds the packs of version N (a descriptor) and takes over the file `tips` of tips_fd. */
int store_view_grow(int view_fd, int version_fd, int tips_fd, const char *tips, struct err *e);

/* Links all packs of the repository from_fd into to_fd. Those that are there already stay. */
int store_link_packs(int from_fd, int to_fd, struct err *e);

#endif
