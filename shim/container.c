#include "shim/container.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/msg.h"
#include "base/path.h"
#include "base/ptr.h"
#include "base/str.h"
#include "shim/bottle_rules.h"
#include "shim/annotations.h"
#include "shim/container_load.h"
#include "shim/container_stages.h"
#include "shim/hooks.h"
#include "shim/init.h"
#include "shim/keys_retry.h"
#include "shim/latch.h"
#include "shim/namespace.h"
#include "shim/provision.h"
#include "shim/scm.h"
#include "shim/userns.h"
#include "shim/seccomp_agent.h"

/* Compiled filters; anybody could fill it who could as well replace this program. */
#define SECCOMP_CACHE "/run/bottle-shim.cache"

/* ---- before anything is made */

static int check_rootfs(const struct oci *oci, struct err *e)
{
	struct stat st;

	if (stat(oci->root_path, &st) < 0)
		return err_set(e, errno, "config.json: root.path: rootfs '%s'", oci->root_path);
	if (!S_ISDIR(st.st_mode))
		return err_say(e, ENOTDIR, "config.json: root.path: '%s' is not a directory",
			oci->root_path);
	return 0;
}

static int fill_state(struct container *c, const struct container_source *src, struct err *e)
{
	struct state *s = c->state;
	const struct oci *oci = c->plan->oci;

	s->oci_version = strdup(oci->oci_version ? oci->oci_version : "1.0.0");
	s->bundle = strdup(oci->bundle);
	s->rootfs = strdup(oci->root_path);
	s->owner = strdup("");
	s->annotations = strv_copy(oci->annotations);
	s->namespaces = (unsigned long)(namespace_flags(oci, false) | namespace_flags(oci, true));
	s->systemd_cgroup = c->globals->cgroup_manager == CGROUP_SYSTEMD;
	for (int k = 0; k < OCI_HOOK_KINDS; k++)
		s->hooks |= oci->hooks[k].n ? 1U << k : 0;
	if (c->plan->bottle) {
		s->in_bottle = true;
		s->slug = strdup(c->plan->bottle->slug);
		s->bottle_env = strv_copy(c->plan->bottle->env);
	}
	if (!s->oci_version || !s->bundle || !s->rootfs || !s->owner)
		return err_set(e, ENOMEM, "container '%s'", s->id);
	/* Init tells what it has made; a delete must know of what it was killed over. */
	if (s->in_bottle &&
		provision_placeholders(s->rootfs, c->plan->bottle, &s->placeholders, e) < 0)
		return -e->code;
	return path_replace_file(s->dirfd, STATE_CONFIG, src->text, src->len, 0600, e);
}

/* ---- the sidecar */

/* As the operator himself: within a user namespace nobody would own his directories' parents. */
static int find_secrets(struct container *c, struct err *e)
{
	struct plan_bottle *b = c->plan->bottle;
	/* The operator's own environment, never an engine's: all of those call with a log. */
	bool with_env = !c->globals->log;
	int r = 0;

	if (!b)
		return 0;
	c->secrets = calloc(b->n_secrets + 1, sizeof(*c->secrets));
	if (!c->secrets)
		return err_set(e, ENOMEM, "secrets");
	for (size_t i = 0; r == 0 && i < b->n_secrets; i++) {
		r = plan_secret_find(b, &b->secrets[i], with_env, &c->secrets[i], e);
		b->secrets[i].place = plan_secret_place(b, &b->secrets[i], with_env);
	}
	return r;
}

static void forget_secrets(struct container *c)
{
	for (size_t i = 0; c->secrets && i < c->plan->bottle->n_secrets; i++)
		secret_done(&c->secrets[i]);
	free(steal_ptr(&c->secrets));
}

static int boot_sidecar(struct container *c, struct err *e)
{
	const struct sidecar_place place = {c->state->dir, c->cgroup, &c->rules};
	int r;

	if (!c->plan->bottle)
		return 0;
	r = sidecar_boot(c->plan->bottle, c->secrets, &place, &c->sidecar, e);
	rules_job_done(&c->rules);
	forget_secrets(c);
	return r;
}

/* ---- init */

static int open_console(struct container *c, int *ret_child, struct err *e)
{
	const struct container_options *o = c->options;
	bool terminal = c->plan->oci->process->terminal;
	int pair[2];

	*ret_child = -1;
	if (!terminal && o->console_socket)
		return err_say(e, EINVAL,
			"cannot use console socket if runc will not detach or allocate tty");
	if (!terminal)
		return 0;
	if (o->console_socket) {
		*ret_child = scm_connect(o->console_socket, e);
		return *ret_child < 0 ? err_wrap(e, "--console-socket") : 0;
	}
	if (!o->foreground)
		return err_say(e, EINVAL,
			"cannot allocate tty if runc will detach without setting console socket");
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
		return err_set(e, errno, "socketpair");
	c->console = pair[0];
	*ret_child = pair[1];
	return 0;
}

static void init_release(struct init *i)
{
	fd_close(&i->sync);
	fd_close(&i->latch);
	fd_close(&i->console);
	lsm_done(&i->process.lsm);
	fd_close(&i->process.seccomp_agent);
	mount_sources_done(&i->sources);
}

static int prepare_init(struct container *c, struct init *i, struct err *e)
{
	const struct oci_process *p = c->plan->oci->process;
	int pair[2], r;

	i->process.process = p;
	i->process.memory_policy = c->plan->oci->memory_policy;
	i->process.preserve_fds = c->options->preserve_fds > c->options->listen_fds
					  ? c->options->preserve_fds
					  : c->options->listen_fds;
	i->listen_fds = c->options->listen_fds;
	i->plan = c->plan;
	i->state = c->state;
	i->cgroup = c->cgroup;
	i->ca_pem = c->sidecar ? sidecar_ca_pem(c->sidecar) : NULL;
	i->no_pivot = c->options->no_pivot;
	i->new_keyring = !c->options->no_new_keyring;
	i->hooks_output = c->hooks_output;
	i->process.in_bottle = c->plan->bottle != NULL;
	i->process.keep_groups = annotations_on(
		c->plan->oci->annotations, c->plan->bottle, "run.oci.keep_original_groups");
	r = caps_resolve(p, &i->process.caps, e);
	if (r == 0)
		r = lsm_prepare(p, &i->process.lsm, e);
	if (r == 0)
		r = mount_sources_open(c->plan->oci, &i->sources, e);
	if (r == 0)
		r = open_console(c, &i->console, e);
	if (r == 0 && !c->options->start_at_once)
		r = latch_make(c->state->dirfd, e);
	if (r < 0)
		return r;
	i->latch = c->options->start_at_once ? -1 : r;
	r = msg_pair(pair, e);
	if (r < 0)
		return r;
	c->sync = pair[0];
	i->sync = pair[1];
	return 0;
}

static int clone_init(struct container *c, struct init *i, struct err *e)
{
	const struct namespace_birth birth = {.oci = c->plan->oci,
		.cgroup = c->cgroup,
		.netns = c->sidecar ? sidecar_netns_fd(c->sidecar) : -1,
		.hide = init_hide,
		.arg = i};
	pid_t pid;

	e->code = 0;
	pid = namespace_clone(&birth, &c->init.pidfd, e);
	if (pid < 0)
		return pid;
	if (pid == 0 && e->code) {
		struct err ignored;

		msg_send(i->sync, INIT_FAILED, e, sizeof(*e), NULL, 0, &ignored);
		_exit(1);
	}
	if (pid == 0)
		init_main(i);
	c->init.pid = pid;
	c->state->pid = pid;
	return proc_start_time(pid, &c->state->start_time, NULL, e);
}

static int make_init(struct container *c, struct seccomp_program *filter, struct err *e)
{
	struct init i = {
		.process = {.lsm = LSM_NONE, .seccomp_agent = -1, .seccomp = filter},
		.sources = {.root = -1, .devices = -1},
		.sync = -1,
		.latch = -1,
		.console = -1,
	};
	int r = prepare_init(c, &i, e);

	if (r == 0)
		r = seccomp_agent_connect(
			c->plan->oci->seccomp, filter, &i.process.seccomp_agent, e);
	c->seccomp_agent = i.process.seccomp_agent >= 0;
	if (r == 0)
		r = clone_init(c, &i, e);
	if (r == 0)
		r = annotations_send_pidfd(c->plan, c->init.pidfd, e);
	/* Its end must be init's alone, or its death would not be seen. */
	init_release(&i);
	return r < 0 ? r : container_run_stages(c, e);
}

static int make_cgroup(struct container *c, struct err *e)
{
	const struct oci *oci = c->plan->oci;
	const struct cgroup_spec spec = {c->globals->cgroup_manager, oci->cgroups_path,
		c->state->id, oci->resources, annotations_followed(c->plan)};
	uid_t owner;
	int r;

	/* Already now: a delete after our sudden end must know of the attempt. */
	c->state->cgroup_attempted = c->globals->cgroup_manager != CGROUP_DISABLED;
	r = state_save(c->state, e);
	if (r == 0)
		r = cgroup_create(&spec, &c->cgroup, e);
	if (r == 0 && cgroup_owner(oci, &owner))
		r = cgroup_give_to(c->cgroup, owner, e);
	if (r < 0)
		return r;
	c->state->cgroup = cgroup_to_json(c->cgroup);
	if (!c->state->cgroup)
		return err_set(e, ENOMEM, "cgroup");
	/* From here on a delete finds what a killed create has left. */
	return state_save(c->state, e);
}

static int follow_annotations(struct container *c, struct err *e)
{
	const struct oci *oci = c->plan->oci;
	bool in_bottle = c->plan->bottle != NULL;
	int r = annotations_check(c->plan, e);

	if (r < 0)
		return r;
	if (oci->seccomp)
		oci->seccomp->fail_unknown = annotations_on(
			oci->annotations, in_bottle, "run.oci.seccomp_fail_unknown_syscall");
	return c->state->hooks == 0
		       ? 0
		       : hooks_output_open(oci->annotations, in_bottle, &c->hooks_output, e);
}

static int make_rdt(struct container *c, struct err *e)
{
	const struct oci_rdt *config = c->plan->oci->rdt;
	cleanup_free char *root = NULL;
	int r;

	if (!config)
		return 0;
	r = rdt_find_root("/proc/self/mounts", &root, e);
	if (r == 0)
		r = rdt_make(root, config, c->state->id, &c->state->rdt, e);
	return r < 0 ? r : state_save(c->state, e);
}

static int make_all(struct container *c, const struct container_source *src, struct err *e)
{
	struct seccomp_program filter = {0};
	int r = fill_state(c, src, e);

	if (r == 0)
		r = follow_annotations(c, e);
	if (r == 0 && c->options->bring_init) {
		r = make_cgroup(c, e);
		return r < 0 ? r : c->options->bring_init(c, c->options->bring_arg, e);
	}
	if (r == 0)
		r = seccomp_compile(c->plan->oci->seccomp,
			c->globals->rootless ? NULL : SECCOMP_CACHE, &filter, e);
	if (r == 0)
		r = make_cgroup(c, e);
	if (r == 0)
		r = make_rdt(c, e);
	if (r == 0)
		r = boot_sidecar(c, e);
	if (r == 0)
		r = make_init(c, &filter, e);
	seccomp_program_done(&filter);
	return r;
}

static int make_state(const struct globals *g, const char *id, struct state **ret, struct err *e)
{
	int r = state_create(g->root, id, ret, e);

	if (r == -EACCES && !g->root_given && geteuid() != 0)
		return err_wrap(e, "give --root, or in XDG_RUNTIME_DIR a directory of your own");
	return r;
}

int container_create(const struct globals *g, const struct container_options *o, const char *id,
	struct container *ret, struct err *e)
{
	struct container_source src = {0};
	int r;

	*ret = CONTAINER_NONE;
	ret->globals = g;
	ret->options = o;
	r = state_check_id(id, e);
	if (r == 0)
		r = container_load(g, o->bundle, o->config, id, &src, e);
	if (r == 0) {
		ret->plan = steal_ptr(&src.plan);
		r = check_rootfs(ret->plan->oci, e);
	}
	if (r == 0 && ret->plan->bottle)
		keys_retry(g);
	if (r == 0)
		r = find_secrets(ret, e);
	if (r == 0 && ret->plan->bottle)
		r = bottle_rules_start(ret->plan->bottle, &ret->rules, e);
	/* An ordinary user's bottle is made, and served, by root of a user namespace around it. */
	if (r == 0 && ret->plan->bottle)
		r = userns_enter(e);
	if (r == 0)
		r = make_state(g, id, &ret->state, e);
	if (r == 0)
		r = make_all(ret, &src, e);
	container_source_done(&src);
	if (r < 0) {
		struct err why = *e;

		container_undo(ret);
		*e = why;
	}
	return r;
}

void container_undo(struct container *c)
{
	struct err e;

	proc_kill(&c->init);
	sidecar_free(steal_ptr(&c->sidecar));
	if (c->cgroup && cgroup_destroy(c->cgroup, &e) < 0)
		log_warning("%s", e.msg);
	if (c->hooked) {
		cleanup_json json_t *j = state_to_json(c->state, STATE_STOPPED);

		const struct hooks_place place = {
			.dir = c->state->bundle, .output = &c->hooks_output};

		hooks_run_all(c->plan->oci, OCI_HOOK_POSTSTOP, j, &place);
	}
	if (c->state) {
		rdt_remove(c->state->rdt.made);
		container_remove_placeholders(c->state);
	}
	/* Where something of the sidecar could not be removed, its record is what delete goes by.
	 */
	if (c->state && sidecar_present(c->state->dir))
		log_warning("container '%s' is only half removed: delete it", c->state->id);
	else if (c->state && state_remove(c->state, &e) < 0)
		log_warning("%s", e.msg);
	container_done(c);
}

void container_done(struct container *c)
{
	fd_close(&c->sync);
	fd_close(&c->console);
	fd_close(&c->init.pidfd);
	hooks_output_done(&c->hooks_output);
	c->init = PROC_NONE;
	sidecar_free(c->sidecar);
	cgroup_free(c->cgroup);
	state_free(c->state);
	rules_job_done(&c->rules);
	forget_secrets(c);
	plan_free(c->plan);
	*c = CONTAINER_NONE;
}
