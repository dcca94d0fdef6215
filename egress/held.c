#include "egress/held.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/secret.h"

#define HELD_MIN 4096

/* Into a larger buffer, or to the front of this one. */
static int make_room(struct held *h, size_t len)
{
	struct buf *b = &h->buf;
	size_t cap = b->cap ? b->cap : HELD_MIN;
	unsigned char *p;

	if (b->p && b->cap - b->len >= len) {
		memmove(b->p, b->p + b->off, b->len);
		b->off = 0;
		return 0;
	}
	while (cap - b->len < len)
		cap *= 2;
	if (*h->all + cap - b->cap > HELD_ALL_MAX)
		return -ENOBUFS;
	p = malloc(cap);
	if (!p)
		return -ENOMEM;
	*h->all += cap - b->cap;
	if (b->len > 0)
		memcpy(p, b->p + b->off, b->len);
	if (b->p)
		secret_wipe(b->p, b->cap);
	free(b->p);
	*b = (struct buf){.p = p, .len = b->len, .cap = cap};
	return 0;
}

int held_add(struct held *h, size_t *all, const void *p, size_t len)
{
	int r;

	h->all = all;
	if (len == 0)
		return 0;
	r = h->buf.p && buf_space(&h->buf) >= len ? 0 : make_room(h, len);
	return r < 0 ? r : buf_add(&h->buf, p, len);
}

void held_consume(struct held *h, size_t len)
{
	buf_consume(&h->buf, len);
}

void held_done(struct held *h)
{
	if (!h->buf.p)
		return;
	secret_wipe(h->buf.p, h->buf.cap);
	*h->all -= h->buf.cap;
	buf_done(&h->buf);
}
