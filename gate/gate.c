#include "gate/gate.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/ptr.h"
#include "base/str.h"

/* A memfd's offset is shared by all who inherited it: read by position. */
static int read_config(char **ret, struct err *e)
{
	cleanup_free char *text = NULL;
	struct stat st;

	if (fstat(GATE_FD_CONFIG, &st) < 0)
		return err_set(e, errno, "the gate's configuration");
	text = calloc(1, (size_t)st.st_size + 1);
	if (!text)
		return err_set(e, ENOMEM, "the gate's configuration");
	if (pread(GATE_FD_CONFIG, text, (size_t)st.st_size, 0) != st.st_size)
		return err_say(e, EIO, "the gate's configuration cannot be read");
	*ret = steal_ptr(&text);
	return 0;
}

int gate_inherit(struct gate *ret, struct err *e)
{
	const char *git_dir = getenv(GATE_ENV_GIT_DIR), *creds = getenv(GATE_ENV_CREDS);
	const char *etc = getenv(GATE_ENV_ETC), *store = getenv(GATE_ENV_STORE);
	cleanup_free char *text = NULL;
	int r;

	*ret = (struct gate){0};
	if (!git_dir || !creds || !etc || !store)
		return err_say(e, EINVAL, "this program is run by git below the gate only");
	r = read_config(&text, e);
	if (r < 0)
		return r;
	r = policy_gate_parse(text, &ret->policy, e);
	if (r < 0)
		return r;
	ret->git_dir = strdup(git_dir);
	ret->creds_dir = strdup(creds);
	ret->etc_dir = strdup(etc);
	ret->store_dir = strdup(store);
	if (ret->git_dir && ret->creds_dir && ret->etc_dir && ret->store_dir)
		return 0;
	gate_done(ret);
	return err_set(e, ENOMEM, "the gate's configuration");
}

void gate_done(struct gate *g)
{
	policy_gate_done(&g->policy);
	free(g->git_dir);
	free(g->creds_dir);
	free(g->etc_dir);
	free(g->store_dir);
	*g = (struct gate){0};
}

const struct policy_repo *gate_repo(const struct gate *g, const char *name)
{
	for (size_t i = 0; name && i < g->policy.n_repos; i++)
		if (str_eq(g->policy.repos[i].name, name))
			return &g->policy.repos[i];
	return NULL;
}

int gate_place_fd(int fd, enum gate_fd number, struct err *e)
{
	int n;

	if (fd == (int)number)
		return 0;
	n = dup3(fd, (int)number, O_CLOEXEC);
	if (n < 0)
		return err_set(e, errno, "place descriptor %d", (int)number);
	close(fd);
	return 0;
}
