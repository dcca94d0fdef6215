#include "scan/container_reader.h"

#include <errno.h>
#include <string.h>

#include "base/secret.h"
#include "scan/container_tar_header.h"

/*
 * tar: ustar and pax (POSIX.1-2017, pax), GNU's long names and sparse files (GNU tar manual, "Basic
 * Tar Format"). Blocks of 512 bytes: a header, then the content, padded.
 */
#define SPECIAL_MAX    (64U << 10)
#define SPARSE_MORE_AT 504 /* in a block of a sparse file's map */

struct tar_reader {
	struct container_reader r;
	enum tar_state {
		TAR_HEADER,
		TAR_CONTENT,
		TAR_PADDING,
		TAR_SPARSE, /* more of a sparse file's map */
		TAR_REST,
	} state;
	struct container_field block;
	struct tar_header header;
	uint64_t left;		       /* of the content */
	size_t padding;		       /* behind it */
	bool ended;		       /* by a block of NULs */
	bool doubtful;		       /* the header was of a link that says it has a body */
	struct str special;	       /* the content of a header about the next file */
	char name[CONTAINER_NAME_MAX]; /* said by such a header */
	size_t name_len;
	struct tar_pax pax;
};

static bool is_special(char type)
{
	return type == 'x' || type == 'X' || type == 'L' || type == 'K';
}

static void set_name(struct tar_reader *t, const char *name, size_t len)
{
	t->name_len = len < sizeof(t->name) ? len : sizeof(t->name);
	memcpy(t->name, name, t->name_len);
}

static void end_special(struct tar_reader *t)
{
	const struct str *s = &t->special;

	if (t->header.type == 'L' && s->len > 0)
		set_name(t, s->s, strnlen(s->s, s->len));
	if (t->header.type == 'x' || t->header.type == 'X') {
		if (!tar_pax_read(s->len > 0 ? s->s : "", s->len, &t->pax))
			container_doubt(&t->r, "a broken pax header");
		if (t->pax.path)
			set_name(t, t->pax.path, t->pax.path_len);
	}
}

static int end_content(struct tar_reader *t)
{
	t->state = t->padding > 0 ? TAR_PADDING : TAR_HEADER;
	if (is_special(t->header.type))
		end_special(t);
	return container_end(&t->r);
}

static int begin_content(struct tar_reader *t)
{
	struct container_member m = {.name = t->name, .name_len = t->name_len, .verbatim = true};
	int rc = 0;

	t->padding = (size_t)(-t->left % TAR_BLOCK);
	t->state = TAR_CONTENT;
	t->special.len = 0;
	if (!is_special(t->header.type)) {
		rc = container_begin(&t->r, &m);
		t->name_len = 0;
		t->pax = (struct tar_pax){0};
	} else if (t->left > SPECIAL_MAX) {
		return container_refuse(&t->r, "a tar header of more than 64 KiB");
	}
	return rc < 0 || t->left > 0 ? rc : end_content(t);
}

static int read_rest(struct tar_reader *t, const char *doubt)
{
	if (doubt)
		container_doubt(&t->r, doubt);
	t->state = TAR_REST;
	return container_rest(&t->r, t->block.bytes, TAR_BLOCK);
}

static int read_blocks(struct tar_reader *t, const unsigned char *p, size_t len);

/* What is no header: the body of a link (some write one, some do not), or what follows the end. */
static int read_other(struct tar_reader *t)
{
	int rc;

	if (!t->doubtful)
		return read_rest(t, t->ended ? NULL : "a broken tar header");
	t->doubtful = false;
	rc = begin_content(t);
	return rc < 0 ? rc : read_blocks(t, t->block.bytes, TAR_BLOCK);
}

static bool is_zero(const unsigned char *p, size_t len)
{
	return len == 0 || (p[0] == 0 && memcmp(p, p + 1, len - 1) == 0);
}

/* A link that only said so. */
static int end_doubt(struct tar_reader *t)
{
	if (!t->doubtful)
		return 0;
	t->doubtful = false;
	t->left = 0;
	return begin_content(t);
}

static int begin_entry(struct tar_reader *t)
{
	struct tar_header *h = &t->header;

	if (!tar_header_read(t->block.bytes, h))
		return read_rest(t, "a tar header without a size");
	t->ended = false;
	t->left = t->pax.has_size && !is_special(h->type) ? t->pax.size : h->size;
	if (t->name_len == 0 && !is_special(h->type))
		set_name(t, h->name, h->name_len);
	t->doubtful = h->type >= '1' && h->type <= '6' && t->left > 0;
	if (t->doubtful)
		return 0;
	if (h->sparse_more) {
		t->state = TAR_SPARSE;
		return 0;
	}
	return begin_content(t);
}

static int read_header(struct tar_reader *t, const unsigned char **p, size_t *len)
{
	bool zero;
	int rc;

	if (!container_gather(&t->block, TAR_BLOCK, p, len))
		return 0;
	t->block.n = 0;
	zero = is_zero(t->block.bytes, TAR_BLOCK);
	if (!zero && !tar_header_valid(t->block.bytes))
		return read_other(t);
	rc = end_doubt(t);
	if (rc < 0)
		return rc;
	t->ended = t->ended || zero;
	return zero ? 0 : begin_entry(t);
}

static int read_sparse(struct tar_reader *t, const unsigned char **p, size_t *len)
{
	if (!container_gather(&t->block, TAR_BLOCK, p, len))
		return 0;
	t->block.n = 0;
	return t->block.bytes[SPARSE_MORE_AT] ? 0 : begin_content(t);
}

static int read_content(struct tar_reader *t, const unsigned char **p, size_t *len)
{
	size_t n = t->left < *len ? (size_t)t->left : *len;
	int rc = 0;

	if (!is_special(t->header.type)) {
		rc = container_write(&t->r, *p, n);
	} else {
		str_add_bytes(&t->special, *p, n);
		rc = t->special.failed ? -ENOMEM : 0;
	}
	*p += n;
	*len -= n;
	t->left -= n;
	return rc < 0 || t->left > 0 ? rc : end_content(t);
}

static void read_padding(struct tar_reader *t, const unsigned char **p, size_t *len)
{
	size_t n = t->padding < *len ? t->padding : *len;

	*p += n;
	*len -= n;
	t->padding -= n;
	if (t->padding == 0)
		t->state = TAR_HEADER;
}

static int read_blocks(struct tar_reader *t, const unsigned char *p, size_t len)
{
	int rc = 0;

	while (rc == 0 && len > 0 && t->state != TAR_REST) {
		switch (t->state) {
		case TAR_HEADER:
			rc = read_header(t, &p, &len);
			break;
		case TAR_SPARSE:
			rc = read_sparse(t, &p, &len);
			break;
		case TAR_CONTENT:
			rc = read_content(t, &p, &len);
			break;
		case TAR_PADDING:
			read_padding(t, &p, &len);
			break;
		case TAR_REST:
			break;
		}
	}
	return rc < 0 ? rc : container_rest(&t->r, p, len);
}

static int feed(struct container_reader *r, const unsigned char *p, size_t len)
{
	return read_blocks((struct tar_reader *)r, p, len);
}

static int finish(struct container_reader *r)
{
	struct tar_reader *t = (struct tar_reader *)r;

	if (t->state == TAR_CONTENT || t->state == TAR_SPARSE)
		return container_fail(r, "it ends in the middle");
	if (t->state != TAR_HEADER || is_zero(t->block.bytes, t->block.n))
		return 0;
	return container_rest(r, t->block.bytes, t->block.n);
}

static void done(struct container_reader *r)
{
	struct tar_reader *t = (struct tar_reader *)r;

	if (t->special.s)
		secret_wipe(t->special.s, t->special.len);
	str_done(&t->special);
}

const struct container_kind container_tar = {
	"tar", sizeof(struct tar_reader), NULL, feed, finish, done};
