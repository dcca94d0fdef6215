#include "shim/monitor_part.h"
#include "shim/monitor_reload.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/json.h"
#include "base/log.h"
#include "base/msg.h"
#include "base/ptr.h"
#include "base/str.h"
#include "bundle/login.h"
#include "shim/libexec.h"
#include "shim/monitor_home.h"
#include "shim/monitor_keys.h"
#include "shim/monitor_log.h"
#include "shim/monitor_metrics.h"
#include "shim/monitor_request.h"
#include "shim/monitor_store.h"
#include "shim/monitor_token.h"

/* A component that does not read what it is sent must not hold the monitor up for longer. */
#define SEND_TIMEOUT_S 5

void monitor_part_init(struct monitor_part *p, const struct component_kind *kind)
{
	*p = (struct monitor_part){
		.kind = kind,
		.program_fd = -1,
		.helper_fd = -1,
		.log_fd = -1,
		.creds_fd = -1,
		.c = COMPONENT_NONE,
		.pidfd = -1,
		.backoff_ms = MONITOR_BACKOFF_MIN_MS,
	};
	for (size_t i = 0; i < MONITOR_PART_SOCKETS; i++)
		p->probes[i] = PROBE_NONE;
}

static void forget_life(struct monitor_part *p)
{
	component_kill(&p->c);
	fd_close(&p->pidfd);
	for (size_t i = 0; i < MONITOR_PART_SOCKETS; i++)
		probe_done(&p->probes[i]);
	p->ready = p->failed = p->configured = false;
	p->busy = 0;
	p->proposals = 0;
	p->up_since = 0;
}

void monitor_part_done(struct monitor_part *p)
{
	forget_life(p);
	fd_close(&p->program_fd);
	fd_close(&p->helper_fd);
	fd_close(&p->log_fd);
	fd_close(&p->creds_fd);
}

enum component_id monitor_part_id(const struct monitor_part *p)
{
	return (enum component_id)(p->kind - component_kinds);
}

/* ---- start */

int monitor_part_open(struct monitor *m, struct monitor_part *p, struct err *e)
{
	int r = libexec_open(p->kind->program, &p->program_fd, e);

	if (r == 0 && p->kind->helper)
		r = libexec_open(p->kind->helper, &p->helper_fd, e);
	if (r == 0)
		r = monitor_home_log(m, p->kind->name, &p->log_fd, e);
	return r;
}

bool monitor_part_hold(const struct monitor *m, struct monitor_part *p)
{
	p->held = p->kind->with_git && !monitor_keys_ready(m);
	if (p->held)
		p->due = INT64_MAX;
	return p->held;
}

int monitor_part_send_secret(
	struct monitor_part *p, const char *name, const void *value, size_t len, struct err *e)
{
	size_t name_len = strlen(name) + 1;
	char *body = malloc(name_len + len);
	int r;

	if (!body)
		return err_set(e, ENOMEM, "hand over secret '%s'", name);
	memcpy(body, name, name_len);
	memcpy(body + name_len, value, len);
	r = msg_send(p->c.control, COMPONENT_SECRET, body, name_len + len, NULL, 0, e);
	secret_wipe(body, name_len + len);
	free(body);
	return r;
}

/* The gate gets none: its keys stand in its creds_fd. */
static bool is_for(const struct monitor_secret *s, enum component_id id)
{
	return id == COMPONENT_EGRESS ? s->to_egress : id == COMPONENT_SCAN && s->to_scan;
}

/* Of a login's file what nobody may push: its tokens. In the rest there are ordinary words. */
static int send_login(struct monitor_part *p, const struct monitor_secret *s, struct err *e)
{
	cleanup_login_tokens struct login_tokens t = {0};
	const struct secret *const all[] = {&t.access, &t.refresh, &t.id};
	int r = login_read(login_provider_find(s->provider), &s->value, &t, e);

	for (size_t i = 0; r == 0 && i < ARRAY_LEN(all); i++) {
		cleanup_free char *name = str_format("%s_%zu", s->slot, i);

		if (!name)
			return err_set(e, ENOMEM, "hand over '%s'", s->slot);
		if (all[i]->bytes)
			r = monitor_part_send_secret(p, name, all[i]->bytes, all[i]->len, e);
	}
	return r;
}

static int send_secrets(struct monitor *m, struct monitor_part *p, struct err *e)
{
	bool egress = monitor_part_id(p) == COMPONENT_EGRESS;
	int r = 0;

	for (size_t i = 0; r == 0 && i < m->plan.n_secrets; i++) {
		const struct monitor_secret *s = &m->plan.secrets[i];

		if (is_for(s, monitor_part_id(p)) && s->provider && !egress)
			r = send_login(p, s, e);
		else if (is_for(s, monitor_part_id(p)))
			r = monitor_part_send_secret(p, s->slot, s->value.bytes, s->value.len, e);
	}
	for (size_t i = 0; r == 0 && monitor_part_id(p) == COMPONENT_SCAN && i < m->n_keys; i++)
		r = monitor_part_send_secret(p, m->keys[i].plan->key_slot,
			m->keys[i].private_text.bytes, m->keys[i].private_text.len, e);
	if (r == 0 && egress)
		r = monitor_part_send_secret(
			p, "CA_CERT", m->ca.cert_pem, strlen(m->ca.cert_pem), e);
	if (r == 0 && egress)
		r = monitor_part_send_secret(p, "CA_KEY", m->ca.key.bytes, m->ca.key.len, e);
	return r;
}

/* What a component is told of the plan. The scanner is told whose it is. */
static char *slice_of(const struct monitor *m, enum component_id id)
{
	cleanup_json json_t *whose = NULL;

	if (id == COMPONENT_GATE)
		return json_dumps(m->plan.gate, JSON_COMPACT);
	if (id == COMPONENT_EGRESS)
		return json_dumps(m->plan.egress, JSON_COMPACT);
	whose = json_pack("{s:s}", "slug", m->plan.slug);
	return whose ? json_dumps(whose, JSON_COMPACT) : NULL;
}

static int send_config(struct monitor *m, struct monitor_part *p, struct err *e)
{
	const struct timeval limit = {.tv_sec = SEND_TIMEOUT_S};
	cleanup_free char *text = slice_of(m, monitor_part_id(p));
	int r;

	if (!text)
		return err_set(e, ENOMEM, "the %s's configuration", p->kind->name);
	if (setsockopt(p->c.control, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit)) < 0)
		return err_set(e, errno, "setsockopt SO_SNDTIMEO");
	r = msg_send(p->c.control, COMPONENT_CONFIG, text, strlen(text), NULL, 0, e);
	if (r == 0)
		r = monitor_log_tell(m, p, e);
	if (r == 0)
		r = send_secrets(m, p, e);
	if (r == 0 && p->kind->with_rules)
		r = msg_send(p->c.control, COMPONENT_RULES, NULL, 0, &m->rules_fd, 1, e);
	return r;
}

int monitor_part_spawn(struct monitor *m, struct monitor_part *p, struct err *e)
{
	const struct component_bind store = {monitor_store_views(m), MONITOR_STORE_GATE, false};
	struct component_start start = {
		.kind = p->kind,
		.program_fd = p->program_fd,
		.netns_fd = m->netns_fd,
		.log_fd = p->log_fd,
		.uid = monitor_uid(m, monitor_part_id(p)),
		.resolv_conf = m->resolv_conf,
		.git_dir = m->record.work_dir,
		.binds = &store,
		.n_binds = p->kind->with_git && store.source ? 1 : 0,
		.gate = &m->gate,
	};
	int r = 0;

	forget_life(p);
	if (p->kind->with_git && p->creds_fd < 0)
		r = monitor_home_creds(m, &p->creds_fd, e);
	start.creds_fd = p->creds_fd;
	if (r == 0)
		r = component_spawn(&start, &p->c, e);
	if (r < 0)
		return err_wrap(e, "start the %s", p->kind->name);
	p->state = PART_LOADING;
	return monitor_remember(m, e);
}

/* One that cannot be told anything has ended, or is about to: why, it may have said before. */
static int telling_failed(const struct monitor_part *p, const char *what, struct err *e)
{
	if (e->code != EPIPE && e->code != ECONNRESET)
		return err_wrap(e, "%s the %s", what, p->kind->name);
	log_debug("%s the %s: %s", what, p->kind->name, e->msg);
	return 0;
}

static bool has_listeners(const struct monitor_part *p)
{
	for (size_t i = 0; i < MONITOR_SOCKETS; i++)
		if (monitor_sockets[i].owner == monitor_part_id(p))
			return true;
	return false;
}

int monitor_part_tell(struct monitor *m, struct monitor_part *p, struct err *e)
{
	p->configured = true;
	if (p->c.control < 0) /* it has ended meanwhile, and that is told by its end */
		return 0;
	if (send_config(m, p, e) < 0)
		return telling_failed(p, "configure", e);
	return has_listeners(p) ? 0 : monitor_part_hand_over(m, p, e);
}

static int hand_door(const struct monitor *m, struct monitor_part *p, struct err *e)
{
	const char *name = p->kind->door;
	const int *end = monitor_part_id(p) == COMPONENT_SCAN ? &m->door[0] : &m->door[1];

	return name ? msg_send(p->c.control, COMPONENT_LISTENER, name, strlen(name), end, 1, e) : 0;
}

static int hand_helper(const struct monitor_part *p, struct err *e)
{
	const char *name = p->kind->helper;

	return name ? msg_send(p->c.control, COMPONENT_PROGRAM, name, strlen(name), &p->helper_fd,
			      1, e)
		    : 0;
}

int monitor_part_hand_over(struct monitor *m, struct monitor_part *p, struct err *e)
{
	int r = 0;

	if (p->c.control < 0)
		return 0;
	for (size_t i = 0; r == 0 && i < MONITOR_SOCKETS; i++) {
		const struct monitor_socket *s = &monitor_sockets[i];

		if (s->owner == monitor_part_id(p))
			r = msg_send(p->c.control, COMPONENT_LISTENER, s->name, strlen(s->name),
				&m->sockets[i], 1, e);
	}
	if (r == 0)
		r = hand_door(m, p, e);
	if (r == 0)
		r = monitor_metrics_hand(m, p, e);
	if (r == 0)
		r = hand_helper(p, e);
	if (r == 0)
		r = msg_send(p->c.control, COMPONENT_BEGIN, NULL, 0, NULL, 0, e);
	if (r < 0 && telling_failed(p, "hand listeners to", e) < 0)
		return -e->code;
	p->state = PART_STARTING;
	p->due = proc_now_ms() + MONITOR_START_MAX_MS;
	return 0;
}

static int advance(struct monitor *m, struct monitor_part *p, struct err *e)
{
	int r = 0;

	if (p->held) {
		p->held = false;
		r = monitor_part_spawn(m, p, e);
	}
	if (r == 0 && p->state == PART_LOADING && !p->configured && m->rules_fd >= 0)
		r = monitor_part_tell(m, p, e);
	if (r == 0 && p->state == PART_LOADING && p->configured && m->phase >= MONITOR_ATTACHED)
		r = monitor_part_hand_over(m, p, e);
	return r;
}

void monitor_parts_advance(struct monitor *m)
{
	struct err e;
	int r = 0;

	if (!monitor_keys_ready(m) || m->phase == MONITOR_STOPPING)
		return;
	for (size_t i = 0; r == 0 && i < COMPONENT_COUNT; i++)
		r = advance(m, &m->parts[i], &e);
	if (r < 0)
		monitor_fail(m, &e);
}

/* ---- the end of a life */

/*
 * On the way to the first READY a dead component is a bottle that cannot be; later it is started
 * again, later and later.
 */
static void plan_next_life(struct monitor *m, struct monitor_part *p, const char *how)
{
	struct err why;

	if (m->phase < MONITOR_READY) {
		if (p->failed)
			err_say(&why, p->why.code ? p->why.code : EIO, "%s: %s (%s)", p->kind->name,
				p->why.msg, how);
		else
			err_say(&why, EIO,
				"the %s ended before it was ready (%s); see %s/%s/logs/%s.log",
				p->kind->name, how, m->plan.state_home, m->plan.slug,
				p->kind->name);
		monitor_fail(m, &why);
		p->due = INT64_MAX;
		return;
	}
	log_error("the %s ended (%s)%s%s; starting it again in %d ms", p->kind->name, how,
		p->failed ? ": " : "", p->failed ? p->why.msg : "", p->backoff_ms);
	p->due = proc_now_ms() + p->backoff_ms;
	p->backoff_ms *= 2;
	if (p->backoff_ms > MONITOR_BACKOFF_MAX_MS)
		p->backoff_ms = MONITOR_BACKOFF_MAX_MS;
}

void monitor_part_ended(struct monitor *m, struct monitor_part *p)
{
	char how[80];
	struct err e;
	int status = 0;
	int64_t now = proc_now_ms();

	/* Its last words (FAILED, STARTED) may still be on the way. */
	while (p->c.control >= 0 && p->state != PART_STOPPING)
		monitor_part_hear(m, p);
	if (proc_wait(&p->c.init, 0, &status, &e) < 0)
		log_error("%s", e.msg);
	component_end_text(status, how, sizeof(how));
	if (p->up_since && now - p->up_since >= MONITOR_LONG_LIFE_MS)
		p->backoff_ms = MONITOR_BACKOFF_MIN_MS;
	if (m->reload && monitor_part_id(p) == COMPONENT_EGRESS) {
		err_say(&e, EIO, "the egress process ended over the new policy (%s)", how);
		monitor_reload_told(m, &e);
	}
	if (p->state == PART_STOPPING || m->phase == MONITOR_STOPPING) {
		p->state = PART_GONE;
	} else {
		p->state = PART_DOWN;
		plan_next_life(m, p, how);
	}
	if (monitor_part_id(p) == COMPONENT_EGRESS)
		monitor_token_forget(m);
	forget_life(p);
}

/* The component has gone wrong in a way that its process need not agree with. */
void monitor_part_condemn(struct monitor_part *p, const struct err *why)
{
	if (!p->failed) {
		p->failed = true;
		p->why = *why;
	}
	fd_close(&p->c.control);
	if (p->c.init.pidfd >= 0)
		(void)proc_pidfd_signal(p->c.init.pidfd, SIGKILL);
	if (p->state != PART_STOPPING)
		p->state = PART_ENDING;
	p->due = INT64_MAX;
}

/* ---- the clock */

static void give_up(struct monitor_part *p)
{
	struct err e;

	if (p->state != PART_PROBING) {
		err_say(&e, ETIMEDOUT, "not ready after %d ms", MONITOR_START_MAX_MS);
		monitor_part_condemn(p, &e);
		return;
	}
	for (size_t i = 0; i < MONITOR_PART_SOCKETS; i++)
		if (p->probes[i].fd >= 0)
			err_say(&e, ETIMEDOUT, "no answer from %s in %d ms",
				probe_name(p->probes[i].kind), MONITOR_PROBE_MAX_MS);
	monitor_part_condemn(p, &e);
}

static void restart(struct monitor *m, struct monitor_part *p)
{
	struct err e;
	int r = monitor_part_spawn(m, p, &e);

	if (r == 0)
		r = advance(m, p, &e);
	if (r == 0)
		return;
	log_error("%s", e.msg);
	forget_life(p);
	p->state = PART_DOWN;
	plan_next_life(m, p, "could not be started");
}

int64_t monitor_part_due(const struct monitor_part *p)
{
	switch (p->state) {
	case PART_DOWN:
	case PART_STARTING:
	case PART_PROBING:
	case PART_ENDING:
	case PART_STOPPING:
		return p->due;
	default:
		return INT64_MAX;
	}
}

void monitor_part_tick(struct monitor *m, struct monitor_part *p, int64_t now)
{
	if (monitor_part_due(p) > now)
		return;
	switch (p->state) {
	case PART_DOWN:
		restart(m, p);
		break;
	case PART_STARTING:
	case PART_PROBING:
		give_up(p);
		break;
	case PART_ENDING:
	case PART_STOPPING:
		log_warning("the %s did not end in time: killed", p->kind->name);
		p->due = INT64_MAX;
		(void)proc_pidfd_signal(p->c.init.pidfd, SIGKILL);
		break;
	default:
		break;
	}
}

void monitor_part_stop(struct monitor_part *p, bool hurry)
{
	struct err e;

	if (p->state == PART_GONE)
		return;
	if (p->c.init.pid <= 0) {
		p->state = PART_GONE;
		return;
	}
	if (p->state == PART_STOPPING && !hurry)
		return;
	/* One that was never ready has accepted nothing. */
	if (hurry || p->state != PART_UP ||
		msg_send(p->c.control, COMPONENT_STOP, NULL, 0, NULL, 0, &e) < 0)
		(void)proc_pidfd_signal(p->c.init.pidfd, SIGKILL);
	p->state = PART_STOPPING;
	p->told = proc_now_ms();
	p->due = p->told + (p->busy ? MONITOR_BUSY_GRACE_MS : MONITOR_GRACE_MS);
}
