#ifndef GATE_LFS_LINK_H
#define GATE_LFS_LINK_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/json.h"

/*
 * An address of an upstream's with the header fields that go with it, as an action of a batch
 * answer and git-lfs-authenticate give it. Both may be credentials: neither is shown to anybody.
 */
struct lfs_link {
	char *href;	/* "https://…", printable ASCII; NULL: none was given */
	char **headers; /* "Name: value", strv */
};

/*
 * From the object `at`. -EPROTO for a href that is no plain https:// address, for fields with line
 * ends, control characters or names that no field has, and for more of it all than anybody needs.
 * Fields that frame a message or name its target are ours to set: they are left out. Owner: the
 * caller (lfs_link_done).
 */
int lfs_link_read(const struct json_at *at, struct lfs_link *ret, struct err *e);

/* The same from a text of its own, at most 64 KiB. name: whose, for errors. */
int lfs_link_parse(
	const char *text, size_t len, const char *name, struct lfs_link *ret, struct err *e);

/* Whether it brings a field of that name, in letters of either case. */
bool lfs_link_has(const struct lfs_link *l, const char *header);

/* Whether one of the fields' values, or a word of one, stands in a text. */
bool lfs_link_is_told(const struct lfs_link *l, const char *text);

void lfs_link_done(struct lfs_link *l); /* wipes */
#define cleanup_lfs_link __attribute__((cleanup(lfs_link_done)))

#endif
