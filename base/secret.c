#include "base/secret.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

int secret_set(struct secret *s, const void *bytes, size_t len, struct err *e)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	size_t mapped = (len + 1 + page - 1) / page * page;
	void *p = mmap(NULL, mapped, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		return err_set(e, ENOMEM, "memory for a secret");
	/* Locking may exceed RLIMIT_MEMLOCK: then the secret could be swapped, as any other. */
	(void)mlock(p, mapped);
	(void)madvise(p, mapped, MADV_DONTDUMP);
	memcpy(p, bytes, len);
	secret_done(s);
	*s = (struct secret){.bytes = p, .len = len, .mapped = mapped};
	return 0;
}

void secret_done(struct secret *s)
{
	if (s->bytes) {
		secret_wipe(s->bytes, s->mapped);
		munmap(s->bytes, s->mapped);
	}
	*s = (struct secret){0};
}

void secret_hide_from_children(const struct secret *s)
{
	if (s->bytes)
		(void)madvise(s->bytes, s->mapped, MADV_DONTFORK);
}

void secret_wipe(void *p, size_t len)
{
	explicit_bzero(p, len);
}

int secret_equal(const void *a, const void *b, size_t len)
{
	const volatile unsigned char *x = a, *y = b;
	unsigned char diff = 0;

	for (size_t i = 0; i < len; i++)
		diff |= (unsigned char)(x[i] ^ y[i]);
	return diff == 0;
}
