#include "gate/session.h"

#include "base/fd.h"
#include "base/ptr.h"
#include "gate/gate.h"
#include "gate/leftovers.h"
#include "gate/mirror.h"

int session_open(
	const struct gate *g, const struct policy_repo *repo, struct session *ret, struct err *e)
{
	int lock = -1, r;

	*ret = (struct session){.gate = g, .repo = repo};
	r = mirror_open_lock(g, repo, &lock, e);
	if (r == 0)
		r = gate_place_fd(lock, GATE_FD_LOCK, e);
	if (r == 0)
		r = leftovers_enter(g, repo, GATE_FD_LOCK, e);
	if (r == 0)
		r = upstream_resolve(g, repo, &ret->upstream, e);
	return r < 0 ? err_wrap(e, "upstream of '%s'", repo->name) : 0;
}

static int stale(const struct session *s, int r, struct err *e)
{
	return r < 0 ? err_wrap(e, "refusing to serve stale data: upstream of '%s'", s->repo->name)
		     : 0;
}

int session_refs(const struct session *s, int64_t asked_ns, struct refs *ret, struct err *e)
{
	return stale(s, mirror_look(&s->upstream, GATE_FD_LOCK, asked_ns, ret, e), e);
}

int session_refresh(
	const struct session *s, int64_t asked_ns, const struct git_watch *watch, struct err *e)
{
	return stale(s, mirror_refresh(&s->upstream, GATE_FD_LOCK, asked_ns, watch, e), e);
}

int session_hand_down(struct err *e)
{
	static const int kept[] = {GATE_FD_SELF, GATE_FD_CONFIG, GATE_FD_SCANNER, GATE_FD_CHANNEL,
		GATE_FD_LOCK, GATE_FD_LOG};
	int r;

	for (size_t i = 0; i < ARRAY_LEN(kept); i++) {
		r = fd_set_cloexec(kept[i], 0);
		if (r < 0)
			return err_set(e, -r, "hand down descriptor %d", kept[i]);
	}
	return 0;
}
