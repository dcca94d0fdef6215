#include "egress/swap.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "base/secret.h"

void swap_start(struct swap *s, const char *from, const char *to, size_t to_len)
{
	size_t k = 0;

	*s = (struct swap){.from = from, .from_len = strlen(from), .to = to, .to_len = to_len};
	for (size_t i = 1; i < s->from_len; i++) {
		while (k > 0 && from[i] != from[k])
			k = s->fail[k];
		if (from[i] == from[k])
			k++;
		s->fail[i + 1] = (uint16_t)k;
	}
}

void swap_done(struct swap *s)
{
	if (s->out.p)
		secret_wipe(s->out.p, s->out.cap);
	buf_done(&s->out);
}

/* All that one piece can become has its room before it is written, so that no copy is left behind
 * when the room grows. */
static int make_room(struct swap *s, size_t len)
{
	size_t need = s->from_len + len + (SWAPS_MAX + 1) * s->to_len;

	if (s->out.cap < need)
		swap_done(s);
	s->out.off = s->out.len = 0;
	return buf_room(&s->out, need) ? 0 : -ENOMEM;
}

static void put(struct swap *s, const void *p, size_t len)
{
	memcpy(s->out.p + s->out.len, p, len);
	s->out.len += len;
}

/* One byte. Whether it made the placeholder whole. */
static bool step(struct swap *s, unsigned char byte)
{
	while (s->matched > 0 && (unsigned char)s->from[s->matched] != byte) {
		size_t shorter = s->fail[s->matched];

		put(s, s->from, s->matched - shorter);
		s->matched = shorter;
	}
	if ((unsigned char)s->from[s->matched] == byte)
		s->matched++;
	else
		put(s, &byte, 1);
	return s->matched == s->from_len;
}

int swap_take(struct swap *s, const struct http1_piece *in, struct http1_piece *ret)
{
	*ret = *in;
	if (!s->from || in->len == 0)
		return 0;
	if (make_room(s, in->len) < 0)
		return -ENOMEM;
	for (size_t i = 0; i < in->len; i++) {
		if (!step(s, in->data[i]))
			continue;
		if (++s->count > SWAPS_MAX)
			return -E2BIG;
		put(s, s->to, s->to_len);
		s->matched = 0;
	}
	*ret = (struct http1_piece){.data = s->out.p, .len = s->out.len};
	return 0;
}

void swap_end(struct swap *s, struct http1_piece *ret)
{
	*ret = (struct http1_piece){.data = (const unsigned char *)s->from, .len = s->matched};
	s->matched = 0;
}

unsigned int swap_count(const char *from, const void *text, size_t len)
{
	const unsigned char *p = text, *end = p + len;
	size_t n = strlen(from);
	unsigned int count = 0;

	while (p && (p = memmem(p, (size_t)(end - p), from, n))) {
		count++;
		p += n;
	}
	return count;
}
