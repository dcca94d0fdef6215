#include "scan/container_reader.h"

#include <errno.h>

/*
 * UTF-16 and UTF-32 (Unicode, 3.9 and 3.10), given out as UTF-8. A mark at the beginning decides
 * the order of bytes whatever was said; what is no character becomes U+FFFD.
 */
struct wide_reader {
	struct container_reader r;
	bool big;
	unsigned char part[4]; /* of a unit that came in pieces */
	size_t n;
	uint32_t high; /* a surrogate that waits for the other one; 0: none */
	bool begun;
	struct container_buffer buf;
	size_t fill;
};

#define REPLACEMENT 0xfffd
#define ROOM	    8 /* what one unit can write: twice three bytes */

static uint32_t unit(const struct wide_reader *w, size_t width, const unsigned char *p)
{
	if (width == 2)
		return w->big ? (uint32_t)(p[0] << 8 | p[1]) : container_le16(p);
	return w->big ? container_be32(p) : container_le32(p);
}

static void put(struct wide_reader *w, uint32_t c)
{
	unsigned char *to = w->buf.p + w->fill;

	if (c < 0x80) {
		to[0] = (unsigned char)c;
		w->fill += 1;
	} else if (c < 0x800) {
		to[0] = (unsigned char)(0xc0 | c >> 6);
		to[1] = (unsigned char)(0x80 | (c & 0x3f));
		w->fill += 2;
	} else if (c < 0x10000) {
		to[0] = (unsigned char)(0xe0 | c >> 12);
		to[1] = (unsigned char)(0x80 | (c >> 6 & 0x3f));
		to[2] = (unsigned char)(0x80 | (c & 0x3f));
		w->fill += 3;
	} else {
		to[0] = (unsigned char)(0xf0 | c >> 18);
		to[1] = (unsigned char)(0x80 | (c >> 12 & 0x3f));
		to[2] = (unsigned char)(0x80 | (c >> 6 & 0x3f));
		to[3] = (unsigned char)(0x80 | (c & 0x3f));
		w->fill += 4;
	}
}

static int give(struct wide_reader *w)
{
	size_t n = w->fill;

	w->fill = 0;
	return container_buffer_give(&w->buf, &w->r, n);
}

/* One code unit of UTF-16, or one character of UTF-32. */
static void take(struct wide_reader *w, uint32_t u)
{
	if (w->high) {
		uint32_t high = w->high;

		w->high = 0;
		if (u >= 0xdc00 && u < 0xe000) {
			put(w, 0x10000 + ((high - 0xd800) << 10) + (u - 0xdc00));
			return;
		}
		put(w, REPLACEMENT);
	}
	if (u >= 0xd800 && u < 0xdc00)
		w->high = u;
	else if ((u >= 0xdc00 && u < 0xe000) || u > 0x10ffff)
		put(w, REPLACEMENT);
	else
		put(w, u);
}

static int begin(struct wide_reader *w, size_t width, uint32_t u)
{
	const struct container_member m = {.name = ""};
	int rc = container_begin(&w->r, &m);

	w->begun = true;
	if (u == (width == 2 ? 0xfffe : 0xfffe0000))
		w->big = !w->big;
	else if (u != 0xfeff)
		take(w, u);
	return rc;
}

static int take_unit(struct wide_reader *w, size_t width, const unsigned char *p)
{
	uint32_t u = unit(w, width, p);

	if (!w->begun)
		return begin(w, width, u);
	if (u < 0x80 && !w->high)
		w->buf.p[w->fill++] = (unsigned char)u;
	else
		take(w, u);
	return w->fill + ROOM > CONTAINER_BUFFER ? give(w) : 0;
}

static int feed(struct wide_reader *w, size_t width, const unsigned char *p, size_t len)
{
	int rc = 0;

	while (rc == 0 && len > 0 && (w->n > 0 || len < width)) {
		w->part[w->n++] = *p++;
		len--;
		if (w->n < width)
			continue;
		w->n = 0;
		rc = take_unit(w, width, w->part);
	}
	for (; rc == 0 && len >= width; p += width, len -= width)
		rc = take_unit(w, width, p);
	while (len > 0 && rc == 0) {
		w->part[w->n++] = *p++;
		len--;
	}
	return rc < 0 ? rc : give(w);
}

static int feed16(struct container_reader *r, const unsigned char *p, size_t len)
{
	return feed((struct wide_reader *)r, 2, p, len);
}

static int feed32(struct container_reader *r, const unsigned char *p, size_t len)
{
	return feed((struct wide_reader *)r, 4, p, len);
}

/* A part of a unit is one more character that is none. */
static int finish(struct container_reader *r)
{
	struct wide_reader *w = (struct wide_reader *)r;

	if (w->high)
		put(w, REPLACEMENT);
	if (w->begun && w->n > 0)
		put(w, REPLACEMENT);
	return w->begun ? give(w) : 0;
}

static int open_little(struct container_reader *r, const char *boundary)
{
	(void)boundary;
	return container_buffer_init(&((struct wide_reader *)r)->buf);
}

static int open_big(struct container_reader *r, const char *boundary)
{
	((struct wide_reader *)r)->big = true;
	return open_little(r, boundary);
}

static void done(struct container_reader *r)
{
	container_buffer_done(&((struct wide_reader *)r)->buf);
}

const struct container_kind container_utf16le = {
	"UTF-16", sizeof(struct wide_reader), open_little, feed16, finish, done};
const struct container_kind container_utf16be = {
	"UTF-16", sizeof(struct wide_reader), open_big, feed16, finish, done};
const struct container_kind container_utf32le = {
	"UTF-32", sizeof(struct wide_reader), open_little, feed32, finish, done};
const struct container_kind container_utf32be = {
	"UTF-32", sizeof(struct wide_reader), open_big, feed32, finish, done};
