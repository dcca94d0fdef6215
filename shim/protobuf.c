#include "shim/protobuf.h"

#include <errno.h>
#include <string.h>

enum wire { WIRE_VARINT = 0, WIRE_FIXED64 = 1, WIRE_LENGTH = 2, WIRE_FIXED32 = 5 };

static void add_varint(struct str *out, uint64_t value)
{
	while (value >= 0x80) {
		str_add_char(out, (char)(value | 0x80));
		value >>= 7;
	}
	str_add_char(out, (char)value);
}

static void add_key(struct str *out, unsigned int field, enum wire wire)
{
	add_varint(out, (uint64_t)field << 3 | wire);
}

void protobuf_add_int(struct str *out, unsigned int field, int64_t value)
{
	add_key(out, field, WIRE_VARINT);
	/* A negative number has all its 64 bits. */
	add_varint(out, (uint64_t)value);
}

void protobuf_add_bool(struct str *out, unsigned int field, bool value)
{
	protobuf_add_int(out, field, value);
}

static void add_bytes(struct str *out, unsigned int field, const char *data, size_t len)
{
	add_key(out, field, WIRE_LENGTH);
	add_varint(out, len);
	if (len)
		str_add_bytes(out, data, len);
}

void protobuf_add_text(struct str *out, unsigned int field, const char *text)
{
	if (text)
		add_bytes(out, field, text, strlen(text));
}

void protobuf_add_message(struct str *out, unsigned int field, const struct str *message)
{
	out->failed = out->failed || message->failed;
	add_bytes(out, field, message->s, message->len);
}

static int read_varint(struct protobuf *p, uint64_t *ret)
{
	*ret = 0;
	for (unsigned int shift = 0; shift < 64; shift += 7) {
		if (p->at == p->end)
			return -EBADMSG;
		*ret |= (uint64_t)(*p->at & 0x7f) << shift;
		if (!(*p->at++ & 0x80))
			return 0;
	}
	return -EBADMSG;
}

static int read_fixed(struct protobuf *p, unsigned int bytes, uint64_t *ret)
{
	if ((size_t)(p->end - p->at) < bytes)
		return -EBADMSG;
	*ret = 0;
	for (unsigned int i = 0; i < bytes; i++)
		*ret |= (uint64_t)*p->at++ << (8 * i);
	return 0;
}

static int read_bytes(struct protobuf *p, struct protobuf_field *ret)
{
	uint64_t len;
	int r = read_varint(p, &len);

	if (r < 0 || len > (uint64_t)(p->end - p->at))
		return -EBADMSG;
	ret->data = (const char *)p->at;
	ret->len = (size_t)len;
	p->at += len;
	return 0;
}

int protobuf_next(struct protobuf *p, struct protobuf_field *ret)
{
	uint64_t key;
	int r;

	*ret = (struct protobuf_field){0};
	if (p->at == p->end)
		return 0;
	if (read_varint(p, &key) < 0 || key >> 3 == 0 || key >> 3 > UINT32_MAX)
		return -EBADMSG;
	ret->number = (unsigned int)(key >> 3);
	switch (key & 7) {
	case WIRE_VARINT:
		r = read_varint(p, &ret->value);
		break;
	case WIRE_FIXED64:
		r = read_fixed(p, 8, &ret->value);
		break;
	case WIRE_LENGTH:
		r = read_bytes(p, ret);
		break;
	case WIRE_FIXED32:
		r = read_fixed(p, 4, &ret->value);
		break;
	default:
		r = -EBADMSG;
	}
	return r < 0 ? r : 1;
}

struct protobuf protobuf_inside(const struct protobuf_field *f)
{
	const unsigned char *data = (const unsigned char *)f->data;

	return (struct protobuf){data, data ? data + f->len : data};
}
