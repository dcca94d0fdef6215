#include <errno.h>
#include <string.h>

#include "base/msg.h"
#include "shim/monitor_plan.h"
#include "shim/monitor_record.h"
#include "shim/sidecar_cgroup.h"
#include "shim/sidecar_impl.h"

/* It may wait 5 s for the end of each process, and some for the firewall's lock. */
#define CLEANUP_MS 40000

/*
 * The networks are taken down with libraries that this program does not link: the monitor's program
 * does it, and tells over the same kind of socket.
 */
static int clean_networks(const char *state_dir, struct err *e)
{
	cleanup_sidecar struct sidecar *s = sidecar_new(state_dir);
	cleanup_msg struct msg m = {0};
	int r;

	if (!s)
		return err_set(e, ENOMEM, "a sidecar");
	r = sidecar_spawn(s, "cleanup", NULL, e);
	if (r >= 0)
		r = msg_send(s->sock, MONITOR_PLAN, state_dir, strlen(state_dir), NULL, 0, e);
	if (r >= 0)
		r = sidecar_receive(s, CLEANUP_MS, &m, e);
	return r < 0 ? err_wrap(e, "clean up after the bottle's monitor") : 0;
}

bool sidecar_present(const char *state_dir)
{
	return monitor_record_exists(state_dir) || sidecar_cgroup_exists(state_dir);
}

/* Its processes first, all of them, whatever the record knows. */
int sidecar_cleanup(const char *state_dir, struct err *e)
{
	int r = sidecar_cgroup_remove(state_dir, e);

	return r == 0 && monitor_record_exists(state_dir) ? clean_networks(state_dir, e) : r;
}
