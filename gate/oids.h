#ifndef GATE_OIDS_H
#define GATE_OIDS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

/* A set of object ids, hexadecimal. */
struct oids {
	char (*list)[65];
	size_t n, cap;
};

void oids_done(struct oids *o);
#define cleanup_oids __attribute__((cleanup(oids_done)))

/* Of 40 or 64 digits; -EPROTO for anything else. */
int oids_add(struct oids *o, const char *oid, struct err *e);

/* The first word of each whole line; lines that begin with '#' are left out. */
int oids_add_lines(struct oids *o, const char *text, struct err *e);

/* Sorts it, each once; before the first oids_has and after the last oids_add. */
void oids_sort(struct oids *o);
bool oids_has(const struct oids *o, const char *oid);

/* Its place in the sorted list, or -1. */
long oids_find(const struct oids *o, const char *oid);

#endif
