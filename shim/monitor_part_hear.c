#include <errno.h>
#include <string.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/msg.h"
#include "shim/monitor_part.h"
#include "shim/monitor_proposal.h"
#include "shim/monitor_reload.h"
#include "shim/monitor_request.h"
#include "shim/monitor_store.h"
#include "shim/monitor_token.h"

/* From the end of file on its socket to its own end. */
#define LAST_WORDS_MS 200

/* Most often its end is near: how it ended is worth a moment, then it is killed. */
static void take_eof(struct monitor_part *p)
{
	fd_close(&p->c.control);
	if (p->state == PART_STOPPING)
		return;
	p->state = PART_ENDING;
	p->due = proc_now_ms() + LAST_WORDS_MS;
}

static void come_up(struct monitor *m, struct monitor_part *p)
{
	p->state = PART_UP;
	p->up_since = proc_now_ms();
	log_info("the %s is ready (%lld ms after the monitor's start)", p->kind->name,
		(long long)(p->up_since - m->born));
}

/* How many. */
static int start_probes(struct monitor *m, struct monitor_part *p, struct err *e)
{
	size_t n = 0;
	int r = 0;

	for (size_t i = 0; r == 0 && i < MONITOR_SOCKETS; i++)
		if (monitor_sockets[i].owner == monitor_part_id(p) && n < MONITOR_PART_SOCKETS)
			r = probe_start(
				monitor_sockets[i].probe, m->agent_netns_fd, &p->probes[n++], e);
	return r < 0 ? r : (int)n;
}

/* READY is believed when the kernel says that it is confined. */
static int take_ready(struct monitor *m, struct monitor_part *p, struct err *e)
{
	pid_t pid;
	int r;

	p->ready = true;
	if (p->pidfd < 0)
		return 0;
	if (p->state != PART_STARTING)
		return err_say(e, EPROTO, "ready before it was asked to begin");
	pid = component_pid_of(p->pidfd, e);
	if (pid < 0)
		return pid;
	r = component_verify(pid, monitor_uid(m, monitor_part_id(p)), e);
	if (r == 0)
		r = start_probes(m, p, e);
	if (r < 0)
		return r;
	p->state = PART_PROBING;
	p->due = proc_now_ms() + MONITOR_PROBE_MAX_MS;
	if (r == 0)
		come_up(m, p);
	return 0;
}

static int take_started(struct monitor *m, struct monitor_part *p, struct msg *msg, struct err *e)
{
	if (msg->n_fds != 1 || p->pidfd >= 0)
		return err_say(e, EPROTO, "started twice, or without a pidfd");
	p->pidfd = steal_fd(&msg->fds[0]);
	return p->ready ? take_ready(m, p, e) : 0;
}

static int take_failed(struct msg *msg, struct err *e)
{
	if (msg->len != sizeof(*e))
		return err_say(e, EPROTO, "a malformed failure");
	memcpy(e, msg->body, sizeof(*e));
	e->msg[sizeof(e->msg) - 1] = '\0';
	return -(e->code > 0 ? e->code : (e->code = EIO));
}

static int take_busy(struct monitor_part *p, struct msg *msg, struct err *e)
{
	if (msg->len != sizeof(p->busy))
		return err_say(e, EPROTO, "a malformed number of pushes");
	memcpy(&p->busy, msg->body, sizeof(p->busy));
	/* An upstream may accept in the very moment of the end. */
	if (p->state == PART_STOPPING && p->busy > 0)
		p->due = p->told + MONITOR_BUSY_GRACE_MS;
	return 0;
}

static int take_reloaded(struct monitor *m, struct msg *msg, struct err *e)
{
	if (msg->len != sizeof(*e))
		return err_say(e, EPROTO, "a malformed answer to a reload");
	memcpy(e, msg->body, sizeof(*e));
	e->msg[sizeof(e->msg) - 1] = '\0';
	monitor_reload_told(m, e);
	return 0;
}

static int dispatch(struct monitor *m, struct monitor_part *p, struct msg *msg, struct err *e)
{
	switch (msg->type) {
	case COMPONENT_STARTED:
		return take_started(m, p, msg, e);
	case COMPONENT_READY:
		return p->ready ? err_say(e, EPROTO, "ready twice") : take_ready(m, p, e);
	case COMPONENT_FAILED:
		return take_failed(msg, e);
	case COMPONENT_BUSY:
		return take_busy(p, msg, e);
	case COMPONENT_PROPOSE:
		return monitor_proposal_take(p, msg, e);
	case COMPONENT_STORE:
		return monitor_part_id(p) == COMPONENT_GATE
			       ? monitor_store_offer(m, msg, e)
			       : err_say(e, EPROTO, "an offer from another than the gate");
	case COMPONENT_TOKEN_ASK:
		return monitor_token_ask(m, p, msg, e);
	case COMPONENT_TOKEN:
		return monitor_token_take(m, p, msg, e);
	case COMPONENT_RELOADED:
		return take_reloaded(m, msg, e);
	default:
		return err_say(e, EPROTO, "unknown control message %u", msg->type);
	}
}

void monitor_part_hear(struct monitor *m, struct monitor_part *p)
{
	cleanup_msg struct msg msg = {0};
	struct err e = {0};
	int r = msg_recv(p->c.control, &msg, &e);

	if (r > 0)
		r = dispatch(m, p, &msg, &e);
	else if (r == 0)
		take_eof(p);
	if (r < 0)
		monitor_part_condemn(p, &e);
}

/* ---- probes */

void monitor_part_probed(struct monitor *m, struct monitor_part *p, struct probe *probe)
{
	struct err e;
	int r = probe_step(probe, &e);

	if (r < 0) {
		/* It may be dying: then how it does is told, too. */
		probe_done(probe);
		p->failed = true;
		p->why = e;
		p->state = PART_ENDING;
		p->due = proc_now_ms() + LAST_WORDS_MS;
		return;
	}
	for (size_t i = 0; i < MONITOR_PART_SOCKETS; i++)
		if (p->probes[i].fd >= 0)
			return;
	if (r > 0 && p->state == PART_PROBING)
		come_up(m, p);
}
