#include "shim/keys_retry.h"

#include <errno.h>
#include <stdlib.h>
#include <time.h>

#include "base/fd.h"
#include "base/ptr.h"
#include "base/str.h"
#include "forge/key_record.h"
#include "forge/revoker.h"
#include "forge/token.h"
#include "shim/libexec.h"

/* Engines ask for states all the time: what has failed just now is not tried again at once. */
#define PAUSE_S 60

/* 1: its revocation was asked for. */
static int ask_one(const struct globals *g, const struct revoker_place *place, const char *home,
	const char *name, int ours)
{
	cleanup_key_record struct key_record rec = KEY_RECORD_NONE;
	cleanup_secret struct secret token = {0};
	char say[600];
	struct err e, why;

	/* A live bottle's, or somebody revokes it. */
	if (key_record_open(place->state_home, name, -1, &rec, &e) < 0)
		return 0;
	if (rec.failure && (int64_t)time(NULL) - rec.failed_at < PAUSE_S)
		return 0;
	key_record_say(&rec, say, sizeof(say));
	if (rec.failure)
		log_warning("%s is not revoked yet: %s; trying again", say, rec.failure);
	/* The operator's own environment, never an engine's: all of those call with a log. */
	if (token_find(home, &rec.key, !g->log, &token, &why) < 0) {
		log_warning("%s cannot be revoked: %s", say, why.msg);
		if (key_record_failed(&rec, why.msg, &e) < 0)
			log_warning("%s", e.msg);
		return 0;
	}
	if (revoker_add(ours, name, rec.fd, &token, &e) == 0)
		return 1;
	log_warning("%s is not revoked yet: %s", say, e.msg);
	return 0;
}

static int ask_all(const struct globals *g, const char *home, const char *state_home,
	char *const *names, struct err *e)
{
	const struct revoker_place place = {.state_home = state_home};
	cleanup_fd int ours = -1, theirs = -1, program = -1;
	int n = 0, r = revoker_open(&place, &ours, &theirs, e);

	if (r < 0)
		return r;
	for (size_t i = 0; names[i] && n < REVOKER_KEYS_MAX; i++)
		n += ask_one(g, &place, home, names[i], ours);
	if (n == 0)
		return 0;
	r = revoker_begin(ours, e);
	if (r == 0)
		r = libexec_open(REVOKER_PROGRAM, &program, e);
	return r == 0 ? revoker_spawn(program, theirs, e) : r;
}

void keys_retry(const struct globals *g)
{
	cleanup_free char *home = g->choice.home ? realpath(g->choice.home, NULL) : NULL;
	cleanup_free char *state_home = home ? plan_state_home(g->choice.home) : NULL;
	cleanup_strv char **names = NULL;
	struct err e;
	int r;

	if (!state_home)
		return;
	r = key_record_names(state_home, &names, &e);
	if (r == 0 && names)
		r = ask_all(g, home, state_home, names, &e);
	if (r < 0 && r != -EACCES)
		log_warning("deploy keys of earlier bottles: %s", e.msg);
}
