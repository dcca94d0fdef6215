#include "scan/container_reader.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "base/secret.h"

/*
 * From here on memory comes from the kernel and goes back to it: that is wiped in effect, and costs
 * nothing for what was not touched. A window is as large as its header says, whatever comes of it.
 */
#define MAPPED_FROM (256U << 10)

/* In front of what is handed out, so that it keeps malloc's alignment. */
union header {
	size_t size; /* with the header */
	max_align_t align;
};

void *container_alloc(size_t size)
{
	union header *h;

	if (__builtin_add_overflow(size, sizeof(*h), &size))
		return NULL;
	if (size < MAPPED_FROM) {
		h = malloc(size);
	} else {
		h = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		h = h == MAP_FAILED ? NULL : h;
	}
	if (!h)
		return NULL;
	h->size = size;
	return h + 1;
}

void container_free(void *p)
{
	union header *h = p;

	if (!p)
		return;
	h--;
	if (h->size >= MAPPED_FROM) {
		munmap(h, h->size);
		return;
	}
	secret_wipe(p, h->size - sizeof(*h));
	free(h);
}

void *container_alloc_for(void *opaque, size_t size)
{
	(void)opaque;
	return container_alloc(size);
}

void *container_alloc_items(void *opaque, unsigned int n, unsigned int size)
{
	(void)opaque;
	return container_alloc((size_t)n * size);
}

void container_free_for(void *opaque, void *p)
{
	(void)opaque;
	container_free(p);
}

int container_buffer_init(struct container_buffer *b)
{
	if (!b->p)
		b->p = malloc(CONTAINER_BUFFER);
	return b->p ? 0 : -ENOMEM;
}

void container_buffer_done(struct container_buffer *b)
{
	if (b->p)
		secret_wipe(b->p, b->used);
	free(b->p);
	*b = (struct container_buffer){0};
}

int container_buffer_give(struct container_buffer *b, struct container_reader *r, size_t n)
{
	if (n > b->used)
		b->used = n;
	return n > 0 ? container_write(r, b->p, n) : 0;
}
