/*
 * bottle-gate: the git gate of one bottle. The same program is git's pre-receive hook and git's
 * ssh, told apart by the name under which git executes it.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/component.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/ptr.h"
#include "base/str.h"
#include "gate/etc.h"
#include "gate/credential.h"
#include "gate/gate.h"
#include "gate/http.h"
#include "gate/lockdown.h"
#include "gate/mirror.h"
#include "gate/push.h"
#include "gate/serve.h"
#include "gate/server.h"
#include "gate/ssh.h"
#include "gate/unpack.h"
#include "scan/serve_wire.h"

struct program {
	struct gate gate;
	struct component_boot boot;
	int git, http; /* listeners */
	bool own_etc;
};

/*
 * Other places than the component's own, for tests; etc is laid out by the gate itself then, which
 * it could not in a component.
 */
static int read_options(struct gate *g, int argc, char **argv, bool *ret_own_etc, struct err *e)
{
	g->git_dir = strdup(GATE_GIT_DIR);
	g->creds_dir = strdup(GATE_CREDS_DIR);
	g->etc_dir = strdup(GATE_ETC_DIR);
	g->store_dir = strdup(GATE_STORE_DIR);
	for (int i = 1; i < argc; i += 2) {
		char **to = str_eq(argv[i], "--git-dir") ? &g->git_dir
			    : str_eq(argv[i], "--creds") ? &g->creds_dir
			    : str_eq(argv[i], "--etc")	 ? &g->etc_dir
			    : str_eq(argv[i], "--store") ? &g->store_dir
							 : NULL;

		if (!to || i + 1 >= argc)
			return err_say(e, EINVAL,
				"usage: bottle-gate [--git-dir DIR] [--creds DIR] [--etc DIR] "
				"[--store DIR]");
		free(*to);
		*to = strdup(argv[i + 1]);
		*ret_own_etc |= to == &g->etc_dir;
	}
	return g->git_dir && g->creds_dir && g->etc_dir && g->store_dir
		       ? 0
		       : err_set(e, ENOMEM, "read the options");
}

static int read_plan(struct program *p, int argc, char **argv, struct err *e)
{
	int r = read_options(&p->gate, argc, argv, &p->own_etc, e);

	if (r == 0)
		r = component_boot(COMPONENT_CONTROL_FD, &p->boot, e);
	return r == 0 ? policy_gate_parse(p->boot.config, &p->gate.policy, e) : r;
}

static int place_helpers(struct program *p, struct err *e)
{
	int r, self = open("/proc/self/exe", O_RDONLY | O_CLOEXEC), fd;

	r = self < 0 ? err_set(e, errno, "open this program")
		     : gate_place_fd(self, GATE_FD_SELF, e);
	if (r < 0)
		return r;
	fd = fd_memfd("config", p->boot.config, strlen(p->boot.config), e);
	r = fd < 0 ? fd : gate_place_fd(fd, GATE_FD_CONFIG, e);
	if (r < 0)
		return r;
	fd = component_take_program(&p->boot, GATE_LFS_PROGRAM);
	r = fd < 0 ? err_say(e, EPROTO, "no program '" GATE_LFS_PROGRAM "' came")
		   : gate_place_fd(fd, GATE_FD_LFS, e);
	if (r < 0)
		return r;
	fd = component_take_listener(&p->boot, SERVE_DOOR_OUTSIDE);
	if (fd < 0)
		return err_say(e, EPROTO, "no door '" SERVE_DOOR_OUTSIDE "' came");
	return gate_place_fd(fd, GATE_FD_SCANNER, e);
}

static int check_file(
	const struct gate *g, const struct policy_repo *repo, const char *kind, struct err *e)
{
	cleanup_free char *path = str_format("%s/%s-%s", g->creds_dir, repo->name, kind);

	if (!path)
		return err_set(e, ENOMEM, "look for credentials");
	if (access(path, R_OK) < 0)
		return err_set(e, errno, "credential '%s' of repository '%s'", path, repo->name);
	return 0;
}

/* Without what its upstream needs a repository could only fail later, and less clearly. */
static int check_credentials(const struct gate *g, struct err *e)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < g->policy.n_repos; i++) {
		const struct policy_repo *repo = &g->policy.repos[i];
		bool ssh = repo->transport == POLICY_SSH;

		if (ssh || repo->identity_slot)
			r = check_file(g, repo, ssh ? "key" : "token", e);
		if (r == 0 && (ssh || repo->tls_ca))
			r = check_file(g, repo, ssh ? "known_hosts" : "ca", e);
	}
	return r;
}

static int open_resources(struct program *p, struct err *e)
{
	int r = place_helpers(p, e);

	p->git = component_take_listener(&p->boot, "git");
	p->http = component_take_listener(&p->boot, "git-http");
	if (r == 0 && (p->git < 0 || p->http < 0))
		r = err_say(e, EPROTO, "no listener '%s' came", p->git < 0 ? "git" : "git-http");
	if (r == 0)
		r = check_credentials(&p->gate, e);
	if (r == 0)
		r = mirror_prepare(&p->gate, e);
	if (r == 0 && p->own_etc)
		r = etc_lay_out(p->gate.etc_dir, p->gate.git_dir, &p->gate.policy, e);
	component_boot_done(&p->boot);
	return r;
}

static int serve(const struct program *p, struct err *e)
{
	const struct server_door doors[SERVER_DOORS] = {
		{p->git, serve_connection}, {p->http, http_connection}};

	return server_run(&p->gate, doors, COMPONENT_CONTROL_FD, e);
}

static int run(struct program *p, int argc, char **argv, struct err *e)
{
	pid_t parent = getppid();
	int r = read_plan(p, argc, argv, e);

	if (r == 0)
		r = open_resources(p, e);
	if (r == 0)
		r = lockdown_enter(parent, e);
	if (r == 0)
		r = component_ready(COMPONENT_CONTROL_FD, e);
	return r == 0 ? serve(p, e) : r;
}

int main(int argc, char **argv)
{
	const char *slash = argc > 0 ? strrchr(argv[0], '/') : NULL;
	const char *name = slash ? slash + 1 : argc > 0 ? argv[0] : "";
	struct program p = {.git = -1, .http = -1};
	struct err e = {0};
	int r;

	if (str_eq(name, "pre-receive"))
		return push_main();
	if (str_eq(name, "git"))
		return unpack_main(argc, argv);
	if (str_eq(name, "ssh"))
		return ssh_main(argc, argv);
	if (str_eq(name, "credential"))
		return credential_main(argc, argv);
	signal(SIGPIPE, SIG_IGN);
	clearenv();
	umask(077);
	r = run(&p, argc, argv, &e);
	if (r < 0) {
		log_error("%s", e.msg);
		component_failed(COMPONENT_CONTROL_FD, &e);
	}
	gate_done(&p.gate);
	return r < 0;
}
