#include "scan/rules_job.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/msg.h"
#include "scan/rules_wire.h"

/* Compiling takes a second on an idle machine. */
#define WAIT_MS 60000

int rules_job_start(const struct rules_request *q, struct rules_job *ret, struct err *e)
{
	/* execve(2) takes no constants, but changes nothing. */
	char *const argv[] = {(char *)RULES_PROGRAM, (char *)q->dir, (char *)q->name, NULL};
	cleanup_fd int input = -1, theirs = -1;
	struct proc_spec spec = {.argv = argv, .exec_fd = q->program_fd};
	int pair[2], r;

	*ret = RULES_JOB_NONE;
	if (q->text) {
		input = fd_memfd("rules", q->text, strlen(q->text), e);
		if (input < 0)
			return input;
	}
	r = msg_pair(pair, e);
	if (r < 0)
		return r;
	ret->sock = pair[0];
	theirs = pair[1];
	spec.fds = (const struct proc_fd[]){{theirs, RULES_FD}, {input, STDIN_FILENO}};
	spec.n_fds = q->text ? 2 : 1;
	return proc_spawn(&spec, &ret->proc, e);
}

static int receive(const struct rules_job *j, struct msg *m, struct err *e)
{
	struct pollfd p = {.fd = j->sock, .events = POLLIN};
	int r;

	do {
		r = poll(&p, 1, WAIT_MS);
	} while (r < 0 && errno == EINTR);
	if (r <= 0)
		return err_say(
			e, ETIMEDOUT, RULES_PROGRAM " has not answered for %d s", WAIT_MS / 1000);
	return msg_recv(j->sock, m, e);
}

/* A line each. */
static void log_warnings(const char *text, size_t len)
{
	while (len > 0) {
		const char *end = memchr(text, '\n', len);
		size_t n = end ? (size_t)(end - text) : len;

		log_warning("the scanner's rules: %.*s", (int)n, text);
		n += end != NULL;
		text += n;
		len -= n;
	}
}

static int take(struct msg *m, int *ret_fd, struct err *e)
{
	if (m->type == RULES_READY && m->n_fds == 1) {
		log_warnings(m->body, m->len < RULES_WARNINGS_MAX ? m->len : RULES_WARNINGS_MAX);
		*ret_fd = steal_fd(&m->fds[0]);
		return 0;
	}
	if (m->type != RULES_FAILED || m->len != sizeof(*e))
		return err_say(e, EPROTO, RULES_PROGRAM " says what it should not");
	memcpy(e, m->body, sizeof(*e));
	e->msg[sizeof(e->msg) - 1] = '\0';
	return -(e->code > 0 ? e->code : (e->code = EIO));
}

int rules_job_finish(struct rules_job *j, int *ret_fd, struct err *e)
{
	cleanup_msg struct msg m = {0};
	struct err late;
	int r = receive(j, &m, e), status = 0;

	if (r > 0)
		return take(&m, ret_fd, e) < 0 ? err_wrap(e, "the scanner's rules") : 0;
	if (r == 0 && proc_wait(&j->proc, -1, &status, &late) >= 0)
		err_say(e, EIO, RULES_PROGRAM " ended without an answer (%s %d)",
			WIFSIGNALED(status) ? "signal" : "status",
			WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
	return err_wrap(e, "the scanner's rules");
}

void rules_job_done(struct rules_job *j)
{
	proc_kill(&j->proc);
	fd_close(&j->sock);
	*j = RULES_JOB_NONE;
}
