#include "gate/etc.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/path.h"
#include "base/ptr.h"
#include "base/str.h"

/* By kind of object names: the folder's name is git's word for it. */
static const struct format {
	const char *name;
	const char *config;
} formats[] = {
	{"sha1", "[core]\n\trepositoryformatversion = 0\n"},
	{"sha256",
		"[core]\n\trepositoryformatversion = 1\n[extensions]\n\tobjectFormat = sha256\n"},
};

/*
 * No remote: a push by name would update its tracking refs inside the quarantine and fail after
 * the upstream has accepted; maintenance never, since it would take objects from under a reader.
 * A history that the upstream has is not ours to judge: fsck is for what agents push.
 */
static const char settings[] = "[core]\n"
			       "\tbare = true\n"
			       "\tfilemode = true\n"
			       "\tcommitGraph = false\n"
			       "\tmultiPackIndex = false\n"
			       "\tlogAllRefUpdates = false\n"
			       "\tattributesFile = /dev/null\n"
			       "\texcludesFile = /dev/null\n"
			       "\tfsync = none\n"
			       /*
				* To hear what a directory has from which objects are borrowed, git
				* enters it by itself, as it stands there: a quarantine borrows
				* from the writable half. And what the store has is no agent's to
				* hear of, in a push.
				*/
			       "\talternateRefsCommand = true\n"
			       /* Larger files are streamed: memory is flat whatever is pushed. */
			       "\tbigFileThreshold = 16m\n"
			       "\tdeltaBaseCacheLimit = 32m\n"
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
			       /* Of each process: quota_limit_memory is the end. */
			       "[pack]\n"
			       "\tthreads = 2\n"
			       "\twindowMemory = 64m\n"
			       "\tdeltaCacheSize = 64m\n";

static int make_link(const char *dir, const char *name, const char *target, struct err *e)
{
	cleanup_free char *path = str_format("%s/%s", dir, name);

	if (!path || !target)
		return err_set(e, ENOMEM, "link '%s'", name);
	if (unlink(path) < 0 && errno != ENOENT)
		return err_set(e, errno, "replace '%s'", path);
	return symlink(target, path) < 0 ? err_set(e, errno, "link '%s'", path) : 0;
}

/* DIR/FOLDER/NAME: a link to a descriptor that every process below the gate has. */
static int link_self(const char *dir, const char *folder, const char *name, struct err *e)
{
	cleanup_free char *path = str_format("%s/%s", dir, folder);
	cleanup_free char *target = str_format("/proc/self/fd/%d", GATE_FD_SELF);
	int r = path ? path_mkdir_p(path, 0755, e) : err_set(e, ENOMEM, "make '%s'", dir);

	return r == 0 ? make_link(path, name, target, e) : r;
}

/* GIT_EXEC_PATH is where git looks for those of its programs that are apart. */
static int link_backend(const char *dir, struct err *e)
{
	cleanup_free char *path = str_format("%s/exec", dir);

	return path ? make_link(path, "git-http-backend", "/usr/lib/git-core/git-http-backend", e)
		    : err_set(e, ENOMEM, "make '%s'", dir);
}

static int write_config(
	const char *dir, const struct format *f, const struct policy_repo *repo, struct err *e)
{
	cleanup_free char *rest = str_format(settings, (long long)repo->push.max_pack);
	cleanup_free char *text = rest ? str_format("%s%s", f->config, rest) : NULL;
	cleanup_fd int dirfd = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (!text)
		return err_set(e, ENOMEM, "a mirror's configuration");
	if (dirfd < 0)
		return err_set(e, errno, "open '%s'", dir);
	return path_write_file(dirfd, "config", text, strlen(text), 0444, e);
}

static int add_common_dir(const char *dir, const struct format *f, const char *git_dir,
	const struct policy_repo *repo, struct err *e)
{
	static const char *const moving[] = {"objects", "refs", "packed-refs"};
	cleanup_free char *path = str_format("%s/%s/%s.git", dir, f->name, repo->name);
	int r = path ? path_mkdir_p(path, 0755, e) : err_set(e, ENOMEM, "make '%s'", dir);

	if (r == 0)
		r = write_config(path, f, repo, e);
	if (r == 0)
		r = make_link(path, "hooks", "../../hooks", e);
	for (size_t i = 0; r == 0 && i < ARRAY_LEN(moving); i++) {
		cleanup_free char *target =
			str_format("%s/%s.git/%s", git_dir, repo->name, moving[i]);

		r = make_link(path, moving[i], target, e);
	}
	return r;
}

int etc_lay_out(
	const char *dir, const char *git_dir, const struct policy_gate *policy, struct err *e)
{
	cleanup_free char *empty = str_format("%s/empty", dir);
	int r = empty ? path_mkdir_p(empty, 0755, e) : err_set(e, ENOMEM, "make '%s'", dir);

	if (r == 0)
		r = link_self(dir, "hooks", "pre-receive", e);

	if (r == 0)
		r = link_self(dir, "bin", "ssh", e);
	if (r == 0)
		r = link_self(dir, "exec", "git", e);
	if (r == 0)
		r = link_backend(dir, e);
	if (r == 0)
		r = link_self(dir, "bin", "credential", e);
	for (size_t i = 0; r == 0 && i < policy->n_repos * ARRAY_LEN(formats); i++)
		r = add_common_dir(dir, &formats[i % ARRAY_LEN(formats)], git_dir,
			&policy->repos[i / ARRAY_LEN(formats)], e);
	return r;
}

char *etc_common_dir(const struct gate *g, const struct policy_repo *repo)
{
	cleanup_free char *mark = str_format("%s/%s.git/" ETC_SHA256_MARK, g->git_dir, repo->name);

	if (!mark)
		return NULL;
	return str_format("%s/%s/%s.git", g->etc_dir, formats[access(mark, F_OK) == 0 ? 1 : 0].name,
		repo->name);
}
