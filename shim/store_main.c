/*
 * bottle-store: writes into one store of objects what a gate has fetched, or tidies it; then it
 * ends. Started by the monitor as a component is (base/component.h), in an empty network namespace,
 * with three directories. Not for people.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/component.h"
#include "base/fd.h"
#include "base/json.h"
#include "base/log.h"
#include "base/msg.h"
#include "base/ptr.h"
#include "shim/monitor_store.h"
#include "shim/store_lockdown.h"
#include "shim/store_work.h"

/* ioprio_set(2): glibc has no wrapper, <linux/ioprio.h> only new kernels' headers. */
#define IOPRIO_WHO_PROCESS 1
#define IOPRIO_IDLE	   (3 << 13)

/* Behind everything else of the machine; one who may not be is no worse for it. */
static void be_modest(void)
{
	if (setpriority(PRIO_PROCESS, 0, 19) < 0 ||
		syscall(SYS_ioprio_set, IOPRIO_WHO_PROCESS, 0, IOPRIO_IDLE) < 0)
		log_debug("the priority stays: %s", strerror(errno));
}

static int limit(struct err *e)
{
	const struct {
		int which;
		rlim_t value;
	} limits[] = {
		{RLIMIT_CPU, MONITOR_STORE_CPU_S},
		{RLIMIT_DATA, MONITOR_STORE_MEMORY},
	};

	for (size_t i = 0; i < ARRAY_LEN(limits); i++) {
		const struct rlimit l = {limits[i].value, limits[i].value};

		if (setrlimit(limits[i].which, &l) < 0)
			return err_set(e, errno, "limit the writer of a store");
	}
	return 0;
}

static int read_plan(struct store_work *w, struct component_boot *boot, struct err *e)
{
	cleanup_json json_t *j = NULL;
	struct json_at root;
	int r = component_boot(COMPONENT_CONTROL_FD, boot, e);

	if (r == 0)
		r = json_parse(boot->config, strlen(boot->config), "the plan", &j, e);
	if (r < 0)
		return r;
	root = json_root(j, "the plan");
	r = json_get_bool(&root, "tidy", &w->tidy, e);
	w->pack_fd = component_take_listener(boot, MONITOR_STORE_PACK);
	w->refs_fd = component_take_listener(boot, MONITOR_STORE_REFS);
	if (r >= 0 && !w->tidy && (w->pack_fd < 0 || w->refs_fd < 0))
		return err_say(e, EPROTO, "no pack or no refs came");
	return r < 0 ? r : 0;
}

/* The monitor has looked at this process meanwhile; one that had ended by then it could not. */
static int await_begin(struct err *e)
{
	cleanup_msg struct msg m = {0};
	int r = msg_recv(COMPONENT_CONTROL_FD, &m, e);

	if (r < 0)
		return r;
	if (r == 0)
		return err_say(e, EPIPE, "the monitor is gone");
	return m.type == COMPONENT_BEGIN && m.n_fds == 0
		       ? 0
		       : err_say(e, EPROTO, "unknown control message %u", m.type);
}

static int run(struct store_work *w, struct component_boot *boot, struct err *e)
{
	pid_t parent = getppid();
	int r = read_plan(w, boot, e);

	be_modest();
	if (r == 0)
		r = limit(e);
	if (r == 0)
		r = store_lockdown_enter(parent, e);
	if (r == 0)
		r = component_ready(COMPONENT_CONTROL_FD, e);
	if (r == 0)
		r = await_begin(e);
	return r == 0 ? store_work(w, e) : r;
}

int main(void)
{
	struct store_work w = {
		.now = "/" MONITOR_STORE_NOW,
		.view = "/" MONITOR_STORE_VIEW,
		.place = "/" MONITOR_STORE_PLACE,
		.pack_fd = -1,
		.refs_fd = -1,
	};
	struct component_boot boot = {0};
	struct err e = {0};
	int r;

	umask(077);
	r = run(&w, &boot, &e);
	if (r < 0)
		component_failed(COMPONENT_CONTROL_FD, &e);
	component_boot_done(&boot);
	return r < 0;
}
