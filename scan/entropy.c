#include "scan/entropy.h"

#include <math.h>
#include <string.h>

unsigned int entropy_of(const unsigned char *p, size_t len)
{
	unsigned int count[256] = {0};
	double sum = 0;

	if (len == 0)
		return 0;
	for (size_t i = 0; i < len; i++)
		count[p[i]]++;
	for (int i = 0; i < 256; i++)
		if (count[i] > 1)
			sum += count[i] * log2(count[i]);
	return (unsigned int)(1000 * (log2((double)len) - sum / (double)len));
}

/* Most windows have white space near their beginning. */
static bool is_token(const unsigned char *p)
{
	for (size_t i = 0; i < ENTROPY_WINDOW; i += 16) {
		bool other = false;

		for (size_t j = i; j < i + 16; j++)
			other |= (unsigned char)(p[j] - 0x21) > 0x7e - 0x21;
		if (other)
			return false;
	}
	return true;
}

static bool is_random(const unsigned char *window)
{
	return is_token(window) && entropy_of(window, ENTROPY_WINDOW) >= ENTROPY_FLOOR;
}

bool entropy_feed(struct entropy *s, const unsigned char *p, size_t len, uint64_t *start)
{
	while (len > 0) {
		size_t n = ENTROPY_WINDOW - s->fill;
		const unsigned char *window = p;

		n = len < n ? len : n;
		if (n < ENTROPY_WINDOW) {
			memcpy(s->window + s->fill, p, n);
			window = s->window;
		}
		s->fill = (s->fill + n) % ENTROPY_WINDOW;
		s->at += n;
		p += n;
		len -= n;
		if (s->fill == 0 && is_random(window)) {
			*start = s->at - ENTROPY_WINDOW;
			return true;
		}
	}
	return false;
}
