#include "scan/container_zip_header.h"

#include <string.h>

#include "scan/container_reader.h"

/* APPNOTE.TXT 6.3.10, sections 4.3.7 to 4.3.16. 0: has no such field (0 is none's place). */
static const struct {
	unsigned char signature[ZIP_SIGNATURE];
	unsigned char fixed, name_at, extra_at, comment_at;
} records[] = {
	[ZIP_LOCAL] = {{'P', 'K', 3, 4}, 26, 22, 24, 0},
	[ZIP_DIRECTORY] = {{'P', 'K', 1, 2}, 42, 24, 26, 28},
	[ZIP_END] = {{'P', 'K', 5, 6}, 18, 0, 0, 16},
	[ZIP_END64] = {{'P', 'K', 6, 6}, 52, 0, 0, 0},
	[ZIP_LOCATOR64] = {{'P', 'K', 6, 7}, 16, 0, 0, 0},
	[ZIP_DESCRIPTOR] = {{'P', 'K', 7, 8}, 0, 0, 0, 0},
};

#define FLAG_ENCRYPTED	0x0001
#define FLAG_DESCRIPTOR 0x0008
#define FLAG_MASKED	0x2000
#define EXTRA_ZIP64	0x0001
#define IN_ZIP64	0xffffffffU

enum zip_record zip_record_at(const unsigned char *p, size_t len, bool *ret_partial)
{
	size_t n = len < ZIP_SIGNATURE ? len : ZIP_SIGNATURE;

	*ret_partial = false;
	for (int i = 0; i < ZIP_NO_RECORD; i++) {
		if (memcmp(records[i].signature, p, n) != 0)
			continue;
		if (n == ZIP_SIGNATURE)
			return (enum zip_record)i;
		*ret_partial = true;
	}
	return ZIP_NO_RECORD;
}

size_t zip_record_fixed(enum zip_record record)
{
	return records[record].fixed;
}

static size_t field(const unsigned char *fixed, size_t at)
{
	return at > 0 ? container_le16(fixed + at) : 0;
}

struct zip_fields zip_record_fields(enum zip_record record, const unsigned char *fixed)
{
	return (struct zip_fields){.name = field(fixed, records[record].name_at),
		.extra = field(fixed, records[record].extra_at),
		.comment = field(fixed, records[record].comment_at)};
}

/* Section 4.5.3: the uncompressed size, then the compressed one; a local header has both. */
static bool read_zip64(struct zip_local *l, const unsigned char *extra, size_t len)
{
	while (len >= 4) {
		size_t n = container_le16(extra + 2);

		if (n > len - 4)
			return false;
		if (container_le16(extra) == EXTRA_ZIP64 && n >= 16) {
			l->size = container_le64(extra + 12);
			return true;
		}
		extra += 4 + n;
		len -= 4 + n;
	}
	return false;
}

void zip_local_read(struct zip_local *ret, const unsigned char *fixed, const unsigned char *extra,
	size_t extra_len)
{
	*ret = (struct zip_local){.flags = container_le16(fixed + 2),
		.method = container_le16(fixed + 4),
		.crc = container_le32(fixed + 10),
		.size = container_le32(fixed + 14),
		.has_size = true};
	ret->encrypted = ret->flags & (FLAG_ENCRYPTED | FLAG_MASKED);
	if (ret->size == IN_ZIP64)
		ret->has_size = read_zip64(ret, extra, extra_len);
	if (ret->flags & FLAG_DESCRIPTOR && (ret->size == 0 || ret->method == ZIP_DEFLATED))
		ret->has_size = false;
}
