#ifndef SHIM_CGROUP_STATS_H
#define SHIM_CGROUP_STATS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"
#include "shim/cgroup_impl.h"

/*
 * What the files of a container's groups say, as members of one JSON text in runc's shape (its
 * types/events package). A text, since the kernel's unsigned 64-bit numbers ("no limit" is the
 * largest) do not fit a JSON library's integers. A file that a kernel lacks counts as 0, or leaves
 * its member out where runc does.
 */
struct stats_out {
	struct str s;
	bool after; /* a member stands before: a comma is due */
};

/* One level down, `"key":{`, and up again. */
void stats_open(struct stats_out *o, const char *key);
void stats_close(struct stats_out *o);

/* A member whose value is JSON text already. */
void stats_text(struct stats_out *o, const char *key, const char *json);
void stats_number(struct stats_out *o, const char *key, uint64_t v);
/* As above, left out when it is 0. */
void stats_some(struct stats_out *o, const char *key, uint64_t v);
/* The pressure file of v2 (Documentation/accounting/psi.rst), where there is one. */
void stats_pressure(struct stats_out *o, struct cgroup_hier *h, const char *file);

/* A file that is one number ("max": UINT64_MAX), else 0. h may be NULL. */
uint64_t stats_value(struct cgroup_hier *h, const char *file);
/* A whole file, "" when it cannot be read; caller frees. NULL only when memory ran out. */
char *stats_file(struct cgroup_hier *h, const char *file);
/* The number behind "KEY " at the start of a line, else 0. */
uint64_t stats_field(const char *text, const char *key);
/* Members from lines "KEY NUMBER". */
void stats_flat(struct stats_out *o, const char *text);
/* "0-2,7" to the JSON list [0,1,2,7]; caller frees. NULL when it is none or empty. */
char *stats_cpu_list(const char *text);

/* The parts, one function for each hierarchy that can have it. */
void stats_v1_cpu(const struct cgroup *cg, struct stats_out *o);
void stats_v1_cpuset(struct cgroup_hier *h, struct stats_out *o);
void stats_v1_memory(struct cgroup_hier *h, struct stats_out *o);
void stats_v1_blkio(struct cgroup_hier *h, struct stats_out *o);
void stats_v2_cpu(struct cgroup_hier *h, struct stats_out *o);
void stats_v2_cpuset(struct cgroup_hier *h, struct stats_out *o);
void stats_v2_memory(struct cgroup_hier *h, struct stats_out *o);
void stats_v2_io(struct cgroup_hier *h, struct stats_out *o);

/* io.stat's lines to runc's two lists; exposed for tests. */
void stats_v2_io_text(struct stats_out *o, const char *text);
/* One of v1's files of lines "MAJOR:MINOR [OP] NUMBER". */
void stats_v1_blkio_text(struct stats_out *o, const char *key, const char *text);

#endif
