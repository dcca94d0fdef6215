#include "scan/container_reader.h"

#include <errno.h>
#include <string.h>

#include "scan/container_inflate.h"
#include "scan/container_zip_header.h"

/*
 * zip (PKWARE's APPNOTE.TXT 6.3.10), read from its beginning by the local headers: the directory is
 * for those who seek, and what it says otherwise it says in plain bytes. Between records any bytes
 * may stand (descriptors, signatures, padding): the next record is looked for.
 */
#define DESCRIPTOR_MAX 24 /* a gap as long as that may be a descriptor: 4 + 4 + 8 + 8 */
#define EXTRA_MIN      49 /* times, ids and 64-bit sizes take up to 48 */

struct zip_reader {
	struct container_reader r;
	enum zip_state {
		ZIP_IN_GAP, /* in search of a record */
		ZIP_IN_FIXED,
		ZIP_IN_NAME,
		ZIP_IN_EXTRA,
		ZIP_IN_COMMENT,
		ZIP_IN_STORED,
		ZIP_IN_DEFLATED,
		ZIP_IN_SKIPPED,
		ZIP_IN_OPEN, /* stored, of unknown length: up to its descriptor, */
		ZIP_IN_CRC,  /* which is one when it has the right checksum */
	} state;
	enum zip_record record;
	struct container_field fixed, extra; /* the extra fields as far as they are kept */
	struct container_field crc_field;
	struct zip_fields todo; /* what follows the fixed fields */
	bool long_extra;
	struct zip_local local;
	char name[CONTAINER_NAME_MAX];
	size_t name_len;
	uint64_t left;			   /* of the data */
	unsigned char held[ZIP_SIGNATURE]; /* the beginning of a signature, perhaps */
	size_t n_held;
	struct container_field gap; /* short ones are not given out */
	bool gap_open;
	bool seen, closed; /* a record; the directory's end behind the last member */
	uint32_t crc;	   /* of what was stored */
	struct inflate inflate;
};

/* ---- between records */

static int write_gap(struct zip_reader *z, const unsigned char *p, size_t len)
{
	const struct container_member m = {.name = "", .verbatim = true};
	int rc;

	if (!z->gap_open && z->gap.n + len <= DESCRIPTOR_MAX) {
		memcpy(z->gap.bytes + z->gap.n, p, len);
		z->gap.n += len;
		return 0;
	}
	if (!z->gap_open) {
		rc = container_begin(&z->r, &m);
		if (rc == 0)
			rc = container_write(&z->r, z->gap.bytes, z->gap.n);
		if (rc < 0)
			return rc;
	}
	z->gap_open = true;
	return container_write(&z->r, p, len);
}

static int begin_gap(struct zip_reader *z)
{
	z->state = ZIP_IN_GAP;
	z->gap.n = 0;
	z->gap_open = false;
	return container_end(&z->r);
}

static int write_stored(struct zip_reader *z, const unsigned char *p, size_t len)
{
	z->crc = (uint32_t)crc32(z->crc, p, (unsigned int)len);
	return container_write(&z->r, p, len);
}

static int emit(struct zip_reader *z, const unsigned char *p, size_t len)
{
	if (len == 0)
		return 0;
	return z->state == ZIP_IN_GAP ? write_gap(z, p, len) : write_stored(z, p, len);
}

/* In a gap, a descriptor is nothing to stop at; in stored data it is all there is. */
static enum zip_record wanted_at(
	const struct zip_reader *z, const unsigned char *p, size_t len, bool *partial)
{
	enum zip_record record = zip_record_at(p, len, partial);

	return (record == ZIP_DESCRIPTOR) == (z->state == ZIP_IN_OPEN) ? record : ZIP_NO_RECORD;
}

/* Bytes that came in an earlier piece and may begin a signature; *p is taken back as far as they
 * turn out not to. 1: a record. */
static int search_held(struct zip_reader *z, const unsigned char **p, size_t *len)
{
	size_t old = z->n_held, taken = 0;
	bool partial = true;
	int rc;

	while (*len > taken && partial) {
		z->held[z->n_held++] = (*p)[taken++];
		z->record = wanted_at(z, z->held, z->n_held, &partial);
		if (z->record != ZIP_NO_RECORD) {
			*p += taken;
			*len -= taken;
			z->n_held = 0;
			return 1;
		}
	}
	if (partial) {
		*p += taken;
		*len -= taken;
		return 0;
	}
	/* A signature's first byte is none of its others: nothing else in there begins one. */
	z->n_held = 0;
	rc = emit(z, z->held, old);
	return rc;
}

/* 1: a record was found and its signature taken; what stands before it was written. */
static int search(struct zip_reader *z, const unsigned char **p, size_t *len)
{
	const unsigned char *from = *p, *end = *p + *len, *at;
	bool partial = false;
	int rc = z->n_held > 0 ? search_held(z, p, len) : 0;

	if (rc != 0 || z->n_held > 0)
		return rc;
	for (from = at = *p; at < end; at++) {
		at = memchr(at, 'P', (size_t)(end - at));
		if (!at)
			break;
		z->record = wanted_at(z, at, (size_t)(end - at), &partial);
		if (z->record != ZIP_NO_RECORD || partial)
			break;
	}
	at = at ? at : end;
	*p = end;
	*len = 0;
	rc = emit(z, from, (size_t)(at - from));
	if (rc < 0 || at == end)
		return rc;
	if (partial) {
		z->n_held = (size_t)(end - at);
		memcpy(z->held, at, z->n_held);
		return 0;
	}
	*p = at + ZIP_SIGNATURE;
	*len = (size_t)(end - *p);
	return 1;
}

/* ---- records */

static int begin_record(struct zip_reader *z)
{
	int rc = container_end(&z->r);

	z->seen = true;
	z->fixed.n = z->extra.n = z->name_len = 0;
	z->state = ZIP_IN_FIXED;
	return rc;
}

static int begin_skipped(struct zip_reader *z)
{
	int rc = container_end(&z->r);

	z->left = z->local.size;
	z->state = ZIP_IN_SKIPPED;
	if (!z->local.has_size || z->left == 0)
		return rc < 0 ? rc : begin_gap(z);
	return rc;
}

static int begin_data(struct zip_reader *z)
{
	const struct zip_local *l = &z->local;
	const struct container_member m = {.name = z->name,
		.name_len = z->name_len,
		.verbatim = l->method == ZIP_STORED && !l->encrypted};
	int rc = container_begin(&z->r, &m);

	if (rc < 0)
		return rc;
	z->left = l->size;
	z->crc = 0;
	if (l->encrypted) {
		container_doubt(&z->r, "an encrypted zip member");
		return begin_skipped(z);
	}
	if (l->method == ZIP_DEFLATED) {
		z->state = ZIP_IN_DEFLATED;
		return inflate_start(&z->inflate, INFLATE_BARE, l->has_size);
	}
	if (l->method != ZIP_STORED) {
		container_doubt(&z->r, "a zip member compressed in a way that is not read");
		return begin_skipped(z);
	}
	z->state = l->has_size ? ZIP_IN_STORED : ZIP_IN_OPEN;
	return l->has_size && z->left == 0 ? begin_gap(z) : 0;
}

/* All fields that were said are there. */
static int end_record(struct zip_reader *z)
{
	if (z->record == ZIP_LOCAL) {
		z->closed = false;
		zip_local_read(&z->local, z->fixed.bytes, z->extra.bytes, z->extra.n);
		return begin_data(z);
	}
	z->closed = z->closed || z->record == ZIP_END;
	return begin_gap(z);
}

static int next_field(struct zip_reader *z)
{
	z->state = z->todo.name > 0	 ? ZIP_IN_NAME
		   : z->todo.extra > 0	 ? ZIP_IN_EXTRA
		   : z->todo.comment > 0 ? ZIP_IN_COMMENT
					 : ZIP_IN_FIXED;
	return z->state == ZIP_IN_FIXED ? end_record(z) : 0;
}

static int read_fixed(struct zip_reader *z, const unsigned char **p, size_t *len)
{
	if (!container_gather(&z->fixed, zip_record_fixed(z->record), p, len))
		return 0;
	z->todo = zip_record_fields(z->record, z->fixed.bytes);
	z->long_extra = z->todo.extra >= EXTRA_MIN;
	return next_field(z);
}

static int read_name(struct zip_reader *z, const unsigned char *p, size_t len)
{
	size_t room = sizeof(z->name) - z->name_len;

	room = len < room ? len : room;
	memcpy(z->name + z->name_len, p, room);
	z->name_len += room;
	return 0;
}

static int read_extra(struct zip_reader *z, const unsigned char *p, size_t len)
{
	size_t room = sizeof(z->extra.bytes) - z->extra.n;

	room = len < room ? len : room;
	memcpy(z->extra.bytes + z->extra.n, p, room);
	z->extra.n += room;
	return z->long_extra ? container_aside(&z->r, p, len) : 0;
}

/* Names of the directory are those of the members. */
static int read_field(struct zip_reader *z, const unsigned char **p, size_t *len)
{
	size_t *todo = z->state == ZIP_IN_NAME	  ? &z->todo.name
		       : z->state == ZIP_IN_EXTRA ? &z->todo.extra
						  : &z->todo.comment;
	size_t n = *todo < *len ? *todo : *len;
	int rc = z->state == ZIP_IN_NAME    ? read_name(z, *p, n)
		 : z->state == ZIP_IN_EXTRA ? read_extra(z, *p, n)
					    : container_aside(&z->r, *p, n);

	*p += n;
	*len -= n;
	*todo -= n;
	return rc < 0 || *todo > 0 ? rc : next_field(z);
}

/* ---- data */

static int read_stored(struct zip_reader *z, const unsigned char **p, size_t *len)
{
	size_t n = z->left < *len ? (size_t)z->left : *len;
	int rc = z->state == ZIP_IN_STORED ? container_write(&z->r, *p, n) : 0;

	*p += n;
	*len -= n;
	z->left -= n;
	return rc < 0 || z->left > 0 ? rc : begin_gap(z);
}

static int end_deflated(struct zip_reader *z)
{
	if (z->local.has_size && z->inflate.crc != z->local.crc)
		container_doubt(&z->r, "the checksum of a zip member is wrong");
	if (!z->local.has_size)
		return begin_gap(z);
	if (z->left > 0)
		container_doubt(&z->r, "a zip member with something behind its data");
	z->local.size = z->left;
	return begin_skipped(z);
}

static int read_deflated(struct zip_reader *z, const unsigned char **p, size_t *len)
{
	size_t n = *len, had;
	int rc;

	if (z->local.has_size && z->left < n)
		n = (size_t)z->left;
	had = n;
	rc = inflate_feed(&z->inflate, &z->r, p, &n);
	*len -= had - n;
	z->left -= z->local.has_size ? had - n : 0;
	if (rc < 0)
		return rc;
	if (rc > 0)
		return end_deflated(z);
	if (!z->local.has_size || z->left > 0)
		return 0;
	container_doubt(&z->r, "a zip member that ends in the middle");
	return begin_gap(z);
}

static int read_some(struct zip_reader *z, const unsigned char **p, size_t *len);

/* Behind what may be the signature of the descriptor of stored data. */
static int read_crc(struct zip_reader *z, const unsigned char **p, size_t *len)
{
	static const unsigned char signature[ZIP_SIGNATURE] = {'P', 'K', 7, 8};
	const unsigned char *again = z->crc_field.bytes;
	size_t left = 4;
	int rc;

	if (!container_gather(&z->crc_field, 4, p, len))
		return 0;
	z->crc_field.n = 0;
	if (container_le32(again) == z->crc)
		return begin_gap(z);
	z->state = ZIP_IN_OPEN;
	rc = write_stored(z, signature, sizeof(signature));
	while (rc == 0 && left > 0)
		rc = read_some(z, &again, &left);
	return rc;
}

static int read_some(struct zip_reader *z, const unsigned char **p, size_t *len)
{
	int rc;

	switch (z->state) {
	case ZIP_IN_GAP:
		rc = search(z, p, len);
		return rc > 0 ? begin_record(z) : rc;
	case ZIP_IN_OPEN:
		rc = search(z, p, len);
		z->state = rc > 0 ? ZIP_IN_CRC : ZIP_IN_OPEN;
		return rc < 0 ? rc : 0;
	case ZIP_IN_CRC:
		return read_crc(z, p, len);
	case ZIP_IN_FIXED:
		return read_fixed(z, p, len);
	case ZIP_IN_NAME:
	case ZIP_IN_EXTRA:
	case ZIP_IN_COMMENT:
		return read_field(z, p, len);
	case ZIP_IN_DEFLATED:
		return read_deflated(z, p, len);
	case ZIP_IN_STORED:
	case ZIP_IN_SKIPPED:
		break;
	}
	return read_stored(z, p, len);
}

static int feed(struct container_reader *r, const unsigned char *p, size_t len)
{
	struct zip_reader *z = (struct zip_reader *)r;
	int rc = 0;

	while (rc == 0 && len > 0)
		rc = read_some(z, &p, &len);
	return rc;
}

static int finish(struct container_reader *r)
{
	struct zip_reader *z = (struct zip_reader *)r;
	int rc = 0;

	if (z->state == ZIP_IN_GAP || z->state == ZIP_IN_OPEN)
		rc = emit(z, z->held, z->n_held);
	if (rc < 0)
		return rc;
	if (!z->seen)
		return container_fail(r, "no zip archive");
	if (z->state == ZIP_IN_GAP && z->closed)
		return 0;
	return container_fail(r, "it ends in the middle");
}

static void done(struct container_reader *r)
{
	inflate_done(&((struct zip_reader *)r)->inflate);
}

static void reset(struct container_reader *r)
{
	struct zip_reader *z = (struct zip_reader *)r;

	*z = (struct zip_reader){.inflate = z->inflate};
}

const struct container_kind container_zip = {
	"zip", sizeof(struct zip_reader), NULL, feed, finish, done, reset};
