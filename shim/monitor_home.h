#ifndef SHIM_MONITOR_HOME_H
#define SHIM_MONITOR_HOME_H

#include "shim/monitor.h"

/*
 * STATE_HOME/SLUG of a bottle: logs/ and metadata.json, which stay after the end, and mirrors/, the
 * gate's /git. That is on disk and not under the runtime's root, which often is a tmpfs: a mirror
 * may be large. It goes with the bottle.
 */

/* Makes it, opens the monitor's own log and begins to log there; sets m->record.work_dir. */
int monitor_home_open(struct monitor *m, struct err *e);

/* Opens logs/NAME.log for append, 0600. The caller owns *ret_fd. */
int monitor_home_log(struct monitor *m, const char *name, int *ret_fd, struct err *e);

/* metadata.json {agent, bottle_names, cwd, started_at, backend, engine_id, state_dir}. */
int monitor_home_metadata(struct monitor *m, struct err *e);

/* An empty mirrors/ of the gate's uid; m->record is on disk, so that a crash leaves it not behind.
 */
int monitor_home_mirrors(struct monitor *m, struct err *e);

/* A memfd with NAME-key and NAME-known_hosts of each repository (component_creds_add). */
int monitor_home_creds(struct monitor *m, int *ret_fd, struct err *e);

/*
 * Whom the components ask for names, into m->resolv_conf: the plan's file; where that names
 * systemd-resolved's stub, which listens in the host's namespace only, the file with the servers
 * behind it.
 */
int monitor_home_resolv(struct monitor *m, struct err *e);

#endif
