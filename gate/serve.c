#include "gate/serve.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/ptr.h"
#include "base/str.h"
#include "gate/channel.h"
#include "gate/git.h"
#include "gate/mirror.h"
#include "gate/quota.h"
#include "gate/protocol2.h"
#include "gate/request.h"
#include "gate/session.h"

#define REQUEST_TIMEOUT_MS 15000
/* How long upload-pack waits for an agent that says nothing, seconds. */
#define AGENT_IDLE_S "300"

static const struct {
	const char *word, *doing;
} services[] = {
	[REQUEST_UPLOAD_PACK] = {"upload-pack", "fetch"},
	[REQUEST_RECEIVE_PACK] = {"receive-pack", "push"},
};

/* Small packets to and fro: Nagle against delayed acknowledgements costs 40 ms an exchange. */
static void speed_up(int sock)
{
	int on = 1;

	(void)setsockopt(sock, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	(void)setsockopt(sock, IPPROTO_TCP, TCP_QUICKACK, &on, sizeof(on));
}

/*
 * git waits for ever for an agent that takes nothing more, with the mirror's lock in its hand. The
 * kernel ends such a connection (tcp(7), TCP_USER_TIMEOUT): receive-pack's writes fail, a push that
 * the upstream has accepted goes on to its end, and then everybody is gone.
 */
static int limit_silence(const struct gate *g, int sock, struct err *e)
{
	unsigned int ms = (unsigned int)g->policy.agent_timeout_s * 1000;

	if (setsockopt(sock, IPPROTO_TCP, TCP_USER_TIMEOUT, &ms, sizeof(ms)) < 0)
		return err_set(e, errno, "setsockopt TCP_USER_TIMEOUT");
	return 0;
}

/* For the sake of idleness only: the gate may be gone, and this process about to be. */
static void tell_serving(void)
{
	struct err e;

	if (channel_tell(CHANNEL_SERVING, &e) < 0)
		log_debug("the gate does not listen: %s", e.msg);
}

/* The place is the push's until receive-pack and all that it has started are gone. */
static int admit_push(const struct gate *g, struct err *e)
{
	int fd, r = quota_enter_push(g, &fd, e);

	if (r == 0)
		r = gate_place_fd(fd, GATE_FD_PLACE, e);
	if (r == 0 && fd_set_cloexec(GATE_FD_PLACE, 0) < 0)
		r = err_set(e, errno, "hand down a place for a push");
	return r == 0 ? quota_limit_time(e) : r;
}

static int hand_down(int sock, enum request_service service, struct err *e)
{
	if (dup2(STDERR_FILENO, GATE_FD_LOG) < 0)
		return err_set(e, errno, "hand down the log");
	if (service == REQUEST_RECEIVE_PACK && session_hand_down(e) < 0)
		return -e->code;
	if (dup2(sock, STDIN_FILENO) < 0 || dup2(sock, STDOUT_FILENO) < 0)
		return err_set(e, errno, "hand down the connection");
	return 0;
}

static int become_git(const struct request *req, const struct upstream *up, struct err *e)
{
	const char *service = services[req->service].word;
	cleanup_free char *dir = str_format("%s/%s.git", up->gate->git_dir, req->repo->name);
	const char *const upload[] = {
		"git", service, "--strict", "--timeout=" AGENT_IDLE_S, dir, NULL};
	const char *const receive[] = {"git", service, dir, NULL};
	/* execve(2) changes none of the strings; its type is older than const. */
	char *const *argv = (char *const *)(req->service == REQUEST_UPLOAD_PACK ? upload : receive);
	struct git_job job = {
		.gate = up->gate, .repo = req->repo, .upstream = up, .protocol = req->protocol};
	cleanup_strv char **env = git_env(&job);

	if (!dir || !env ||
		(req->service == REQUEST_RECEIVE_PACK && git_env_receive(up->gate, &env) < 0))
		return err_set(e, ENOMEM, "run git");
	execve("/usr/bin/git", argv, env);
	return err_set(e, errno, "exec git");
}

static int serve(const struct gate *g, int sock, struct err *e)
{
	char body[REQUEST_MAX + 1];
	struct request req;
	struct session session;
	int64_t asked_ns;
	int len = limit_silence(g, sock, e), r;

	if (len == 0)
		len = request_read(sock, body, REQUEST_TIMEOUT_MS, e);
	if (len < 0)
		return len;
	asked_ns = mirror_now_ns();
	r = request_parse(g, body, (size_t)len, &req, e);
	if (r == 0)
		r = session_open(g, req.repo, &session, e);
	if (r < 0)
		return r;
	log_info("%s of '%s'", services[req.service].doing, req.repo->name);
	if (req.service == REQUEST_UPLOAD_PACK && str_eq(req.protocol, "version=2"))
		return protocol2_serve(&session, sock, asked_ns, e);
	r = session_refresh(&session, asked_ns, NULL, e);
	if (r < 0)
		return r;
	tell_serving();
	if (req.service == REQUEST_RECEIVE_PACK)
		r = admit_push(g, e);
	if (r == 0)
		r = hand_down(sock, req.service, e);
	return r == 0 ? become_git(&req, &session.upstream, e) : r;
}

int serve_begin(int sock, int channel, struct err *e)
{
	/* With many connections open, it may have the number that a helper's descriptor is to get.
	 */
	sock = fd_move_above(sock, GATE_FD_END);
	if (sock < 0)
		return err_set(e, -sock, "place a connection");
	speed_up(sock);
	return gate_place_fd(channel, GATE_FD_CHANNEL, e) < 0 ? -e->code : sock;
}

void serve_connection(const struct gate *g, int sock, int channel)
{
	struct err e = {0};

	sock = serve_begin(sock, channel, &e);
	if (sock < 0)
		_exit(1);
	serve(g, sock, &e);
	if (e.code != 0 && e.code != EPIPE && e.code != ECANCELED) {
		/* A request that names nothing is how the monitor asks whether the gate answers. */
		log_line(e.code == ENODATA ? LOG_DEBUG : LOG_WARNING, "refused: %s", e.msg);
		request_refuse(sock, e.msg);
	}
	_exit(e.code != 0);
}
