#include "gate/mirror.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/path.h"
#include "base/ptr.h"
#include "base/str.h"
#include "gate/etc.h"
#include "gate/git.h"
#include "gate/leftovers.h"
#include "gate/quota.h"
#include "gate/past.h"
#include "gate/record.h"
#include "gate/store.h"

/*
 * Theory of operation. Each mirror has a lock file in .gate, which holds what the upstream said
 * last and when it was asked (gate/record.h). Who wants to know notes the time, takes the lock and
 * looks: an answer to a question that was asked later than that is as good as an own one, so a
 * crowd of clones costs one or two questions upstream. Objects are fetched under the lock, too,
 * when the refs have moved since they were. A push holds the lock from its scan to the end of
 * receive-pack, so no refresh comes between the upstream's acceptance and the mirror's own refs,
 * and forgets the record, which is about to be wrong.
 */

int64_t mirror_now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

static int make_dirs(const char *base, const char *const *dirs, struct err *e)
{
	int r = path_mkdir_p(base, 0700, e);

	for (; r == 0 && *dirs; dirs++) {
		cleanup_free char *path = str_format("%s/%s", base, *dirs);

		r = path ? path_mkdir_p(path, 0700, e) : err_set(e, ENOMEM, "make '%s'", base);
	}
	return r;
}

int mirror_prepare(const struct gate *g, struct err *e)
{
	static const char *const dirs[] = {"lock", "ctl", NULL};
	cleanup_free char *base = str_format("%s/.gate", g->git_dir);

	return base ? make_dirs(base, dirs, e) : err_set(e, ENOMEM, "make the gate's directory");
}

/* By it git is given the right one of its two configurations (gate/etc.h). */
static int mark_format(int dirfd, bool sha256, struct err *e)
{
	if (sha256)
		return path_write_file(dirfd, ETC_SHA256_MARK, "", 0, 0600, e);
	if (unlinkat(dirfd, ETC_SHA256_MARK, 0) < 0 && errno != ENOENT)
		return err_set(e, errno, "note a mirror's object format");
	return 0;
}

int mirror_init(const struct gate *g, const struct policy_repo *repo, bool sha256, struct err *e)
{
	static const char *const dirs[] = {"objects/pack", "refs/heads", "refs/tags", NULL};
	static const char head[] = "ref: refs/heads/main\n";
	cleanup_free char *path = str_format("%s/%s.git", g->git_dir, repo->name);
	cleanup_fd int dirfd = -1;
	int r;

	if (!path)
		return err_set(e, ENOMEM, "make a mirror");
	r = make_dirs(path, dirs, e);
	if (r < 0)
		return r;
	dirfd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (dirfd < 0)
		return err_set(e, errno, "open '%s'", path);
	r = mark_format(dirfd, sha256, e);
	if (r == 0 && faccessat(dirfd, "HEAD", F_OK, 0) < 0)
		r = path_write_file(dirfd, "HEAD", head, strlen(head), 0600, e);
	return r;
}

int mirror_open_lock(const struct gate *g, const struct policy_repo *repo, int *ret, struct err *e)
{
	cleanup_free char *path = str_format("%s/.gate/lock/%s", g->git_dir, repo->name);
	int fd;

	if (!path)
		return err_set(e, ENOMEM, "open a mirror's lock");
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0)
		return err_set(e, errno, "open '%s'", path);
	*ret = fd;
	return 0;
}

int mirror_lock(int lock_fd, struct err *e)
{
	int r;

	do {
		r = flock(lock_fd, LOCK_EX);
	} while (r < 0 && errno == EINTR);
	return r < 0 ? err_set(e, errno, "lock a mirror") : 0;
}

int mirror_unlock(int lock_fd, struct err *e)
{
	return flock(lock_fd, LOCK_UN) < 0 ? err_set(e, errno, "unlock a mirror") : 0;
}

int mirror_refs(
	const struct gate *g, const struct policy_repo *repo, struct refs *ret, struct err *e)
{
	const char *const args[] = {"for-each-ref", "--format=%(objectname)%09%(refname)", NULL};
	struct git_job job = {.gate = g, .repo = repo, .args = args};
	cleanup_git_result struct git_result res = {0};
	int r = git_must(&job, &res, e);

	return r < 0 ? r : refs_parse(res.out.s, ret, e);
}

static int fetch(const struct upstream *u, const struct git_watch *watch, struct err *e)
{
	/*
	 * What the store has need not come again; nobody else is asked (gate/etc.c). git calls it
	 * with each directory that it borrows from.
	 */
	cleanup_free char *ask_store = str_format(
		"core.alternateRefsCommand=f() { case $1 in '%s'/*) "
		"git --git-dir=\"$1\" for-each-ref --format='%%(objectname)' ;; esac; }; f",
		u->gate->store_dir);
	const char *const args[] = {"-c", ask_store, "fetch", watch ? "--progress" : "--quiet",
		"--prune", "--force", "--no-tags", "--no-auto-gc", "--no-write-fetch-head",
		"--no-recurse-submodules", "--update-head-ok", "--", u->repo->url, "+refs/*:refs/*",
		NULL};
	struct git_job job = {
		.gate = u->gate, .repo = u->repo, .upstream = u, .args = args, .watch = watch};

	return ask_store ? git_must(&job, NULL, e) : err_set(e, ENOMEM, "fetch");
}

/* HEAD's own file, which git reads first: "ref: TARGET", or an object. */
static int head_is(const struct upstream *u, const char *wanted, struct err *e)
{
	cleanup_free char *path = str_format("%s/%s.git/HEAD", u->gate->git_dir, u->repo->name);
	cleanup_free char *now = NULL;

	if (!path)
		return err_set(e, ENOMEM, "follow the upstream's HEAD");
	return fd_read_file(AT_FDCWD, path, 4096, &now, NULL, e) == 0 && str_eq(now, wanted);
}

/* Of nobody: an upstream's HEAD that stands for nothing known leads nowhere here, too. */
#define NOWHERE "refs/bottle/nowhere"

static int follow_head(const struct upstream *u, const struct refs *theirs, struct err *e)
{
	bool detached = !theirs->head && *theirs->head_oid;
	const char *target = theirs->head ? theirs->head : NOWHERE;
	const char *const branch[] = {"symbolic-ref", "HEAD", target, NULL};
	const char *const commit[] = {"update-ref", "--no-deref", "HEAD", theirs->head_oid, NULL};
	struct git_job job = {.gate = u->gate, .repo = u->repo, .args = detached ? commit : branch};
	cleanup_free char *wanted =
		detached ? str_format("%s\n", theirs->head_oid) : str_format("ref: %s\n", target);
	int r = wanted ? head_is(u, wanted, e) : err_set(e, ENOMEM, "follow the upstream's HEAD");

	return r == 0 ? git_must(&job, NULL, e) : r < 0 ? r : 0;
}

/* An upstream that was made anew in the other object format has nothing in common with the mirror.
 */
static int drop(const struct upstream *u, struct err *e)
{
	cleanup_free char *name = str_format("%s.git", u->repo->name);
	cleanup_fd int dir = open(u->gate->git_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (!name || dir < 0)
		return err_set(e, name ? errno : ENOMEM, "remove a mirror");
	return path_remove_tree(dir, name, e);
}

/* What the upstream has, asked at or after asked_ns; by whom does not matter. */
static int look(
	const struct upstream *u, int lock_fd, int64_t asked_ns, struct record *rec, struct err *e)
{
	struct refs theirs = {0};
	int64_t now;
	int r = record_read(lock_fd, rec, e);

	if (r < 0 || (rec->asked_ns != 0 && rec->asked_ns >= asked_ns))
		return r;
	now = mirror_now_ns();
	r = upstream_refs(u, &theirs, e);
	if (r < 0)
		return r;
	if (rec->refs.sha256 != theirs.sha256)
		r = drop(u, e);
	rec->synced = rec->synced && refs_equal(&rec->refs, &theirs) &&
		      refs_same_head(&rec->refs, &theirs) && rec->refs.sha256 == theirs.sha256;
	rec->asked_ns = now;
	refs_done(&rec->refs);
	rec->refs = theirs;
	return r == 0 ? record_write(lock_fd, rec, e) : r;
}

/*
 * An upstream that has changed between its refs and its objects is asked again. Names that git
 * leaves out when it fetches make a difference that stays: it is seen by an unchanged answer.
 */
#define TRIES 3

static int bring_up(const struct upstream *u, int lock_fd, struct record *rec,
	const struct git_watch *watch, struct err *e)
{
	int r = mirror_init(u->gate, u->repo, rec->refs.sha256, e);

	if (r == 0)
		r = leftovers_unlock(u->gate, u->repo, e);
	if (r == 0)
		r = quota_check_disk(u->gate, e);
	for (int i = 0; r == 0 && i < TRIES; i++) {
		cleanup_refs struct refs ours = {0};
		int64_t before = rec->asked_ns;

		r = mirror_refs(u->gate, u->repo, &ours, e);
		if (r < 0 || refs_equal(&rec->refs, &ours))
			break;
		r = fetch(u, watch, e);
		if (r == 0)
			r = look(u, lock_fd, before + 1, rec, e);
	}
	return r == 0 ? follow_head(u, &rec->refs, e) : r;
}

static int note(const struct upstream *u, const struct refs *refs, struct err *e)
{
	const struct git_job job = {.gate = u->gate, .repo = u->repo};
	int r = past_note(&job, refs, e);

	if (r == 0)
		store_fetched(u->repo);
	return r;
}

static int refresh_locked(const struct upstream *u, int lock_fd, int64_t asked_ns,
	const struct git_watch *watch, struct err *e)
{
	cleanup_record struct record rec = {0};
	int r = look(u, lock_fd, asked_ns, &rec, e);

	if (r < 0 || rec.synced)
		return r;
	r = bring_up(u, lock_fd, &rec, watch, e);
	if (r == 0)
		r = note(u, &rec.refs, e);
	if (r < 0)
		return r;
	rec.synced = true;
	return record_write(lock_fd, &rec, e);
}

int mirror_refresh(const struct upstream *u, int lock_fd, int64_t asked_ns,
	const struct git_watch *watch, struct err *e)
{
	int r = mirror_lock(lock_fd, e);
	struct err ignored;

	if (r < 0)
		return r;
	r = refresh_locked(u, lock_fd, asked_ns, watch, e);
	mirror_unlock(lock_fd, &ignored);
	return r;
}

int mirror_look_held(
	const struct upstream *u, int lock_fd, int64_t asked_ns, struct refs *ret, struct err *e)
{
	struct record rec = {0};
	int r = look(u, lock_fd, asked_ns, &rec, e);

	if (r < 0)
		record_done(&rec);
	else
		*ret = rec.refs;
	return r;
}

int mirror_look(
	const struct upstream *u, int lock_fd, int64_t asked_ns, struct refs *ret, struct err *e)
{
	struct err ignored;
	int r = mirror_lock(lock_fd, e);

	if (r < 0)
		return r;
	r = mirror_look_held(u, lock_fd, asked_ns, ret, e);
	mirror_unlock(lock_fd, &ignored);
	return r;
}

int mirror_forget(int lock_fd, struct err *e)
{
	return ftruncate(lock_fd, 0) < 0 ? err_set(e, errno, "forget a mirror's record") : 0;
}
