#include "shim/monitor.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "shim/monitor_keys.h"
#include "shim/monitor_part.h"
#include "shim/monitor_reload.h"
#include "shim/monitor_store.h"

void monitor_init(struct monitor *m)
{
	*m = (struct monitor){
		.born = proc_now_ms(),
		.uids = {.lock_fd = -1},
		.netns_fd = -1,
		.agent_netns_fd = -1,
		.agent_pidfd = -1,
		.state_dirfd = -1,
		.home_dirfd = -1,
		.metrics_fd = -1,
		.listen_fd = -1,
		.signal_fd = -1,
		.rules_fd = -1,
		.door = {-1, -1},
		.boot = {.fd = -1},
		.pasta = PROC_NONE,
		.reloader = PROC_NONE,
	};
	for (size_t i = 0; i < MONITOR_PEERS_MAX; i++)
		m->peers[i].fd = -1;
	for (size_t i = 0; i < MONITOR_SOCKETS; i++)
		m->sockets[i] = -1;
	for (size_t i = 0; i < COMPONENT_COUNT; i++)
		monitor_part_init(&m->parts[i], &component_kinds[i]);
}

void monitor_done(struct monitor *m)
{
	int *const fds[] = {&m->netns_fd, &m->agent_netns_fd, &m->agent_pidfd, &m->state_dirfd,
		&m->home_dirfd, &m->metrics_fd, &m->listen_fd, &m->signal_fd, &m->rules_fd,
		&m->door[0], &m->door[1], &m->boot.fd};

	for (size_t i = 0; i < COMPONENT_COUNT; i++)
		monitor_part_done(&m->parts[i]);
	monitor_store_done(m);
	for (size_t i = 0; i < sizeof(fds) / sizeof(*fds); i++)
		fd_close(fds[i]);
	for (size_t i = 0; i < MONITOR_PEERS_MAX; i++)
		fd_close(&m->peers[i].fd);
	for (size_t i = 0; i < MONITOR_SOCKETS; i++)
		fd_close(&m->sockets[i]);
	monitor_keys_done(m);
	monitor_reload_drop(m);
	proc_kill(&m->reloader);
	free(m->resolv_conf);
	policy_gate_done(&m->gate);
	monitor_record_done(&m->record);
	monitor_plan_done(&m->plan);
	ca_done(&m->ca);
	uids_release(&m->uids);
}

uid_t monitor_uid(const struct monitor *m, enum component_id id)
{
	return m->uids.first + component_kinds[id].uid_offset;
}

int monitor_remember(struct monitor *m, struct err *e)
{
	struct err ended;

	for (size_t i = 0; i < COMPONENT_COUNT; i++) {
		m->record.inits[i] = (struct monitor_process){0};
		/* One that has ended meanwhile needs no remembering. */
		if (m->parts[i].c.init.pid > 0)
			(void)monitor_process_of(
				m->parts[i].c.init.pid, &m->record.inits[i], &ended);
	}
	return monitor_record_write(m->state_dirfd, &m->record, e);
}

void monitor_fail(struct monitor *m, const struct err *why)
{
	if (m->failure.code)
		return;
	m->failure = *why;
	log_error("%s", why->msg);
}

void monitor_stop(struct monitor *m, bool hurry, const char *why)
{
	if (m->phase != MONITOR_STOPPING)
		log_info("stopping: %s", why);
	m->phase = MONITOR_STOPPING;
	m->hurry = m->hurry || hurry;
	monitor_keys_stop(m);
	for (size_t i = 0; i < COMPONENT_COUNT; i++)
		monitor_part_stop(&m->parts[i], m->hurry);
	monitor_store_stop(m, m->hurry);
}
