#include "scan/container_reader.h"

#include <errno.h>
#include <string.h>

#include "scan/container_inflate.h"

/*
 * gzip (RFC 1952). Members in a row say one text, as gunzip joins them; their header fields stand
 * beside it.
 */
#define FHCRC	 0x02
#define FEXTRA	 0x04
#define FNAME	 0x08
#define FCOMMENT 0x10
#define RESERVED 0xe0

struct gzip_reader {
	struct container_reader r;
	enum gzip_state {
		GZIP_FIXED, /* the ten bytes of a header */
		GZIP_EXTRA_LEN,
		GZIP_EXTRA,
		GZIP_NAME,
		GZIP_COMMENT,
		GZIP_HCRC,
		GZIP_BODY,
		GZIP_TRAILER,
		GZIP_REST,
	} state;
	struct container_field field;
	unsigned int flags;
	size_t left;	 /* of the extra field */
	bool long_extra; /* enough to hide something */
	bool begun;	 /* the text */
	char name[CONTAINER_NAME_MAX];
	size_t name_len;
	struct inflate inflate;
};

/* The next part of the header that there is. */
static int next_state(struct gzip_reader *g)
{
	static const struct {
		unsigned int flag;
		enum gzip_state state;
	} parts[] = {{FEXTRA, GZIP_EXTRA_LEN}, {FNAME, GZIP_NAME}, {FCOMMENT, GZIP_COMMENT},
		{FHCRC, GZIP_HCRC}};
	const struct container_member m = {.name = g->name, .name_len = g->name_len};
	int rc;

	g->field.n = 0;
	for (size_t i = 0; i < sizeof(parts) / sizeof(*parts); i++) {
		if (!(g->flags & parts[i].flag))
			continue;
		g->flags &= ~parts[i].flag;
		g->state = parts[i].state;
		return 0;
	}
	g->state = GZIP_BODY;
	rc = inflate_start(&g->inflate, INFLATE_BARE, true);
	if (rc < 0 || g->begun)
		return rc;
	g->begun = true;
	return container_begin(&g->r, &m);
}

/* What does not begin another member follows the last one. */
static int read_fixed(struct gzip_reader *g, const unsigned char **p, size_t *len)
{
	static const unsigned char magic[] = {0x1f, 0x8b, 8};
	const unsigned char *h = g->field.bytes;
	bool whole = container_gather(&g->field, 10, p, len);
	size_t n = g->field.n < sizeof(magic) ? g->field.n : sizeof(magic);

	if (memcmp(h, magic, n) != 0 || (g->field.n > 3 && (h[3] & RESERVED))) {
		if (!g->begun)
			return container_fail(&g->r, "no gzip header");
		g->state = GZIP_REST;
		return container_rest(&g->r, h, g->field.n);
	}
	if (!whole)
		return 0;
	g->flags = h[3];
	return next_state(g);
}

static int read_extra_len(struct gzip_reader *g, const unsigned char **p, size_t *len)
{
	if (!container_gather(&g->field, 2, p, len))
		return 0;
	g->left = container_le16(g->field.bytes);
	g->long_extra = g->left >= CONTAINER_ASIDE_MIN;
	g->state = GZIP_EXTRA;
	return g->left > 0 ? 0 : next_state(g);
}

static int read_extra(struct gzip_reader *g, const unsigned char **p, size_t *len)
{
	size_t n = g->left < *len ? g->left : *len;
	int rc = g->long_extra ? container_aside(&g->r, *p, n) : 0;

	*p += n;
	*len -= n;
	g->left -= n;
	return rc < 0 || g->left > 0 ? rc : next_state(g);
}

/* Up to the NUL. */
static int read_string(struct gzip_reader *g, const unsigned char **p, size_t *len)
{
	const unsigned char *nul = memchr(*p, 0, *len);
	size_t n = nul ? (size_t)(nul - *p) : *len;
	size_t room = g->begun ? 0 : sizeof(g->name) - g->name_len;
	int rc = 0;

	if (g->state == GZIP_COMMENT) {
		rc = container_aside(&g->r, *p, n);
	} else {
		room = n < room ? n : room;
		memcpy(g->name + g->name_len, *p, room);
		g->name_len += room;
	}
	*p += n;
	*len -= n;
	if (rc < 0 || !nul)
		return rc;
	++*p;
	--*len;
	return next_state(g);
}

static int read_body(struct gzip_reader *g, const unsigned char **p, size_t *len)
{
	int rc = inflate_feed(&g->inflate, &g->r, p, len);

	if (rc <= 0)
		return rc;
	g->field.n = 0;
	g->state = GZIP_TRAILER;
	return 0;
}

static int read_trailer(struct gzip_reader *g, const unsigned char **p, size_t *len)
{
	if (!container_gather(&g->field, 8, p, len))
		return 0;
	if (container_le32(g->field.bytes) != g->inflate.crc ||
		container_le32(g->field.bytes + 4) != (uint32_t)g->inflate.out)
		return container_fail(&g->r, "its checksum is wrong");
	g->field.n = 0;
	g->state = GZIP_FIXED;
	return 0;
}

static int read_some(struct gzip_reader *g, const unsigned char **p, size_t *len)
{
	size_t n = *len;

	switch (g->state) {
	case GZIP_FIXED:
		return read_fixed(g, p, len);
	case GZIP_EXTRA_LEN:
		return read_extra_len(g, p, len);
	case GZIP_EXTRA:
		return read_extra(g, p, len);
	case GZIP_NAME:
	case GZIP_COMMENT:
		return read_string(g, p, len);
	case GZIP_HCRC:
		return container_gather(&g->field, 2, p, len) ? next_state(g) : 0;
	case GZIP_BODY:
		return read_body(g, p, len);
	case GZIP_TRAILER:
		return read_trailer(g, p, len);
	case GZIP_REST:
		break;
	}
	*len = 0;
	return container_rest(&g->r, *p, n);
}

static int feed(struct container_reader *r, const unsigned char *p, size_t len)
{
	struct gzip_reader *g = (struct gzip_reader *)r;
	int rc = 0;

	while (rc == 0 && len > 0)
		rc = read_some(g, &p, &len);
	return rc;
}

static int finish(struct container_reader *r)
{
	struct gzip_reader *g = (struct gzip_reader *)r;

	if (g->state == GZIP_REST)
		return 0;
	if (g->begun && g->state == GZIP_FIXED)
		return container_rest(r, g->field.bytes, g->field.n);
	return container_fail(r, "it ends in the middle");
}

static void done(struct container_reader *r)
{
	inflate_done(&((struct gzip_reader *)r)->inflate);
}

static void reset(struct container_reader *r)
{
	struct gzip_reader *g = (struct gzip_reader *)r;

	*g = (struct gzip_reader){.inflate = g->inflate};
}

const struct container_kind container_gzip = {
	"gzip", sizeof(struct gzip_reader), NULL, feed, finish, done, reset};
