#include "gate/changes.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "gate/reader.h"
#include "gate/refs.h"

/* A pipe of this size lets git walk on while what it lists first is still scanned. */
#define PIPE_SIZE (1 << 20)

/*
 * -c: of a merge what differs from all parents; no renames: what moved is there anew. Records end
 * with NUL, and begin with '@' or ':', but for paths, which follow a ':' each.
 */
static const char *const log_args[] = {"log", "--stdin", "-z", "-c", "--raw", "-t", "--root",
	"--no-renames", "--no-abbrev", "--no-notes", "--no-mailmap", "--no-show-signature",
	"--no-decorate", "--no-color", "--no-ext-diff", "--no-textconv", "--ignore-submodules=none",
	"--format=@%H %T %S", NULL};

int changes_start(
	struct changes *c, const struct git_job *job, const struct str *revisions, struct err *e)
{
	struct git_job log = *job;
	cleanup_fd int in = -1, out_w = -1;
	int out[2];

	log.args = log_args;
	in = fd_memfd("revisions", revisions->s, revisions->len, e);
	if (in < 0)
		return in;
	if (pipe2(out, O_CLOEXEC) < 0)
		return err_set(e, errno, "pipe");
	c->fd = out[0];
	out_w = out[1];
	/* A smaller one only costs time. */
	(void)fcntl(c->fd, F_SETPIPE_SZ, PIPE_SIZE);
	return git_start(&log, (int[]){in, out_w, -1}, &c->git, e);
}

void changes_done(struct changes *c)
{
	proc_kill(&c->git);
	fd_close(&c->fd);
}

/* The next word, up to a space or the end; *at goes behind it. */
static size_t word(const char **at, const char **ret)
{
	size_t len;

	*at += strspn(*at, " ");
	*ret = *at;
	len = strcspn(*at, " ");
	*at += len;
	return len;
}

static bool take_oid(const char **at, char ret[65])
{
	const char *oid;
	size_t len = word(at, &oid);

	if (!refs_is_oid(oid, len))
		return false;
	memcpy(ret, oid, len);
	ret[len] = '\0';
	return true;
}

static int bad(const char *text, struct err *e)
{
	return err_say(e, EPROTO, "the list of changes cannot be read: %.80s", text);
}

int changes_parse_commit(const char *text, struct changes_record *ret, struct err *e)
{
	const char *at = text + 1;

	if (*text != '@' || !take_oid(&at, ret->commit) || !take_oid(&at, ret->tree) ||
		!take_oid(&at, ret->tip) || *at)
		return bad(text, e);
	return 0;
}

int changes_parse_raw(const char *text, struct changes_record *ret, struct err *e)
{
	size_t parents = strspn(text, ":");
	const char *at = text + parents, *mode = at;

	if (parents == 0)
		return bad(text, e);
	for (size_t i = 0; i <= parents; i++)
		if (word(&at, &mode) != 6)
			return bad(text, e);
	for (size_t i = 0; i <= parents; i++)
		if (!take_oid(&at, ret->oid))
			return bad(text, e);
	ret->is_gone = refs_is_zero(ret->oid);
	ret->is_blob = str_starts(mode, "100") || str_starts(mode, "120");
	return 0;
}

/* One that is being read, and who is told. */
struct walk {
	struct changes *changes;
	struct reader rd;
	struct changes_record rec;
	changes_fn *found;
	void *arg;
};

/* 1, or what found says. */
static int tell(struct walk *w, const char *oid, const char *path, bool is_blob, struct err *e)
{
	const struct change c = {w->rec.commit, w->rec.tip, oid, path, is_blob};

	return w->found(w->arg, &c, e) < 0 ? -e->code : 1;
}

/* 1; 0 at the end. A path follows a raw record. */
static int read_one(struct walk *w, struct err *e)
{
	struct changes_record *rec = &w->rec;
	const char *text;
	size_t len;
	int r = reader_until(&w->rd, '\0', &text, &len, e);

	if (r <= 0)
		return r;
	text += strspn(text, "\n");
	if (!*text)
		return 1;
	if (*text == '@') {
		r = changes_parse_commit(text, rec, e);
		w->changes->n_commits++;
		return r < 0 ? r : tell(w, rec->tree, "", false, e);
	}
	if (!*rec->commit)
		return bad(text, e);
	r = changes_parse_raw(text, rec, e);
	if (r == 0)
		r = reader_until(&w->rd, '\0', &text, &len, e);
	if (r <= 0)
		return r < 0 ? r : err_say(e, EPROTO, "the list of changes ended early");
	if (rec->is_gone)
		return 1;
	return tell(w, rec->oid, text, rec->is_blob, e);
}

int changes_read(struct changes *c, changes_fn *found, void *arg, struct err *e)
{
	struct walk w = {.changes = c, .rd = {.fd = c->fd}, .found = found, .arg = arg};
	int r, status;

	do {
		r = read_one(&w, e);
	} while (r > 0);
	reader_done(&w.rd);
	if (r == 0)
		r = proc_wait(&c->git, -1, &status, e);
	if (r < 0)
		return r;
	return git_status(status) == 0 ? 0 : err_say(e, EIO, "not all changes could be listed");
}
