#include "gate/store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/msg.h"
#include "base/ptr.h"
#include "base/str.h"
#include "gate/channel.h"
#include "gate/etc.h"
#include "gate/git.h"
#include "gate/mirror.h"

#define TIPS_MAX (256U << 20)

static bool has(const char *dir, const char *name)
{
	cleanup_free char *path = str_format("%s/%s", dir, name);

	return path && access(path, F_OK) == 0;
}

/* The mark of SHA-256 stands in both, or in none. */
static char *store_of(const struct gate *g, const struct policy_repo *repo)
{
	cleanup_free char *store = str_format("%s/%s.git", g->store_dir, repo->name);
	cleanup_free char *mirror = str_format("%s/%s.git", g->git_dir, repo->name);

	if (!repo->store || !store || !mirror || !has(store, "objects") ||
		has(store, ETC_SHA256_MARK) != has(mirror, ETC_SHA256_MARK))
		return NULL;
	return steal_ptr(&store);
}

char *store_objects(const struct gate *g, const struct policy_repo *repo)
{
	cleanup_free char *store = store_of(g, repo);

	return store ? str_format("%s/objects", store) : NULL;
}

int store_tips(const struct gate *g, const struct policy_repo *repo, struct oids *to, struct err *e)
{
	cleanup_free char *store = store_of(g, repo);
	cleanup_free char *path = store ? str_format("%s/packed-refs", store) : NULL;
	cleanup_free char *text = NULL;
	int r;

	/* Nothing was kept yet. */
	if (!path || access(path, F_OK) < 0)
		return 0;
	r = fd_read_file(AT_FDCWD, path, TIPS_MAX, &text, NULL, e);
	return r < 0 ? r : oids_add_lines(to, text, e);
}

void store_fetched(const struct policy_repo *repo)
{
	struct err e;

	if (repo->store && channel_fetched(repo->name, &e) < 0)
		log_debug("the gate does not listen: %s", e.msg);
}

/* ---- an offer */

struct offer {
	const struct gate *gate;
	const struct policy_repo *repo;
	struct refs refs;
	struct oids tips;
};

/* Nothing else reads it, so it needs no name. */
static int make_file(const struct offer *o, struct err *e)
{
	cleanup_free char *path = str_format("%s/.gate/offer-%d", o->gate->git_dir, (int)getpid());
	int fd = path ? open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600) : -1;

	if (fd < 0)
		return err_set(e, path ? errno : ENOMEM, "make a pack for the store");
	unlink(path);
	return fd;
}

static char *revisions(const struct offer *o)
{
	cleanup_str struct str s = {0};

	for (size_t i = 0; i < o->refs.n; i++)
		str_addf(&s, "%s\n", o->refs.list[i].oid);
	for (size_t i = 0; i < o->tips.n; i++)
		str_addf(&s, "^%s\n", o->tips.list[i]);
	return str_take(&s);
}

/* Deltas are taken over as they are: to look for better ones is the writer's business. */
static int pack(const struct offer *o, int fd, struct err *e)
{
	const char *const args[] = {"pack-objects", "--revs", "--stdout", "-q", "--threads=1",
		"--window=0", "--delta-base-offset", NULL};
	const struct git_job job = {.gate = o->gate, .repo = o->repo, .args = args};
	cleanup_free char *revs = revisions(o);
	cleanup_proc struct proc p = PROC_NONE;
	cleanup_fd int in = revs ? fd_memfd("revisions", revs, strlen(revs), e)
				 : err_set(e, ENOMEM, "pack for the store");
	int status, r = in < 0 ? in : git_start(&job, (const int[]){in, fd, -1}, &p, e);

	if (r == 0)
		r = proc_wait(&p, -1, &status, e);
	if (r < 0)
		return r;
	return status == 0 ? 0
			   : err_say(e, EIO, "git pack-objects for the store ended with status %d",
				     git_status(status));
}

static int send_offer(const struct offer *o, struct err *e)
{
	cleanup_fd int pack_fd = make_file(o, e), refs_fd = -1;
	cleanup_str struct str lines = {0};
	int r = pack_fd < 0 ? pack_fd : pack(o, pack_fd, e);

	if (r < 0)
		return r;
	for (size_t i = 0; i < o->refs.n; i++)
		str_addf(&lines, "%s %s\n", o->refs.list[i].oid, o->refs.list[i].name);
	if (lines.failed)
		return err_set(e, ENOMEM, "offer to the store");
	refs_fd = fd_memfd("refs", lines.s, lines.len, e);
	return refs_fd < 0 ? refs_fd : channel_store(o->repo->name, pack_fd, refs_fd, e);
}

/* Whether each ref stands where the store has a tip. */
static bool has_all(const struct offer *o)
{
	for (size_t i = 0; i < o->refs.n; i++)
		if (!oids_has(&o->tips, o->refs.list[i].oid))
			return false;
	return true;
}

static int offer(struct offer *o, struct err *e)
{
	int r = mirror_refs(o->gate, o->repo, &o->refs, e);

	if (r == 0)
		r = store_tips(o->gate, o->repo, &o->tips, e);
	oids_sort(&o->tips);
	return r < 0 || has_all(o) ? r : send_offer(o, e);
}

void store_offer(const struct gate *g, const struct policy_repo *repo, int channel)
{
	struct offer o = {.gate = g, .repo = repo};
	struct err e = {0};

	(void)setpriority(PRIO_PROCESS, 0, 10); /* an agent's own business goes first */
	if (gate_place_fd(channel, GATE_FD_CHANNEL, &e) < 0 || offer(&o, &e) < 0)
		log_warning("nothing of '%s' is offered to the store: %s", repo->name, e.msg);
	_exit(0);
}
