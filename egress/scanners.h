#ifndef EGRESS_SCANNERS_H
#define EGRESS_SCANNERS_H

#include "base/component.h"
#include "base/err.h"
#include "scan/scan.h"

/*
 * The bottle's scanner: rules and known secrets as they were handed over, and readers that wait to
 * be used again, since to make one costs more than to read a short message.
 */
struct scanners;

/* One reader, in use for one message. */
struct scanner;

/*
 * Takes the rules' descriptor and borrows the secrets, all of which are looked for but the files
 * of logins, whose tokens are learned. Without rules
 * nothing could be told from a credential: -EINVAL. Before the lock-down.
 */
int scanners_new(struct component_boot *boot, struct scanners **ret, struct err *e);
void scanners_free(struct scanners *s);

/*
 * Looks for these secrets from the next message on, and for the n of `more`, which nobody handed
 * over; what is being read is read as it was begun.
 */
int scanners_learn(struct scanners *s, const struct component_boot *boot,
	const struct scan_secret *more, size_t n, struct err *e);

/* sets: of enum scan_set. Ends with scanner_done. -ENOBUFS: too many are in use, -ENOMEM. */
int scanner_take(struct scanners *s, unsigned int sets, scan_found_fn *found, void *arg,
	struct scanner **ret, struct err *e);

/* The same for what is written down, which must be possible however many others there are. */
int scanner_take_for_log(struct scanners *s, unsigned int sets, scan_found_fn *found, void *arg,
	struct scanner **ret, struct err *e);

void scanner_done(struct scanner *r); /* r may be NULL */

struct scan *scanner_scan(struct scanner *r);

#endif
