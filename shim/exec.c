#include "shim/exec.h"

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
#include <sys/syscall.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/msg.h"
#include "base/path.h"
#include "base/ptr.h"
#include "base/str.h"
#include "shim/agent_net.h"
#include "shim/console.h"
#include "shim/namespace.h"
#include "shim/seccomp_agent.h"
#include "shim/self.h"

/*
 *	exec                           the process
 *	                             ← EXEC_READY   it is inside, the command is found
 *	(limits, pid file)
 *	EXEC_GO →
 *	                             ← end of the socket by execve, or EXEC_FAILED with struct err
 */
enum exec_stage { EXEC_GO = 1, EXEC_READY = 64, EXEC_FAILED };

struct entry {
	const struct exec *x;
	int sync;
};

/*
 * The process that is made next is seen by the container's at once, by those with CAP_SYS_PTRACE
 * with all that it has open; and paths are the container's from then on, one of which may lead
 * through /proc/self/fd. So the host's directories are closed before (CVE-2016-9962,
 * CVE-2024-21626).
 */
static int keep_only_ours(const struct entry *y, struct err *e)
{
	const struct exec *x = y->x;
	int keep[] = {y->sync, x->console, x->process.lsm.procfs, x->process.seccomp_agent};

	return process_keep_only(&x->process, keep, ARRAY_LEN(keep), e);
}

static int join(void *arg, struct err *e)
{
	const struct entry *y = arg;
	const struct exec *x = y->x;
	int r;

	/* Now, since it asks /proc, which is the container's once we are inside. */
	proc_reset_signals();
	/* What the agent could read of us, and it is here that it begins to see us. */
	self_hide_arguments();
	self_hide_environment();
	r = process_set_affinity(0, &x->process.process->exec_cpus_initial, e);
	if (r == 0)
		r = cgroup_join_self(x->cgroup, e);
	if (r == 0)
		r = namespace_join(x->init_pidfd, x->namespaces, e);
	if (r == 0 && x->netns >= 0)
		r = agent_net_enter(x->netns, e);
	return r < 0 ? r : keep_only_ours(y, e);
}

static int become_root(const struct exec *x, struct err *e)
{
	if (!(x->namespaces & CLONE_NEWUSER))
		return 0;
	if (!x->process.keep_groups && syscall(SYS_setgroups, 0, NULL) < 0 && errno != EPERM)
		return err_set(e, errno, "setgroups");
	if ((setresgid(0, 0, 0) < 0 || setresuid(0, 0, 0) < 0) && errno != EINVAL)
		return err_set(e, errno, "become root of the container");
	return prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0 ? err_set(e, errno, "prctl") : 0;
}

static int join_keyring(const struct exec *x, struct err *e)
{
	cleanup_free char *name = str_format("_ses.%s", x->state->id);

	if (!name)
		return err_set(e, ENOMEM, "keyring");
	if (x->new_keyring && syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, name, 0, 0, 0) < 0 &&
		errno != ENOSYS && errno != EPERM && errno != EDQUOT && errno != EACCES)
		return err_set(e, errno, "join the session keyring");
	return 0;
}

static int take_terminal(const struct exec *x, struct err *e)
{
	cleanup_fd int root = -1, slave = -1;
	int r;

	if (x->console < 0) {
		process_own_stdio(x->process.process);
		return 0;
	}
	root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (root < 0)
		return err_set(e, errno, "open '/'");
	r = console_make(root, x->process.process, x->console, &slave, e);
	return r < 0 ? r : console_take(slave, e);
}

static int meet(int sync, char **ret_seccomp_message, struct err *e)
{
	cleanup_msg struct msg m = {0};
	int r = msg_send(sync, EXEC_READY, "", 0, NULL, 0, e);

	if (r == 0)
		r = msg_recv(sync, &m, e);
	/* The caller is gone: nobody waits for this process. */
	if (r == 0)
		_exit(255);
	if (r > 0 && m.len)
		*ret_seccomp_message = steal_ptr(&m.body);
	return r < 0 ? r : 0;
}

static int child(struct exec *x, int sync, struct err *e)
{
	const struct oci_process *p = x->process.process;
	cleanup_strv char **env = strv_copy(p->env);
	cleanup_free char *program = NULL;
	int r;

	log_setup(-1, LOG_TEXT, LOG_WARNING);
	setsid();
	r = lsm_open(p, &x->process.lsm, e);
	if (r == 0)
		r = become_root(x, e);
	if (r == 0 && chdir("/") < 0)
		r = err_set(e, errno, "chdir '/'");
	if (r == 0)
		r = join_keyring(x, e);
	if (r == 0 && x->personality != OCI_UNSET && personality((unsigned long)x->personality) < 0)
		r = err_set(e, errno, "set linux.personality");
	if (r == 0)
		r = process_set_home(&env, p->uid, e);
	if (r == 0)
		r = process_lookup(p, env, &program, e);
	if (r == 0)
		r = take_terminal(x, e);
	if (r == 0)
		r = meet(sync, &x->process.seccomp_message, e);
	if (r == 0)
		r = process_become(&x->process, e);
	if (r == 0)
		r = process_confine(&x->process, true, e);
	return r < 0 ? r : process_exec(&x->process, program, env, e);
}

static void child_main(struct exec *x, int sync) __attribute__((noreturn));
static void child_main(struct exec *x, int sync)
{
	struct err e = {0}, ignored;

	child(x, sync, &e);
	msg_send(sync, EXEC_FAILED, &e, sizeof(e), NULL, 0, &ignored);
	_exit(255);
}

static int take(int sync, enum exec_stage stage, struct err *e)
{
	cleanup_msg struct msg m = {0};
	int r = msg_recv(sync, &m, e);

	if (r < 0)
		return r;
	if (r == 0)
		return stage == EXEC_READY
			       ? err_say(e, EIO, "the process died before it was executed")
			       : 0;
	if (m.type == EXEC_FAILED && m.len == sizeof(*e)) {
		memcpy(e, m.body, sizeof(*e));
		e->msg[sizeof(e->msg) - 1] = '\0';
		e->code = e->code > 0 ? e->code : EINVAL;
		return -e->code;
	}
	return m.type == stage ? 0 : err_say(e, EPROTO, "stage %u instead of %d", m.type, stage);
}

static int write_pid_file(const struct exec *x, pid_t pid, struct err *e)
{
	char text[32];

	if (!x->pid_file)
		return 0;
	snprintf(text, sizeof(text), "%d", (int)pid);
	return path_write_file(AT_FDCWD, x->pid_file, text, strlen(text), 0644, e);
}

/* With what only we know: the process's pid as the host sees it, for the seccomp agent. */
static int go(struct exec *x, int sync, pid_t pid, struct err *e)
{
	cleanup_free char *message = NULL;
	int r;

	if (x->process.seccomp_agent < 0)
		return msg_send(sync, EXEC_GO, "", 0, NULL, 0, e);
	r = seccomp_agent_message(x->state, x->seccomp, pid, &message, e);
	/* The agent sees the end of the connection when the process has sent and closed it. */
	fd_close(&x->process.seccomp_agent);
	return r < 0 ? r : msg_send(sync, EXEC_GO, message, strlen(message), NULL, 0, e);
}

static int bring_up(struct exec *x, int sync, pid_t pid, struct err *e)
{
	int r = take(sync, EXEC_READY, e);

	if (r == 0)
		r = process_set_affinity(pid, &x->process.process->exec_cpus_final, e);
	if (r == 0)
		r = process_set_attributes(pid, x->process.process, e);
	if (r == 0)
		r = process_set_oom(pid, x->process.process, e);
	if (r == 0)
		r = rdt_join(x->state->rdt.groups, pid, e);
	if (r == 0)
		r = write_pid_file(x, pid, e);
	if (r == 0)
		r = go(x, sync, pid, e);
	return r < 0 ? r : take(sync, EXEC_FAILED, e);
}

int exec_start(struct exec *x, struct proc *ret, struct err *e)
{
	struct entry y = {.x = x};
	struct namespace_way way = {
		.join = join, .arg = &y, .cgroup_fd = cgroup_clone_fd(x->cgroup)};
	cleanup_proc struct proc p = PROC_NONE;
	cleanup_fd int mine = -1, theirs = -1;
	int pair[2], r = msg_pair(pair, e);

	if (r < 0)
		return r;
	mine = pair[0];
	theirs = y.sync = pair[1];
	p.pid = namespace_clone_after(&way, &p.pidfd, e);
	if (p.pid < 0) {
		r = p.pid;
		p.pid = 0;
		return r;
	}
	if (p.pid == 0)
		child_main(x, theirs);
	fd_close(&theirs);
	r = bring_up(x, mine, p.pid, e);
	if (r < 0)
		return r;
	*ret = p;
	p = PROC_NONE;
	return 0;
}
