#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/path.h"
#include "shim/monitor.h"
#include "shim/monitor_keys.h"
#include "shim/monitor_log.h"
#include "shim/monitor_metrics.h"
#include "shim/monitor_net.h"
#include "shim/monitor_pasta.h"
#include "shim/monitor_part.h"
#include "shim/monitor_reload.h"
#include "shim/monitor_request.h"
#include "shim/monitor_store.h"
#include "shim/monitor_token.h"

/*
 * What is watched in one round. `slot` is where the owner keeps the descriptor: a handler before it
 * in the same round may have closed it, then it is left alone.
 */
struct watch {
	int *slot;
	void (*handle)(struct monitor *m, void *arg, void *arg2);
	void *arg, *arg2;
};

#define WATCH_MAX                                                                                  \
	(11 + MONITOR_PEERS_MAX + MONITOR_KEYS_MAX + COMPONENT_COUNT * (2 + MONITOR_PART_SOCKETS))

struct round {
	struct pollfd fds[WATCH_MAX];
	struct watch watches[WATCH_MAX];
	nfds_t n;
};

static void watch(struct round *r, const struct watch *w, short events)
{
	if (*w->slot < 0 || r->n >= WATCH_MAX)
		return;
	r->fds[r->n] = (struct pollfd){.fd = *w->slot, .events = events};
	r->watches[r->n++] = *w;
}

static void on_peer(struct monitor *m, void *peer, void *unused)
{
	(void)unused;
	monitor_request_hear(m, peer);
}

static void on_accept(struct monitor *m, void *unused, void *unused2)
{
	(void)unused;
	(void)unused2;
	monitor_request_accept(m);
}

/* Before the commit that is the runtime's business: it has to tell why create failed. */
static void on_agent_end(struct monitor *m, void *unused, void *unused2)
{
	(void)unused;
	(void)unused2;
	fd_close(&m->agent_pidfd);
	if (m->committed)
		monitor_stop(m, false, "the agent has ended");
}

static void on_signal(struct monitor *m, void *unused, void *unused2)
{
	struct signalfd_siginfo info;

	(void)unused;
	(void)unused2;
	if (read(m->signal_fd, &info, sizeof(info)) != (ssize_t)sizeof(info))
		return;
	if (info.ssi_signo == SIGHUP)
		monitor_reload_ask(m);
	else
		monitor_stop(m, false, "a signal asked for it");
}

static void on_pasta_end(struct monitor *m, void *unused, void *unused2)
{
	(void)unused;
	(void)unused2;
	monitor_pasta_ended(m);
}

static void on_reader_end(struct monitor *m, void *unused, void *unused2)
{
	(void)unused;
	(void)unused2;
	monitor_reload_asked(m);
}

static void on_part_end(struct monitor *m, void *part, void *unused)
{
	(void)unused;
	monitor_part_ended(m, part);
}

static void on_part_message(struct monitor *m, void *part, void *unused)
{
	(void)unused;
	monitor_part_hear(m, part);
}

static void on_writer_end(struct monitor *m, void *unused, void *unused2)
{
	(void)unused;
	(void)unused2;
	monitor_store_ended(m);
}

static void on_writer_message(struct monitor *m, void *unused, void *unused2)
{
	(void)unused;
	(void)unused2;
	monitor_store_hear(m);
}

static void on_probe(struct monitor *m, void *part, void *probe)
{
	monitor_part_probed(m, part, probe);
}

static void on_key(struct monitor *m, void *key, void *unused)
{
	(void)unused;
	monitor_keys_hear(m, key);
}

static void watch_part(struct round *r, struct monitor_part *p)
{
	watch(r, &(struct watch){&p->c.init.pidfd, on_part_end, p, NULL}, POLLIN);
	for (size_t i = 0; i < MONITOR_PART_SOCKETS; i++)
		watch(r, &(struct watch){&p->probes[i].fd, on_probe, p, &p->probes[i]},
			p->probes[i].events);
	watch(r, &(struct watch){&p->c.control, on_part_message, p, NULL}, POLLIN);
}

static void watch_writer(struct round *r, struct component *c)
{
	if (!c)
		return;
	watch(r, &(struct watch){&c->init.pidfd, on_writer_end, NULL, NULL}, POLLIN);
	watch(r, &(struct watch){&c->control, on_writer_message, NULL, NULL}, POLLIN);
}

/* Those that we trust come first. */
static void collect(struct round *r, struct monitor *m)
{
	r->n = 0;
	watch(r, &(struct watch){&m->signal_fd, on_signal, NULL, NULL}, POLLIN);
	watch(r, &(struct watch){&m->boot.fd, on_peer, &m->boot, NULL}, POLLIN);
	watch(r, &(struct watch){&m->agent_pidfd, on_agent_end, NULL, NULL}, POLLIN);
	for (size_t i = 0; i < MONITOR_PEERS_MAX; i++)
		watch(r, &(struct watch){&m->peers[i].fd, on_peer, &m->peers[i], NULL}, POLLIN);
	watch(r, &(struct watch){&m->reloader.pidfd, on_reader_end, NULL, NULL}, POLLIN);
	watch(r, &(struct watch){&m->pasta.pidfd, on_pasta_end, NULL, NULL}, POLLIN);
	watch(r, &(struct watch){&m->listen_fd, on_accept, NULL, NULL}, POLLIN);
	for (size_t i = 0; i < m->n_keys; i++)
		watch(r, &(struct watch){&m->keys[i].job.sock, on_key, &m->keys[i], NULL}, POLLIN);
	for (size_t i = 0; i < COMPONENT_COUNT; i++)
		watch_part(r, &m->parts[i]);
	watch_writer(r, monitor_store_writer(m));
}

static void earlier(int64_t *due, int64_t other)
{
	if (other < *due)
		*due = other;
}

static int timeout_ms(const struct monitor *m, int64_t now)
{
	int64_t due = monitor_keys_due(m);

	for (size_t i = 0; i < COMPONENT_COUNT; i++)
		earlier(&due, monitor_part_due(&m->parts[i]));
	earlier(&due, monitor_store_due(m));
	earlier(&due, monitor_token_due(m));
	if (m->pasta_due)
		earlier(&due, m->pasta_due);
	if (m->boot.wait != WAIT_NONE)
		earlier(&due, m->boot.due);
	for (size_t i = 0; i < MONITOR_PEERS_MAX; i++)
		if (m->peers[i].fd >= 0 && m->peers[i].wait != WAIT_NONE)
			earlier(&due, m->peers[i].due);
	if (due == INT64_MAX)
		return -1;
	due -= now;
	return due < 0 ? 0 : due > INT_MAX ? INT_MAX : (int)due;
}

static void serve_round(struct monitor *m, struct round *r)
{
	collect(r, m);
	if (poll(r->fds, r->n, timeout_ms(m, proc_now_ms())) < 0) {
		if (errno != EINTR)
			log_error("poll: %s", strerror(errno));
		return;
	}
	for (nfds_t i = 0; i < r->n; i++)
		if (r->fds[i].revents && *r->watches[i].slot == r->fds[i].fd)
			r->watches[i].handle(m, r->watches[i].arg, r->watches[i].arg2);
	for (size_t i = 0; i < COMPONENT_COUNT; i++)
		monitor_part_tick(m, &m->parts[i], proc_now_ms());
	monitor_store_tick(m, proc_now_ms());
	monitor_token_tick(m, proc_now_ms());
	monitor_pasta_tick(m, proc_now_ms());
	monitor_keys_tick(m, proc_now_ms());
	monitor_request_answer(m, proc_now_ms());
}

static bool all_gone(const struct monitor *m)
{
	for (size_t i = 0; i < COMPONENT_COUNT; i++)
		if (m->parts[i].state != PART_GONE)
			return false;
	return !monitor_store_writer(m);
}

/* The record goes last: until then the next command could finish what we do not. */
static void undo(struct monitor *m, struct err *result)
{
	struct err one;

	*result = (struct err){0};
	monitor_log_close(m);
	monitor_store_done(m);
	if (monitor_net_undo(m, &one) < 0)
		*result = one;
	if (m->record.work_dir && path_remove_tree(AT_FDCWD, m->record.work_dir, &one) < 0 &&
		!result->code)
		*result = one;
	fd_close(&m->listen_fd);
	fd_close(&m->metrics_fd);
	(void)unlinkat(m->state_dirfd, MONITOR_METRICS, 0);
	(void)unlinkat(m->state_dirfd, MONITOR_SOCKET, 0);
	if (!result->code)
		(void)unlinkat(m->state_dirfd, MONITOR_RECORD, 0);
	if (result->code)
		log_error("%s", result->msg);
}

void monitor_loop(struct monitor *m)
{
	struct round r;
	struct err result;
	int theirs;

	/* What failed before the first round is to be told in it. */
	monitor_request_answer(m, proc_now_ms());
	while (m->phase != MONITOR_STOPPING || !all_gone(m))
		serve_round(m, &r);
	undo(m, &result);
	log_info("ended");
	theirs = monitor_keys_leave(m);
	monitor_request_stopped(m, &result, &theirs);
	if (theirs >= 0)
		monitor_keys_revoke(theirs);
	fd_close(&theirs);
}
