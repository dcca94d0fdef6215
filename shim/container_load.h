#ifndef SHIM_CONTAINER_LOAD_H
#define SHIM_CONTAINER_LOAD_H

#include <stddef.h>

#include "base/err.h"
#include "bundle/plan.h"
#include "shim/cmd.h"
#include "shim/state.h"

/* From the bundle's text to the plan: nothing is changed yet. */
struct container_source {
	char *text; /* of config.json, as it was read */
	size_t len;
	struct plan *plan;
};

/* bundle and config as in struct container_options. The caller ends with container_source_done. */
int container_load(const struct globals *g, const char *bundle, const char *config, const char *id,
	struct container_source *ret, struct err *e);
void container_source_done(struct container_source *s);

#endif
