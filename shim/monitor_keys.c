#include "shim/monitor_keys.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/msg.h"
#include "base/ptr.h"
#include "base/str.h"
#include "forge/revoker.h"
#include "forge/wire.h"
#include "shim/libexec.h"
#include "shim/monitor_part.h"

static const struct secret *token_of(const struct monitor *m, const struct plan_deploy_key *k)
{
	for (size_t i = 0; i < m->plan.n_secrets; i++)
		if (str_eq(m->plan.secrets[i].slot, k->token_slot))
			return &m->plan.secrets[i].value;
	return NULL;
}

/* ---- start */

static int start_one(struct monitor *m, struct monitor_key *k, struct err *e)
{
	const struct secret *token = token_of(m, k->plan);
	const struct order o = {
		.what = FORGE_MAKE, .key = *k->plan, .token = token ? *token : (struct secret){0}};

	if (!token || !token->len)
		return err_say(e, ENOKEY, "repository '%s': the token in '%s' is missing",
			k->plan->repo, k->plan->token_name);
	return forge_job_start(m->uids.first + UIDS_FORGE, &o, &k->job, e);
}

int monitor_keys_start(struct monitor *m, struct err *e)
{
	size_t n = m->plan.n_deploy_keys;
	int r = 0;

	if (n == 0)
		return 0;
	if (n > MONITOR_KEYS_MAX)
		return err_say(
			e, E2BIG, "%zu deploy keys; a bottle has at most %d", n, MONITOR_KEYS_MAX);
	m->keys = calloc(n, sizeof(*m->keys));
	if (!m->keys)
		return err_set(e, ENOMEM, "deploy keys");
	for (size_t i = 0; r == 0 && i < n; i++) {
		struct monitor_key *k = &m->keys[m->n_keys++];

		*k = (struct monitor_key){.plan = &m->plan.deploy_keys[i],
			.job = FORGE_JOB_NONE,
			.record = KEY_RECORD_NONE};
		r = start_one(m, k, e);
	}
	return r;
}

bool monitor_keys_ready(const struct monitor *m)
{
	for (size_t i = 0; i < m->n_keys; i++)
		if (!m->keys[i].made)
			return false;
	return m->n_keys == m->plan.n_deploy_keys;
}

const struct secret *monitor_keys_find(const struct monitor *m, const char *slot)
{
	for (size_t i = 0; i < m->n_keys; i++)
		if (m->keys[i].made && str_eq(m->keys[i].plan->key_slot, slot))
			return &m->keys[i].private_text;
	return NULL;
}

/* ---- what a job says */

/* From here on the key may be at the forge: it is on disk before GO. */
static int take_pair(struct monitor *m, struct monitor_key *k, const struct msg *msg, struct err *e)
{
	size_t public_len = strnlen(msg->body, msg->len);
	int r;

	if (k->record.fd >= 0 || public_len == 0 || public_len + 1 >= msg->len)
		return err_say(e, EPROTO, "a key pair that was not to come");
	r = secret_set(&k->private_text, msg->body + public_len + 1, msg->len - public_len - 1, e);
	if (r < 0)
		return r;
	secret_hide_from_children(&k->private_text);
	r = key_record_new(m->plan.state_home, m->plan.slug, k->plan, msg->body, &k->record, e);
	return r < 0 ? r : msg_send(k->job.sock, FORGE_GO, NULL, 0, NULL, 0, e);
}

static int take_done(struct monitor_key *k, const struct msg *msg, struct err *e)
{
	struct forge_done done;
	char name[600];
	int r;

	if (k->record.fd < 0 || k->made || msg->len != sizeof(done))
		return err_say(e, EPROTO, "an answer that was not to come");
	memcpy(&done, msg->body, sizeof(done));
	if (done.id <= 0)
		return err_say(e, EPROTO, "an answer without a key's number");
	r = key_record_made(&k->record, done.id, e);
	if (r < 0)
		return r;
	k->made = true;
	forge_job_done(&k->job);
	log_info("made %s", key_record_say(&k->record, name, sizeof(name)));
	return 0;
}

/* What the forge has refused for good is nothing to revoke. */
static int take_failure(struct monitor_key *k, const struct msg *msg, struct err *e)
{
	struct forge_failure f;
	struct err kept;

	if (msg->len != sizeof(f))
		return err_say(e, EPROTO, "a failure that cannot be read");
	memcpy(&f, msg->body, sizeof(f));
	f.why.msg[sizeof(f.why.msg) - 1] = '\0';
	if (f.nothing_made && k->record.fd >= 0) {
		if (key_record_remove(&k->record, &kept) < 0)
			log_error("%s", kept.msg);
		key_record_done(&k->record);
	}
	return err_say(e, f.why.code > 0 ? f.why.code : EIO, "%s", f.why.msg);
}

static int take(struct monitor *m, struct monitor_key *k, const struct msg *msg, struct err *e)
{
	switch (msg->type) {
	case FORGE_PAIR:
		return take_pair(m, k, msg, e);
	case FORGE_DONE:
		return take_done(k, msg, e);
	case FORGE_FAILED:
		return take_failure(k, msg, e);
	default:
		return err_say(e, EPROTO, "unexpected message %u", msg->type);
	}
}

static void fail(struct monitor *m, struct monitor_key *k, struct err *why)
{
	forge_job_done(&k->job);
	err_wrap(why, "repository '%s': a deploy key", k->plan->repo);
	monitor_fail(m, why);
}

void monitor_keys_hear(struct monitor *m, struct monitor_key *k)
{
	cleanup_msg struct msg msg = {0};
	struct err e;
	int r = msg_recv(k->job.sock, &msg, &e);

	if (r == 0)
		r = err_say(&e, EPIPE, FORGE_PROGRAM " ended without an answer");
	if (r > 0)
		r = take(m, k, &msg, &e);
	if (r < 0)
		fail(m, k, &e);
	else if (monitor_keys_ready(m))
		monitor_parts_advance(m);
}

int64_t monitor_keys_due(const struct monitor *m)
{
	int64_t due = INT64_MAX;

	for (size_t i = 0; i < m->n_keys; i++)
		if (m->keys[i].job.sock >= 0 && m->keys[i].job.due < due)
			due = m->keys[i].job.due;
	return due;
}

void monitor_keys_tick(struct monitor *m, int64_t now)
{
	struct err late;

	for (size_t i = 0; i < m->n_keys; i++) {
		struct monitor_key *k = &m->keys[i];

		if (k->job.sock < 0 || k->job.due > now)
			continue;
		err_say(&late, ETIMEDOUT, "%s has not answered for %d s", k->plan->api_url,
			FORGE_JOB_MS / 1000);
		fail(m, k, &late);
	}
}

/* ---- the end */

void monitor_keys_stop(struct monitor *m)
{
	for (size_t i = 0; i < m->n_keys; i++)
		forge_job_done(&m->keys[i].job);
}

static size_t recorded(const struct monitor *m)
{
	size_t n = 0;

	for (size_t i = 0; i < m->n_keys; i++)
		n += m->keys[i].record.fd >= 0;
	return n;
}

static int add_all(const struct monitor *m, int ours, struct err *e)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < m->n_keys; i++) {
		const struct monitor_key *k = &m->keys[i];

		if (k->record.fd >= 0)
			r = revoker_add(
				ours, k->record.name, k->record.fd, token_of(m, k->plan), e);
	}
	return r == 0 ? revoker_begin(ours, e) : r;
}

int monitor_keys_leave(struct monitor *m)
{
	const struct revoker_place place = {
		.state_home = m->plan.state_home, .uids_dir = m->plan.uids_dir};
	cleanup_fd int ours = -1, theirs = -1;
	struct err e;
	int r;

	monitor_keys_stop(m);
	if (recorded(m) == 0)
		return -1;
	r = revoker_open(&place, &ours, &theirs, &e);
	if (r == 0)
		r = add_all(m, ours, &e);
	if (r < 0)
		log_error("the deploy keys stay recorded for the next command: %s", e.msg);
	return r < 0 ? -1 : steal_fd(&theirs);
}

void monitor_keys_revoke(int theirs)
{
	cleanup_fd int program = -1;
	struct err e;
	int r = libexec_open(REVOKER_PROGRAM, &program, &e);

	if (r == 0)
		r = revoker_spawn(program, theirs, &e);
	if (r < 0)
		log_error("the deploy keys stay recorded for the next command: %s", e.msg);
}

void monitor_keys_done(struct monitor *m)
{
	monitor_keys_stop(m);
	for (size_t i = 0; i < m->n_keys; i++) {
		key_record_done(&m->keys[i].record);
		secret_done(&m->keys[i].private_text);
	}
	free(m->keys);
	m->keys = NULL;
	m->n_keys = 0;
}
