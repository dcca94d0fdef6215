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
#include "gate/git.h"

/*
 * Theory of operation. Each mirror has a lock file in .gate; it holds the time at which the last
 * good refresh began. Who wants a fresh mirror notes the time, takes the lock and looks: a refresh
 * that began later than that has seen all that the upstream had when it was asked for, so a crowd
 * of clones costs one or two questions upstream. A push holds the lock from its scan to the end of
 * receive-pack, so no refresh comes between the upstream's acceptance and the mirror's own refs.
 */

/*
 * No remote: a push by name would update its tracking refs inside the quarantine and fail after
 * the upstream has accepted; maintenance never, since it would take objects from under a reader.
 * A history that the upstream has is not ours to judge: fsck is for what agents push.
 */
static const char config[] = "[core]\n"
			     "\trepositoryformatversion = 0\n"
			     "\tbare = true\n"
			     "\tfilemode = true\n"
			     "\thooksPath = %s/.gate/hooks\n"
			     "\tcommitGraph = false\n"
			     "\tlogAllRefUpdates = false\n"
			     "\tattributesFile = /dev/null\n"
			     "\texcludesFile = /dev/null\n"
			     "\tfsync = none\n"
			     /* Larger files are streamed: memory is flat whatever is pushed. */
			     "\tbigFileThreshold = 16m\n"
			     "[gc]\n\tauto = 0\n"
			     "[maintenance]\n\tauto = false\n"
			     "[receive]\n"
			     "\tdenyCurrentBranch = ignore\n"
			     "\tdenyDeleteCurrent = ignore\n"
			     "\tadvertisePushOptions = true\n"
			     "\tfsckObjects = true\n"
			     "\tautogc = false\n"
			     "\tupdateServerInfo = false\n"
			     "\tmaxInputSize = %lld\n"
			     /* Packs stay packs: what is loose is compressed anew each time. */
			     "[transfer]\n\tunpackLimit = 1\n"
			     "[http]\n\treceivepack = true\n"
			     "[uploadpack]\n\tallowFilter = true\n"
			     "[pack]\n\tthreads = 2\n";

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

/* A link to a descriptor that every process below the gate has: see enum gate_fd. */
static int link_self(const char *base, const char *name, struct err *e)
{
	cleanup_free char *path = str_format("%s/%s", base, name);
	cleanup_free char *target = str_format("/proc/self/fd/%d", GATE_FD_SELF);

	if (!path || !target)
		return err_set(e, ENOMEM, "link '%s'", name);
	if (unlink(path) < 0 && errno != ENOENT)
		return err_set(e, errno, "replace '%s'", path);
	return symlink(target, path) < 0 ? err_set(e, errno, "link '%s'", path) : 0;
}

int mirror_prepare(const struct gate *g, struct err *e)
{
	static const char *const dirs[] = {"hooks", "bin", "lock", "ctl", NULL};
	cleanup_free char *base = str_format("%s/.gate", g->git_dir);
	int r;

	if (!base)
		return err_set(e, ENOMEM, "make the gate's directory");
	r = make_dirs(base, dirs, e);
	if (r == 0)
		r = link_self(base, "hooks/pre-receive", e);
	return r == 0 ? link_self(base, "bin/ssh", e) : r;
}

static int write_config(
	int dirfd, const struct gate *g, const struct policy_repo *repo, struct err *e)
{
	cleanup_free char *text = str_format(config, g->git_dir, (long long)repo->push.max_pack);

	if (!text)
		return err_set(e, ENOMEM, "a mirror's configuration");
	return path_write_file(dirfd, "config", text, strlen(text), 0600, e);
}

int mirror_init(const struct gate *g, const struct policy_repo *repo, struct err *e)
{
	static const char *const dirs[] = {
		"objects/info", "objects/pack", "refs/heads", "refs/tags", NULL};
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
	r = write_config(dirfd, g, repo, e);
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
	const char *const args[] = {"fetch", watch ? "--progress" : "--quiet", "--prune", "--force",
		"--no-tags", "--no-auto-gc", "--no-write-fetch-head", "--no-recurse-submodules",
		"--update-head-ok", "--", u->repo->url, "+refs/*:refs/*", NULL};
	struct git_job job = {
		.gate = u->gate, .repo = u->repo, .upstream = u, .args = args, .watch = watch};

	return git_must(&job, NULL, e);
}

/* An upstream without a branch that HEAD stands for has none to follow. */
static int follow_head(const struct upstream *u, const char *target, struct err *e)
{
	const char *const args[] = {"symbolic-ref", "HEAD", target, NULL};
	struct git_job job = {.gate = u->gate, .repo = u->repo, .args = args};
	cleanup_free char *path = NULL, *now = NULL, *wanted = NULL;

	if (!target)
		return 0;
	path = str_format("%s/%s.git/HEAD", u->gate->git_dir, u->repo->name);
	wanted = str_format("ref: %s\n", target);
	if (!path || !wanted)
		return err_set(e, ENOMEM, "follow the upstream's HEAD");
	if (fd_read_file(AT_FDCWD, path, 4096, &now, NULL, e) == 0 && str_eq(now, wanted))
		return 0;
	return git_must(&job, NULL, e);
}

static int refresh_locked(const struct upstream *u, const struct git_watch *watch, struct err *e)
{
	cleanup_refs struct refs theirs = {0}, ours = {0};
	int r = upstream_refs(u, &theirs, e);

	if (r == 0)
		r = mirror_refs(u->gate, u->repo, &ours, e);
	if (r == 0 && !refs_equal(&theirs, &ours))
		r = fetch(u, watch, e);
	return r == 0 ? follow_head(u, theirs.head, e) : r;
}

int mirror_refresh(const struct upstream *u, int lock_fd, int64_t asked_ns,
	const struct git_watch *watch, struct err *e)
{
	int64_t began = 0;
	int r = mirror_lock(lock_fd, e);
	struct err ignored;

	if (r < 0)
		return r;
	if (pread(lock_fd, &began, sizeof(began), 0) != (ssize_t)sizeof(began) ||
		began < asked_ns) {
		began = mirror_now_ns();
		r = refresh_locked(u, watch, e);
		if (r == 0 && pwrite(lock_fd, &began, sizeof(began), 0) != (ssize_t)sizeof(began))
			r = err_set(e, EIO, "note a mirror's refresh");
	}
	mirror_unlock(lock_fd, &ignored);
	return r;
}
