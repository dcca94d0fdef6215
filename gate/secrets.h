#ifndef GATE_SECRETS_H
#define GATE_SECRETS_H

#include "base/component.h"
#include "base/err.h"

/*
 * The secrets that the scanner must find, as the gate hands them to its hooks: a sealed memfd with
 * NAME NUL LENGTH (8 bytes) VALUE, one after the other.
 */

/* What the monitor has sent → a new memfd. The descriptor or -errno. */
int secrets_pack(const struct component_boot *boot, struct err *e);

struct secrets {
	char *bytes;
	size_t len;
	struct secrets_item {
		const char *name;
		const char *value;
		size_t value_len;
	} list[COMPONENT_SECRETS_MAX];
	size_t n;
};

/* Reads one. Owner: the caller (secrets_done, which wipes). */
int secrets_unpack(int fd, struct secrets *ret, struct err *e);
void secrets_done(struct secrets *s);
#define cleanup_secrets __attribute__((cleanup(secrets_done)))

#endif
