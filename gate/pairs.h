#ifndef GATE_PAIRS_H
#define GATE_PAIRS_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/*
 * Which blobs were read under which paths: a rule may look at the path, so the same bytes under
 * another name are another text. Some sixteen bytes each. Start with {0}.
 */
struct pairs {
	uint64_t *slots; /* 0: free */
	size_t cap, n;
	unsigned char key[32]; /* chosen at random: nobody can make two pairs look alike */
};

void pairs_done(struct pairs *p);
#define cleanup_pairs __attribute__((cleanup(pairs_done)))

/* 1: it is new and now in it; 0: it was there; -errno. path "": the blob whatever its path. */
int pairs_add(struct pairs *p, const char *oid, const char *path, struct err *e);

/* 1, 0 or -errno. */
int pairs_has(const struct pairs *p, const char *oid, const char *path, struct err *e);

#endif
