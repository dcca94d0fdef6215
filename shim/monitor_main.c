#include <stdio.h>
#include <string.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/msg.h"
#include "shim/monitor_boot.h"
#include "forge/revoker.h"
#include "shim/monitor_cleanup.h"
#include "shim/reload.h"
#include "shim/revoke.h"

/*
 * bottle-monitor: one process a bottle, started by `bottle-shim create` with the boot socket as
 * descriptor 3. Not for people.
 */
static int run(struct monitor *m, struct err *e)
{
	int r = monitor_boot_harden(e);

	if (r == 0)
		r = monitor_boot_receive(m, e);
	if (r == 0)
		r = monitor_boot_make(m, e);
	if (r == 0)
		monitor_loop(m);
	return r;
}

/* What failed before there was a bottle to serve: told to the runtime, and nothing stays. */
static void abandon(struct monitor *m, const struct err *why)
{
	struct err e;

	log_error("%s", why->msg);
	monitor_stop(m, true, "it could not be made");
	monitor_loop(m);
	if (msg_send(m->boot.fd, MONITOR_ERROR, why, sizeof(*why), NULL, 0, &e) < 0)
		log_error("%s", e.msg);
}

int main(int argc, char **argv)
{
	struct monitor m;
	struct err e = {0};
	int r;

	if (argc == 3 && strcmp(argv[1], RELOAD_VERB) == 0)
		return reload_serve(argv[2]);
	if (fd_set_cloexec(MONITOR_BOOT_FD, 1) < 0) {
		fprintf(stderr, "bottle-monitor is started by bottle-shim\n");
		return 2;
	}
	if (argc == 2 && strcmp(argv[1], "cleanup") == 0)
		return monitor_cleanup_serve(MONITOR_BOOT_FD, &e) < 0;
	if (argc == 2 && strcmp(argv[1], REVOKER_VERB) == 0)
		return revoke_serve(REVOKER_FD, &e) < 0;
	monitor_init(&m);
	m.boot.fd = MONITOR_BOOT_FD;
	r = run(&m, &e);
	if (r < 0)
		abandon(&m, &e);
	monitor_done(&m);
	return r < 0;
}
