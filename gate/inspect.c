#include "gate/inspect.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
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

/* Paths go out in texts of about this many bytes. */
#define PATHS_AT_ONCE (32U << 10)

int inspect_init(struct inspection *in, int door, uint64_t max_bytes, struct err *e)
{
	*in = (struct inspection){.path = "", .left = max_bytes};
	return serve_client_open(door, &in->scanner, e);
}

void inspect_done(struct inspection *in)
{
	serve_client_close(in->scanner);
	str_done(&in->paths);
	*in = (struct inspection){0};
}

/* ---- texts: the scanner tells our words back with what it finds, "KIND OID" and the path */

static int begin(struct inspection *in, struct err *e)
{
	char tag[SERVE_TAG_MAX];

	snprintf(tag, sizeof(tag), "%d %s", (int)in->kind, in->oid);
	return serve_client_begin(in->scanner, tag, in->path, e);
}

static int read_tag(const char *tag, struct inspect_finding *ret)
{
	int kind = tag[0] - '0';
	const char *oid = tag + 2;

	if (kind < 0 || kind >= INSPECT_KINDS || tag[1] != ' ' ||
		(*oid && !refs_is_oid(oid, strlen(oid))))
		return -EPROTO;
	ret->kind = (enum inspect_kind)kind;
	memcpy(ret->oid, oid, strlen(oid) + 1);
	return 0;
}

/* What came with a tag that is none of ours is told without its place. */
static void note(void *arg, const struct serve_finding *f)
{
	struct inspection *in = arg;
	struct inspect_told *told = f->warning ? &in->warnings : &in->found;
	struct inspect_finding *to = &told->list[told->n];

	if (told->n == INSPECT_TOLD_MAX)
		return;
	told->n++;
	to->said = *f;
	if (read_tag(f->tag, to) < 0)
		*to = (struct inspect_finding){.kind = INSPECT_PATH, .said = *f};
}

static int read_text(struct inspection *in, const char *text, size_t len, struct err *e)
{
	int r = begin(in, e);

	if (r == 0)
		r = serve_client_feed(in->scanner, text, len, e);
	return r == 0 ? serve_client_end(in->scanner, e) : r;
}

int inspect_text(struct inspection *in, const char *name, const char *text, struct err *e)
{
	int r;

	in->kind = INSPECT_REQUEST;
	in->oid[0] = '\0';
	in->path = name;
	r = read_text(in, text, strlen(text), e);
	in->objects[INSPECT_REQUEST]++;
	in->path = "";
	return r;
}

/* Many paths are one text: what stands in several of them is found, too. */
static int read_paths(struct inspection *in, struct err *e)
{
	int r;

	if (in->paths.failed)
		return err_set(e, ENOMEM, "read paths");
	in->kind = INSPECT_PATH;
	in->oid[0] = '\0';
	in->path = "";
	r = read_text(in, in->paths.s, in->paths.len, e);
	in->paths.len = 0;
	return r;
}

static int add_path(struct inspection *in, struct err *e)
{
	if (!*in->path)
		return 0;
	str_add(&in->paths, in->path);
	str_add_char(&in->paths, '\n');
	return in->paths.failed || in->paths.len >= PATHS_AT_ONCE ? read_paths(in, e) : 0;
}

int inspect_finish(struct inspection *in, struct err *e)
{
	struct serve_done done;
	int r = in->paths.len > 0 ? read_paths(in, e) : 0;

	if (r == 0)
		r = serve_client_finish(in->scanner, note, in, &done, e);
	if (r < 0)
		return r;
	in->n_found = done.found;
	in->n_warnings = done.warnings;
	return 0;
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
		r = serve_client_feed(in->scanner, entry + mode + 1, len - mode - 1, e);
		if (r == 0)
			r = serve_client_feed(in->scanner, "\n", 1, e);
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
			r = serve_client_feed(in->scanner, piece, len, e);
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
	in->objects[in->kind]++;
	r = begin(in, e);
	if (r == 0)
		r = in->kind == INSPECT_TREE ? read_tree(in, rd, size, e)
					     : read_bytes(in, rd, size, e);
	if (r == 0)
		r = serve_client_end(in->scanner, e);
	if (r == 0)
		r = add_path(in, e);
	if (r < 0)
		return r;
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
