/* bottle-lfs: answers one request of an agent's git-lfs. Run by the gate (gate/lfs.h). */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>

#include "base/log.h"
#include "gate/gate.h"
#include "gate/lfs_answer.h"

static int serve(const struct gate *g, int argc, char **argv, struct err *e)
{
	const struct policy_repo *repo = gate_repo(g, getenv(GATE_ENV_REPO));

	if (argc != 4 || !repo)
		return err_say(e, EINVAL, "this program is run by the gate only");
	log_info("git-lfs: %s of '%s'", argv[1], repo->name);
	return err_say(e, ENOENT, "the upstream of '%s' has no LFS", repo->name);
}

int main(int argc, char **argv)
{
	struct gate g = {0};
	struct err e = {0}, unheard = {0};
	int r;

	signal(SIGPIPE, SIG_IGN);
	r = gate_inherit(&g, &e);
	if (r == 0)
		r = serve(&g, argc, argv, &e);
	if (r < 0) {
		log_warning("git-lfs: refused: %s", e.msg);
		if (lfs_answer_refusal(&e, &unheard) < 0)
			log_debug("%s", unheard.msg);
	}
	gate_done(&g);
	return r < 0;
}
