#include "shim/sidecar_cgroup.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/json.h"
#include "base/path.h"
#include "base/ptr.h"

#define CGROUP_RECORD "sidecar-cgroup.json"
#define CGROUP_SUFFIX "-sidecar"

/* git's index-pack of a large push is what needs most of both. */
static const struct {
	int64_t memory_bytes, processes;
} limits = {
	.memory_bytes = (int64_t)1 << 30,
	.processes = 512,
};

static int remember(int dirfd, const struct cgroup *cg, struct err *e)
{
	cleanup_json json_t *j = cgroup_to_json(cg);
	cleanup_free char *text = j ? json_dumps(j, JSON_COMPACT) : NULL;

	if (!text)
		return err_set(e, ENOMEM, "write '" CGROUP_RECORD "'");
	return path_write_file(dirfd, CGROUP_RECORD, text, strlen(text), 0600, e);
}

/* Before it is there: what is killed between the two leaves a record that can be followed. */
static int announce(int dirfd, const struct cgroup *container, struct err *e)
{
	cleanup_cgroup struct cgroup *cg = NULL;
	int r = cgroup_name_beside(container, CGROUP_SUFFIX, &cg, e);

	return r < 0 ? r : remember(dirfd, cg, e);
}

int sidecar_cgroup_make(
	const char *state_dir, const struct cgroup *container, struct cgroup **ret, struct err *e)
{
	cleanup_fd int dirfd = open(state_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	cleanup_cgroup struct cgroup *cg = NULL;
	struct err ignored;
	int r;

	if (dirfd < 0)
		return err_set(e, errno, "open '%s'", state_dir);
	r = announce(dirfd, container, e);
	if (r == 0)
		r = cgroup_create_beside(
			container, CGROUP_SUFFIX, limits.memory_bytes, limits.processes, &cg, e);
	if (r < 0) {
		unlinkat(dirfd, CGROUP_RECORD, 0);
		return r;
	}
	r = remember(dirfd, cg, e);
	if (r < 0) {
		(void)cgroup_destroy(cg, &ignored);
		return r;
	}
	*ret = steal_ptr(&cg);
	return 0;
}

bool sidecar_cgroup_exists(const char *state_dir)
{
	cleanup_fd int dirfd = open(state_dir, O_PATH | O_DIRECTORY | O_CLOEXEC);

	return dirfd >= 0 && faccessat(dirfd, CGROUP_RECORD, F_OK, 0) == 0;
}

int sidecar_cgroup_remove(const char *state_dir, struct err *e)
{
	cleanup_fd int dirfd = open(state_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	cleanup_cgroup struct cgroup *cg = NULL;
	cleanup_free char *text = NULL;
	cleanup_json json_t *j = NULL;
	struct json_at root;
	size_t len;
	int r;

	if (dirfd < 0 || faccessat(dirfd, CGROUP_RECORD, F_OK, 0) < 0)
		return 0;
	r = fd_read_file(dirfd, CGROUP_RECORD, 1U << 20, &text, &len, e);
	if (r >= 0)
		r = json_parse(text, len, CGROUP_RECORD, &j, e);
	if (r < 0)
		return r;
	root = json_root(j, CGROUP_RECORD);
	r = cgroup_from_json(&root, &cg, e);
	if (r >= 0)
		r = cgroup_destroy(cg, e);
	if (r < 0)
		return err_wrap(e, "remove the sidecar's cgroup");
	if (unlinkat(dirfd, CGROUP_RECORD, 0) < 0 && errno != ENOENT)
		return err_set(e, errno, "remove '%s/" CGROUP_RECORD "'", state_dir);
	return 0;
}
