#include "egress/websocket_frame.h"

#include <errno.h>
#include <string.h>

#define FINAL	 0x80
#define RSV1	 0x40
#define RSV23	 0x30
#define OPCODE	 0x0f
#define MASKED	 0x80
#define LENGTH	 0x7f
#define LENGTH16 126
#define LENGTH64 127

static int wrong(const char **ret_why, const char *what)
{
	*ret_why = what;
	return -EPROTO;
}

static bool is_known(unsigned char opcode)
{
	return opcode <= WEBSOCKET_BINARY ||
	       (opcode >= WEBSOCKET_CLOSE && opcode <= WEBSOCKET_PONG);
}

/* Its two first bytes. */
static int check_bits(const unsigned char *p, const char **ret_why)
{
	unsigned char opcode = p[0] & OPCODE;

	if (p[0] & RSV23)
		return wrong(ret_why, "a frame with a reserved bit");
	if (!is_known(opcode))
		return wrong(ret_why, "a frame with a reserved opcode");
	if (opcode == WEBSOCKET_CONTINUATION && (p[0] & RSV1))
		return wrong(ret_why, "compression that begins amid a message");
	if (!websocket_is_control(opcode))
		return 0;
	if (!(p[0] & FINAL))
		return wrong(ret_why, "a control frame in fragments");
	if (p[0] & RSV1)
		return wrong(ret_why, "a compressed control frame");
	if ((p[1] & LENGTH) > WEBSOCKET_CONTROL_MAX)
		return wrong(ret_why, "a control frame of more than 125 bytes");
	return 0;
}

static uint64_t big_endian(const unsigned char *p, size_t n)
{
	uint64_t v = 0;

	for (size_t i = 0; i < n; i++)
		v = v << 8 | p[i];
	return v;
}

/* Bytes in which the length stands behind the two first ones. */
static size_t length_bytes(unsigned char second)
{
	if ((second & LENGTH) == LENGTH64)
		return 8;
	return (second & LENGTH) == LENGTH16 ? 2 : 0;
}

static int check_length(size_t bytes, uint64_t length, const char **ret_why)
{
	if (bytes == 8 && length >> 63)
		return wrong(ret_why, "a frame of more than 2^63 bytes");
	if ((bytes == 8 && length <= UINT16_MAX) || (bytes == 2 && length < LENGTH16))
		return wrong(ret_why, "a length that is longer than it need be");
	return 0;
}

int websocket_frame_parse(
	const unsigned char *p, size_t len, struct websocket_frame *ret, const char **ret_why)
{
	size_t n, bytes;

	if (len < 2)
		return 0;
	if (check_bits(p, ret_why) < 0)
		return -EPROTO;
	bytes = length_bytes(p[1]);
	n = 2 + bytes + (p[1] & MASKED ? sizeof(ret->mask) : 0);
	if (len < n)
		return 0;
	*ret = (struct websocket_frame){.opcode = p[0] & OPCODE,
		.final = p[0] & FINAL,
		.compressed = p[0] & RSV1,
		.masked = p[1] & MASKED,
		.length = bytes > 0 ? big_endian(p + 2, bytes) : p[1] & LENGTH};
	if (check_length(bytes, ret->length, ret_why) < 0)
		return -EPROTO;
	if (ret->masked)
		memcpy(ret->mask, p + 2 + bytes, sizeof(ret->mask));
	return (int)n;
}

size_t websocket_frame_write(const struct websocket_frame *f, unsigned char *ret)
{
	size_t bytes = f->length > UINT16_MAX ? 8 : f->length >= LENGTH16 ? 2 : 0, n = 2;

	ret[0] = (unsigned char)(f->opcode | (f->final ? FINAL : 0) | (f->compressed ? RSV1 : 0));
	ret[1] = bytes == 8 ? LENGTH64 : bytes == 2 ? LENGTH16 : (unsigned char)f->length;
	for (size_t i = bytes; i > 0; i--)
		ret[n++] = (unsigned char)(f->length >> 8 * (i - 1));
	if (f->masked) {
		ret[1] |= MASKED;
		memcpy(ret + n, f->mask, sizeof(f->mask));
		n += sizeof(f->mask);
	}
	return n;
}

void websocket_mask(unsigned char *p, size_t len, const unsigned char mask[4], uint64_t at)
{
	unsigned char turned[8];
	uint64_t word, eight;

	for (size_t i = 0; i < sizeof(turned); i++)
		turned[i] = mask[(at + i) % 4];
	memcpy(&eight, turned, sizeof(eight));
	for (; len >= sizeof(word); p += sizeof(word), len -= sizeof(word)) {
		memcpy(&word, p, sizeof(word));
		word ^= eight;
		memcpy(p, &word, sizeof(word));
	}
	for (size_t i = 0; i < len; i++)
		p[i] ^= turned[i];
}

/* ---- what they hold */

/* Those of the RFC and of IANA's registry ("WebSocket Close Code Number Registry") that may stand
 * in a frame, and those that are free for libraries and applications. */
static bool is_code(unsigned int code)
{
	return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) ||
	       (code >= 3000 && code <= 4999);
}

int websocket_close_parse(
	const unsigned char *p, size_t len, unsigned int *ret_code, const char **ret_why)
{
	struct websocket_utf8 u = {0};

	*ret_code = 0;
	if (len == 0)
		return 0;
	if (len < 2 || !is_code((unsigned int)big_endian(p, 2)))
		return wrong(ret_why, "a close frame without a code that may be sent");
	if (!websocket_utf8_take(&u, p + 2, len - 2) || u.left > 0)
		return wrong(ret_why, "a reason that is not UTF-8");
	*ret_code = (unsigned int)big_endian(p, 2);
	return 0;
}

/* The first byte of a character of more than one: how many follow, and what the next may be. */
static bool begin_character(struct websocket_utf8 *u, unsigned char c)
{
	u->low = 0x80;
	u->high = 0xbf;
	if (c >= 0xc2 && c <= 0xdf)
		u->left = 1;
	else if (c >= 0xe0 && c <= 0xef)
		u->left = 2;
	else if (c >= 0xf0 && c <= 0xf4)
		u->left = 3;
	/* No form that is too long, no halves of surrogates, nothing beyond U+10FFFF. */
	if (c == 0xe0)
		u->low = 0xa0;
	else if (c == 0xed)
		u->high = 0x9f;
	else if (c == 0xf0)
		u->low = 0x90;
	else if (c == 0xf4)
		u->high = 0x8f;
	return u->left > 0;
}

bool websocket_utf8_take(struct websocket_utf8 *u, const unsigned char *p, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (u->left == 0) {
			if (p[i] >= 0x80 && !begin_character(u, p[i]))
				return false;
			continue;
		}
		if (p[i] < u->low || p[i] > u->high)
			return false;
		u->left--;
		u->low = 0x80;
		u->high = 0xbf;
	}
	return true;
}
