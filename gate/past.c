#include "gate/past.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/ptr.h"
#include "gate/oids.h"
#include "gate/store.h"

#define PAST_MAX (256U << 20)

static char *past_path(const struct git_job *job)
{
	return str_format("%s/%s.git/past", job->gate->git_dir, job->repo->name);
}

/* A line that a killed writer left without its end is not there yet. */
static int read_past(const struct git_job *job, struct oids *ret, struct err *e)
{
	cleanup_free char *path = past_path(job), *text = NULL;
	int r;

	if (!path)
		return err_set(e, ENOMEM, "read what an upstream has had");
	if (access(path, F_OK) < 0)
		return errno == ENOENT ? 0 : err_set(e, errno, "read '%s'", path);
	r = fd_read_file(AT_FDCWD, path, PAST_MAX, &text, NULL, e);
	return r < 0 ? r : oids_add_lines(ret, text, e);
}

int past_note(const struct git_job *job, const struct refs *now, struct err *e)
{
	cleanup_free char *path = past_path(job);
	cleanup_oids struct oids past = {0};
	cleanup_str struct str more = {0};
	cleanup_fd int fd = -1;
	int r = path ? read_past(job, &past, e) : err_set(e, ENOMEM, "note refs");

	if (r < 0)
		return r;
	oids_sort(&past);
	for (size_t i = 0; i < now->n; i++)
		if (!oids_has(&past, now->list[i].oid))
			str_addf(&more, "%s\n", now->list[i].oid);
	if (more.failed)
		return err_set(e, ENOMEM, "note refs");
	if (more.len == 0)
		return 0;
	fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
	r = fd < 0 ? -errno : fd_write_all(fd, more.s, more.len);
	return r < 0 ? err_set(e, -r, "note what an upstream has") : 0;
}

static int ask_git(const struct git_job *where, const struct oids *gone, const struct refs *now,
	bool *ret, struct err *e)
{
	/* One line is enough; tags are not counted among the commits. */
	const char *const args[] = {"rev-list", "--objects", "--max-count=1", "--stdin", NULL};
	cleanup_git_result struct git_result res = {0};
	cleanup_str struct str revs = {0};
	struct git_job job = {.gate = where->gate, .repo = where->repo, .args = args};
	int r;

	for (size_t i = 0; i < gone->n; i++)
		str_addf(&revs, "%s\n", gone->list[i]);
	for (size_t i = 0; i < now->n; i++)
		str_addf(&revs, "^%s\n", now->list[i].oid);
	if (revs.failed)
		return err_set(e, ENOMEM, "look what an upstream has had");
	job.input = revs.s;
	job.input_len = revs.len;
	r = git_must(&job, &res, e);
	if (r == 0)
		*ret = res.out.len == 0;
	return r;
}

int past_is_present(const struct git_job *job, const struct refs *now, bool *ret, struct err *e)
{
	cleanup_oids struct oids past = {0}, present = {0}, gone = {0};
	int r = read_past(job, &past, e);

	if (r == 0)
		r = store_tips(job->gate, job->repo, &past, e);
	for (size_t i = 0; r == 0 && i < now->n; i++)
		r = oids_add(&present, now->list[i].oid, e);
	if (r < 0)
		return r;
	oids_sort(&past);
	oids_sort(&present);
	for (size_t i = 0; r == 0 && i < past.n; i++)
		if (!oids_has(&present, past.list[i]))
			r = oids_add(&gone, past.list[i], e);
	*ret = true;
	return r == 0 && gone.n > 0 ? ask_git(job, &gone, now, ret, e) : r;
}
