#include "gate/borrowed.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "gate/brought.h"
#include "gate/oids.h"
#include "gate/past.h"
#include "gate/reachable.h"

/* All that the push leads to and the upstream's refs do not. */
static int list_published(const struct git_job *where, const struct commands *cmds,
	const struct refs *refs, struct oids *ret, struct err *e)
{
	const char *const args[] = {"rev-list", "--objects", "--no-object-names", "--stdin", NULL};
	struct git_job job = {.gate = where->gate, .repo = where->repo, .args = args};
	cleanup_git_result struct git_result res = {0};
	cleanup_str struct str revs = {0};
	int r;

	for (size_t i = 0; i < cmds->n; i++)
		if (!command_is_delete(&cmds->list[i]))
			str_addf(&revs, "%s\n", cmds->list[i].new);
	if (revs.len == 0)
		return revs.failed ? err_set(e, ENOMEM, "list what is pushed") : 0;
	for (size_t i = 0; i < refs->n; i++)
		str_addf(&revs, "^%s\n", refs->list[i].oid);
	if (revs.failed)
		return err_set(e, ENOMEM, "list what is pushed");
	job.input = revs.s;
	job.input_len = revs.len;
	r = git_must(&job, &res, e);
	return r == 0 && res.out.s ? oids_add_lines(ret, res.out.s, e) : r;
}

/* The first n lines of text, which becomes two. */
static int split(char *text, long n, struct oids *first, struct oids *rest, struct err *e)
{
	char *at = text, begins;
	int r;

	for (char *nl; n > 0 && (nl = strchr(at, '\n')); n--)
		at = nl + 1;
	begins = *at;
	*at = '\0';
	r = oids_add_lines(first, text, e);
	*at = begins;
	return r == 0 ? oids_add_lines(rest, at, e) : r;
}

/*
 * What the pushed pack has, and what index-pack has added to it (gate/brought.h): in the order of
 * the pack, which is what --unordered means. The same object twice in a pack, by which the two
 * could be mixed up, index-pack --strict refuses.
 */
static int list_quarantine(
	const struct git_job *where, struct oids *brought, struct oids *added, struct err *e)
{
	const char *const args[] = {"cat-file", "--batch-all-objects",
		"--batch-check=%(objectname)", "--unordered", NULL};
	cleanup_git_result struct git_result res = {0};
	const struct git_job job = {.gate = where->gate,
		.repo = where->repo,
		.args = args,
		.sees = GIT_SEES_QUARANTINE};
	long n;
	int r = brought_count(&n, e);

	if (r == 0)
		r = git_must(&job, &res, e);
	if (r == 0 && res.out.s)
		r = split(res.out.s, n, brought, added, e);
	oids_sort(brought);
	return r;
}

int borrowed_check(const struct git_job *job, const struct commands *cmds, const struct refs *refs,
	struct err *e)
{
	cleanup_oids struct oids published = {0}, brought = {0}, borrowed = {0};
	bool present = false;
	char oid[65] = "";
	int r = past_is_present(job, refs, &present, e);

	if (r < 0 || present)
		return r;
	r = list_published(job, cmds, refs, &published, e);
	/* Who only deletes has no quarantine. */
	if (r < 0 || published.n == 0)
		return r;
	r = list_quarantine(job, &brought, &borrowed, e);
	for (size_t i = 0; r == 0 && i < published.n; i++)
		if (!oids_has(&brought, published.list[i]))
			r = oids_add(&borrowed, published.list[i], e);
	if (r == 0)
		r = reachable_check(job, refs, &borrowed, e);
	if (r == -EACCES)
		snprintf(oid, sizeof(oid), "%s", strrchr(e->msg, ' ') + 1);
	return r == -EACCES ? err_say(e, ENOENT,
				      "an object that the push names is neither in it nor behind "
				      "a ref of the upstream's (%s); push it whole",
				      oid)
			    : r;
}
