#ifndef CONTROL_BOTTLE_DIR_H
#define CONTROL_BOTTLE_DIR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/*
 * What is kept of a bottle, alive or ended: state/SLUG of the operator's directory, with logs/ and
 * metadata.json (bottle-manifest(5), FILES).
 */
struct bottle_dir {
	char *slug;
	char *bottles;	  /* "a, b": what it was made of */
	char *started_at; /* RFC 3339, UTC; "" when nobody knows */
	int logs_fd;	  /* of logs/; opened for the one that was chosen */
	bool ended;	  /* its monitor has written down where egress.log ends */
	uint64_t end_seq; /* … at this number, with this link */
	char *end_link;
};

void bottle_dir_done(struct bottle_dir *d);

struct bottle_dirs {
	struct bottle_dir *list; /* newest first */
	size_t n;
};

/* All that are kept; home is the operator's directory. */
int bottle_dirs_find(const char *home, struct bottle_dirs *ret, struct err *e);
void bottle_dirs_done(struct bottle_dirs *d);

/*
 * The one of this slug, or of which it is the only beginning; slug NULL: the newest, of those made
 * of `bottle` unless that is NULL. Moved out of `all`, with logs_fd. -ENOENT and -EEXIST list what
 * there is.
 */
int bottle_dir_choose(const char *home, struct bottle_dirs *all, const char *slug,
	const char *bottle, struct bottle_dir *ret, struct err *e);

#endif
