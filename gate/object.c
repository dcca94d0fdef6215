#include "gate/object.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/ptr.h"
#include "base/str.h"
#include "gate/encoding.h"
#include "gate/refs.h"

static const char *const types[] = {
	[INSPECT_COMMIT] = "commit",
	[INSPECT_TREE] = "tree",
	[INSPECT_BLOB] = "blob",
	[INSPECT_TAG] = "tag",
};

void object_reader_done(struct object_reader *o)
{
	free(o->path);
	o->path = NULL;
	o->in->path = "";
}

/* ---- trees: "MODE NAME NUL OID" */

#define MODE_LINK "160000"

struct tree {
	struct str names; /* a line each */
	struct str links; /* names of submodules' commits, hexadecimal, a line each */
	struct str bytes; /* the same as they are stored: they need not name anything */
	bool odd;
};

static void tree_done(struct tree *t)
{
	str_done(&t->names);
	str_done(&t->links);
	str_done(&t->bytes);
}

#define cleanup_tree __attribute__((cleanup(tree_done)))

/* Names go out some at a time: a directory may have any number of them. */
static int flush_names(struct inspection *in, struct tree *t, size_t at_least, struct err *e)
{
	size_t len = t->names.len;

	if (t->names.failed || t->links.failed || t->bytes.failed)
		return err_set(e, ENOMEM, "read a directory");
	if (len <= at_least)
		return 0;
	t->names.len = 0;
	return inspect_feed(in, t->names.s, len, e);
}

static int read_link(struct tree *t, struct reader *rd, size_t len, struct err *e)
{
	while (len > 0) {
		const char *bytes;
		size_t n = len;
		int r = reader_some(rd, &bytes, &n, e);

		if (r < 0)
			return r;
		for (size_t i = 0; i < n; i++)
			str_addf(&t->links, "%02x", (unsigned char)bytes[i]);
		str_add_bytes(&t->bytes, bytes, n);
		len -= n;
	}
	str_add_char(&t->links, '\n');
	return 0;
}

/* One entry; *size goes down by it. */
static int read_entry(
	struct inspection *in, struct reader *rd, struct tree *t, size_t *size, struct err *e)
{
	const size_t oid = strlen(in->oid) / 2;
	const char *entry;
	size_t len, mode;
	bool link;
	int r = reader_until(rd, '\0', &entry, &len, e);

	if (r <= 0)
		return r < 0 ? r : err_say(e, EPROTO, "tree %s ends early", in->oid);
	mode = strcspn(entry, " ");
	if (len + 1 + oid > *size || mode >= len)
		return err_say(e, EPROTO, "tree %s cannot be read", in->oid);
	*size -= len + 1 + oid;
	link = mode == strlen(MODE_LINK) && str_starts(entry, MODE_LINK);
	/* A longer number is read by git all the same, and could be any text. */
	t->odd = t->odd || mode > strlen(MODE_LINK);
	str_add_bytes(&t->names, entry + mode + 1, len - mode - 1);
	str_add_char(&t->names, '\n');
	return link ? read_link(t, rd, oid, e) : reader_skip(rd, oid, e);
}

static int read_links(struct inspection *in, const struct tree *t, struct err *e)
{
	int r;

	if (t->links.len == 0)
		return 0;
	in->kind = INSPECT_LINKS;
	r = inspect_begin(in, e);
	if (r == 0)
		r = inspect_feed(in, t->links.s, t->links.len, e);
	if (r == 0)
		r = inspect_feed(in, t->bytes.s, t->bytes.len, e);
	if (r == 0)
		r = inspect_end(in, e);
	in->kind = INSPECT_TREE;
	return r;
}

static int read_tree(struct inspection *in, struct reader *rd, size_t size, struct err *e)
{
	cleanup_tree struct tree t = {0};
	int r = inspect_begin(in, e);

	while (r == 0 && size > 0) {
		r = read_entry(in, rd, &t, &size, e);
		if (r == 0)
			r = flush_names(in, &t, 32U << 10, e);
	}
	if (r == 0)
		r = flush_names(in, &t, 0, e);
	if (r == 0)
		r = inspect_end(in, e);
	if (r == 0 && t.odd)
		inspect_unreadable(in, "a file mode of more than six digits");
	return r == 0 ? read_links(in, &t, e) : r;
}

/* ---- commits, tags and blobs */

static int read_bytes(struct object_reader *o, size_t size, struct err *e)
{
	struct inspection *in = o->in;
	struct encoding encoding = {.over = in->kind != INSPECT_COMMIT};
	char why[96];
	int r = inspect_begin(in, e);

	while (r == 0 && size > 0) {
		const char *piece;
		size_t len = size;

		r = reader_some(o->rd, &piece, &len, e);
		if (r == 0)
			r = inspect_feed(in, piece, len, e);
		if (r < 0)
			return r;
		if (o->progress)
			progress_tick(o->progress);
		encoding_feed(&encoding, piece, len);
		size -= len;
	}
	if (r == 0)
		r = inspect_end(in, e);
	snprintf(why, sizeof(why), "its encoding is said to be '%s'", encoding.name);
	if (r == 0 && encoding.odd)
		inspect_unreadable(in, why);
	return r;
}

/* ---- what cat-file prints */

/* "TYPE SIZE OID PATH" */
static int parse_header(struct object_reader *o, const char *line, size_t *ret_size, struct err *e)
{
	struct inspection *in = o->in;
	long size;
	cleanup_free char *copy = strdup(line);
	char *type = copy, *number, *oid, *path;

	if (!copy)
		return err_set(e, ENOMEM, "read an object");
	number = strchr(type, ' ');
	oid = number ? strchr(number + 1, ' ') : NULL;
	path = oid ? strchr(oid + 1, ' ') : NULL;
	if (!path)
		return err_say(e, EIO, "an object is missing: %s", line);
	*number++ = *oid++ = *path++ = '\0';
	if (!str_to_long(number, 0, INT64_MAX, &size) || !refs_is_oid(oid, strlen(oid)))
		return err_say(e, EPROTO, "an object cannot be read: %s", line);
	for (in->kind = 0; in->kind < ARRAY_LEN(types); in->kind++)
		if (str_eq(types[in->kind], type))
			break;
	if (in->kind == ARRAY_LEN(types))
		return err_say(e, EPROTO, "an object of unknown type '%s'", type);
	memcpy(in->oid, oid, strlen(oid) + 1);
	memmove(copy, path, strlen(path) + 1);
	free(o->path);
	o->path = steal_ptr(&copy);
	in->path = o->path;
	*ret_size = (size_t)size;
	return 0;
}

int object_read(struct object_reader *o, struct err *e)
{
	const char *line;
	size_t len, size = 0;
	int r = reader_until(o->rd, '\n', &line, &len, e);

	if (r <= 0)
		return r;
	r = parse_header(o, line, &size, e);
	if (r < 0)
		return r;
	if (size > o->left)
		return err_say(e, EFBIG, "its objects are too large when unpacked");
	o->left -= size;
	r = o->in->kind == INSPECT_TREE ? read_tree(o->in, o->rd, size, e) : read_bytes(o, size, e);
	if (r == 0)
		r = reader_skip(o->rd, 1, e); /* the newline behind each object */
	return r < 0 ? r : 1;
}
