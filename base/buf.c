#include "base/buf.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/secret.h"

#define BUF_MIN 2048

void buf_done(struct buf *b)
{
	free(b->p);
	*b = (struct buf){0};
}

unsigned char *buf_room(struct buf *b, size_t n)
{
	size_t cap = b->cap ? b->cap : BUF_MIN;
	unsigned char *p;

	if (b->p && buf_space(b) >= n)
		return b->p + b->off + b->len;
	if (b->p && b->cap - b->len >= n) {
		memmove(b->p, b->p + b->off, b->len);
		b->off = 0;
		return b->p + b->len;
	}
	while (cap - b->len < n)
		cap *= 2;
	p = malloc(cap);
	if (!p)
		return NULL;
	if (b->len > 0)
		memcpy(p, b->p + b->off, b->len);
	/* What it held may be a secret, and whoever wipes the queue knows of one place only. */
	if (b->p)
		secret_wipe(b->p, b->cap);
	free(b->p);
	*b = (struct buf){.p = p, .off = 0, .len = b->len, .cap = cap};
	return p + b->len;
}

void buf_consume(struct buf *b, size_t n)
{
	b->off += n;
	b->len -= n;
	if (b->len == 0)
		b->off = 0;
}

void buf_shrink(struct buf *b)
{
	if (b->len == 0 && b->p)
		buf_done(b);
}

int buf_add(struct buf *b, const void *data, size_t n)
{
	unsigned char *p;

	if (n == 0)
		return 0;
	p = buf_room(b, n);
	if (!p)
		return -ENOMEM;
	memcpy(p, data, n);
	b->len += n;
	return 0;
}

int buf_adds(struct buf *b, const char *text)
{
	return buf_add(b, text, strlen(text));
}

int buf_addf(struct buf *b, const char *fmt, ...)
{
	char text[1024];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (n < 0 || (size_t)n >= sizeof(text))
		return -EMSGSIZE;
	return buf_add(b, text, (size_t)n);
}
