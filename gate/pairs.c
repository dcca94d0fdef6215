#include "gate/pairs.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/ptr.h"
#include "base/sha256.h"

#define START 1024

void pairs_done(struct pairs *p)
{
	free(p->slots);
	*p = (struct pairs){0};
}

/* The digest's head: among a million, one is mistaken for another with a chance of 1 in 10^7. */
static int digest(const struct pairs *p, const char *oid, const char *path, uint64_t *ret)
{
	const size_t oid_len = strlen(oid), path_len = strlen(path);
	const size_t len = sizeof(p->key) + oid_len + path_len;
	unsigned char out[SHA256_SIZE], small[512];
	cleanup_free unsigned char *large = len > sizeof(small) ? malloc(len) : NULL;
	unsigned char *text = large ? large : small;

	if (len > sizeof(small) && !large)
		return -ENOMEM;
	memcpy(text, p->key, sizeof(p->key));
	memcpy(text + sizeof(p->key), oid, oid_len);
	memcpy(text + sizeof(p->key) + oid_len, path, path_len);
	sha256(text, len, out);
	memcpy(ret, out, sizeof(*ret));
	*ret |= 1; /* never 0 */
	return 0;
}

/* Where it is, or would be. There is always a free one. */
static size_t slot(const uint64_t *slots, size_t cap, uint64_t hash)
{
	size_t i = (hash >> 1) & (cap - 1);

	while (slots[i] && slots[i] != hash)
		i = (i + 1) & (cap - 1);
	return i;
}

static int grow(struct pairs *p)
{
	size_t cap = p->cap ? 2 * p->cap : START;
	uint64_t *slots = calloc(cap, sizeof(*slots));

	if (!slots)
		return -ENOMEM;
	if (p->cap == 0 && getrandom(p->key, sizeof(p->key), 0) != sizeof(p->key)) {
		free(slots);
		return -EIO;
	}
	for (size_t i = 0; i < p->cap; i++)
		if (p->slots[i])
			slots[slot(slots, cap, p->slots[i])] = p->slots[i];
	free(p->slots);
	p->slots = slots;
	p->cap = cap;
	return 0;
}

int pairs_add(struct pairs *p, const char *oid, const char *path, struct err *e)
{
	uint64_t hash;
	size_t i;
	int r = p->n * 2 >= p->cap ? grow(p) : 0;

	if (r == 0)
		r = digest(p, oid, path, &hash);
	if (r < 0)
		return err_set(e, -r, "note what was read");
	i = slot(p->slots, p->cap, hash);
	if (p->slots[i])
		return 0;
	p->slots[i] = hash;
	p->n++;
	return 1;
}

int pairs_has(const struct pairs *p, const char *oid, const char *path, struct err *e)
{
	uint64_t hash;

	if (p->cap == 0)
		return 0;
	if (digest(p, oid, path, &hash) < 0)
		return err_set(e, ENOMEM, "look up what was read");
	return p->slots[slot(p->slots, p->cap, hash)] != 0;
}
