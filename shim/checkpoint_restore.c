#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/json.h"
#include "base/path.h"
#include "base/ptr.h"
#include "base/str.h"
#include "shim/checkpoint.h"
#include "shim/checkpoint_mounts.h"
#include "shim/container_stages.h"
#include "shim/criu.h"
#include "shim/criu_opts.h"
#include "shim/namespace.h"
#include "shim/scm.h"

#define LOG_FILE	"restore.log"
#define ROOT_DIR	"criu-root" /* in the state directory: where criu finds the root mounted */
#define DESCRIPTORS_MAX (64U << 10)
#define FDS_MAX		8

/* setns(2)'s words, in the order of enum oci_ns. */
static const char *const namespace_words[OCI_NS_COUNT] = {
	"mnt", "pid", "net", "ipc", "uts", "user", "cgroup", "time"};

/* A restore at work. */
struct restore {
	struct container *container;
	const struct restore_options *options;
	struct checkpoint_dirs dirs;
	struct proc_fd fds[FDS_MAX]; /* criu's; from 3 on `from` is owned */
	size_t n_fds;
	int namespaces[OCI_NS_COUNT]; /* criu's number of those that it gets open */
	char *root;		      /* ROOT_DIR */
	int console;		      /* where the terminal's master goes, or -1; owned */
	int host, host_root,
		host_cwd; /* to come back from criu's mounts; -1: we are there; owned */
};

static void restore_done(struct restore *r)
{
	for (size_t i = 0; i < r->n_fds; i++)
		if (r->fds[i].to >= CRIU_FIRST_FD)
			fd_close(&r->fds[i].from);
	checkpoint_dirs_done(&r->dirs);
	fd_close(&r->console);
	if (r->root)
		rmdir(r->root);
	free(r->root);
}

/* ---- what criu inherits */

static void add_standard(struct restore *r)
{
	for (int fd = 0; fd <= STDERR_FILENO; fd++)
		r->fds[r->n_fds++] = (struct proc_fd){fd, fd};
}

/* The number that criu will have for it. Takes fd. */
static int add_fd(struct restore *r, int fd, struct err *e)
{
	int number = CRIU_FIRST_FD + (int)r->n_fds;

	if (r->n_fds == FDS_MAX) {
		fd_close(&fd);
		return err_say(e, EMFILE, "too many namespaces by path");
	}
	r->fds[r->n_fds++] = (struct proc_fd){fd, number};
	return number;
}

static const struct checkpoint_ns *find_namespace(enum oci_ns kind)
{
	for (const struct checkpoint_ns *n = checkpoint_namespaces; n->type; n++)
		if (n->kind == kind)
			return n;
	return NULL;
}

static int open_namespace(struct restore *r, enum oci_ns kind, struct err *e)
{
	const char *path = r->container->plan->oci->ns[kind].path;
	int fd, number;

	if (!path)
		return 0;
	if (!find_namespace(kind) &&
		(kind == OCI_NS_CGROUP || kind == OCI_NS_MOUNT || kind == OCI_NS_TIME))
		return err_say(e, ENOTSUP, "criu restores nothing into the %s namespace '%s'",
			namespace_words[kind], path);
	if (!find_namespace(kind))
		return 0;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return err_set(
			e, errno, "Requested %s namespace '%s'", namespace_words[kind], path);
	number = add_fd(r, fd, e);
	r->namespaces[kind] = number;
	return number < 0 ? number : 0;
}

static int open_namespaces(struct restore *r, struct err *e)
{
	int rc = 0;

	for (int kind = 0; rc == 0 && kind < OCI_NS_COUNT; kind++)
		rc = open_namespace(r, (enum oci_ns)kind, e);
	return rc;
}

static void add_namespaces(const struct restore *r, struct str *opts)
{
	for (int kind = 0; kind < OCI_NS_COUNT; kind++) {
		const char *path = r->container->plan->oci->ns[kind].path;
		const struct checkpoint_ns *external = find_namespace((enum oci_ns)kind);

		if (path && external)
			criu_opts_inherit(opts, external->key, r->namespaces[kind]);
		else if (path)
			criu_opts_join(opts, namespace_words[kind], path);
	}
}

/* What was a pipe to the outside becomes the standard descriptor that we have in its place. */
static int add_pipes(struct restore *r, struct str *opts, struct err *e)
{
	cleanup_free char *text = NULL;
	cleanup_json json_t *list = NULL;
	size_t len;
	int rc = fd_read_file(
		r->dirs.images, CHECKPOINT_DESCRIPTORS, DESCRIPTORS_MAX, &text, &len, e);

	if (rc == 0)
		rc = json_parse(text, len, CHECKPOINT_DESCRIPTORS, &list, e);
	if (rc < 0)
		return rc;
	for (size_t i = 0; i < json_array_size(list) && i <= STDERR_FILENO; i++) {
		const char *key = json_string_value(json_array_get(list, i));

		if (key && str_starts(key, "pipe:"))
			criu_opts_inherit(opts, key, (int)i);
	}
	return 0;
}

static int encode(struct restore *r, struct str *opts, struct err *e)
{
	const struct container *c = r->container;
	const struct oci *oci = c->plan->oci;
	const struct criu_subject subject = {r->root, LOG_FILE, oci->annotations};
	int rc = criu_opts_common(opts, &r->options->checkpoint, &r->dirs, &subject, e);

	criu_opts_restore(opts, &r->options->checkpoint);
	add_namespaces(r, opts);
	if (rc == 0)
		rc = checkpoint_mounts_restore(opts, oci, c->cgroup, e);
	return rc < 0 ? rc : add_pipes(r, opts, e);
}

/* Where criu is is where its images' groups are to be: "4:cpu,cpuacct:/x" for each hierarchy. */
static int add_cgroups(struct str *opts, pid_t criu, struct err *e)
{
	cleanup_free char *path = str_format("/proc/%d/cgroup", (int)criu), *text = NULL;
	char *save = NULL;
	int r = path ? fd_read_file(AT_FDCWD, path, 1 << 16, &text, NULL, e) : -ENOMEM;

	for (char *l = r < 0 ? NULL : strtok_r(text, "\n", &save); l;
		l = strtok_r(NULL, "\n", &save)) {
		char *controller = strchr(l, ':');
		char *group = controller ? strchr(controller + 1, ':') : NULL;

		if (!group)
			continue;
		*group++ = '\0';
		criu_opts_cgroup(opts, controller + 1, group);
	}
	return r < 0 ? r : 0;
}

/* ---- where criu works */

/*
 * The root has to be a mount, of which the host need not know: so criu works in a mount namespace
 * of its own. The directory of its images is found by our descriptor and has to lie there, too:
 * hence this process goes there, opens it, starts criu and comes back, for hooks are the host's.
 */
static int go_apart(struct restore *r, struct err *e)
{
	const char *rootfs = r->container->plan->oci->root_path;

	r->host_cwd = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	r->host_root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	r->host = open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC);
	if (r->host < 0 || r->host_root < 0 || r->host_cwd < 0 || unshare(CLONE_NEWNS) < 0) {
		fd_close(&r->host);
		return err_set(e, errno, "a mount namespace for criu");
	}
	if (mount(NULL, "/", NULL, MS_SLAVE | MS_REC, NULL) < 0 ||
		mount(rootfs, r->root, NULL, MS_BIND | MS_REC, NULL) < 0 ||
		mount(NULL, r->root, NULL, MS_SLAVE | MS_REC, NULL) < 0)
		return err_set(e, errno, "bind '%s' to '%s'", rootfs, r->root);
	return 0;
}

static int come_back(struct restore *r, struct err *e)
{
	int rc = 0;

	if (r->host >= 0 && (setns(r->host, CLONE_NEWNS) < 0 || fchdir(r->host_root) < 0 ||
				    chroot(".") < 0 || fchdir(r->host_cwd) < 0))
		rc = err_set(e, errno, "come back from the mount namespace of criu");
	fd_close(&r->host);
	fd_close(&r->host_root);
	fd_close(&r->host_cwd);
	return rc;
}

static int start_criu(struct restore *r, struct criu *ret, struct err *e)
{
	const struct proc_spec spec = {
		.path = r->container->globals->criu, .fds = r->fds, .n_fds = r->n_fds};
	struct err back;
	int rc = go_apart(r, e);

	if (rc == 0)
		rc = checkpoint_dirs_open(&r->options->checkpoint, false, &r->dirs, e);
	if (rc == 0)
		rc = criu_start(&spec, ret, e);
	if (come_back(r, &back) < 0 && rc == 0) {
		*e = back;
		rc = -e->code;
	}
	return rc;
}

/* ---- while criu is at work */

/* It stands still yet: what is written now is there before it does anything. */
static int adopt(struct restore *r, pid_t pid, struct err *e)
{
	struct container *c = r->container;
	char text[32];
	int rc;

	c->init = (struct proc){.pid = pid, .pidfd = proc_pidfd_open(pid)};
	if (c->init.pidfd < 0)
		return err_set(e, -c->init.pidfd, "the restored init (pid %d)", (int)pid);
	c->state->pid = pid;
	/* criu restores clocks by a time namespace, which exec has to join. */
	c->state->namespaces |= (unsigned long)namespace_differing(pid, CLONE_NEWTIME);
	rc = proc_start_time(pid, &c->state->start_time, NULL, e);
	if (rc == 0)
		rc = cgroup_settle(c->cgroup, e);
	if (rc == 0)
		rc = state_save(c->state, e);
	if (rc < 0 || !c->options->pid_file)
		return rc;
	snprintf(text, sizeof(text), "%d", (int)pid);
	return path_write_file(AT_FDCWD, c->options->pid_file, text, strlen(text), 0644, e);
}

static int hand_over_terminal(struct restore *r, int master, struct err *e)
{
	if (r->console < 0 || master < 0)
		return err_say(e, EINVAL,
			"the images have a terminal: config.json needs process.terminal, and "
			"restore "
			"--console-socket or no --detach");
	return scm_send(r->console, "/dev/ptmx", master, e);
}

static int hear(void *arg, struct criu_note *note, struct err *e)
{
	struct restore *r = arg;

	if (strcmp(note->name, "setup-namespaces") == 0) {
		r->container->state->pid = note->pid;
		return container_runtime_hooks(r->container, e);
	}
	if (strcmp(note->name, "post-restore") == 0)
		return adopt(r, note->pid, e);
	if (strcmp(note->name, "orphan-pts-master") == 0)
		return hand_over_terminal(r, note->fd, e);
	return 0;
}

static int work(struct restore *r, struct criu *criu, struct err *e)
{
	const struct criu_listener listener = {hear, r};
	cleanup_str struct str opts = {0};
	int rc = criu_check_version(criu, e);

	if (rc == 0 && r->options->checkpoint.lazy_pages)
		rc = criu_check_feature(criu, CRIU_LAZY_PAGES, e);
	if (rc == 0)
		rc = encode(r, &opts, e);
	/* What it makes is born where it is. */
	if (rc == 0)
		rc = cgroup_add_pid(r->container->cgroup, criu->proc.pid, e);
	if (rc == 0)
		rc = add_cgroups(&opts, criu->proc.pid, e);
	if (rc < 0)
		return rc;
	rc = criu_work(criu, CRIU_RESTORE, &opts, &listener, e);
	if (rc == 0 && r->container->init.pid == 0)
		rc = err_say(e, EPROTO, "criu did not tell the pid of the restored init");
	if (rc < 0) {
		checkpoint_quote_log(r->dirs.log, LOG_FILE);
		err_wrap(e, "log file %s/%s", r->dirs.log, LOG_FILE);
	}
	return rc;
}

/* ---- before criu */

static int open_console(struct restore *r, struct err *e)
{
	struct container *c = r->container;
	const char *path = c->options->console_socket;
	int pair[2];

	if (!c->plan->oci->process->terminal)
		return path ? err_say(e, EINVAL,
				      "cannot use console socket if runc will not "
				      "detach or allocate tty")
			    : 0;
	if (path) {
		r->console = scm_connect(path, e);
		return r->console < 0 ? err_wrap(e, "--console-socket") : 0;
	}
	if (r->options->detach)
		return err_say(e, EINVAL,
			"cannot allocate tty if runc will detach without setting console socket");
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
		return err_set(e, errno, "socketpair");
	c->console = pair[0];
	r->console = pair[1];
	return 0;
}

static int make_root(struct restore *r, struct err *e)
{
	const struct oci *oci = r->container->plan->oci;
	cleanup_fd int rootfd = open(oci->root_path, O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (rootfd < 0)
		return err_set(e, errno, "rootfs '%s'", oci->root_path);
	r->root = str_format("%s/" ROOT_DIR, r->container->state->dir);
	if (!r->root || (mkdir(r->root, 0755) < 0 && errno != EEXIST))
		return err_set(e, errno, "make '%s'", r->root ? r->root : ROOT_DIR);
	return checkpoint_mounts_make_targets(oci, rootfd, e);
}

/* container_options.bring_init: criu in the place of our own first process. */
static int bring_init(struct container *c, void *arg, struct err *e)
{
	struct restore r = {
		.container = c,
		.options = arg,
		.dirs = CHECKPOINT_NO_DIRS,
		.console = -1,
		.host = -1,
		.host_root = -1,
		.host_cwd = -1,
	};
	cleanup_criu struct criu criu = CRIU_NONE;
	int rc;

	if (c->plan->bottle)
		return err_say(e, ENOTSUP,
			"a container cannot be restored into a bottle: its connections would not "
			"end in the sidecar");
	add_standard(&r);
	rc = open_namespaces(&r, e);
	if (rc == 0)
		rc = open_console(&r, e);
	if (rc == 0)
		rc = make_root(&r, e);
	if (rc == 0)
		rc = start_criu(&r, &criu, e);
	if (rc == 0)
		rc = work(&r, &criu, e);
	restore_done(&r);
	return rc;
}

int checkpoint_restore(const struct globals *g, struct restore_options *o, const char *id,
	struct container *ret, struct err *e)
{
	o->container.bring_init = bring_init;
	o->container.bring_arg = o;
	return container_create(g, &o->container, id, ret, e);
}
