#include "control/cleanup_keys.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fd.h"
#include "base/libexec.h"
#include "base/msg.h"
#include "base/proc.h"
#include "base/ptr.h"
#include "base/str.h"
#include "bundle/plan.h"
#include "control/runtime.h"
#include "forge/revoker.h"
#include "forge/token.h"
#include "forge/wire.h"

#define SAY_MAX 600

/* ---- find */

static int find_one(struct cleanup_keys *k, const char *name, struct err *e)
{
	int r = key_record_open(k->state_home, name, -1, &k->list[k->n], e);

	if (r == 0)
		k->n++;
	else if (r == -EBUSY)
		k->spared++;
	else if (r != -ENOENT)
		fprintf(stderr, "bottle cleanup: %s\n", e->msg);
	return r == -ENOMEM ? r : 0;
}

int cleanup_keys_find(const char *home, struct cleanup_keys *ret, struct err *e)
{
	cleanup_strv char **names = NULL;
	int r;

	*ret = (struct cleanup_keys){
		.home = realpath(home, NULL), .state_home = plan_state_home(home)};
	if (!ret->home || !ret->state_home)
		return err_set(e, ENOENT, "the operator's directory '%s'", home);
	r = key_record_names(ret->state_home, &names, e);
	if (r < 0 || !names)
		return r;
	ret->list = calloc(strv_len(names), sizeof(*ret->list));
	if (!ret->list)
		return err_set(e, ENOMEM, "deploy keys");
	for (char **n = names; r == 0 && *n && ret->n < REVOKER_KEYS_MAX; n++)
		r = find_one(ret, *n, e);
	return r;
}

void cleanup_keys_done(struct cleanup_keys *k)
{
	for (size_t i = 0; i < k->n; i++)
		key_record_done(&k->list[i]);
	free(k->list);
	free(k->home);
	free(k->state_home);
	*k = (struct cleanup_keys){0};
}

void cleanup_keys_list(const struct cleanup_keys *k)
{
	char say[SAY_MAX];

	for (size_t i = 0; i < k->n; i++) {
		const struct key_record *r = &k->list[i];

		printf("%s, of the bottle '%s'\n", key_record_say(r, say, sizeof(say)), r->slug);
		if (r->failure)
			printf("    not revoked so far: %s\n", r->failure);
	}
}

/* ---- revoke */

static void tell(const struct key_record *r, const struct err *why)
{
	char say[SAY_MAX];

	key_record_say(r, say, sizeof(say));
	if (why->code)
		fprintf(stderr, "bottle cleanup: %s is not revoked: %s\n", say, why->msg);
	else
		printf("revoked %s\n", say);
}

/* How many were asked for; the others have no token, which is told. */
static int ask(struct cleanup_keys *k, int ours, struct err *e)
{
	int asked = 0;

	for (size_t i = 0; i < k->n; i++) {
		cleanup_secret struct secret token = {0};
		struct err why;

		if (token_find(k->home, &k->list[i].key, true, &token, &why) < 0) {
			tell(&k->list[i], &why);
			continue;
		}
		if (revoker_add(ours, k->list[i].name, k->list[i].fd, &token, e) < 0)
			return -e->code;
		asked++;
	}
	return asked ? revoker_begin(ours, e) < 0 ? -e->code : asked : 0;
}

static int start(int theirs, struct err *e)
{
	cleanup_free char *beside = runtime_find();
	cleanup_fd int program = -1;
	int r;

	if (beside)
		*strrchr(beside, '/') = '\0';
	r = libexec_open_beside(beside, REVOKER_PROGRAM, &program, e);
	return r < 0 ? r : revoker_spawn(program, theirs, e);
}

/* 1 with a result; 0: the revoker has ended. */
static int receive(int ours, int64_t until, struct revoker_result *ret, struct err *e)
{
	cleanup_msg struct msg m = {0};
	struct pollfd pfd = {.fd = ours, .events = POLLIN};
	int64_t left = until - proc_now_ms();
	int n = poll(&pfd, 1, left > 0 ? (int)left : 0), r;

	if (n < 0 && errno == EINTR)
		return receive(ours, until, ret, e);
	if (n == 0)
		return err_say(e, ETIMEDOUT, "the forges have not answered in time");
	r = n < 0 ? err_set(e, errno, "poll") : msg_recv(ours, &m, e);
	if (r <= 0)
		return r;
	if (m.type != REVOKER_RESULT || m.len != sizeof(*ret))
		return err_say(e, EPROTO, REVOKER_PROGRAM " says what it should not");
	memcpy(ret, m.body, sizeof(*ret));
	ret->name[sizeof(ret->name) - 1] = '\0';
	ret->why.msg[sizeof(ret->why.msg) - 1] = '\0';
	return 1;
}

static int take_results(struct cleanup_keys *k, int ours, int asked, struct err *e)
{
	int64_t until = proc_now_ms() + (int64_t)asked * FORGE_JOB_MS + FORGE_JOB_MS;
	int gone = 0, r = 1;

	for (int n = 0; r > 0 && n < asked; n++) {
		struct revoker_result result;

		r = receive(ours, until, &result, e);
		if (r == 0)
			r = err_say(e, EPIPE, REVOKER_PROGRAM " ended before it had tried all");
		for (size_t i = 0; r > 0 && i < k->n; i++)
			if (str_eq(k->list[i].name, result.name))
				tell(&k->list[i], &result.why);
		gone += r > 0 && !result.why.code;
	}
	return r < 0 ? r : gone;
}

int cleanup_keys_revoke(struct cleanup_keys *k, struct err *e)
{
	const struct revoker_place place = {.state_home = k->state_home, .once = true};
	cleanup_fd int ours = -1, theirs = -1;
	int asked, r = revoker_open(&place, &ours, &theirs, e);

	if (r < 0)
		return r;
	asked = ask(k, ours, e);
	if (asked <= 0)
		return asked < 0 ? asked : (int)k->n;
	r = start(theirs, e);
	fd_close(&theirs);
	if (r == 0)
		r = take_results(k, ours, asked, e);
	return r < 0 ? r : (int)k->n - r;
}
