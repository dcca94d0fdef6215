#include "scan/container_inflate.h"

#include <errno.h>

int inflate_start(struct inflate *f, enum inflate_form form, bool wants_crc)
{
	int rc;

	if (f->open && f->form == form) {
		rc = inflateReset(&f->z);
	} else {
		if (f->open)
			inflateEnd(&f->z);
		f->z = (z_stream){.zalloc = container_alloc_items, .zfree = container_free_for};
		rc = inflateInit2(&f->z, form == INFLATE_ZLIB ? MAX_WBITS : -MAX_WBITS);
		f->open = rc == Z_OK;
	}
	f->form = form;
	f->wants_crc = wants_crc;
	f->out = 0;
	f->crc = 0;
	return rc == Z_OK ? container_buffer_init(&f->buf) : -ENOMEM;
}

static int give(struct inflate *f, struct container_reader *r, size_t n)
{
	f->out += n;
	if (f->wants_crc)
		f->crc = (uint32_t)crc32(f->crc, f->buf.p, (unsigned int)n);
	return container_buffer_give(&f->buf, r, n);
}

static int result(struct container_reader *r, int z)
{
	switch (z) {
	case Z_STREAM_END:
		return 1;
	case Z_OK:
	case Z_BUF_ERROR:
		return 0;
	case Z_MEM_ERROR:
		return -ENOMEM;
	case Z_NEED_DICT:
		return container_refuse(r, "it needs a preset dictionary");
	default:
		return container_fail(r, "broken deflate data");
	}
}

int inflate_feed(
	struct inflate *f, struct container_reader *r, const unsigned char **p, size_t *len)
{
	int z, rc;

	f->z.next_in = (unsigned char *)*p;
	f->z.avail_in = (unsigned int)*len;
	do {
		f->z.next_out = f->buf.p;
		f->z.avail_out = CONTAINER_BUFFER;
		/* As if nothing followed: what fits the buffer then needs no window. It may. */
		z = inflate(&f->z, Z_FINISH);
		rc = give(f, r, CONTAINER_BUFFER - f->z.avail_out);
	} while (rc == 0 && z == Z_BUF_ERROR && f->z.avail_out == 0);
	*p = f->z.next_in;
	*len = f->z.avail_in;
	return rc < 0 ? rc : result(r, z);
}

void inflate_done(struct inflate *f)
{
	if (f->open)
		inflateEnd(&f->z);
	container_buffer_done(&f->buf);
	*f = (struct inflate){0};
}
