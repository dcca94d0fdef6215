#ifndef SCAN_CONTAINER_TAR_HEADER_H
#define SCAN_CONTAINER_TAR_HEADER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "scan/container_reader.h"

/* The header of a file in a tar archive: one block. */
#define TAR_BLOCK 512

struct tar_header {
	char type;
	uint64_t size;
	char name[CONTAINER_NAME_MAX]; /* with the prefix */
	size_t name_len;
	bool sparse_more; /* GNU's map of a sparse file goes on in the next block */
};

/* Its checksum is right: few other blocks of 512 bytes have one. */
bool tar_header_valid(const unsigned char block[TAR_BLOCK]);

/* Of a valid one. False: its size is no number. */
bool tar_header_read(const unsigned char block[TAR_BLOCK], struct tar_header *ret);

/* What pax records say of the next file (POSIX.1-2017, pax, "pax Extended Header"). */
struct tar_pax {
	const char *path; /* borrowed from the records; NULL: nothing */
	size_t path_len;
	uint64_t size;
	bool has_size;
};
/* False: they are broken. */
bool tar_pax_read(const char *records, size_t len, struct tar_pax *ret);

#endif
