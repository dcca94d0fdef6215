#include "shim/monitor_reload.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/component.h"
#include "base/fd.h"
#include "base/json.h"
#include "base/log.h"
#include "base/msg.h"
#include "base/ptr.h"
#include "base/str.h"
#include "shim/libexec.h"
#include "shim/monitor_home.h"
#include "shim/monitor_part.h"
#include "shim/monitor_request.h"
#include "shim/reload.h"

struct monitor_reload {
	const struct monitor_peer *peer; /* who brings it; NULL: has gone */
	bool handed_on;
	struct component_boot given; /* its secrets, by their slots */
	json_t *egress;
	struct monitor_secret *secrets; /* all that there will be, without values */
	size_t n_secrets;
};

void monitor_reload_drop(struct monitor *m)
{
	struct monitor_reload *r = m->reload;

	m->reload = NULL;
	if (!r)
		return;
	component_boot_done(&r->given);
	json_decref(r->egress);
	monitor_secrets_free(r->secrets, r->n_secrets);
	free(r);
}

static int open_for(struct monitor *m, const struct monitor_peer *peer, struct err *e)
{
	if (m->reload && (m->reload->peer != peer || m->reload->handed_on))
		return err_say(e, EBUSY, "another new policy is on its way; try again");
	if (m->reload)
		return 0;
	m->reload = calloc(1, sizeof(*m->reload));
	if (!m->reload)
		return err_set(e, ENOMEM, "a new policy");
	m->reload->peer = peer;
	return 0;
}

int monitor_reload_secret(
	struct monitor *m, struct monitor_peer *peer, const struct msg *msg, struct err *e)
{
	int r = open_for(m, peer, e);

	if (r < 0)
		return r;
	r = component_take_secret(&m->reload->given, msg, e);
	if (r < 0)
		monitor_reload_drop(m);
	return r;
}

/* ---- checked */

static struct monitor_secret *known(struct monitor *m, const char *slot)
{
	for (size_t i = 0; i < m->plan.n_secrets; i++)
		if (str_eq(m->plan.secrets[i].slot, slot))
			return &m->plan.secrets[i];
	return NULL;
}

static bool is_listed(const struct monitor_reload *r, const char *slot)
{
	for (size_t i = 0; i < r->n_secrets; i++)
		if (str_eq(r->secrets[i].slot, slot))
			return true;
	return false;
}

/* Nothing that there is gets lost, and nothing is without a value. */
static int check_secrets(struct monitor *m, struct err *e)
{
	const struct monitor_reload *r = m->reload;

	for (size_t i = 0; i < m->plan.n_secrets; i++)
		if (!is_listed(r, m->plan.secrets[i].slot))
			return err_say(e, EPROTO, "the new policy lacks the secret '%s'",
				m->plan.secrets[i].slot);
	for (size_t i = 0; i < r->n_secrets; i++)
		if (!known(m, r->secrets[i].slot) &&
			!component_secret(&r->given, r->secrets[i].slot))
			return err_say(
				e, ENOENT, "the secret '%s' did not come", r->secrets[i].name);
	return 0;
}

static int parse(struct monitor *m, const struct msg *msg, char **ret_text, struct err *e)
{
	cleanup_json json_t *j = NULL;
	struct policy_egress policy = {0};
	struct json_at root, egress;
	int r = json_parse(msg->body, msg->len, "the new policy", &j, e);

	if (r < 0)
		return r;
	root = json_root(j, "the new policy");
	r = json_member(&root, "egress", JSON_OBJECT, &egress, e);
	if (r <= 0)
		return r < 0 ? r : json_err(&root, EINVAL, e, "'egress' is missing");
	m->reload->egress = json_incref(egress.j);
	*ret_text = json_dumps(egress.j, JSON_COMPACT);
	if (!*ret_text)
		return err_set(e, ENOMEM, "a new policy");
	r = policy_egress_parse(*ret_text, &policy, e);
	policy_egress_done(&policy);
	if (r == 0)
		r = monitor_plan_parse_secrets(
			&root, &m->reload->secrets, &m->reload->n_secrets, e);
	return r < 0 ? r : check_secrets(m, e);
}

/* ---- handed on */

static int hand_on(struct monitor *m, const char *text, struct err *e)
{
	struct monitor_part *egress = &m->parts[COMPONENT_EGRESS];
	struct monitor_reload *r = m->reload;
	int result = 0;

	if (egress->state != PART_UP)
		return err_say(e, EAGAIN, "the egress process is not up; the old policy stays");
	for (size_t i = 0; result == 0 && i < r->n_secrets; i++) {
		const struct secret *value = component_secret(&r->given, r->secrets[i].slot);

		if (value && r->secrets[i].to_egress)
			result = monitor_part_send_secret(
				egress, r->secrets[i].slot, value->bytes, value->len, e);
	}
	return result < 0 ? result
			  : msg_send(egress->c.control, COMPONENT_RELOAD, text, strlen(text), NULL,
				    0, e);
}

int monitor_reload_begin(
	struct monitor *m, struct monitor_peer *peer, const struct msg *msg, struct err *e)
{
	cleanup_free char *text = NULL;
	int r = open_for(m, peer, e);

	if (r < 0)
		return r;
	r = parse(m, msg, &text, e);
	if (r == 0)
		r = hand_on(m, text, e);
	if (r < 0) {
		log_error("the old policy stays in force: %s", e->msg);
		monitor_reload_drop(m);
		return r;
	}
	m->reload->handed_on = true;
	return 0;
}

void monitor_reload_gone(struct monitor *m, const struct monitor_peer *peer)
{
	if (!m->reload || m->reload->peer != peer)
		return;
	m->reload->peer = NULL;
	if (!m->reload->handed_on)
		monitor_reload_drop(m);
}

/* ---- taken */

/* Whoever is renewing it goes on. */
static void keep_turn(struct monitor_secret *before, struct monitor_secret *s)
{
	if (!s->place)
		s->place = steal_ptr(&before->place);
	s->turn = before->turn;
	s->turn_due = before->turn_due;
	s->lock_fd = steal_fd(&before->lock_fd);
}

/* Moves the value of what is listed here, given or known, to it. */
static bool take_value(struct monitor *m, struct monitor_secret *s)
{
	struct monitor_secret *before = known(m, s->slot);
	struct component_boot *given = &m->reload->given;
	struct secret *from = before ? &before->value : NULL;
	bool is_new = false;

	for (size_t i = 0; i < given->n_secrets; i++) {
		if (!str_eq(given->secrets[i].name, s->slot))
			continue;
		is_new = !from || from->len != given->secrets[i].value.len ||
			 !secret_equal(from->bytes, given->secrets[i].value.bytes, from->len);
		from = &given->secrets[i].value;
	}
	if (before)
		keep_turn(before, s);
	s->value = *from;
	*from = (struct secret){0};
	return is_new;
}

/* What reads pushes is told its secrets at its start only: those it has begun are refused. */
static void renew_scanner(struct monitor *m)
{
	struct err why;

	err_say(&why, EAGAIN, "it is to know new secrets");
	if (m->parts[COMPONENT_SCAN].state != PART_GONE)
		monitor_part_condemn(&m->parts[COMPONENT_SCAN], &why);
}

static void take(struct monitor *m)
{
	struct monitor_reload *r = m->reload;
	bool news = false;

	for (size_t i = 0; i < r->n_secrets; i++)
		news |= take_value(m, &r->secrets[i]) && r->secrets[i].to_scan;
	monitor_secrets_free(m->plan.secrets, m->plan.n_secrets);
	m->plan.secrets = steal_ptr(&r->secrets);
	m->plan.n_secrets = r->n_secrets;
	r->n_secrets = 0;
	json_decref(m->plan.egress);
	m->plan.egress = steal_ptr(&r->egress);
	log_info("a new policy is in force");
	if (news)
		renew_scanner(m);
}

void monitor_reload_told(struct monitor *m, const struct err *result)
{
	if (!m->reload || !m->reload->handed_on)
		return;
	if (result->code == 0)
		take(m);
	else
		log_error("the old policy stays in force: %s", result->msg);
	monitor_reload_drop(m);
	monitor_request_reloaded(m, result);
}

/* ---- SIGHUP */

static int spawn_reader(struct monitor *m, struct err *e)
{
	const char *credentials = getenv("CREDENTIALS_DIRECTORY");
	cleanup_free char *env =
		str_format("CREDENTIALS_DIRECTORY=%s", credentials ? credentials : "");
	char *const envp[] = {
		(char *)"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
		credentials ? env : NULL, NULL};
	char *const argv[] = {
		(char *)"bottle-monitor", (char *)RELOAD_VERB, m->plan.state_dir, NULL};
	cleanup_fd int log = -1, program = -1;
	struct proc_fd fds[] = {{-1, STDERR_FILENO}};
	struct proc_spec spec = {.argv = argv, .envp = envp, .fds = fds, .n_fds = 1};
	int r = env ? libexec_open("bottle-monitor", &program, e) : err_set(e, ENOMEM, "reload");

	if (r == 0)
		r = monitor_home_log(m, "monitor", &log, e);
	if (r < 0)
		return r;
	spec.exec_fd = program;
	fds[0].from = log;
	return proc_spawn(&spec, &m->reloader, e);
}

void monitor_reload_ask(struct monitor *m)
{
	struct err e;

	if (m->phase != MONITOR_STARTED) {
		log_warning("SIGHUP: the bottle is not started, or ends; nothing is read again");
		return;
	}
	if (m->reloader.pid > 0) {
		m->reload_again = true;
		return;
	}
	log_info("SIGHUP: the manifests are read again");
	if (spawn_reader(m, &e) < 0)
		log_error("the old policy stays in force: %s", e.msg);
}

void monitor_reload_asked(struct monitor *m)
{
	bool again = m->reload_again;
	struct err e;

	m->reload_again = false;
	if (proc_wait(&m->reloader, 0, NULL, &e) < 0)
		log_error("%s", e.msg);
	if (again)
		monitor_reload_ask(m);
}
