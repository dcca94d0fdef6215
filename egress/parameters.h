#ifndef EGRESS_PARAMETERS_H
#define EGRESS_PARAMETERS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/http1.h"

/*
 * The parameters of a request's query, decoded: "+" is a blank, "%XX" a byte
 * (application/x-www-form-urlencoded, URL Standard section 5.1). Made only where a rule speaks of
 * parameters.
 */
#define PARAMETERS_MAX 512

struct parameters {
	struct http1_field *pairs; /* owned, the strings in text */
	size_t n;
	char *text;
	/* Why a server could read it in another way than we do; NULL: none could. What can be
	 * meant by it is among the pairs all the same, unless it is crowded. */
	const char *ambiguous;
	bool crowded; /* more than PARAMETERS_MAX: none was read */
};

/* text: what stands behind '?', or "". 0 or -ENOMEM. */
int parameters_parse(const char *text, struct parameters *ret);
void parameters_done(struct parameters *q);

/* Whether a server may take a decoded name for this one (query_names). */
bool parameters_alike(const char *sent, const char *name);

#endif
