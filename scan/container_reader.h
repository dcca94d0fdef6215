#ifndef SCAN_CONTAINER_READER_H
#define SCAN_CONTAINER_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"
#include "scan/container.h"

/*
 * What the readers of all kinds share: the reader's head, and the way out, where the limits are
 * kept. Each kind is one table and one struct that begins with a container_reader.
 */
struct container_kind {
	const char *name;
	size_t size; /* of its struct; comes zeroed */
	/* 0 or -errno; NULL: nothing to do. close is called in any case. */
	int (*open)(struct container_reader *r, const char *boundary);
	int (*feed)(struct container_reader *r, const unsigned char *p, size_t len);
	int (*finish)(struct container_reader *r);
	void (*close)(struct container_reader *r);
	/* As if just opened, but for memory that costs to get. NULL: closed and opened instead. */
	void (*reset)(struct container_reader *r);
};

struct container_reader {
	const struct container_kind *kind;
	struct container_limits limits;
	const struct container_out *out; /* of the call that runs */
	uint64_t in;			 /* bytes that came, this slice's too */
	uint64_t written;
	uint64_t cap; /* of written, while this slice is read */
	unsigned int members;
	bool member_open;
	bool rest_open; /* … and it is what follows the container */
	struct str aside;
	const char *why; /* static; NULL: nothing wrong */
	bool damaged;
	int failed; /* what feed and finish return from now on */
};

#define CONTAINER_NAME_MAX 1024

/* Shorter than this, nothing that stands beside the data can be a container of its own. */
#define CONTAINER_ASIDE_MIN 17

/* The tables, one a kind. */
extern const struct container_kind container_gzip, container_zlib, container_deflate, container_br,
	container_zstd, container_zip, container_tar, container_multipart, container_utf16le,
	container_utf16be, container_utf32le, container_utf32be;

/* Each: 0, or what feed is to return. A member ends the one before. */
int container_begin(struct container_reader *r, const struct container_member *m);
int container_write(struct container_reader *r, const unsigned char *p, size_t len);
int container_end(struct container_reader *r);

/* What follows a complete container: a member "" of its own. */
int container_rest(struct container_reader *r, const unsigned char *p, size_t len);

/* What stands beside the data: kept (bounded), and given out at the end. */
int container_aside(struct container_reader *r, const void *p, size_t len);

/* It cannot be read on: it is damaged, or is so made that it is not read. why: static. Return
 * -EBADMSG. */
int container_fail(struct container_reader *r, const char *why);
int container_refuse(struct container_reader *r, const char *why);
/* Something in it cannot be read, the rest can: finish will say so. The first one counts. */
void container_doubt(struct container_reader *r, const char *why);

/* Memory that is wiped when it is freed. NULL when it ran out; free(NULL) is fine. */
void *container_alloc(size_t size);
void container_free(void *p);

/* The same as libraries of codings call it (zlib by items); opaque is not looked at. */
void *container_alloc_for(void *opaque, size_t size);
void *container_alloc_items(void *opaque, unsigned int n, unsigned int size);
void container_free_for(void *opaque, void *p);

/* Where a decoder writes to, and the most of it that held something. Start with {0}. */
struct container_buffer {
	unsigned char *p;
	size_t used;
};
#define CONTAINER_BUFFER (32U << 10)
int container_buffer_init(struct container_buffer *b);	/* 0 or -ENOMEM; may be called again */
void container_buffer_done(struct container_buffer *b); /* wipes */
/* Its first n bytes go to the open member. */
int container_buffer_give(struct container_buffer *b, struct container_reader *r, size_t n);

/*
 * Bytes gathered for a field of fixed size that may come in pieces: takes from *p what is missing.
 * True once `want` are there.
 */
struct container_field {
	unsigned char bytes[512];
	size_t n;
};
bool container_gather(struct container_field *f, size_t want, const unsigned char **p, size_t *len);

static inline uint16_t container_le16(const unsigned char *p)
{
	return (uint16_t)(p[0] | p[1] << 8);
}

static inline uint32_t container_le32(const unsigned char *p)
{
	return p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static inline uint64_t container_le64(const unsigned char *p)
{
	return container_le32(p) | (uint64_t)container_le32(p + 4) << 32;
}

static inline uint32_t container_be32(const unsigned char *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

#endif
