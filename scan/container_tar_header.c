#include "scan/container_tar_header.h"

#include <string.h>

/* Fields: offset, length. */
#define NAME	    0, 100
#define SIZE	    124, 12
#define CHECKSUM_AT 148
#define CHECKSUM    CHECKSUM_AT, 8
#define TYPE_AT	    156
#define MAGIC_AT    257
#define PREFIX	    345, 155
#define MORE_AT	    482 /* of GNU's sparse files */

/* Octal, with spaces before and a space or NUL behind; false: something else. */
static bool read_octal(const unsigned char *p, size_t len, uint64_t *ret)
{
	uint64_t n = 0;
	size_t i = 0;

	while (i < len && p[i] == ' ')
		i++;
	for (; i < len && p[i] >= '0' && p[i] <= '7'; i++)
		n = n << 3 | (uint64_t)(p[i] - '0');
	*ret = n;
	return i == len || p[i] == ' ' || p[i] == '\0';
}

/* Or, with the first bit set, 95 bits of it in binary (GNU); more than 62 are none. */
static bool read_number(const unsigned char *block, size_t at, size_t len, uint64_t *ret)
{
	const unsigned char *p = block + at;
	uint64_t n = 0;

	if (!(p[0] & 0x80))
		return read_octal(p, len, ret);
	for (size_t i = 0; i < len; i++) {
		if (n >> 54)
			return false;
		n = n << 8 | (i == 0 ? p[0] & 0x7fU : p[i]);
	}
	*ret = n;
	return true;
}

/* Old writers added signed bytes up. The checksum itself counts as spaces. */
bool tar_header_valid(const unsigned char block[TAR_BLOCK])
{
	uint64_t said;
	uint32_t plain = 0, high = 0;

	if (!read_number(block, CHECKSUM, &said) || said == 0)
		return false;
	for (size_t i = 0; i < TAR_BLOCK; i++) {
		unsigned int b = i - CHECKSUM_AT < 8 ? ' ' : block[i];

		plain += b;
		high += b >> 7;
	}
	return said == plain || (plain >= 256 * high && said == plain - 256 * high);
}

static void add_field(struct tar_header *h, const unsigned char *block, size_t at, size_t max)
{
	size_t n = strnlen((const char *)block + at, max);

	memcpy(h->name + h->name_len, block + at, n);
	h->name_len += n;
}

bool tar_header_read(const unsigned char block[TAR_BLOCK], struct tar_header *ret)
{
	ret->type = (char)block[TYPE_AT];
	ret->name_len = 0;
	ret->sparse_more = ret->type == 'S' && block[MORE_AT];
	/* In GNU's own format, whose magic goes on with spaces, other fields stand at that place.
	 */
	if (memcmp(block + MAGIC_AT, "ustar", 6) == 0) {
		add_field(ret, block, PREFIX);
		if (ret->name_len > 0)
			ret->name[ret->name_len++] = '/';
	}
	add_field(ret, block, NAME);
	return read_number(block, SIZE, &ret->size);
}

/* Decimal digits up to `stop`; the place behind that, or NULL. */
static const char *read_decimal(const char *p, const char *end, char stop, uint64_t *ret)
{
	uint64_t n = 0;
	const char *first = p;

	for (; p < end && *p >= '0' && *p <= '9'; p++) {
		if (n > UINT64_MAX / 20)
			return NULL;
		n = n * 10 + (uint64_t)(*p - '0');
	}
	*ret = n;
	return p > first && p < end && *p == stop ? p + 1 : NULL;
}

/* "LENGTH KEY=VALUE\n"; the length counts itself. */
static const char *read_record(const char *p, const char *end, struct tar_pax *to)
{
	uint64_t len;
	const char *key = read_decimal(p, end, ' ', &len), *next, *value;

	if (!key || len > (uint64_t)(end - p) || p + len <= key || p[len - 1] != '\n')
		return NULL;
	next = p + len;
	value = memchr(key, '=', (size_t)(next - key));
	if (!value++)
		return NULL;
	if (value - key == 5 && memcmp(key, "path=", 5) == 0) {
		to->path = value;
		to->path_len = (size_t)(next - 1 - value);
	}
	if (value - key == 5 && memcmp(key, "size=", 5) == 0) {
		to->has_size = true;
		return read_decimal(value, next, '\n', &to->size);
	}
	return next;
}

bool tar_pax_read(const char *records, size_t len, struct tar_pax *ret)
{
	const char *p = records, *end = records + len;

	*ret = (struct tar_pax){0};
	while (p && p < end)
		p = read_record(p, end, ret);
	return p != NULL;
}
