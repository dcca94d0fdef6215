#ifndef SHIM_VARIANT_H
#define SHIM_VARIANT_H

#include <jansson.h>

#include "base/err.h"

/*
 * A D-Bus value as GVariant's text writes it (GLib's "GVariant Text Format"), which is what runc
 * and crun take in the annotations org.systemd.property.*: 'text', "text", true, 5, -5, 1.5,
 * uint64 5, ['a', 'b'], @as []. Numbers without a type are of type i, or d with a point.
 */
struct variant {
	char type[4];  /* D-Bus signature: one letter, or 'a' and one */
	json_t *value; /* owned: string, boolean, integer, real, or a list of them */
};

/* -EINVAL with what is wrong with the text. The caller ends with variant_done. */
int variant_parse(const char *text, struct variant *ret, struct err *e);
void variant_done(struct variant *v);

#endif
