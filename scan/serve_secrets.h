#ifndef SCAN_SERVE_SECRETS_H
#define SCAN_SERVE_SECRETS_H

#include "base/component.h"
#include "scan/scan.h"

/* What the monitor has sent to look for, as scan_rules_new takes it. */
struct serve_secrets {
	struct scan_secret list[COMPONENT_SECRETS_MAX];
	size_t n;
	struct secret keys[COMPONENT_SECRETS_MAX]; /* values of which not all is looked for */
	size_t n_keys;
};

/*
 * What is everybody's of a key file is not looked for (scan/key_text.h). Borrows from boot. The
 * caller ends *ret with serve_secrets_done, also on failure.
 */
int serve_secrets_of(const struct component_boot *boot, struct serve_secrets *ret, struct err *e);
void serve_secrets_done(struct serve_secrets *s);

#endif
