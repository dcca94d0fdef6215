#include "shim/checkpoint.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/json.h"
#include "base/log.h"
#include "base/path.h"
#include "base/ptr.h"
#include "base/str.h"
#include "shim/checkpoint_mounts.h"
#include "shim/criu.h"
#include "shim/criu_opts.h"

#define LOG_FILE   "dump.log"
#define LOCK_MS	   10000
#define N_STANDARD 3

const struct checkpoint_ns checkpoint_namespaces[] = {
	{OCI_NS_NET, "net", "extRootNetNS"},
	{OCI_NS_PID, "pid", "extRootPidNS"},
	{0},
};

/* A dump at work. */
struct dump {
	const struct checkpoint_options *options;
	struct checkpoint_dirs dirs;
	struct state *state;
	struct oci *oci;
	struct cgroup *cgroup;
	int root; /* of the running container */
};

static int check(const struct state *s, struct err *e)
{
	enum state_status status = state_status(s);

	if (s->in_bottle)
		return err_say(e, ENOTSUP,
			"container '%s' is in a bottle, which cannot be checkpointed: its "
			"connections "
			"end in a sidecar that would not be in the images",
			s->id);
	if (status != STATE_RUNNING && status != STATE_PAUSED)
		return err_say(e, EINVAL, "Container cannot be checkpointed in %s state",
			state_status_name(status));
	if (geteuid() != 0)
		log_warning("checkpoint is untested without root");
	return 0;
}

/* ---- what criu is told */

static int add_external_namespaces(struct str *opts, const struct oci *oci, struct err *e)
{
	for (const struct checkpoint_ns *n = checkpoint_namespaces; n->type; n++) {
		const char *path = oci->ns[n->kind].path;
		cleanup_free char *what = NULL;
		struct stat st;

		if (!path)
			continue;
		if (stat(path, &st) < 0)
			return err_set(e, errno, "the %s namespace '%s'", n->type, path);
		what = str_format("%s[%llu]:%s", n->type, (unsigned long long)st.st_ino, n->key);
		if (!what)
			return err_set(e, ENOMEM, "namespaces");
		criu_opts_external(opts, what);
	}
	return 0;
}

/* The group by which all processes can be frozen at once; "" without one. */
static int find_freezer(const struct cgroup *cg, char **ret, struct err *e)
{
	cleanup_free struct cgroup_mount *list = NULL;
	size_t n = 0;
	int r = cgroup_mounts(cg, &list, &n, e);

	for (size_t i = 0; r == 0 && i < n && !*ret; i++)
		if (list[i].v2 || strstr(list[i].name, "freezer")) {
			*ret = strdup(list[i].dir);
			r = *ret ? 0 : err_set(e, ENOMEM, "freezer");
		}
	return r;
}

static int encode(const struct dump *d, struct str *opts, struct err *e)
{
	const struct criu_subject subject = {d->state->rootfs, LOG_FILE, d->state->annotations};
	cleanup_free char *freezer = NULL;
	int r = criu_opts_common(opts, d->options, &d->dirs, &subject, e);

	if (r == 0)
		r = find_freezer(d->cgroup, &freezer, e);
	if (r == 0)
		r = criu_opts_dump(opts, d->options, d->state->pid, freezer, e);
	if (r == 0)
		r = add_external_namespaces(opts, d->oci, e);
	/* A pre-dump is of the memory only. */
	if (r == 0 && !d->options->pre_dump)
		r = checkpoint_mounts_dump(opts, d->oci, d->cgroup, d->root, e);
	return r;
}

/* ---- files of ours beside criu's */

static json_t *descriptors(pid_t pid)
{
	json_t *list = json_array();

	for (int fd = 0; fd < N_STANDARD; fd++) {
		cleanup_free char *path = str_format("/proc/%d/fd/%d", (int)pid, fd);
		char to[256];
		ssize_t n = path ? readlink(path, to, sizeof(to)) : -1;

		json_array_append_new(list, json_stringn(to, n < 0 ? 0 : (size_t)n));
	}
	return list;
}

static int write_descriptors(const struct dump *d, struct err *e)
{
	cleanup_json json_t *list = descriptors(d->state->pid);
	cleanup_free char *text = list ? json_dumps(list, JSON_COMPACT) : NULL;

	if (!text)
		return err_set(e, ENOMEM, CHECKPOINT_DESCRIPTORS);
	return path_write_file(d->dirs.images, CHECKPOINT_DESCRIPTORS, text, strlen(text), 0600, e);
}

void checkpoint_quote_log(const char *dir, const char *name)
{
	enum { LOG_MAX = 16 << 20, QUOTED = 10 };
	cleanup_free char *path = str_format("%s/%s", dir, name), *text = NULL;
	char *save = NULL;
	struct err e;
	int quoted = 0;

	if (!path || fd_read_file(AT_FDCWD, path, LOG_MAX, &text, NULL, &e) < 0)
		return;
	for (char *l = strtok_r(text, "\n", &save); l; l = strtok_r(NULL, "\n", &save))
		if (strstr(l, "Error") && quoted++ < QUOTED)
			log_warning("%s: %s", path, l);
}

/* ---- the work */

/* Whoever migrates lazily waits for this byte before it starts the other side. */
static int hear(void *arg, struct criu_note *note, struct err *e)
{
	const struct checkpoint_options *o = arg;
	int r = 0;

	if (o->status_fd >= 0 && strcmp(note->name, "status-ready") == 0)
		r = fd_write_all((int)o->status_fd, "", 1);
	return r < 0 ? err_set(e, -r, "--status-fd %ld", o->status_fd) : 0;
}

static int ask_criu(
	const struct globals *g, const struct dump *d, const struct str *opts, struct err *e)
{
	const struct proc_fd fds[] = {{STDERR_FILENO, STDERR_FILENO}};
	/* A Ctrl-C is for us: criu, killed by it, would leave the container frozen. */
	const struct proc_spec spec = {
		.path = g->criu, .fds = fds, .n_fds = ARRAY_LEN(fds), .new_session = 1};
	const struct criu_listener listener = {hear, (void *)d->options};
	cleanup_criu struct criu c;
	int r = criu_start(&spec, &c, e);

	if (r == 0)
		r = criu_check_version(&c, e);
	if (r == 0 && d->options->pre_dump)
		r = criu_check_feature(&c, CRIU_MEM_TRACK, e);
	if (r == 0 && d->options->lazy_pages)
		r = criu_check_feature(&c, CRIU_LAZY_PAGES, e);
	if (r < 0)
		return r;
	r = criu_work(&c, d->options->pre_dump ? CRIU_PRE_DUMP : CRIU_DUMP, opts, &listener, e);
	if (r < 0) {
		checkpoint_quote_log(d->dirs.log, LOG_FILE);
		err_wrap(e, "log file %s/%s", d->dirs.log, LOG_FILE);
	}
	return r;
}

static int dump(const struct globals *g, struct dump *d, struct err *e)
{
	cleanup_free char *root = str_format("/proc/%d/root", (int)d->state->pid);
	cleanup_str struct str opts = {0};
	int r = state_config(d->state, &d->oci, e);

	if (r == 0)
		r = state_cgroup(d->state, &d->cgroup, e);
	if (r == 0)
		r = checkpoint_dirs_open(d->options, true, &d->dirs, e);
	if (r < 0)
		return r;
	d->root = root ? open(root, O_PATH | O_DIRECTORY | O_CLOEXEC) : -1;
	if (d->root < 0)
		return err_set(e, errno, "open the container's root");
	r = encode(d, &opts, e);
	if (r == 0 && !d->options->pre_dump)
		r = write_descriptors(d, e);
	return r < 0 ? r : ask_criu(g, d, &opts, e);
}

int checkpoint_container(
	const struct globals *g, const struct checkpoint_options *o, const char *id, struct err *e)
{
	cleanup_state struct state *s = NULL;
	struct dump d = {.options = o, .dirs = CHECKPOINT_NO_DIRS, .root = -1};
	int r = state_load(g->root, id, &s, e);

	if (r == 0)
		r = state_lock(s, LOCK_MS, e);
	if (r == 0)
		r = check(s, e);
	if (r < 0)
		return r;
	d.state = s;
	r = dump(g, &d, e);
	fd_close(&d.root);
	checkpoint_dirs_done(&d.dirs);
	oci_free(d.oci);
	cgroup_free(d.cgroup);
	if (r < 0 || o->leave_running || o->pre_dump)
		return r;
	state_unlock(s);
	return container_delete(g, id, true, e);
}
