#include "gate/push.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/proc.h"
#include "base/ptr.h"
#include "base/str.h"
#include "gate/allow.h"
#include "gate/borrowed.h"
#include "gate/channel.h"
#include "gate/commands.h"
#include "gate/forward.h"
#include "gate/gitleaks.h"
#include "gate/inspect.h"
#include "gate/leftovers.h"
#include "gate/mirror.h"
#include "gate/objects.h"
#include "gate/place.h"
#include "gate/report.h"
#include "gate/rules.h"
#include "gate/upstream.h"

/* Source unpacks to four or five times its pack; a pack bomb to a thousand times. */
#define UNPACKED_FACTOR 16

/*
 * Theory of operation. The lock is taken on the descriptor that receive-pack has, too: it stays
 * until receive-pack has set the mirror's refs and ended. Then, in this order:
 *
 *	look	ask the upstream for its refs; they must be what the agent saw, in mirror and
 *		upstream
 *	rules	what the manifest lets pushes do
 *	scan	all that is reachable from the new values and from none of the upstream's refs
 *	forward	all refs at once, on the condition that the upstream still is as it was looked at
 *
 * Any failure before the last step has sent nothing.
 */
struct push {
	struct gate gate;
	const struct policy_repo *repo;
	struct upstream upstream;
	struct commands commands;
	struct refs theirs, ours;
};

static void push_done(struct push *p)
{
	commands_done(&p->commands);
	refs_done(&p->theirs);
	refs_done(&p->ours);
	gate_done(&p->gate);
}

static int read_request(struct push *p, struct err *e)
{
	const char *address = getenv(GATE_ENV_ADDRESS);
	cleanup_free char *text = NULL;
	int r = gate_inherit(&p->gate, e);

	if (r < 0)
		return r;
	p->repo = gate_repo(&p->gate, getenv(GATE_ENV_REPO));
	if (!p->repo || !address)
		return err_say(e, EINVAL, "no repository was named");
	p->upstream = (struct upstream){.gate = &p->gate, .repo = p->repo};
	snprintf(p->upstream.address, sizeof(p->upstream.address), "%s", address);
	r = fd_read_all(STDIN_FILENO, "the push", 64U << 20, &text, NULL, e);
	if (r == 0)
		r = commands_parse(text, &p->commands, e);
	return r == 0 ? commands_read_options(&p->commands, e) : r;
}

/*
 * What the upstream said when this push began is its word for so long, nanoseconds: what it takes
 * back in that time it could as well take back right after an own question.
 */
#define FRESH_NS 1000000000LL

static int look(struct push *p, struct err *e)
{
	int r = mirror_lock(GATE_FD_LOCK, e);

	if (r == 0)
		r = mirror_look_held(
			&p->upstream, GATE_FD_LOCK, mirror_now_ns() - FRESH_NS, &p->theirs, e);
	if (r == 0)
		r = mirror_forget(GATE_FD_LOCK, e);
	if (r == 0)
		r = leftovers_unlock(&p->gate, p->repo, e);
	if (r == 0)
		r = mirror_refs(&p->gate, p->repo, &p->ours, e);
	if (r == 0)
		r = commands_check_seen(&p->commands, &p->theirs, "the upstream", e);
	return r == 0 ? commands_check_seen(&p->commands, &p->ours, "the mirror", e) : r;
}

/*
 * "^OID" for what the upstream has now. Of that only what the mirror has as well: the rest is not
 * here, and not to leave something out only means to scan it again.
 */
static void add_exclusions(const struct push *p, struct str *out)
{
	for (size_t i = 0; i < p->theirs.n; i++) {
		const struct ref *theirs = &p->theirs.list[i];
		const struct ref *ours = refs_find(&p->ours, theirs->name);

		if (ours && str_eq(ours->oid, theirs->oid))
			str_addf(out, "^%s\n", theirs->oid);
	}
}

/* What is pushed, as rev-list takes it; nothing when the push only deletes. */
static int add_revisions(const struct push *p, struct str *out, struct err *e)
{
	bool any = false;

	for (size_t i = 0; i < p->commands.n; i++) {
		if (command_is_delete(&p->commands.list[i]))
			continue;
		str_addf(out, "%s\n", p->commands.list[i].new);
		any = true;
	}
	if (any)
		add_exclusions(p, out);
	return out->failed ? err_set(e, ENOMEM, "scan a push") : 0;
}

static int read_names(const struct push *p, struct inspection *in, struct err *e)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < p->commands.n; i++)
		r = inspect_text(in, "name of a ref", p->commands.list[i].ref, e);
	for (char **o = p->commands.options; r == 0 && o && *o; o++)
		r = inspect_text(in, "push option", *o, e);
	return r;
}

static int read_objects(const struct push *p, const struct git_job *job,
	const struct str *revisions, struct inspection *in, struct err *e)
{
	struct progress progress;
	cleanup_objects struct objects objects = {.in = in,
		.job = job,
		.progress = &progress,
		.left = UNPACKED_FACTOR * (uint64_t)p->repo->push.max_pack};
	int r;

	if (revisions->len == 0)
		return 0;
	progress_begin(&progress, getenv("GIT_QUARANTINE_PATH"));
	r = objects_read(&objects, revisions, e);
	progress_end(&progress, r == 0);
	if (r == 0)
		log_info("push to '%s': %zu objects of %zu commits went to the scanner in %lld ms",
			p->repo->name, progress.done, in->objects[INSPECT_COMMIT],
			(long long)(proc_now_ms() - progress.began_ms));
	if (r == 0 && p->gate.policy.gitleaks && objects.n_changing > 0)
		r = gitleaks_read(in, job, revisions, objects.n_changing, e);
	return r;
}

static int read_all(struct push *p, const struct git_job *job, const struct str *revisions,
	struct inspection *in, struct err *e)
{
	int r = inspect_init(in, GATE_FD_SCANNER, e);

	in->unreadable_ok = p->gate.policy.unreadable_ok;
	if (r == 0)
		r = read_names(p, in, e);
	if (r == 0)
		r = read_objects(p, job, revisions, in, e);
	return r == 0 ? inspect_finish(in, e) : r;
}

/* Everything that is pushed, relative to what the upstream has as it was looked at last. */
static int inspect(struct push *p, struct inspection *in, struct err *e)
{
	const struct git_job job = {.gate = &p->gate, .repo = p->repo};
	cleanup_str struct str revisions = {0};
	struct err unplaced;
	int r = add_revisions(p, &revisions, e);

	if (r == 0)
		r = read_all(p, &job, &revisions, in, e);
	if (r < 0)
		return err_wrap(e, "the push could not be scanned, so it is refused");
	if (place_findings(in, &p->commands, &job, &revisions, &unplaced) < 0)
		log_warning("where findings stand: %s", unplaced.msg);
	return 0;
}

/* What the upstream has had may have been taken back meanwhile: then it would be published anew. */
static int look_again(struct push *p, const struct inspection *approved, struct err *e)
{
	cleanup_inspection struct inspection now = {0};
	struct refs before = p->theirs;
	bool moved;
	int r;

	p->theirs = (struct refs){0};
	refs_done(&p->ours);
	r = look(p, e);
	moved = r == 0 && !refs_equal(&before, &p->theirs);
	refs_done(&before);
	if (moved)
		r = inspect(p, &now, e);
	if (moved && r == 0 && !allow_covers(approved, &now))
		r = err_say(e, ESTALE,
			"the upstream has changed while the operator was asked, and more would be "
			"published now than was approved; push again");
	return r;
}

/* Nobody else is to wait for the operator: the mirror is free meanwhile. */
static int ask_operator(struct push *p, const struct inspection *in, struct err *e)
{
	const struct git_job job = {.gate = &p->gate, .repo = p->repo};
	cleanup_str struct str text = {0};
	int r = allow_collect(in, &job, &text, e);

	if (r <= 0)
		return r < 0 ? r : err_say(e, EACCES, "findings: %zu", in->n_found);
	r = mirror_unlock(GATE_FD_LOCK, e);
	if (r == 0)
		r = allow_ask(&p->gate.policy, p->repo, text.s, e);
	return r == 0 ? look_again(p, in, e) : r;
}

static int scan(struct push *p, struct err *e)
{
	cleanup_inspection struct inspection in = {0};
	int r = inspect(p, &in, e);

	if (r == 0 && in.n_found > 0)
		r = ask_operator(p, &in, e);
	/* What was approved needs no more words. */
	if ((r < 0 && in.n_found > 0 && e->code != ESTALE) || (r == 0 && in.n_found == 0))
		report_findings(&in);
	return r;
}

/*
 * From here on an agent that goes away ends nothing: what the upstream has taken must be known, and
 * may have to be put back. The gate waits for us (gate/server.c).
 */
static int forward(struct push *p, struct err *e)
{
	int r = channel_tell(CHANNEL_BUSY, e);

	if (r == 0 && prctl(PR_SET_PDEATHSIG, 0, 0, 0, 0) < 0)
		r = err_set(e, errno, "prctl PR_SET_PDEATHSIG");
	return r == 0 ? forward_push(&p->upstream, &p->commands, e) : r;
}

static int run(struct push *p, struct err *e)
{
	int r = read_request(p, e);
	struct git_job job = {.gate = &p->gate, .repo = p->repo};

	if (r == 0)
		r = look(p, e);
	if (r == 0)
		r = borrowed_check(&job, &p->commands, &p->ours, e);
	if (r == 0)
		r = rules_check(&job, &p->commands, &p->ours, e);
	if (r == 0)
		r = scan(p, e);
	return r == 0 ? forward(p, e) : r;
}

static void log_outcome(const struct push *p, int r, const struct err *e)
{
	const char *name = p->repo ? p->repo->name : "";

	if (r < 0)
		log_warning("push to '%s' refused: %s", name, e->msg);
	else
		log_info("push to '%s' forwarded, refs: %zu", name, p->commands.n);
}

int push_main(void)
{
	struct push p = {0};
	struct err e = {0};
	int r;

	/* An agent that went away hears nothing; what is to be done is done. */
	signal(SIGPIPE, SIG_IGN);
	prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	log_to_stderr(0);
	log_setup(GATE_FD_LOG, LOG_TEXT, LOG_INFO);
	r = run(&p, &e);
	/* What the rules or the scan refuse was told with all its places. */
	if (r < 0 && e.code != EACCES)
		fprintf(stderr, "push refused: %s\n", e.msg);
	log_outcome(&p, r, &e);
	push_done(&p);
	return r < 0;
}
