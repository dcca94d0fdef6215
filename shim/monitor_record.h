#ifndef SHIM_MONITOR_RECORD_H
#define SHIM_MONITOR_RECORD_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/err.h"
#include "shim/component.h"

/*
 * STATE_DIR/sidecar.json: what outlives a monitor that was killed, so that the next command can
 * remove it. It is there from before the first thing that needs it until after the last.
 */
#define MONITOR_RECORD "sidecar.json"

struct monitor_process {
	pid_t pid; /* 0: none */
	unsigned long long start_time;
};

struct monitor_record {
	struct monitor_process monitor;
	struct monitor_process inits[COMPONENT_COUNT]; /* each component's pid 1 */
	struct monitor_process pasta;
	char *bridge_id; /* NULL: not on our bridge */
	char *work_dir;	 /* the gate's mirrors; removed with the bottle */
};

/* Pid and start time of a live process. -ESRCH when there is none. */
int monitor_process_of(pid_t pid, struct monitor_process *ret, struct err *e);

int monitor_record_write(int state_dirfd, const struct monitor_record *rec, struct err *e);

/* -ENOENT when there is none. The caller ends *ret with monitor_record_done. */
int monitor_record_read(int state_dirfd, struct monitor_record *ret, struct err *e);
void monitor_record_done(struct monitor_record *rec);

bool monitor_record_exists(const char *state_dir);

#endif
