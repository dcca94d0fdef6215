#include "shim/init.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/keyctl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/msg.h"
#include "base/proc.h"
#include "base/ptr.h"
#include "base/str.h"
#include "shim/agent_net.h"
#include "shim/console.h"
#include "shim/hooks.h"
#include "shim/latch.h"
#include "shim/namespace.h"
#include "shim/provision.h"
#include "shim/rootfs.h"
#include "shim/self.h"
#include "shim/sysctl.h"

/* What comes into being on the way. */
struct progress {
	struct init *i;
	struct rootfs root;
	struct agent_net net;
	int slave; /* of the terminal */
	char **env;
	char *program; /* what will be executed */
};

static const struct oci *oci_of(const struct progress *p)
{
	return p->i->plan->oci;
}

bool init_stops_for_hooks(const struct plan *plan)
{
	return plan->bottle || plan->oci->hooks[OCI_HOOK_PRESTART].n ||
	       plan->oci->hooks[OCI_HOOK_CREATE_RUNTIME].n;
}

/* The end of the socket is the end of `create`: nothing may be left of a half-made container. */
static int wait_for(const struct progress *p, enum init_stage stage, char **ret_body, struct err *e)
{
	cleanup_msg struct msg m = {0};
	int r = msg_recv(p->i->sync, &m, e);

	if (r < 0)
		return r;
	if (r == 0)
		_exit(1);
	if (m.type != stage)
		return err_say(e, EPROTO, "stage %u instead of %d", m.type, stage);
	if (ret_body && m.len)
		*ret_body = steal_ptr(&m.body);
	return 0;
}

int init_hide(void *init, struct err *e)
{
	const struct init *i = init;
	cleanup_free int *keep = malloc((i->sources.n + 11) * sizeof(*keep));
	size_t n = 0;

	if (!keep)
		return err_set(e, ENOMEM, "descriptors");
	self_hide_arguments();
	self_hide_environment();
	keep[n++] = i->sync;
	keep[n++] = i->latch;
	keep[n++] = i->console;
	keep[n++] = i->process.seccomp_agent;
	keep[n++] = i->process.lsm.procfs;
	keep[n++] = i->process.lsm.apparmor;
	keep[n++] = i->process.lsm.selinux;
	keep[n++] = i->hooks_output.out;
	keep[n++] = i->hooks_output.err;
	keep[n++] = i->sources.root;
	keep[n++] = i->sources.devices;
	for (size_t s = 0; s < i->sources.n; s++)
		keep[n++] = i->sources.mounts[s];
	return process_keep_only(&i->process, keep, n, e);
}

/* Root of the container's own user namespace, where it has one and its root is mapped. */
static int become_root(const struct progress *p, struct err *e)
{
	const struct oci *oci = oci_of(p);
	bool new_one = oci->ns[OCI_NS_USER].present && !oci->ns[OCI_NS_USER].path;
	int r = new_one ? wait_for(p, INIT_MAPPED, NULL, e) : 0;

	if (r < 0 || !oci->ns[OCI_NS_USER].present)
		return r;
	/* EPERM, EINVAL: setgroups is denied or 0 is not mapped; what needs it will tell. */
	if (!p->i->process.keep_groups && syscall(SYS_setgroups, 0, NULL) < 0 && errno != EPERM)
		return err_set(e, errno, "setgroups");
	if (setresgid(0, 0, 0) < 0 && errno != EINVAL)
		return err_set(e, errno, "setgid 0");
	if (setresuid(0, 0, 0) < 0 && errno != EINVAL)
		return err_set(e, errno, "setuid 0");
	/* A change of ids makes the death signal be forgotten, and the memory readable again. */
	if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0 || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
		return err_set(e, errno, "prctl");
	return 0;
}

static int set_names(const struct oci *oci, struct err *e)
{
	if (oci->hostname && *oci->hostname &&
		sethostname(oci->hostname, strlen(oci->hostname)) < 0)
		return err_set(e, errno, "sethostname '%s'", oci->hostname);
	if (oci->domainname && *oci->domainname &&
		setdomainname(oci->domainname, strlen(oci->domainname)) < 0)
		return err_set(e, errno, "setdomainname '%s'", oci->domainname);
	return 0;
}

/* A session keyring of its own, so that the caller's keys are out of reach. */
static int new_keyring(const struct progress *p, struct err *e)
{
	cleanup_free char *name = NULL;

	if (!p->i->new_keyring)
		return 0;
	name = str_format("_ses.%s", p->i->state->id);
	if (!name)
		return err_set(e, ENOMEM, "keyring");
	if (syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, name, 0, 0, 0) < 0 &&
		errno != ENOSYS && errno != EPERM && errno != EDQUOT && errno != EACCES)
		return err_set(e, errno, "make a session keyring");
	return 0;
}

static int enter_namespaces(struct progress *p, struct err *e)
{
	const struct oci *oci = oci_of(p);
	bool own_net = oci->ns[OCI_NS_NET].present && !oci->ns[OCI_NS_NET].path;
	bool own_cgroup = oci->ns[OCI_NS_CGROUP].present && !oci->ns[OCI_NS_CGROUP].path;
	int r = become_root(p, e);

	if (r < 0)
		return r;
	setsid();
	/* Only now, in its group, which becomes the root of what it sees. */
	if (own_cgroup && unshare(CLONE_NEWCGROUP) < 0)
		return err_set(e, errno, "make a cgroup namespace");
	r = set_names(oci, e);
	if (r == 0)
		r = new_keyring(p, e);
	if (r == 0 && !p->i->plan->bottle && own_net)
		r = namespace_loopback_up(e);
	if (r == 0 && !p->i->plan->bottle)
		r = sysctl_apply(oci->sysctl, SYSCTL_NET, e);
	if (r == 0)
		r = sysctl_apply(oci->sysctl, SYSCTL_OTHER, e);
	if (r == 0 && oci->personality != OCI_UNSET &&
		personality((unsigned long)oci->personality) < 0)
		r = err_set(e, errno, "set linux.personality");
	return r;
}

static int make_network(struct progress *p, struct err *e)
{
	int r;

	if (!p->i->plan->bottle)
		return 0;
	r = agent_net_make(oci_of(p)->sysctl, &p->net, e);
	if (r < 0)
		return r;
	p->root.sysfs = p->net.sysfs;
	return msg_send(p->i->sync, INIT_NETWORK, "", 0, &p->net.netns, 1, e);
}

static int make_mounts(struct progress *p, struct err *e)
{
	const struct oci *oci = oci_of(p);
	int r;

	/* Modes are as asked for. */
	umask(0);
	r = rootfs_attach(&p->root, e);
	if (r == 0)
		r = rootfs_mount(&p->root, e);
	if (r == 0 && p->i->plan->bottle)
		r = provision_files(&p->root, p->i->plan->bottle, p->i->ca_pem, &p->env, e);
	if (r == 0 && p->i->console >= 0)
		r = console_make(p->root.fd, oci->process, p->i->console, &p->slave, e);
	if (r == 0 && p->slave >= 0 && p->root.own_mounts)
		r = console_mount(p->root.fd, p->slave, e);
	return r;
}

/* in_child: in the hook's process, with p. */
static int run_hooks(struct progress *p, enum oci_hook_kind kind, enum state_status status,
	int (*in_child)(void *p, struct err *e), struct err *e)
{
	static char *const no_env[] = {NULL};
	const struct hooks_place place = {.env = p->env ? p->env : no_env,
		.output = &p->i->hooks_output,
		.in_child = in_child,
		.arg = p};
	struct state own = *p->i->state;
	cleanup_json json_t *j = NULL;

	if (oci_of(p)->hooks[kind].n == 0)
		return 0;
	own.pid = getpid();
	j = state_to_json(&own, status);
	return hooks_run(oci_of(p), kind, j, &place, e);
}

/* createContainer: in the container's namespaces, but with the host's files: in its root's. */
static int enter_rootfs(void *progress, struct err *e)
{
	const struct progress *p = progress;

	return fchdir(p->root.fd) < 0 ? err_set(e, errno, "chdir to the rootfs") : 0;
}

/*
 * startContainer: the image's program, which gets no more rights than the container's process: its
 * user, capabilities and filter.
 */
static int confine_hook(void *progress, struct err *e)
{
	const struct progress *p = progress;

	return process_confine(&p->i->process, false, e);
}

static int meet_hooks(struct progress *p, struct err *e)
{
	int r = 0;

	if (init_stops_for_hooks(p->i->plan)) {
		r = msg_send(p->i->sync, INIT_MOUNTED, "", 0, NULL, 0, e);
		if (r == 0)
			r = wait_for(p, INIT_HOOKED, NULL, e);
	}
	return r < 0 ? r : run_hooks(p, OCI_HOOK_CREATE_CONTAINER, STATE_CREATING, enter_rootfs, e);
}

/* sd_listen_fds(3): the sockets are for the container's init. */
static int set_listen_fds(struct progress *p, struct err *e)
{
	char n[16];

	if (p->i->listen_fds == 0)
		return 0;
	snprintf(n, sizeof(n), "%ld", p->i->listen_fds);
	if (env_set(&p->env, "LISTEN_FDS", n) < 0 || env_set(&p->env, "LISTEN_PID", "1") < 0)
		return err_set(e, ENOMEM, "environment");
	return 0;
}

static int enter_root(struct progress *p, struct err *e)
{
	const struct oci_process *process = oci_of(p)->process;
	int r = rootfs_seal(&p->root, e);

	if (r == 0)
		r = rootfs_enter(&p->root, p->i->no_pivot, e);
	if (r == 0)
		r = process_set_home(&p->env, process->uid, e);
	if (r == 0)
		r = set_listen_fds(p, e);
	if (r == 0)
		r = process_lookup(process, p->env, &p->program, e);
	/* Already here: containerd reads what create prints until nobody holds its pipe. */
	if (r == 0 && p->slave >= 0)
		r = console_take(p->slave, e);
	/* All that still leads to the host. */
	fd_close(&p->root.fd);
	fd_close(&p->net.sysfs);
	mount_sources_done(&p->i->sources);
	fd_close(&p->i->console);
	return r;
}

static int commit(struct progress *p, struct err *e)
{
	cleanup_str struct str made = {0};
	int r;

	for (size_t i = 0; p->root.made && p->root.made[i]; i++)
		str_addf(&made, "%s\n", p->root.made[i]);
	if (made.failed)
		return err_set(e, ENOMEM, "placeholders");
	/* From here on the end of the socket does what the death signal did. */
	if (prctl(PR_SET_PDEATHSIG, 0, 0, 0, 0) < 0)
		return err_set(e, errno, "prctl PR_SET_PDEATHSIG");
	r = msg_send(p->i->sync, INIT_READY, made.s ? made.s : "", made.len, NULL, 0, e);
	if (r == 0)
		r = wait_for(p, INIT_COMMIT, &p->i->process.seccomp_message, e);
	/* Without a latch that was the word to start, and the end of the socket tells of execve. */
	if (p->i->latch >= 0)
		fd_close(&p->i->sync);
	return r;
}

typedef int stage_fn(struct progress *p, struct err *e);

static stage_fn *const until_commit[] = {
	enter_namespaces,
	make_network,
	make_mounts,
	meet_hooks,
	enter_root,
	commit,
};

static int start(struct progress *p, struct err *e)
{
	const struct oci_process *process = oci_of(p)->process;
	int r = 0;

	/* In a bottle first of all: what follows is the user's. */
	if (p->i->plan->bottle)
		r = agent_net_enter(p->net.netns, e);
	fd_close(&p->net.netns);
	if (r == 0 && p->slave < 0)
		process_own_stdio(process);
	if (r == 0)
		r = process_become(&p->i->process, e);
	if (r == 0)
		r = run_hooks(p, OCI_HOOK_START_CONTAINER, STATE_CREATED, confine_hook, e);
	if (r == 0)
		r = process_confine(&p->i->process, true, e);
	return r < 0 ? r : process_exec(&p->i->process, p->program, p->env, e);
}

static int prepare(struct progress *p, struct err *e)
{
	const struct oci *oci = oci_of(p);
	int r;

	proc_reset_signals();
	log_setup(-1, LOG_TEXT, LOG_WARNING);
	if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0)
		return err_set(e, errno, "prctl PR_SET_PDEATHSIG");
	/* While nothing is the container's yet. */
	r = lsm_open(oci->process, &p->i->process.lsm, e);
	if (r == 0)
		r = init_hide(p->i, e);
	if (r < 0)
		return r;
	p->env = strv_copy(oci->process->env);
	if (!p->env && oci->process->env)
		return err_set(e, ENOMEM, "environment");
	p->root = (struct rootfs){
		.oci = oci,
		.sources = &p->i->sources,
		.cgroup = p->i->cgroup,
		.fd = -1,
		.sysfs = -1,
		.dev = -1,
		.in_bottle = p->i->plan->bottle != NULL,
		.own_mounts = oci->ns[OCI_NS_MOUNT].present,
		.user_namespace = oci->ns[OCI_NS_USER].present,
	};
	return 0;
}

void init_main(struct init *i)
{
	struct progress p = {.i = i, .net = AGENT_NET_NONE, .slave = -1};
	struct err e = {0}, ignored;
	int connection, r = prepare(&p, &e);

	for (size_t n = 0; r == 0 && n < ARRAY_LEN(until_commit); n++)
		r = until_commit[n](&p, &e);
	if (r < 0) {
		msg_send(i->sync, INIT_FAILED, &e, sizeof(e), NULL, 0, &ignored);
		_exit(1);
	}
	connection = i->latch < 0 ? i->sync : latch_wait(i->latch, &e);
	if (connection < 0)
		_exit(1);
	start(&p, &e);
	latch_fail(connection, &e);
	_exit(1);
}
