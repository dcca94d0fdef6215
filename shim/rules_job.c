#include "shim/rules_job.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/msg.h"
#include "base/ptr.h"
#include "base/str.h"
#include "scan/rules_wire.h"
#include "shim/component.h"
#include "shim/libexec.h"

#define PROGRAM "bottle-rules"
/* Compiling takes a second on an idle machine. */
#define WAIT_MS 60000

/* "STATE_ROOT/cache" for "STATE_ROOT/state". */
static char *cache_dir(const struct plan_bottle *b)
{
	const char *slash = strrchr(b->state_home, '/');

	return slash ? str_format("%.*s/cache", (int)(slash - b->state_home), b->state_home)
		     : strdup("cache");
}

static int spawn(
	const char *dir, const char *name, int input, int sock, struct rules_job *j, struct err *e)
{
	/* execve(2) takes no constants, but changes nothing. */
	char *const argv[] = {(char *)PROGRAM, (char *)dir, (char *)name, NULL};
	const struct proc_fd fds[] = {{sock, RULES_FD}, {input, STDIN_FILENO}};
	cleanup_fd int program = -1;
	struct proc_spec spec = {.argv = argv, .fds = fds, .n_fds = name ? 2 : 1};
	int r = libexec_open(PROGRAM, &program, e);

	spec.exec_fd = program;
	return r < 0 ? r : proc_spawn(&spec, &j->proc, e);
}

int rules_job_start(const struct plan_bottle *b, struct rules_job *ret, struct err *e)
{
	cleanup_free char *dir = cache_dir(b);
	cleanup_fd int input = -1, theirs = -1;
	int pair[2], r;

	*ret = RULES_JOB_NONE;
	if (!dir)
		return err_set(e, ENOMEM, "the scanner's rules");
	if (b->rules) {
		input = fd_memfd("rules", b->rules, strlen(b->rules), e);
		if (input < 0)
			return input;
	}
	r = msg_pair(pair, e);
	if (r < 0)
		return r;
	ret->sock = pair[0];
	theirs = pair[1];
	return spawn(dir, b->rules_name, input, theirs, ret, e);
}

static int receive(const struct rules_job *j, struct msg *m, struct err *e)
{
	struct pollfd p = {.fd = j->sock, .events = POLLIN};
	int r;

	do {
		r = poll(&p, 1, WAIT_MS);
	} while (r < 0 && errno == EINTR);
	if (r <= 0)
		return err_say(e, ETIMEDOUT, PROGRAM " has not answered for %d s", WAIT_MS / 1000);
	return msg_recv(j->sock, m, e);
}

static int take(struct msg *m, int *ret_fd, struct err *e)
{
	if (m->type == RULES_READY && m->n_fds == 1) {
		*ret_fd = steal_fd(&m->fds[0]);
		return 0;
	}
	if (m->type != RULES_FAILED || m->len != sizeof(*e))
		return err_say(e, EPROTO, PROGRAM " says what it should not");
	memcpy(e, m->body, sizeof(*e));
	e->msg[sizeof(e->msg) - 1] = '\0';
	return -(e->code > 0 ? e->code : (e->code = EIO));
}

int rules_job_finish(struct rules_job *j, int *ret_fd, struct err *e)
{
	cleanup_msg struct msg m = {0};
	char how[80];
	struct err late;
	int r = receive(j, &m, e), status = 0;

	if (r > 0)
		return take(&m, ret_fd, e) < 0 ? err_wrap(e, "the scanner's rules") : 0;
	if (r == 0 && proc_wait(&j->proc, -1, &status, &late) >= 0)
		err_say(e, EIO, PROGRAM " ended without an answer (%s)",
			component_end_text(status, how, sizeof(how)));
	return err_wrap(e, "the scanner's rules");
}

void rules_job_done(struct rules_job *j)
{
	proc_kill(&j->proc);
	fd_close(&j->sock);
	*j = RULES_JOB_NONE;
}
