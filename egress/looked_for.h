#ifndef EGRESS_LOOKED_FOR_H
#define EGRESS_LOOKED_FOR_H

#include "base/component.h"
#include "scan/scan.h"

/* What of the secrets that were handed over nobody may send: as the scanner takes it. */
struct looked_for {
	struct scan_secret list[COMPONENT_SECRETS_MAX];
	size_t n;
	struct secret keys[COMPONENT_SECRETS_MAX]; /* texts of which not all is looked for */
	size_t n_keys;
};

/* Borrows from boot. The caller ends *ret with looked_for_done, also on failure. */
int looked_for_of(const struct component_boot *boot, struct looked_for *ret, struct err *e);
void looked_for_done(struct looked_for *l);

#endif
