#ifndef SHIM_CGROUP_OOM_H
#define SHIM_CGROUP_OOM_H

#include <stdbool.h>
#include <stdint.h>

#include "shim/cgroup.h"

/*
 * Hears of it when the kernel kills for want of memory in a container's group. v1: an eventfd on
 * memory.oom_control (Documentation/admin-guide/cgroup-v1/memory.rst, section 10); v2: inotify(7)
 * on memory.events.
 */
struct cgroup_oom {
	int fd;	  /* owned; for poll(2), POLLIN; -1: this container has no memory controller */
	int file; /* owned; memory.oom_control, on v2 memory.events */
	bool v2;
	uint64_t seen; /* v2: kills told so far */
};

#define CGROUP_OOM_NONE ((struct cgroup_oom){.fd = -1, .file = -1})

/* *ret is set after an error, too; the caller ends it with cgroup_oom_done. */
int cgroup_oom_watch(struct cgroup *cg, struct cgroup_oom *ret, struct err *e);

/* After poll: whether it has happened since the last call. */
bool cgroup_oom_take(struct cgroup_oom *w);

void cgroup_oom_done(struct cgroup_oom *w);
#define cleanup_oom __attribute__((cleanup(cgroup_oom_done)))

#endif
