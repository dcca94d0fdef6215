#include "gate/reachable.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/ptr.h"
#include "gate/past.h"

static int refuse(const char *oid, struct err *e)
{
	return err_say(e, EACCES, "upload-pack: not our ref %s", oid);
}

int reachable_leave_tips_out(
	const struct refs *refs, const struct oids *asked, struct oids *ret, struct err *e)
{
	cleanup_oids struct oids tips = {0};
	int r = *refs->head_oid ? oids_add(&tips, refs->head_oid, e) : 0;

	for (size_t i = 0; r == 0 && i < refs->n; i++) {
		r = oids_add(&tips, refs->list[i].oid, e);
		if (r == 0 && *refs->list[i].peeled)
			r = oids_add(&tips, refs->list[i].peeled, e);
	}
	oids_sort(&tips);
	for (size_t i = 0; r == 0 && i < asked->n; i++)
		if (!oids_has(&tips, asked->list[i]))
			r = oids_add(ret, asked->list[i], e);
	oids_sort(ret);
	return r;
}

static void add_refs(const struct refs *refs, const char *before, struct str *out)
{
	for (size_t i = 0; i < refs->n; i++)
		str_addf(out, "%s%s\n", before, refs->list[i].oid);
}

/* Parts what is asked for into commits and the rest; what nobody has is in neither. */
static int part(const struct git_job *where, const struct oids *asked, struct oids *commits,
	struct oids *rest, struct err *e)
{
	const char *const args[] = {"cat-file", "--batch-check=%(objectname) %(objecttype)", NULL};
	cleanup_git_result struct git_result res = {0};
	cleanup_str struct str input = {0};
	struct git_job job = {.gate = where->gate, .repo = where->repo, .args = args};
	int r;

	for (size_t i = 0; i < asked->n; i++)
		str_addf(&input, "%s\n", asked->list[i]);
	if (input.failed)
		return err_set(e, ENOMEM, "look for objects");
	job.input = input.s;
	job.input_len = input.len;
	r = git_must(&job, &res, e);
	for (char *line = res.out.s, *nl; r == 0 && line && (nl = strchr(line, '\n'));
		line = nl + 1) {
		char *space = strchr(line, ' ');

		*nl = '\0';
		if (!space || str_eq(space, " missing"))
			continue;
		*space = '\0';
		r = oids_add(str_eq(space + 1, "commit") ? commits : rest, line, e);
	}
	oids_sort(rest);
	return r;
}

/* Of all commits that are behind those asked for and behind no ref, one that was asked for. */
static int check_commits(const struct git_job *where, const struct refs *refs,
	const struct oids *commits, struct err *e)
{
	const char *const args[] = {"rev-list", "--stdin", NULL};
	cleanup_git_result struct git_result res = {0};
	cleanup_oids struct oids hidden = {0};
	cleanup_str struct str input = {0};
	struct git_job job = {.gate = where->gate, .repo = where->repo, .args = args};
	int r;

	if (commits->n == 0)
		return 0;
	for (size_t i = 0; i < commits->n; i++)
		str_addf(&input, "%s\n", commits->list[i]);
	add_refs(refs, "^", &input);
	if (input.failed)
		return err_set(e, ENOMEM, "look for commits");
	job.input = input.s;
	job.input_len = input.len;
	r = git_must(&job, &res, e);
	if (r == 0 && res.out.s)
		r = oids_add_lines(&hidden, res.out.s, e);
	oids_sort(&hidden);
	for (size_t i = 0; r == 0 && i < commits->n; i++)
		if (oids_has(&hidden, commits->list[i]))
			r = refuse(commits->list[i], e);
	return r;
}

/* Reads the listing until everything was seen. */
static int see(FILE *listing, const struct oids *rest, struct err *e)
{
	cleanup_free bool *seen = calloc(rest->n + 1, sizeof(*seen));
	cleanup_free char *line = NULL;
	size_t cap = 0, left = rest->n;

	if (!seen)
		return err_set(e, ENOMEM, "look for objects");
	while (left > 0 && getline(&line, &cap, listing) > 0) {
		long at;

		line[strcspn(line, " \n")] = '\0';
		at = oids_find(rest, line);
		if (at >= 0 && !seen[at]) {
			seen[at] = true;
			left--;
		}
	}
	for (size_t i = 0; left > 0 && i < rest->n; i++)
		if (!seen[i])
			return refuse(rest->list[i], e);
	return 0;
}

static int check_rest(const struct git_job *where, const struct refs *refs, const struct oids *rest,
	struct err *e)
{
	const char *const args[] = {
		"rev-list", "--objects", "--in-commit-order", "--no-object-names", "--stdin", NULL};
	const struct git_job job = {.gate = where->gate, .repo = where->repo, .args = args};
	cleanup_str struct str input = {0};
	cleanup_proc struct proc p = PROC_NONE;
	cleanup_fd int in = -1, out_w = -1;
	FILE *listing;
	int out[2], r;

	if (rest->n == 0)
		return 0;
	add_refs(refs, "", &input);
	in = input.failed ? err_set(e, ENOMEM, "list objects")
			  : fd_memfd("refs", input.s ? input.s : "", input.len, e);
	if (in < 0)
		return in;
	if (pipe2(out, O_CLOEXEC) < 0)
		return err_set(e, errno, "pipe");
	out_w = out[1];
	listing = fdopen(out[0], "r");
	if (!listing) {
		close(out[0]);
		return err_set(e, errno, "list objects");
	}
	r = git_start(&job, (const int[]){in, out_w, -1}, &p, e);
	fd_close(&out_w);
	if (r == 0)
		r = see(listing, rest, e);
	fclose(listing);
	return r;
}

int reachable_check(
	const struct git_job *job, const struct refs *refs, const struct oids *asked, struct err *e)
{
	cleanup_oids struct oids others = {0}, commits = {0}, rest = {0};
	bool present = false;
	int r = reachable_leave_tips_out(refs, asked, &others, e);

	if (r < 0 || others.n == 0)
		return r;
	r = past_is_present(job, refs, &present, e);
	if (r < 0 || present)
		return r;
	r = part(job, &others, &commits, &rest, e);
	if (r == 0)
		r = check_commits(job, refs, &commits, e);
	return r == 0 ? check_rest(job, refs, &rest, e) : r;
}
