#ifndef SHIM_CHECKPOINT_H
#define SHIM_CHECKPOINT_H

#include "base/err.h"
#include "shim/checkpoint_options.h"
#include "shim/cmd.h"
#include "shim/container.h"

/*
 * A container's processes written to files by criu(8), and made again from them. The files are
 * criu's, but DESCRIPTORS, which says what init's standard descriptors were: pipes are given to the
 * restored process anew by that name, as runc does (its images can be restored, and ours by it).
 * A bottle can be neither: its connections end in a sidecar that is not in the images.
 */
#define CHECKPOINT_DESCRIPTORS "descriptors.json"

/*
 * Dumps container `id`; without leave_running and pre_dump it is deleted afterwards. Needs root.
 * On failure it goes on as it was.
 */
int checkpoint_container(
	const struct globals *g, const struct checkpoint_options *o, const char *id, struct err *e);

struct restore_options {
	struct container_options container;
	struct checkpoint_options checkpoint;
	bool detach;
};

/*
 * Makes container `id` from the bundle and the images. As container_create, but its init runs when
 * this returns; sets o->container.bring_init. The caller ends with container_done.
 */
int checkpoint_restore(const struct globals *g, struct restore_options *o, const char *id,
	struct container *ret, struct err *e);

/* ---- between dump and restore */

/* The namespaces that stay the host's, by path in config.json: criu's words for them. */
struct checkpoint_ns {
	enum oci_ns kind;
	const char *type, *key; /* "net", "extRootNetNS" */
};

extern const struct checkpoint_ns checkpoint_namespaces[]; /* ends with a NULL type */

/* Warns with the errors in criu's log, `name` in the directory. */
void checkpoint_quote_log(const char *dir, const char *name);

#endif
