#include "shim/seccomp_agent.h"

#include <errno.h>

#include "base/fd.h"
#include "base/json.h"
#include "base/log.h"
#include "base/ptr.h"
#include "shim/scm.h"

int seccomp_agent_connect(
	const struct oci_seccomp *s, struct seccomp_program *p, int *ret_fd, struct err *e)
{
	*ret_fd = -1;
	if (!p->filter || !s->listener_path)
		return 0;
	*ret_fd = scm_connect(s->listener_path, e);
	if (*ret_fd >= 0) {
		p->notify = true;
		return 0;
	}
	if (p->notify)
		return err_wrap(e,
			"linux.seccomp.listenerPath: failed to connect with seccomp agent "
			"specified in the seccomp profile");
	log_debug("linux.seccomp.listenerPath: no rule needs it and nobody listens: %s", e->msg);
	return 0;
}

int seccomp_agent_message(const struct state *state, const struct oci_seccomp *s, pid_t pid,
	char **ret, struct err *e)
{
	/* The first process is being made, as far as the agent is concerned. */
	enum state_status status = pid == state->pid ? STATE_CREATING : STATE_RUNNING;
	cleanup_json json_t *of_container = state_to_json(state, status);
	cleanup_json json_t *j = json_pack("{s:s, s:[s], s:i, s:O}", "ociVersion",
		state->oci_version, "fds", "seccompFd", "pid", (int)pid, "state", of_container);

	if (j && s->listener_metadata)
		json_object_set_new(j, "metadata", json_string(s->listener_metadata));
	*ret = j ? json_dumps(j, JSON_COMPACT) : NULL;
	return *ret ? 0 : err_set(e, ENOMEM, "tell the seccomp agent");
}
