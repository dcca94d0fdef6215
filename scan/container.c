#include "scan/container.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/ptr.h"
#include "base/secret.h"
#include "scan/container_reader.h"

/*
 * Theory of operation. A text is read in slices that end at the same places however it was cut, and
 * a kind writes all that a slice says before it asks for the next one. So how much may have come
 * out is one number for a slice, and what is cut off beyond the limits is the same for any cuts.
 */
#define SLICE	  (16U << 10)
#define FREE_OUT  (1U << 20) /* the ratio does not count before */
#define ASIDE_MAX (256U << 10)

static const struct container_kind *const kinds[] = {
	[CONTAINER_GZIP] = &container_gzip,
	[CONTAINER_ZLIB] = &container_zlib,
	[CONTAINER_DEFLATE] = &container_deflate,
	[CONTAINER_BR] = &container_br,
	[CONTAINER_ZSTD] = &container_zstd,
	[CONTAINER_ZIP] = &container_zip,
	[CONTAINER_TAR] = &container_tar,
	[CONTAINER_MULTIPART] = &container_multipart,
	[CONTAINER_UTF16LE] = &container_utf16le,
	[CONTAINER_UTF16BE] = &container_utf16be,
	[CONTAINER_UTF32LE] = &container_utf32le,
	[CONTAINER_UTF32BE] = &container_utf32be,
};

const char *container_name(enum container c)
{
	if ((size_t)c < ARRAY_LEN(kinds) && kinds[c])
		return kinds[c]->name;
	return c == CONTAINER_OPAQUE ? "opaque" : "none";
}

static void drop_aside(struct container_reader *r)
{
	if (r->aside.s)
		secret_wipe(r->aside.s, r->aside.len);
	str_done(&r->aside);
}

static int make(enum container c, const char *boundary, const struct container_limits *limits,
	struct container_reader **ret, struct err *e)
{
	struct container_reader *r;
	int rc;

	if ((size_t)c >= ARRAY_LEN(kinds) || !kinds[c])
		return err_say(e, EINVAL, "open a container: kind %d cannot be read", (int)c);
	r = calloc(1, kinds[c]->size);
	if (!r)
		return err_set(e, ENOMEM, "open a %s reader", kinds[c]->name);
	r->kind = kinds[c];
	r->limits = *limits;
	rc = r->kind->open ? r->kind->open(r, boundary) : 0;
	if (rc < 0) {
		container_close(r);
		return err_set(e, -rc, "open a %s reader", kinds[c]->name);
	}
	*ret = r;
	return 0;
}

int container_open(enum container c, const char *boundary, const struct container_limits *limits,
	struct container_reader **r, struct err *e)
{
	struct container_reader *old = *r;

	if (old && (size_t)c < ARRAY_LEN(kinds) && old->kind == kinds[c] && old->kind->reset) {
		drop_aside(old);
		old->kind->reset(old);
		old->kind = kinds[c];
		old->limits = *limits;
		return 0;
	}
	container_close(steal_ptr(r));
	return make(c, boundary, limits, r, e);
}

void container_close(struct container_reader *r)
{
	if (!r)
		return;
	if (r->kind->close)
		r->kind->close(r);
	drop_aside(r);
	secret_wipe(r, r->kind->size);
	free(r);
}

const char *container_why(const struct container_reader *r)
{
	return r->why ? r->why : "";
}

/* ---- in */

static void set_cap(struct container_reader *r)
{
	uint64_t in = (r->in / SLICE + 1) * SLICE;
	uint64_t cap;

	if (__builtin_mul_overflow(in, r->limits.ratio_max, &cap))
		cap = UINT64_MAX;
	if (cap < FREE_OUT)
		cap = FREE_OUT;
	r->cap = cap < r->limits.out_max ? cap : r->limits.out_max;
}

static int give_aside(struct container_reader *r)
{
	const struct container_member m = {.name = "", .verbatim = true};
	int rc = r->aside.len > 0 ? container_begin(r, &m) : 0;

	if (rc == 0 && r->aside.len > 0)
		rc = container_write(r, (const unsigned char *)r->aside.s, r->aside.len);
	return rc;
}

/*
 * It is over, well (0) or not: the open member ends, and what stood beside the data is given out.
 * Nothing more is, once the caller wants no more.
 */
static int settle(struct container_reader *r, int rc)
{
	int (*const steps[])(struct container_reader *) = {
		container_end, give_aside, container_end};

	for (size_t i = 0; i < ARRAY_LEN(steps) && (rc == 0 || rc == -EBADMSG); i++) {
		int step = steps[i](r);

		rc = step < 0 ? step : rc;
	}
	return rc;
}

int container_feed(struct container_reader *r, const unsigned char *p, size_t len,
	const struct container_out *out)
{
	int rc = r->failed;

	r->out = out;
	while (rc == 0 && len > 0) {
		size_t n = SLICE - r->in % SLICE;

		if (n > len)
			n = len;
		set_cap(r);
		r->in += n;
		rc = r->kind->feed(r, p, n);
		if (rc < 0)
			rc = r->failed = settle(r, rc);
		p += n;
		len -= n;
	}
	return rc;
}

int container_finish(struct container_reader *r, const struct container_out *out)
{
	int rc;

	/* Of nothing, nothing is missing: an answer to HEAD declares a coding, too. */
	if (r->failed < 0 || r->in == 0)
		return r->failed;
	r->out = out;
	set_cap(r);
	rc = settle(r, r->kind->finish(r));
	r->failed = rc == 0 && r->why ? -EBADMSG : rc;
	return r->failed;
}

/* ---- out */

bool container_damaged(const struct container_reader *r)
{
	return r->damaged;
}

int container_fail(struct container_reader *r, const char *why)
{
	r->damaged = r->damaged || !r->why;
	return container_refuse(r, why);
}

int container_refuse(struct container_reader *r, const char *why)
{
	container_doubt(r, why);
	return -EBADMSG;
}

void container_doubt(struct container_reader *r, const char *why)
{
	if (!r->why)
		r->why = why;
}

int container_begin(struct container_reader *r, const struct container_member *m)
{
	int rc = container_end(r);

	if (rc < 0)
		return rc;
	if (r->members >= r->limits.members_max)
		return container_refuse(r, "more members than are read");
	r->members++;
	rc = r->out->begin(r->out->arg, m);
	r->member_open = rc == 0;
	return rc;
}

int container_write(struct container_reader *r, const unsigned char *p, size_t len)
{
	size_t n = len < r->cap - r->written ? len : (size_t)(r->cap - r->written);
	int rc = n > 0 ? r->out->write(r->out->arg, p, n) : 0;

	r->written += n;
	if (rc < 0 || n == len)
		return rc;
	return container_fail(
		r, r->cap == r->limits.out_max ? "more in it than is read" : "it expands too much");
}

int container_end(struct container_reader *r)
{
	if (!r->member_open)
		return 0;
	r->member_open = false;
	return r->out->end(r->out->arg);
}

int container_rest(struct container_reader *r, const unsigned char *p, size_t len)
{
	const struct container_member m = {.name = "", .verbatim = true};
	int rc = 0;

	if (len == 0)
		return 0;
	if (!r->rest_open)
		rc = container_begin(r, &m);
	r->rest_open = true;
	return rc < 0 ? rc : container_write(r, p, len);
}

int container_aside(struct container_reader *r, const void *p, size_t len)
{
	size_t n = len < ASIDE_MAX - r->aside.len ? len : ASIDE_MAX - r->aside.len;

	if (n < len)
		container_doubt(r, "more beside its data than is read");
	str_add_bytes(&r->aside, p, n);
	return r->aside.failed ? -ENOMEM : 0;
}

bool container_gather(struct container_field *f, size_t want, const unsigned char **p, size_t *len)
{
	size_t n = want - f->n < *len ? want - f->n : *len;

	memcpy(f->bytes + f->n, *p, n);
	f->n += n;
	*p += n;
	*len -= n;
	return f->n == want;
}
