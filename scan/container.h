#ifndef SCAN_CONTAINER_H
#define SCAN_CONTAINER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/*
 * Codings that take a whole text: compression, archives, multipart, wide characters. Each reads a
 * stream in pieces of any size and writes its members as streams; none holds more than its window.
 */
enum container {
	CONTAINER_NONE,
	CONTAINER_GZIP,	   /* RFC 1952, all members */
	CONTAINER_ZLIB,	   /* RFC 1950 */
	CONTAINER_DEFLATE, /* RFC 1951, bare; HTTP's "deflate" is this or zlib */
	CONTAINER_BR,	   /* RFC 7932 */
	CONTAINER_ZSTD,	   /* RFC 8878 */
	CONTAINER_ZIP,
	CONTAINER_TAR,
	CONTAINER_MULTIPART, /* RFC 2046; parts' transfer encodings are undone */
	CONTAINER_UTF16LE,
	CONTAINER_UTF16BE,
	CONTAINER_UTF32LE,
	CONTAINER_UTF32BE,
	CONTAINER_OPAQUE, /* known and not to be read: xz, bzip2, 7z, rar, age, encrypted … */
};

/* Bytes that container_sniff wants to see (fewer: the text is no longer). */
#define CONTAINER_SNIFF 512

/*
 * By magic numbers; for wide characters by where NULs stand; brotli and bare deflate, which have no
 * magic number, by whether they decode to text. ret_what: of OPAQUE, "a 7z archive".
 */
enum container container_sniff(const unsigned char *p, size_t len, const char **ret_what);

/* By one token of Content-Encoding ("gzip", "x-gzip", "deflate", "br", "zstd", "identity"); -1:
 * unknown, so unreadable. */
int container_of_coding(const char *token, size_t len);

/* By Content-Type: multipart with its boundary (copied; "": none), charset=utf-16…; else NONE. */
enum container container_of_type(const char *type, char boundary[72]);

const char *container_name(enum container c); /* "gzip", for verdicts */

/* Borrowed until the member ends. */
struct container_member {
	const char *name; /* of a file or part, hostile bytes, cut at 1 KiB; "" if it has none */
	size_t name_len;
	const char *content_type; /* of a part; NULL: not declared */
	/* Its bytes stand in the container as they are, in a row: who has read those has read
	 * these, but for what only shows when a text begins with it. */
	bool verbatim;
};

/* Members come one after another: each that began ends, also when the container is broken in it. */
struct container_out {
	int (*begin)(void *arg, const struct container_member *m);
	int (*write)(void *arg, const unsigned char *p, size_t len);
	int (*end)(void *arg);
	void *arg;
};

struct container_limits {
	uint64_t out_max;	/* bytes that may come out */
	unsigned int ratio_max; /* … per byte that went in, once 1 MiB came out */
	unsigned int members_max;
};

struct container_reader;

/*
 * boundary: of multipart only; NULL or "": what the first line says that looks like one. *r: NULL,
 * or a reader, which is used again if it can be, else closed. Owner: the caller. -EINVAL: not a
 * container that can be read (NONE, OPAQUE); *r is then NULL.
 */
int container_open(enum container c, const char *boundary, const struct container_limits *limits,
	struct container_reader **r, struct err *e);
void container_close(struct container_reader *r); /* wipes; NULL is fine */

/*
 * 0; -EBADMSG: broken or beyond the limits, container_why tells, and what could be read was
 * written; -ENOMEM; else what out returned. After an error it stays at that. What is written does
 * not depend on the cuts but in its pieces.
 */
int container_feed(struct container_reader *r, const unsigned char *p, size_t len,
	const struct container_out *out);
/*
 * The text ended; -EBADMSG: too early, or something within could not be read (an encrypted member).
 * What follows a complete container goes to a member "", as does what stands beside the data in it
 * (comments, extra fields) and is long enough to be a container itself.
 */
int container_finish(struct container_reader *r, const struct container_out *out);
const char *container_why(const struct container_reader *r);
/* After -EBADMSG: what is wrong with it may as well mean that it is no container. False: it is one
 * that says more than is read: encrypted, beyond the limits. */
bool container_damaged(const struct container_reader *r);

#endif
