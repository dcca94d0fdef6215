#include "shim/store_work.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/ptr.h"
#include "base/str.h"
#include "shim/store.h"
#include "shim/store_commit.h"
#include "shim/store_git.h"
#include "shim/store_tips.h"

/* An object takes a pack no less: its header, and deflate's shortest stream. */
#define OBJECT_MIN 9
#define HEADER_LEN 12
#define TRAILER	   20

struct work {
	const struct store_work *w;
	char *git_dir, *out;
	struct store_tips told, now;
};

static void work_done(struct work *k)
{
	free(k->git_dir);
	free(k->out);
	store_tips_done(&k->told);
	store_tips_done(&k->now);
}

static int read_told(struct work *k, struct err *e)
{
	cleanup_free char *text = NULL;
	size_t len;
	int r = lseek(k->w->refs_fd, 0, SEEK_SET) < 0 ? err_set(e, errno, "the refs") : 0;

	if (r == 0)
		r = fd_read_all(k->w->refs_fd, "the refs", STORE_REFS_MAX, &text, &len, e);
	return r < 0 ? r : store_tips_parse(text, len, &k->told, e);
}

/* When tidying, what is told is what was told last. */
static int take_former(struct work *k, struct err *e)
{
	size_t n = 0;

	for (size_t i = 0; i < k->now.n; i++)
		if (!k->now.list[i].kept)
			k->now.list[n++] = k->now.list[i];
	k->told = k->now;
	k->told.n = n;
	k->now = (struct store_tips){0};
	return n > 0 ? 0 : err_say(e, ENOENT, "there is nothing to tidy");
}

static int read_tips(struct work *k, struct err *e)
{
	cleanup_free char *path = str_format("%s/" STORE_TIPS, k->w->now);
	int r = path ? store_tips_read(path, &k->now, e) : err_set(e, ENOMEM, "read the tips");

	if (r < 0)
		return r;
	if (k->w->tidy)
		return take_former(k, e);
	r = read_told(k, e);
	/* An upstream that was made anew with the other kind of ids: nothing is borrowed. */
	if (r == 0 && k->now.n > 0 && k->now.oid_len != k->told.oid_len)
		store_tips_done(&k->now);
	return r;
}

/* Whether the repository's tips are of the same kind, so that it can be borrowed from. */
static bool is_alike(const struct work *k, const char *repo)
{
	cleanup_fd int fd = open(repo, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	bool sha256 = false;
	struct err none;

	return fd >= 0 && store_tips_sha256(fd, STORE_TIPS, &sha256, &none) == 0 &&
	       sha256 == (k->told.oid_len == 64);
}

static int prepare(struct work *k, struct err *e)
{
	const char *const repos[] = {k->w->now, k->w->view};
	cleanup_free char *now = str_format("%s/objects", k->w->now);
	cleanup_free char *view = str_format("%s/objects", k->w->view);
	const char *borrowed[3] = {NULL};
	size_t n = 0;

	k->git_dir = str_format("%s/git", k->w->place);
	k->out = str_format("%s/" STORE_OUT, k->w->place);
	if (!now || !view || !k->git_dir || !k->out)
		return err_set(e, ENOMEM, "prepare a store");
	for (size_t i = 0; i < ARRAY_LEN(repos); i++)
		if (is_alike(k, repos[i]))
			borrowed[n++] = i == 0 ? now : view;
	if (mkdir(k->out, 0700) < 0)
		return err_set(e, errno, "make '%s'", k->out);
	return store_git_init(k->git_dir, k->told.oid_len == 64, borrowed, e);
}

/* ---- take */

/* gitformat-pack(5). What the header claims costs index-pack memory before it has read on. */
static int check_header(int fd, uint32_t *ret_objects, struct err *e)
{
	struct {
		char magic[4];
		uint32_t version, objects;
	} head;
	struct stat st;

	if (fstat(fd, &st) < 0 || lseek(fd, 0, SEEK_SET) < 0)
		return err_set(e, errno, "the pack");
	if (pread(fd, &head, sizeof(head), 0) != (ssize_t)sizeof(head) ||
		memcmp(head.magic, "PACK", 4) != 0)
		return err_say(e, EPROTO, "what was brought is no pack");
	*ret_objects = ntohl(head.objects);
	if (st.st_size > STORE_BYTES_MAX ||
		*ret_objects > (st.st_size - HEADER_LEN - TRAILER) / OBJECT_MIN)
		return err_say(e, EPROTO, "a pack of %lld bytes that claims %u objects",
			(long long)st.st_size, *ret_objects);
	return 0;
}

/* Old histories have these, and every git takes them. */
#define STRICT                                                                                     \
	"--strict=badTimezone=warn,missingSpaceBeforeDate=warn,zeroPaddedDate=warn,"               \
	"missingEmail=warn,missingSpaceBeforeEmail=warn,missingNameBeforeEmail=warn"

static int take(const struct work *k, struct err *e)
{
	cleanup_free char *max = str_format("--max-input-size=%lld", STORE_BYTES_MAX);
	const char *const args[] = {"index-pack", "--stdin", "--fix-thin", STRICT, max, NULL};
	const struct store_git job = {.git_dir = k->git_dir, .args = args, .in_fd = k->w->pack_fd};
	uint32_t objects = 0;
	int r = max ? check_header(k->w->pack_fd, &objects, e) : err_set(e, ENOMEM, "take a pack");

	return r < 0 || objects == 0 ? r : store_git_run(&job, e);
}

/* ---- choose */

static int choose(const struct work *k, struct err *e)
{
	cleanup_free char *base = str_format("%s/pack", k->out);
	/* Deltas are taken over; only for what stays long new ones are worth their time. */
	const char *const args[] = {"pack-objects", "--revs", "--non-empty", "-q",
		"--delta-base-offset", k->w->tidy ? "--window=10" : "--window=0", base, NULL};
	cleanup_str struct str revs = {0};
	const struct store_git job = {
		.git_dir = k->git_dir, .args = args, .in_fd = -1, .input = &revs};

	for (size_t i = 0; i < k->told.n; i++)
		str_addf(&revs, "%s\n", k->told.list[i].oid);
	for (size_t i = 0; i < k->now.n; i++)
		str_addf(&revs, "^%s\n", k->now.list[i].oid);
	if (!base || revs.failed)
		return err_set(e, ENOMEM, "choose what is stored");
	return store_git_run(&job, e);
}

/* ---- tell */

/* A tip of before, of which rev-list says that the refs do not lead to it. */
static void mark_kept(void *arg, const char *line)
{
	struct store_tips *t = arg;
	char oid[65] = "";
	struct store_tip *tip;

	if (strlen(line) < t->oid_len)
		return;
	memcpy(oid, line, t->oid_len);
	tip = store_tips_find(t, oid);
	if (tip)
		tip->kept = true;
}

static int find_kept(const struct work *k, struct store_tips *before, struct err *e)
{
	const char *const args[] = {"rev-list", "--objects", "--stdin", NULL};
	cleanup_str struct str revs = {0};
	const struct store_git job = {.git_dir = k->git_dir,
		.args = args,
		.in_fd = -1,
		.input = &revs,
		.line = mark_kept,
		.arg = before};

	for (size_t i = 0; i < before->n; i++)
		str_addf(&revs, "%s\n", before->list[i].oid);
	for (size_t i = 0; i < k->told.n; i++)
		str_addf(&revs, "^%s\n", k->told.list[i].oid);
	return revs.failed ? err_set(e, ENOMEM, "look at tips") : store_git_run(&job, e);
}

/* Adds to what was told those of `before` from which there is more. */
static int add_kept(
	const struct work *k, struct store_tips *before, struct store_tips *all, struct err *e)
{
	size_t n = 0;
	int r;

	for (size_t i = 0; i < before->n; i++) {
		before->list[n] = before->list[i];
		before->list[n].kept = false;
		if (!store_tips_find(&k->told, before->list[i].oid))
			n++;
	}
	before->n = n;
	r = n > 0 ? find_kept(k, before, e) : 0;
	if (r < 0)
		return r;
	n = 0;
	for (size_t i = 0; i < before->n; i++)
		if (before->list[i].kept)
			before->list[n++] = before->list[i];
	before->n = n;
	return store_tips_keep(all, before, e);
}

static int write_told(const struct work *k, const char *repo, const char *name, struct err *e)
{
	cleanup_free char *path = str_format("%s/" STORE_TIPS, repo);
	cleanup_free char *to = str_format("%s/%s", k->out, name);
	cleanup_tips struct store_tips before = {0}, all = {0};
	int r = path && to ? 0 : err_set(e, ENOMEM, "tell tips");

	if (r == 0)
		r = store_tips_keep(&all, &k->told, e);
	for (size_t i = 0; r == 0 && i < all.n; i++)
		all.list[i].kept = false;
	if (r == 0 && !k->w->tidy && is_alike(k, repo))
		r = store_tips_read(path, &before, e);
	/* The bottle gets to see the store's packs, too. */
	if (r == 0)
		r = store_tips_keep(&before, &k->now, e);
	if (r == 0)
		r = add_kept(k, &before, &all, e);
	return r == 0 ? store_tips_write(&all, to, e) : r;
}

static int tell(const struct work *k, struct err *e)
{
	int r = write_told(k, k->w->now, STORE_OUT_TIPS, e);

	return r < 0 || k->w->tidy ? r : write_told(k, k->w->view, STORE_OUT_VIEW, e);
}

static int run(struct work *k, struct err *e)
{
	int r = read_tips(k, e);

	if (r == 0)
		r = prepare(k, e);
	if (r == 0 && !k->w->tidy)
		r = take(k, e);
	if (r == 0)
		r = choose(k, e);
	return r == 0 ? tell(k, e) : r;
}

int store_work(const struct store_work *w, struct err *e)
{
	struct work k = {.w = w};
	int r = run(&k, e);

	work_done(&k);
	return r;
}
