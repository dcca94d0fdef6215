#include "gate/forward.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/ptr.h"
#include "base/str.h"
#include "gate/git.h"
#include "gate/https.h"
#include "gate/sanitize.h"
#include "gate/send.h"

/*
 * Theory of operation. A push goes up in parts, in order: one part where the upstream takes several
 * refs at once (all that fit a command line; hardly ever there are more), else a part a ref. A part
 * that is not taken ends it, and all that the upstream has taken before is put back to what it was,
 * again on the condition that it still stands as we have set it.
 *
 * What has become of a part is believed when each of its refs was refused in so many words.
 * Otherwise (the connection ended, the upstream does not say) the upstream is asked for its refs:
 * it may have taken everything, and only its answer was lost.
 */
struct forward {
	const struct upstream *u;
	const struct commands *cmds;
	size_t sent; /* commands that the upstream has taken, from the first on */
	bool singly;
};

/* Of refs that could not be put back. */
#define TOLD_MAX  50
#define OID_SHOWN 12

static const char *value(const char *oid)
{
	return refs_is_zero(oid) ? "nothing" : oid;
}

static bool stands_at(const struct refs *refs, const char *name, const char *oid)
{
	const struct ref *now = refs_find(refs, name);

	return now ? str_eq(now->oid, oid) : refs_is_zero(oid);
}

/* ---- putting back */

/* The way back of those among the first n that stand as they were set. Names are borrowed. */
static int make_way_back(
	const struct commands *cmds, size_t n, const struct refs *now, struct commands *ret)
{
	*ret = (struct commands){.list = calloc(n ? n : 1, sizeof(*ret->list))};
	if (!ret->list)
		return -ENOMEM;
	for (size_t i = n; i-- > 0;) {
		const struct command *c = &cmds->list[i];
		struct command *back = &ret->list[ret->n];

		if (str_eq(c->old, c->new) || !stands_at(now, c->ref, c->new))
			continue;
		back->ref = c->ref;
		memcpy(back->old, c->new, sizeof(back->old));
		memcpy(back->new, c->old, sizeof(back->new));
		ret->n++;
	}
	return 0;
}

static void tell_standing(const struct commands *back, const struct refs *now, size_t *ret_left)
{
	size_t told = 0;

	*ret_left = 0;
	for (size_t i = 0; i < back->n; i++) {
		const struct command *c = &back->list[i];
		const struct ref *ref = refs_find(now, c->ref);
		cleanup_free char *name = NULL;

		if (stands_at(now, c->ref, c->new))
			continue;
		++*ret_left;
		if (told++ == TOLD_MAX)
			break;
		name = sanitize_line(c->ref, strlen(c->ref));
		fprintf(stderr, "   %s stands at %.*s upstream, it was at %.*s\n", name ? name : "",
			OID_SHOWN, ref ? ref->oid : "nothing", OID_SHOWN, value(c->new));
		log_warning("not put back: %s is %s, was %s", name ? name : "",
			ref ? ref->oid : "gone", value(c->new));
	}
}

/* Whatever becomes of it is seen by asking afterwards. */
static int send_back(const struct forward *f, const struct commands *back, struct err *e)
{
	int r = 0;

	for (size_t i = 0, n; r == 0 && i < back->n; i += n) {
		cleanup_git_result struct git_result res = {0};
		struct commands part = {.list = back->list + i};

		part.n = n = send_fitting(back, i);
		r = send_refs(f->u, &part, false, &res, e);
		if (r == 0)
			send_tell_refusals(&res);
	}
	return r;
}

/* now: the upstream's refs; taken of the commands before `end` goes back. */
static int put_back(const struct forward *f, size_t end, const struct refs *now, struct err *e)
{
	cleanup_refs struct refs after = {0};
	struct commands back;
	size_t n, left = 0;
	int r = make_way_back(f->cmds, end, now, &back);

	if (r < 0)
		return err_set(e, -r, "put refs back");
	n = back.n;
	if (n > 0)
		r = send_back(f, &back, e);
	if (r == 0 && n > 0)
		r = upstream_refs(f->u, &after, e);
	if (r == 0 && n > 0)
		tell_standing(&back, &after, &left);
	free(back.list);
	if (r < 0)
		return err_wrap(e, "%zu of %zu refs were taken, and putting them back failed", n,
			f->cmds->n);
	if (left > 0)
		return err_say(e, EIO,
			"the upstream did not accept the push, but it has taken %zu of %zu refs "
			"before and did not let %zu of them be put back (above); fetch to see",
			n, f->cmds->n, left);
	return n == 0 ? err_say(e, EIO, "the upstream did not accept the push")
		      : err_say(e, EIO,
				"the upstream did not accept the push; it was not asked for all "
				"refs at once: %zu of %zu had been taken and %s put back to what "
				"%s",
				n, f->cmds->n, n == 1 ? "was" : "were",
				n == 1 ? "it was" : "they were");
}

/* ---- forwarding */

/* Whether all of a part stand as they should. */
static bool is_taken(const struct commands *part, const struct refs *now)
{
	for (size_t i = 0; i < part->n; i++)
		if (!stands_at(now, part->list[i].ref, part->list[i].new))
			return false;
	return true;
}

/* unanswered: what ended it without an answer; NULL: each of its refs was refused. */
static int clear_up(
	struct forward *f, const struct commands *part, const char *unanswered, struct err *e)
{
	cleanup_refs struct refs now = {0};
	int r;

	if (!unanswered && f->sent == 0)
		return err_say(e, EIO, "the upstream did not accept the push");
	if (unanswered)
		fprintf(stderr, "The upstream did not answer: %s\n", unanswered);
	r = upstream_refs(f->u, &now, e);
	if (r < 0)
		return err_wrap(e,
			"nobody knows what the upstream has taken (fetch before you push again); "
			"it was asked, and");
	if (unanswered && is_taken(part, &now)) {
		fputs("But it has accepted: its refs are as they should be.\n", stderr);
		f->sent += part->n;
		return 0;
	}
	r = put_back(f, f->sent + part->n, &now, e);
	return unanswered ? err_wrap(e, "the connection ended before the upstream's answer") : r;
}

/* Answers to all of a push: nothing of it was taken. 0: there is none. */
static int refused_at_once(
	const struct forward *f, const struct git_result *res, const char *complaint, struct err *e)
{
	/* "fatal: the receiving end does not support push options", before anything is sent. */
	if (complaint && str_starts(complaint, "fatal: the receiving end does not support"))
		return err_say(e, EIO, "the upstream cannot take it: %s", complaint + 7);
	/* A forge that says no by HTTP. */
	if (complaint && f->sent == 0 && f->u->repo->transport == POLICY_HTTPS &&
		https_is_refusal(res->err.s))
		return err_say(e, EIO, "%s", complaint);
	return 0;
}

/* Goes on one by one where the upstream takes refs so only. */
static int judge(
	struct forward *f, const struct commands *part, const struct git_result *res, struct err *e)
{
	cleanup_free char *complaint = NULL;

	if (res->status == 0) {
		f->sent += part->n;
		return 0;
	}
	if (part->n > 1 && send_needs_single(res)) {
		f->singly = true;
		return 0;
	}
	complaint = git_cause(f->u, res);
	if (refused_at_once(f, res, complaint, e) < 0)
		return -EIO;
	send_tell_refusals(res);
	if (send_was_refused(res, part->n))
		return clear_up(f, part, NULL, e);
	return clear_up(f, part, complaint ? complaint : "git failed", e);
}

static int send_part(struct forward *f, struct err *e)
{
	const struct commands *all = f->cmds;
	struct commands part = {.list = all->list + f->sent, .options = all->options};
	cleanup_git_result struct git_result res = {0};
	struct err failed;

	part.n = f->singly ? 1 : send_fitting(all, f->sent);
	if (send_refs(f->u, &part, part.n > 1, &res, &failed) < 0)
		return clear_up(f, &part, failed.msg, e);
	return judge(f, &part, &res, e);
}

int forward_push(const struct upstream *u, const struct commands *cmds, struct err *e)
{
	struct forward f = {.u = u, .cmds = cmds};
	int r = 0;

	while (r == 0 && f.sent < cmds->n)
		r = send_part(&f, e);
	return r;
}
