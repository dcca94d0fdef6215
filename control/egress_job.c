#include "control/egress_job.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/json.h"
#include "base/libexec.h"
#include "base/proc.h"
#include "base/ptr.h"
#include "control/runtime.h"

#define PROGRAM	   "bottle-egress"
#define ANSWER_MAX (1U << 20)
#define TIMEOUT_MS 10000

/* Its answer, in a file of memory. */
static int run(int program, int question, int answer, struct err *e)
{
	static char *const argv[] = {(char *)PROGRAM, (char *)"why", NULL};
	const struct proc_fd fds[] = {{question, STDIN_FILENO}, {answer, STDOUT_FILENO}};
	const struct proc_spec spec = {
		.exec_fd = program, .argv = argv, .fds = fds, .n_fds = ARRAY_LEN(fds)};
	cleanup_proc struct proc p = PROC_NONE;
	int status, r = proc_spawn(&spec, &p, e);

	if (r == 0)
		r = proc_wait(&p, TIMEOUT_MS, &status, e);
	if (r == 0)
		return err_say(e, ETIMEDOUT, PROGRAM " does not answer");
	if (r > 0 && WIFSIGNALED(status))
		return err_say(e, EIO, PROGRAM " was ended by signal %d", WTERMSIG(status));
	return r < 0 ? r : 0;
}

static int read_answer(int fd, json_t **ret, struct err *e)
{
	cleanup_free char *text = NULL;
	size_t len;
	const char *error;
	int r = 0;

	if (lseek(fd, 0, SEEK_SET) < 0)
		return err_set(e, errno, "the answer of " PROGRAM);
	r = fd_read_all(fd, "the answer of " PROGRAM, ANSWER_MAX, &text, &len, e);
	if (r == 0)
		r = json_parse(text, len, "the answer of " PROGRAM, ret, e);
	if (r < 0)
		return r;
	error = json_string_value(json_object_get(*ret, "error"));
	if (!error)
		return 0;
	err_say(e, EINVAL, "%s", error);
	json_decref(*ret);
	*ret = NULL;
	return -EINVAL;
}

int egress_job_ask(const json_t *question, json_t **ret, struct err *e)
{
	cleanup_free char *beside = runtime_find(), *text = json_dumps(question, JSON_COMPACT);
	cleanup_fd int program = -1, in = -1, out = -1;
	int r;

	if (!text)
		return err_set(e, ENOMEM, "the question");
	if (beside)
		*strrchr(beside, '/') = '\0';
	r = libexec_open_beside(beside, PROGRAM, &program, e);
	if (r < 0)
		return r;
	in = fd_memfd("question", text, strlen(text), e);
	if (in < 0)
		return in;
	out = memfd_create("answer", MFD_CLOEXEC);
	if (out < 0)
		return err_set(e, errno, "memfd_create");
	r = run(program, in, out, e);
	return r < 0 ? r : read_answer(out, ret, e);
}
