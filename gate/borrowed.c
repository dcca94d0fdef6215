#include "gate/borrowed.h"

#include <errno.h>
#include <string.h>

#include "base/str.h"
#include "gate/oids.h"
#include "gate/past.h"
#include "gate/reachable.h"

static int list(const struct git_job *job, struct oids *ret, struct err *e)
{
	cleanup_git_result struct git_result res = {0};
	int r = git_must(job, &res, e);

	if (r == 0 && res.out.s)
		r = oids_add_lines(ret, res.out.s, e);
	oids_sort(ret);
	return r;
}

/* All that the push leads to and the upstream's refs do not. */
static int list_published(const struct git_job *where, const struct commands *cmds,
	const struct refs *refs, struct oids *ret, struct err *e)
{
	const char *const args[] = {"rev-list", "--objects", "--no-object-names", "--stdin", NULL};
	struct git_job job = {.gate = where->gate, .repo = where->repo, .args = args};
	cleanup_str struct str revs = {0};

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
	return list(&job, ret, e);
}

static int list_brought(const struct git_job *where, struct oids *ret, struct err *e)
{
	const char *const args[] = {"cat-file", "--batch-all-objects",
		"--batch-check=%(objectname)", "--unordered", NULL};
	const struct git_job job = {.gate = where->gate,
		.repo = where->repo,
		.args = args,
		.sees = GIT_SEES_QUARANTINE};

	return list(&job, ret, e);
}

int borrowed_check(const struct git_job *job, const struct commands *cmds, const struct refs *refs,
	struct err *e)
{
	cleanup_oids struct oids published = {0}, brought = {0}, borrowed = {0};
	bool present = false;
	int r = past_is_present(job, refs, &present, e);

	if (r < 0 || present)
		return r;
	r = list_published(job, cmds, refs, &published, e);
	if (r == 0)
		r = list_brought(job, &brought, e);
	for (size_t i = 0; r == 0 && i < published.n; i++)
		if (!oids_has(&brought, published.list[i]))
			r = oids_add(&borrowed, published.list[i], e);
	if (r == 0)
		r = reachable_check(job, refs, &borrowed, e);
	return r == -EACCES ? err_say(e, ENOENT,
				      "an object that the push names is neither in it nor behind "
				      "a ref of the upstream's (%s); push it whole",
				      strrchr(e->msg, ' ') + 1)
			    : r;
}
