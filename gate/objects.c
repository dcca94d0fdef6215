#include "gate/objects.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/ptr.h"
#include "gate/changes.h"
#include "gate/object.h"
#include "gate/refs.h"

/*
 * Theory of operation. `git rev-list --objects` is the authority: what it lists is what a push
 * sends. It names each object once, with the first path at which it came by. `git log --raw` walks
 * beside it and names each file with each path that a commit gives it; what was not read under that
 * path is read once more, so that a rule with a condition on the path is asked about every name.
 */

/* Blobs to be read again go to cat-file in lists of about this many bytes. */
#define AGAIN_AT_ONCE (1U << 20)

void objects_done(struct objects *o)
{
	pairs_done(&o->read);
	str_done(&o->again);
}

/* ---- reading what is listed */

static int note_read(struct objects *o, struct err *e)
{
	const struct inspection *in = o->in;
	int r = 0;

	o->in->objects[in->kind]++;
	progress_step(o->progress);
	if (in->kind == INSPECT_BLOB)
		r = pairs_add(&o->read, in->oid, "", e);
	if (r >= 0 && in->kind == INSPECT_BLOB)
		r = pairs_add(&o->read, in->oid, in->path, e);
	return r < 0 ? r : inspect_path(o->in, e);
}

static int read_all(struct objects *o, int fd, bool counts, struct err *e)
{
	cleanup_reader struct reader rd = {.fd = fd};
	cleanup_object_reader struct object_reader one = {
		.in = o->in, .rd = &rd, .progress = o->progress, .left = o->left};
	int r;

	do {
		r = object_read(&one, e);
		if (r > 0 && counts && note_read(o, e) < 0)
			r = -e->code;
	} while (r > 0);
	o->left = one.left;
	return r;
}

/* rev-list writes what cat-file reads: objects with their paths. */
struct pipeline {
	struct proc list, cat;
	int out;
};

#define PIPELINE_NONE ((struct pipeline){PROC_NONE, PROC_NONE, -1})

static void pipeline_done(struct pipeline *p)
{
	proc_kill(&p->list);
	proc_kill(&p->cat);
	fd_close(&p->out);
}

#define cleanup_pipeline __attribute__((cleanup(pipeline_done)))

static int start_list(const struct git_job *job, const struct str *revisions, int out,
	struct proc *ret, struct err *e)
{
	static const char *const args[] = {"rev-list", "--objects", "--stdin", NULL};
	struct git_job list = *job;
	cleanup_fd int in = fd_memfd("revisions", revisions->s, revisions->len, e);

	list.args = args;
	return in < 0 ? in : git_start(&list, (int[]){in, out, -1}, ret, e);
}

static int start_cat(const struct git_job *job, int in, struct pipeline *p, struct err *e)
{
	static const char *const args[] = {"cat-file", "--buffer", OBJECT_FORMAT, NULL};
	struct git_job cat = *job;
	cleanup_fd int out_w = -1;
	int out[2];

	cat.args = args;
	if (pipe2(out, O_CLOEXEC) < 0)
		return err_set(e, errno, "pipe");
	p->out = out[0];
	out_w = out[1];
	return git_start(&cat, (int[]){in, out_w, -1}, &p->cat, e);
}

static int must_end_well(struct proc *p, struct err *e)
{
	int status, r = proc_wait(p, -1, &status, e);

	if (r < 0)
		return r;
	return git_status(status) == 0
		       ? 0
		       : err_say(e, EIO, "not all objects could be listed and read");
}

static int read_listed(struct objects *o, const struct str *revisions, struct err *e)
{
	cleanup_pipeline struct pipeline p = PIPELINE_NONE;
	cleanup_fd int mid_r = -1, mid_w = -1;
	int mid[2], r;

	if (pipe2(mid, O_CLOEXEC) < 0)
		return err_set(e, errno, "pipe");
	mid_r = mid[0];
	mid_w = mid[1];
	r = start_list(o->job, revisions, mid_w, &p.list, e);
	if (r == 0)
		r = start_cat(o->job, mid_r, &p, e);
	fd_close(&mid_r);
	fd_close(&mid_w);
	if (r == 0)
		r = read_all(o, p.out, true, e);
	if (r == 0)
		r = must_end_well(&p.list, e);
	return r == 0 ? must_end_well(&p.cat, e) : r;
}

/* ---- the other names of files */

static int read_again(struct objects *o, struct err *e)
{
	cleanup_pipeline struct pipeline p = PIPELINE_NONE;
	cleanup_fd int in = -1;
	int r;

	if (o->again.failed)
		return err_set(e, ENOMEM, "list files");
	if (o->again.len == 0)
		return 0;
	in = fd_memfd("files", o->again.s, o->again.len, e);
	o->again.len = 0;
	r = in < 0 ? in : start_cat(o->job, in, &p, e);
	if (r == 0)
		r = read_all(o, p.out, false, e);
	return r == 0 ? must_end_well(&p.cat, e) : r;
}

static bool is_empty(const char *oid)
{
	return str_eq(oid, "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391") ||
	       str_eq(oid, "473a0f4c3be8a93681a267e3b1e9a7dcda1185436fe141f7749120a303721813");
}

static int see_change(void *arg, const struct change *c, struct err *e)
{
	struct objects *o = arg;
	int r;

	if (!c->is_blob)
		return 0;
	if (!is_empty(c->oid) && !str_eq(o->changing, c->commit)) {
		o->n_changing++;
		snprintf(o->changing, sizeof(o->changing), "%s", c->commit);
	}
	/* What is not listed the upstream has already, under whatever name. */
	r = pairs_has(&o->read, c->oid, "", e);
	if (r > 0)
		r = pairs_add(&o->read, c->oid, c->path, e);
	if (r <= 0)
		return r;
	str_addf(&o->again, "%s ", c->oid);
	/* A line each: of a name with several, the rules see spaces. */
	for (const char *s = c->path; *s; s++)
		str_add_char(&o->again, *s == '\n' ? ' ' : *s);
	str_add_char(&o->again, '\n');
	return o->again.failed || o->again.len >= AGAIN_AT_ONCE ? read_again(o, e) : 0;
}

static int check_count(const struct objects *o, const struct changes *c, struct err *e)
{
	if (c->n_commits == o->in->objects[INSPECT_COMMIT])
		return 0;
	return err_say(e, EIO, "%zu of %zu commits were scanned", o->in->objects[INSPECT_COMMIT],
		c->n_commits);
}

int objects_read(struct objects *o, const struct str *revisions, struct err *e)
{
	cleanup_changes struct changes changes = CHANGES_NONE;
	int r = changes_start(&changes, o->job, revisions, e);

	if (r == 0)
		r = read_listed(o, revisions, e);
	if (r == 0)
		r = changes_read(&changes, see_change, o, e);
	if (r == 0)
		r = read_again(o, e);
	return r == 0 ? check_count(o, &changes, e) : r;
}
