#include "scan/container_reader.h"

#include <errno.h>

#include "scan/container_inflate.h"

/* zlib (RFC 1950) and bare deflate (RFC 1951); HTTP's "deflate" is either (RFC 9110, 8.4.1.2). */
struct zlib_reader {
	struct container_reader r;
	struct inflate inflate;
	struct container_field head; /* of HTTP's deflate: tells which of both it is */
	bool begun, ended;
};

#define HEAD 5

static int read_on(struct zlib_reader *z, const unsigned char *p, size_t len)
{
	int rc = z->ended ? 1 : inflate_feed(&z->inflate, &z->r, &p, &len);

	if (rc <= 0)
		return rc;
	z->ended = true;
	return container_rest(&z->r, p, len);
}

static int begin(struct zlib_reader *z, enum inflate_form form)
{
	const struct container_member m = {.name = ""};
	int rc = inflate_start(&z->inflate, form, false);

	if (rc == 0)
		rc = container_begin(&z->r, &m);
	z->begun = true;
	return rc < 0 ? rc : read_on(z, z->head.bytes, z->head.n);
}

static int zlib_feed(struct container_reader *r, const unsigned char *p, size_t len)
{
	struct zlib_reader *z = (struct zlib_reader *)r;
	int rc = z->begun ? 0 : begin(z, INFLATE_ZLIB);

	return rc < 0 ? rc : read_on(z, p, len);
}

/*
 * As a bare stream, what looks like a zlib header begins with a stored block, whose length is said
 * twice; who sees to it that it is can have the same bytes say two things.
 */
static int choose(struct zlib_reader *z)
{
	const unsigned char *h = z->head.bytes;
	bool zlib = z->head.n >= 2 && (h[0] & 0x8f) == 0x08 && (h[0] << 8 | h[1]) % 31 == 0;

	if (zlib && z->head.n == HEAD && (h[1] ^ h[3]) == 0xff && (h[2] ^ h[4]) == 0xff)
		container_doubt(&z->r, "it can be read in two ways, as zlib and as bare deflate");
	return begin(z, zlib ? INFLATE_ZLIB : INFLATE_BARE);
}

static int deflate_feed(struct container_reader *r, const unsigned char *p, size_t len)
{
	struct zlib_reader *z = (struct zlib_reader *)r;
	int rc;

	if (!z->begun) {
		if (!container_gather(&z->head, HEAD, &p, &len))
			return 0;
		rc = choose(z);
		if (rc < 0)
			return rc;
	}
	return read_on(z, p, len);
}

static int finish(struct container_reader *r)
{
	struct zlib_reader *z = (struct zlib_reader *)r;
	int rc = z->begun ? 0 : choose(z);

	if (rc < 0)
		return rc;
	return z->ended ? 0 : container_fail(r, "it ends in the middle");
}

static void done(struct container_reader *r)
{
	inflate_done(&((struct zlib_reader *)r)->inflate);
}

static void reset(struct container_reader *r)
{
	struct zlib_reader *z = (struct zlib_reader *)r;

	*z = (struct zlib_reader){.inflate = z->inflate};
}

const struct container_kind container_zlib = {
	"zlib", sizeof(struct zlib_reader), NULL, zlib_feed, finish, done, reset};
const struct container_kind container_deflate = {
	"deflate", sizeof(struct zlib_reader), NULL, deflate_feed, finish, done, reset};
