#include "gate/protocol2_wants.h"

#include <errno.h>
#include <string.h>

#include "base/str.h"
#include "gate/mirror.h"
#include "gate/oids.h"
#include "gate/reachable.h"

#define WANT "want "

static int read_wants(const struct protocol2_command *c, struct oids *ret, struct err *e)
{
	int r = 0;

	for (char **arg = c->args; r == 0 && arg && *arg; arg++)
		if (str_starts(*arg, WANT))
			r = oids_add(ret, *arg + strlen(WANT), e);
	return r;
}

static bool are_tips(const struct oids *wants, const struct refs *refs)
{
	struct oids left = {0};
	struct err e;
	bool tips = reachable_leave_tips_out(refs, wants, &left, &e) == 0 && left.n == 0;

	oids_done(&left);
	return tips;
}

int protocol2_wants_check(const struct protocol2_answer *a, struct err *e)
{
	const struct session *s = a->session;
	const struct git_job job = {.gate = s->gate, .repo = s->repo};
	cleanup_oids struct oids wants = {0};
	cleanup_refs struct refs told = {0}, ours = {0};
	int r = read_wants(a->command, &wants, e);

	/* Nearly always: no process is needed for what the record says. */
	if (r == 0)
		r = session_refs(s, a->asked_ns, &told, e);
	if (r < 0 || are_tips(&wants, &told))
		return r;
	r = mirror_refs(s->gate, s->repo, &ours, e);
	return r == 0 ? reachable_check(&job, &ours, &wants, e) : r;
}
