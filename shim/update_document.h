#ifndef SHIM_UPDATE_DOCUMENT_H
#define SHIM_UPDATE_DOCUMENT_H

#include <jansson.h>
#include <stddef.h>

#include "base/err.h"

/*
 * What `update` is asked for, as a resources document (runtime-spec config-linux.md, "resources"),
 * whether it came as a file or as options.
 */

/* One option and where its value stands in the document. */
struct update_option {
	const char *name;
	const char *section, *member; /* section NULL: taken for old callers, and ignored */
	enum { UPDATE_NUMBER, UPDATE_BYTES, UPDATE_TEXT } kind;
	const char *help;
};

extern const struct update_option update_options[];
extern const size_t update_n_options;

/*
 * "512m", "1.5g", "32MB", "4KiB" as Docker's programs write sizes (binary units whatever the
 * spelling); "-1": no limit. 0, -EINVAL, or -ERANGE.
 */
int update_parse_bytes(const char *text, json_int_t *ret);

/* From the values of update_options (NULL: not given). New reference in *ret. */
int update_from_options(const char *const values[], json_t **ret, struct err *e);

/*
 * Takes out numbers that are 0 where engines send that for "leave it" (runc reads all of memory,
 * cpu and blockIO so, but for cpu.idle, cpu.burst and memory.swappiness), and has memory without a
 * limit mean swap without one, too, where nothing is said of swap.
 */
void update_settle(json_t *doc);

/*
 * doc over the resources of a container's configuration: objects member by member, lists as a
 * whole. The configuration's linux.resources is replaced.
 */
int update_merge(json_t *config, const json_t *doc, struct err *e);

#endif
