#include "egress/grpc.h"

#include <string.h>
#include <strings.h>

#define TYPE "application/grpc"

bool grpc_is(const struct http1_head *request)
{
	const char *type = http1_field(request, "Content-Type", NULL);
	size_t n = strlen(TYPE);

	return type && strncasecmp(type, TYPE, n) == 0 &&
	       (type[n] == '\0' || type[n] == '+' || type[n] == ';');
}

int grpc_status(int http_status)
{
	switch (http_status) {
	case 400:
	case 431:
		return 3; /* INVALID_ARGUMENT */
	case 401:
		return 16; /* UNAUTHENTICATED */
	case 403:
	case 421:
		return 7; /* PERMISSION_DENIED */
	case 404:
	case 405:
	case 501:
		return 12; /* UNIMPLEMENTED */
	case 408:
		return 1; /* CANCELLED */
	case 413:
	case 429:
		return 8; /* RESOURCE_EXHAUSTED */
	case 502:
	case 503:
	case 504:
		return 14; /* UNAVAILABLE */
	default:
		return 2; /* UNKNOWN */
	}
}

void grpc_message(const char *text, size_t len, char *ret)
{
	static const char digits[] = "0123456789ABCDEF";
	size_t n = 0;

	while (len > 0 && text[len - 1] == '\n')
		len--;
	for (size_t i = 0; i < len && n + 4 <= GRPC_MESSAGE_MAX; i++) {
		unsigned char c = (unsigned char)text[i];

		if (c >= 0x20 && c <= 0x7e && c != '%') {
			ret[n++] = (char)c;
			continue;
		}
		ret[n++] = '%';
		ret[n++] = digits[c >> 4];
		ret[n++] = digits[c & 15];
	}
	/* A value of HTTP/2 does not end with a blank. */
	while (n > 0 && ret[n - 1] == ' ')
		n--;
	ret[n] = '\0';
}

size_t grpc_frame_head(struct grpc_frame *f, const unsigned char *p, size_t len)
{
	size_t n = 0;

	if (f->have == GRPC_HEAD_LEN)
		return 0;
	while (f->have < GRPC_HEAD_LEN && n < len)
		f->head[f->have++] = p[n++];
	f->left = (uint32_t)f->head[1] << 24 | (uint32_t)f->head[2] << 16 |
		  (uint32_t)f->head[3] << 8 | f->head[4];
	return n;
}

size_t grpc_frame_next(struct grpc_frame *f, const unsigned char *p, size_t len, bool *ret_text)
{
	size_t n = grpc_frame_head(f, p, len);

	*ret_text = n == 0;
	if (n == 0) {
		n = len < f->left ? len : f->left;
		f->left -= (uint32_t)n;
	}
	if (f->have == GRPC_HEAD_LEN && f->left == 0)
		f->have = 0;
	return n;
}
