#ifndef EGRESS_LOOKED_FOR_H
#define EGRESS_LOOKED_FOR_H

#include "base/component.h"
#include "scan/scan.h"

/* What of the secrets that were handed over nobody may send: as the scanner takes it. */
#define LOOKED_FOR_MAX (COMPONENT_SECRETS_MAX + 256)

struct looked_for {
	struct scan_secret list[LOOKED_FOR_MAX];
	size_t n;
	struct secret keys[COMPONENT_SECRETS_MAX]; /* texts of which not all is looked for */
	size_t n_keys;
};

/* Borrows from boot. The caller ends *ret with looked_for_done, also on failure. */
int looked_for_of(const struct component_boot *boot, struct looked_for *ret, struct err *e);

/* One more, borrowed. */
int looked_for_add(struct looked_for *l, const struct scan_secret *one, struct err *e);
void looked_for_done(struct looked_for *l);

#endif
