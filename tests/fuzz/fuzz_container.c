/*
 * Readers of containers: what comes out of one must not depend on how the text is cut, also when it
 * is broken; each member that begins ends, and no more comes out than is allowed. The first byte is
 * the kind, the second the size of a piece, the rest the text.
 */
#include "tests/fuzz/fuzz.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "scan/container.h"

#define OUT_MAX	    (4U << 20)
#define MEMBERS_MAX 100

struct outcome {
	uint64_t hash;
	uint64_t bytes;
	size_t members;
	bool open;
	int rc;
};

static void must(bool holds)
{
	if (!holds)
		abort();
}

static void add(struct outcome *o, const void *p, size_t len)
{
	const unsigned char *bytes = p;

	for (size_t i = 0; i < len; i++)
		o->hash = (o->hash ^ bytes[i]) * 0x100000001b3ULL;
}

static int begin(void *arg, const struct container_member *m)
{
	struct outcome *o = arg;

	must(!o->open);
	o->open = true;
	o->members++;
	add(o, "[", 1);
	add(o, m->name, m->name_len);
	if (m->content_type)
		add(o, m->content_type, strlen(m->content_type));
	add(o, &m->verbatim, 1);
	return 0;
}

static int take(void *arg, const unsigned char *p, size_t len)
{
	struct outcome *o = arg;

	must(o->open && len > 0);
	add(o, p, len);
	o->bytes += len;
	return 0;
}

static int end(void *arg)
{
	struct outcome *o = arg;

	must(o->open);
	o->open = false;
	add(o, "]", 1);
	return 0;
}

static struct outcome run(enum container c, const uint8_t *text, size_t size, size_t piece)
{
	static const struct container_limits limits = {
		.out_max = OUT_MAX, .ratio_max = 100, .members_max = MEMBERS_MAX};
	struct outcome o = {0};
	const struct container_out out = {begin, take, end, &o};
	struct container_reader *r = NULL;
	struct err e;

	must(container_open(
		     c, c == CONTAINER_MULTIPART && piece % 2 ? "b" : NULL, &limits, &r, &e) == 0);
	for (size_t i = 0; i < size && o.rc == 0; i += piece)
		o.rc = container_feed(r, text + i, piece < size - i ? piece : size - i, &out);
	if (o.rc == 0)
		o.rc = container_finish(r, &out);
	must(!o.open && (o.rc == 0 || o.rc == -EBADMSG));
	must(o.bytes <= OUT_MAX && o.members <= MEMBERS_MAX);
	add(&o, container_why(r), strlen(container_why(r)));
	container_close(r);
	return o;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const enum container kinds[] = {CONTAINER_GZIP, CONTAINER_ZLIB, CONTAINER_DEFLATE,
		CONTAINER_BR, CONTAINER_ZSTD, CONTAINER_ZIP, CONTAINER_TAR, CONTAINER_MULTIPART,
		CONTAINER_UTF16LE, CONTAINER_UTF16BE, CONTAINER_UTF32LE, CONTAINER_UTF32BE};
	struct outcome whole, cut;
	enum container c;
	const char *what;
	size_t piece;

	if (size < 3)
		return 0;
	c = kinds[data[0] % (sizeof(kinds) / sizeof(*kinds))];
	/* Odd, as a whole is: multipart's boundary is chosen by that. */
	piece = (size_t)data[1] | 1;
	data += 2;
	size -= 2;
	(void)container_sniff(data, size, &what);
	whole = run(c, data, size, size | 1);
	cut = run(c, data, size, piece);
	must(whole.hash == cut.hash && whole.rc == cut.rc);
	/* The even ones: another boundary. */
	whole = run(c, data, size, (size | 1) + 1);
	cut = run(c, data, size, piece + 1);
	must(whole.hash == cut.hash && whole.rc == cut.rc);
	return 0;
}
