#include "egress/websocket_inflate.h"

#include <errno.h>

#include "scan/container_reader.h"

/* What the sender has left out at the end of each message (section 7.2.1). */
static unsigned char tail[] = {0x00, 0x00, 0xff, 0xff};

/* zlib: after inflate() returned, whether it stands between two blocks. */
#define BETWEEN_BLOCKS 128

/* Its window holds what may be secret: it is wiped. */
int websocket_inflate_open(struct websocket_inflate *f, bool forgets, uint64_t ratio)
{
	*f = (struct websocket_inflate){
		.z = {.zalloc = container_alloc_items, .zfree = container_free_for},
		.forgets = forgets,
		.ratio = ratio};
	f->open = inflateInit2(&f->z, -MAX_WBITS) == Z_OK;
	return f->open ? 0 : -ENOMEM;
}

void websocket_inflate_close(struct websocket_inflate *f)
{
	if (f->open)
		inflateEnd(&f->z);
	f->open = false;
}

void websocket_inflate_give(struct websocket_inflate *f, const unsigned char *p, size_t len)
{
	f->z.next_in = (unsigned char *)p;
	f->z.avail_in = (uInt)len;
	f->in += len;
}

void websocket_inflate_end(struct websocket_inflate *f)
{
	f->z.next_in = tail;
	f->z.avail_in = sizeof(tail);
	f->ending = true;
}

static long fail(int error, const char *what, const char **ret_why)
{
	*ret_why = what;
	return -error;
}

/* The message is whole: the next one may begin. */
static long finish(struct websocket_inflate *f, const char **ret_why)
{
	if (!(f->z.data_type & BETWEEN_BLOCKS))
		return fail(EPROTO, "a compressed message that ends amid a block", ret_why);
	if (f->forgets && inflateReset(&f->z) != Z_OK)
		return fail(EPROTO, "a compressed message that cannot be read", ret_why);
	f->in = f->out = 0;
	f->ending = false;
	return 0;
}

/* zlib gives nothing more although there was room. */
static long is_drained(struct websocket_inflate *f, const char **ret_why)
{
	if (f->z.avail_in > 0)
		return fail(EPROTO, "a compressed message that cannot be read", ret_why);
	return f->ending ? finish(f, ret_why) : 0;
}

long websocket_inflate_take(
	struct websocket_inflate *f, unsigned char *ret, size_t room, const char **ret_why)
{
	long n;
	int r;

	f->z.next_out = ret;
	f->z.avail_out = (uInt)room;
	r = inflate(&f->z, Z_SYNC_FLUSH);
	n = (long)(room - f->z.avail_out);
	if (r == Z_MEM_ERROR)
		return fail(ENOMEM, "memory ran out", ret_why);
	/* Implementations disagree about what may follow a final block within a message, and about
	 * the window afterwards; none of the usual ones sends it. */
	if (r == Z_STREAM_END)
		return fail(EPROTO, "a compressed message with a final block", ret_why);
	if (r != Z_OK && r != Z_BUF_ERROR)
		return fail(EPROTO, "a compressed message that cannot be read", ret_why);
	f->out += (uint64_t)n;
	if (f->out > WEBSOCKET_INFLATE_FREE && f->out / f->ratio > f->in)
		return fail(
			E2BIG, "a compressed message that holds too much for its size", ret_why);
	return n > 0 ? n : is_drained(f, ret_why);
}
