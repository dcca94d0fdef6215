#ifndef BASE_BUF_H
#define BASE_BUF_H

#include <stdarg.h>
#include <stddef.h>

/*
 * A byte queue: bytes are added behind and consumed in front. It grows by doubling, which
 * leaves no copy behind; how much it may hold is its user's decision (the user stops adding). Start
 * with `struct buf b = {0}`.
 */
struct buf {
	unsigned char *p;
	size_t off; /* of the first byte not yet consumed */
	size_t len; /* bytes from there */
	size_t cap;
};

static inline const unsigned char *buf_data(const struct buf *b)
{
	return b->p + b->off;
}

void buf_done(struct buf *b);

/* Room for n more bytes behind. Pointer to it, or NULL when memory ran out. */
unsigned char *buf_room(struct buf *b, size_t n);

/* How many bytes fit without growing or moving. */
static inline size_t buf_space(const struct buf *b)
{
	return b->cap - b->off - b->len;
}

/* n bytes of the room were filled. */
static inline void buf_filled(struct buf *b, size_t n)
{
	b->len += n;
}

void buf_consume(struct buf *b, size_t n);

/* Gives an empty queue's memory back. */
void buf_shrink(struct buf *b);

/* Copies in. 0 or -ENOMEM (nothing was added). */
int buf_add(struct buf *b, const void *data, size_t n);
int buf_adds(struct buf *b, const char *text);
int buf_addf(struct buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#endif
