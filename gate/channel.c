#include "gate/channel.h"

#include <errno.h>
#include <poll.h>
#include <string.h>

#include "base/msg.h"
#include "base/ptr.h"
#include "gate/gate.h"

int channel_tell(enum channel_msg what, struct err *e)
{
	return msg_send(GATE_FD_CHANNEL, what, NULL, 0, NULL, 0, e);
}

int channel_fetched(const char *repo, struct err *e)
{
	return msg_send(GATE_FD_CHANNEL, CHANNEL_FETCHED, repo, strlen(repo), NULL, 0, e);
}

int channel_store(const char *repo, int pack_fd, int refs_fd, struct err *e)
{
	const int fds[] = {pack_fd, refs_fd};

	return msg_send(GATE_FD_CHANNEL, CHANNEL_STORE, repo, strlen(repo), fds, 2, e);
}

int channel_propose(const char *json, int timeout_ms, char **ret, struct err *e)
{
	struct pollfd p = {.fd = GATE_FD_CHANNEL, .events = POLLIN};
	cleanup_msg struct msg m = {0};
	int r = msg_send(GATE_FD_CHANNEL, CHANNEL_PROPOSE, json, strlen(json), NULL, 0, e);

	if (r < 0)
		return r;
	/* A signal that is not the end of us does not shorten anybody's time by much. */
	do {
		r = poll(&p, 1, timeout_ms);
	} while (r < 0 && errno == EINTR);
	if (r <= 0)
		return r < 0 ? err_set(e, errno, "wait for an answer")
			     : err_say(e, ETIMEDOUT, "nobody answered within %d seconds",
				       timeout_ms / 1000);
	r = msg_recv(GATE_FD_CHANNEL, &m, e);
	if (r <= 0)
		return r < 0 ? r : err_say(e, EPIPE, "the gate is gone");
	if (m.type != CHANNEL_ANSWER)
		return err_say(e, EPROTO, "unknown message %u from the gate", m.type);
	*ret = steal_ptr(&m.body);
	return 0;
}
