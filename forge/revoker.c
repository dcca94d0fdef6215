#include "forge/revoker.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/json.h"
#include "base/msg.h"
#include "base/proc.h"
#include "base/ptr.h"
#include "base/str.h"

static int send_place(int ours, const struct revoker_place *place, struct err *e)
{
	cleanup_json json_t *j = json_pack("{s:s, s:s*, s:b}", "state_home", place->state_home,
		"uids_dir", place->uids_dir, "once", place->once);
	cleanup_free char *text = j ? json_dumps(j, JSON_COMPACT) : NULL;

	if (!text)
		return err_set(e, ENOMEM, "revoke deploy keys");
	return msg_send(ours, REVOKER_PLACE, text, strlen(text), NULL, 0, e);
}

int revoker_open(const struct revoker_place *place, int *ret_ours, int *ret_theirs, struct err *e)
{
	cleanup_fd int ours = -1, theirs = -1;
	int pair[2];
	int r = msg_pair(pair, e);

	if (r < 0)
		return r;
	ours = pair[0];
	theirs = pair[1];
	/* Nobody reads it yet: what does not fit is told, not waited for. */
	r = fd_set_nonblock(ours, 1);
	r = r < 0 ? err_set(e, -r, "a socket that does not block") : send_place(ours, place, e);
	if (r < 0)
		return r;
	*ret_ours = steal_fd(&ours);
	*ret_theirs = steal_fd(&theirs);
	return 0;
}

int revoker_add(int ours, const char *name, int fd, const struct secret *token, struct err *e)
{
	size_t name_len = strlen(name) + 1, len = name_len + token->len;
	char *body = malloc(len);
	int r;

	if (!body)
		return err_set(e, ENOMEM, "revoke deploy keys");
	memcpy(body, name, name_len);
	memcpy(body + name_len, token->bytes, token->len);
	r = msg_send(ours, REVOKER_KEY, body, len, &fd, fd >= 0 ? 1 : 0, e);
	secret_wipe(body, len);
	free(body);
	return r;
}

int revoker_begin(int ours, struct err *e)
{
	return msg_send(ours, REVOKER_BEGIN, NULL, 0, NULL, 0, e);
}

/* The second fork: it is nobody's child. */
static int leave_parent(void *unused, struct err *e)
{
	pid_t pid = fork();

	(void)unused;
	if (pid < 0)
		return err_set(e, errno, "fork to revoke deploy keys");
	if (pid > 0)
		_exit(0);
	umask(077);
	return chdir("/") < 0 ? err_set(e, errno, "chdir '/'") : 0;
}

int revoker_spawn(int program_fd, int theirs, struct err *e)
{
	const char *runtime_dir = getenv("XDG_RUNTIME_DIR");
	cleanup_free char *env = str_format("XDG_RUNTIME_DIR=%s", runtime_dir ? runtime_dir : "");
	char *const envp[] = {env, NULL};
	char *const argv[] = {(char *)REVOKER_PROGRAM, (char *)REVOKER_VERB, NULL};
	const struct proc_fd fds[] = {{theirs, REVOKER_FD}};
	cleanup_proc struct proc p = PROC_NONE;
	const struct proc_spec spec = {.argv = argv,
		.envp = envp,
		.exec_fd = program_fd,
		.fds = fds,
		.n_fds = 1,
		.new_session = 1,
		.in_child = leave_parent};
	int r = env ? proc_spawn(&spec, &p, e) : err_set(e, ENOMEM, "revoke deploy keys");

	return r < 0 ? r : proc_wait(&p, -1, NULL, e) < 0 ? -e->code : 0;
}
