#ifndef SCAN_CONTAINER_ZIP_HEADER_H
#define SCAN_CONTAINER_ZIP_HEADER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The records of a zip archive: a signature, fields of fixed size, then fields of sizes said there.
 */
#define ZIP_SIGNATURE 4
#define ZIP_FIXED_MAX 52

enum zip_record {
	ZIP_LOCAL,     /* in front of a member's data */
	ZIP_DIRECTORY, /* an entry of the directory */
	ZIP_END,       /* of the directory */
	ZIP_END64,
	ZIP_LOCATOR64,
	ZIP_DESCRIPTOR, /* behind the data of a member whose sizes were not known before */
	ZIP_NO_RECORD,
};

/* What stands at p; *ret_partial: it may be one, were there more. */
enum zip_record zip_record_at(const unsigned char *p, size_t len, bool *ret_partial);

/* Bytes of its fixed fields, without the signature. */
size_t zip_record_fixed(enum zip_record record);

/* What they say of the fields that follow. */
struct zip_fields {
	size_t name, extra, comment;
};
struct zip_fields zip_record_fields(enum zip_record record, const unsigned char *fixed);

/* Of a member, from its local header. */
struct zip_local {
	unsigned int flags, method;
	uint32_t crc;
	uint64_t size;	/* of the data as they stand there … */
	bool has_size;	/* … if it is known */
	bool encrypted; /* also: its header is masked */
};
/* extra: as much of it as was kept; needed for sizes that take 64 bits. */
void zip_local_read(struct zip_local *ret, const unsigned char *fixed, const unsigned char *extra,
	size_t extra_len);

#define ZIP_STORED   0
#define ZIP_DEFLATED 8

#endif
