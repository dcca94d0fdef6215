#include "gate/inspect.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/ptr.h"
#include "gate/reader.h"
#include "gate/refs.h"

static const char *const types[] = {
	[INSPECT_COMMIT] = "commit",
	[INSPECT_TREE] = "tree",
	[INSPECT_BLOB] = "blob",
	[INSPECT_TAG] = "tag",
};

static int note(struct inspection *in, enum inspect_kind kind, const char *oid, const char *path,
	const struct scan_finding *f)
{
	struct inspect_finding *to;

	if (in->n_found++ >= INSPECT_TOLD_MAX)
		return 0;
	to = &in->told[in->n_found - 1];
	to->kind = kind;
	memcpy(to->oid, oid, strlen(oid) + 1);
	memcpy(to->excerpt, f->excerpt, sizeof(to->excerpt));
	to->rule = f->rule;
	to->line = f->line;
	to->path = strdup(path);
	to->what = strdup(f->what);
	return to->path && to->what ? 0 : -ENOMEM;
}

static int found(void *arg, const struct scan_finding *f)
{
	struct inspection *in = arg;

	return note(in, in->kind, in->oid, in->path, f);
}

/* Paths are scanned as one text: by the time of a finding, others have come. */
static int found_path(void *arg, const struct scan_finding *f)
{
	return note(arg, INSPECT_PATH, "", "", f);
}

int inspect_init(
	struct inspection *in, const struct scan_rules *rules, uint64_t max_bytes, struct err *e)
{
	int r;

	*in = (struct inspection){.path = "", .left = max_bytes};
	r = scan_open(rules, found, in, &in->scan, e);
	return r == 0 ? scan_open(rules, found_path, in, &in->paths, e) : r;
}

void inspect_done(struct inspection *in)
{
	for (size_t i = 0; i < in->n_found && i < INSPECT_TOLD_MAX; i++) {
		free(in->told[i].path);
		free(in->told[i].what);
	}
	scan_close(in->scan);
	scan_close(in->paths);
	*in = (struct inspection){0};
}

int inspect_text(struct inspection *in, const char *name, const char *text, struct err *e)
{
	int r;

	in->kind = INSPECT_REQUEST;
	in->oid[0] = '\0';
	in->path = name;
	r = scan_feed(in->scan, text, strlen(text), e);
	if (r == 0)
		r = scan_finish(in->scan, e);
	in->objects[INSPECT_REQUEST]++;
	in->path = "";
	return r;
}

/* ---- objects, as `git cat-file --batch` prints them */

/* Names of a tree's entries ("MODE NAME NUL OID"), a line each. */
static int read_tree(struct inspection *in, struct reader *rd, size_t size, struct err *e)
{
	const size_t oid = strlen(in->oid) / 2;

	while (size > 0) {
		const char *entry;
		size_t len, mode;
		int r = reader_until(rd, '\0', &entry, &len, e);

		if (r < 0)
			return r;
		mode = strcspn(entry, " ");
		if (len + 1 + oid > size || mode >= len)
			return err_say(e, EPROTO, "tree %s cannot be read", in->oid);
		size -= len + 1 + oid;
		r = scan_feed(in->scan, entry + mode + 1, len - mode - 1, e);
		if (r == 0)
			r = scan_feed(in->scan, "\n", 1, e);
		if (r == 0)
			r = reader_skip(rd, oid, e);
		if (r < 0)
			return r;
	}
	return 0;
}

static int read_bytes(struct inspection *in, struct reader *rd, size_t size, struct err *e)
{
	while (size > 0) {
		const char *piece;
		size_t len = size;
		int r = reader_some(rd, &piece, &len, e);

		if (r == 0)
			r = scan_feed(in->scan, piece, len, e);
		if (r < 0)
			return r;
		size -= len;
	}
	return 0;
}

/* "TYPE SIZE OID PATH"; the path lives in *keep. */
static int parse_header(
	struct inspection *in, const char *line, size_t *ret_size, char **keep, struct err *e)
{
	long size;
	cleanup_free char *copy = strdup(line);
	char *type = copy, *number, *oid, *path;

	if (!copy)
		return err_set(e, ENOMEM, "read an object");
	number = strchr(type, ' ');
	oid = number ? strchr(number + 1, ' ') : NULL;
	path = oid ? strchr(oid + 1, ' ') : NULL;
	if (!path)
		return err_say(e, EIO, "an object is missing: %s", line);
	*number++ = *oid++ = *path++ = '\0';
	if (!str_to_long(number, 0, INT64_MAX, &size) || !refs_is_oid(oid, strlen(oid)))
		return err_say(e, EPROTO, "an object cannot be read: %s", line);
	for (in->kind = 0; in->kind < ARRAY_LEN(types); in->kind++)
		if (str_eq(types[in->kind], type))
			break;
	if (in->kind == ARRAY_LEN(types))
		return err_say(e, EPROTO, "an object of unknown type '%s'", type);
	memcpy(in->oid, oid, strlen(oid) + 1);
	memmove(copy, path, strlen(path) + 1);
	free(*keep);
	*keep = steal_ptr(&copy);
	in->path = *keep;
	*ret_size = (size_t)size;
	return 0;
}

static int read_object(struct inspection *in, struct reader *rd, size_t size, struct err *e)
{
	int r;

	if (size > in->left)
		return err_say(e, EFBIG, "its objects are too large when unpacked");
	in->left -= size;
	r = in->kind == INSPECT_TREE ? read_tree(in, rd, size, e) : read_bytes(in, rd, size, e);

	if (r == 0)
		r = scan_finish(in->scan, e);
	if (r == 0 && *in->path)
		r = scan_feed(in->paths, in->path, strlen(in->path), e);
	if (r == 0 && *in->path)
		r = scan_feed(in->paths, "\n", 1, e);
	if (r < 0)
		return r;
	in->objects[in->kind]++;
	return reader_skip(rd, 1, e); /* the newline behind each object */
}

static int read_all(struct inspection *in, int fd, struct err *e)
{
	cleanup_reader struct reader rd = {.fd = fd};
	cleanup_free char *path = NULL;
	int r = 1;

	while (r > 0) {
		const char *line;
		size_t len, size = 0;

		r = reader_until(&rd, '\n', &line, &len, e);
		if (r > 0) {
			r = parse_header(in, line, &size, &path, e);
			if (r == 0)
				r = read_object(in, &rd, size, e) < 0 ? -e->code : 1;
		}
	}
	if (r == 0)
		r = scan_finish(in->paths, e);
	in->path = "";
	return r;
}

/* rev-list writes what cat-file reads: objects with their paths. */
struct pipeline {
	struct proc list, cat;
	int out;
};

static void pipeline_done(struct pipeline *p)
{
	proc_kill(&p->list);
	proc_kill(&p->cat);
	fd_close(&p->out);
}

static int start(
	const struct git_job *job, const struct str *revisions, struct pipeline *p, struct err *e)
{
	static const char *const list_args[] = {"rev-list", "--objects", "--stdin", NULL};
	static const char *const cat_args[] = {"cat-file", "--buffer",
		"--batch=%(objecttype) %(objectsize) %(objectname) %(rest)", NULL};
	struct git_job list = *job, cat = *job;
	cleanup_fd int in = -1, mid_r = -1, mid_w = -1, out_w = -1;
	int mid[2], out[2], r;

	list.args = list_args;
	cat.args = cat_args;
	in = fd_memfd("revisions", revisions->s, revisions->len, e);
	if (in < 0)
		return in;
	if (pipe2(mid, O_CLOEXEC) < 0)
		return err_set(e, errno, "pipe");
	mid_r = mid[0];
	mid_w = mid[1];
	if (pipe2(out, O_CLOEXEC) < 0)
		return err_set(e, errno, "pipe");
	p->out = out[0];
	out_w = out[1];
	r = git_start(&list, (int[]){in, mid_w, -1}, &p->list, e);
	return r == 0 ? git_start(&cat, (int[]){mid_r, out_w, -1}, &p->cat, e) : r;
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

/* A second count by another command: what was read must be as many commits as there are. */
static int check_count(const struct inspection *in, const struct git_job *job,
	const struct str *revisions, struct err *e)
{
	static const char *const args[] = {"rev-list", "--count", "--stdin", NULL};
	struct git_job count = *job;
	cleanup_git_result struct git_result res = {0};
	long n;
	int r;

	count.args = args;
	count.input = revisions->s;
	count.input_len = revisions->len;
	r = git_must(&count, &res, e);
	if (r < 0)
		return r;
	res.out.s[strcspn(res.out.s, "\n")] = '\0';
	if (!str_to_long(res.out.s, 0, INT64_MAX, &n) || (size_t)n != in->objects[INSPECT_COMMIT])
		return err_say(e, EIO, "%zu of %s commits were scanned",
			in->objects[INSPECT_COMMIT], res.out.s);
	return 0;
}

int inspect_objects(struct inspection *in, const struct git_job *job, const struct str *revisions,
	struct err *e)
{
	struct pipeline p = {PROC_NONE, PROC_NONE, -1};
	int r = start(job, revisions, &p, e);

	if (r == 0)
		r = read_all(in, p.out, e);
	if (r == 0)
		r = must_end_well(&p.list, e);
	if (r == 0)
		r = must_end_well(&p.cat, e);
	pipeline_done(&p);
	return r == 0 ? check_count(in, job, revisions, e) : r;
}
