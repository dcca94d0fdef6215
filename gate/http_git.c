#include "gate/http_git.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/confine.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/ptr.h"
#include "base/str.h"
#include "gate/git.h"
#include "gate/pktline.h"
#include "gate/protocol2.h"
#include "gate/quota.h"

#define GIT "/usr/bin/git"

static const char *const words[] = {
	[REQUEST_UPLOAD_PACK] = "upload-pack", [REQUEST_RECEIVE_PACK] = "receive-pack"};

static bool is_version2(const struct http_request *q)
{
	return q->path.service == REQUEST_UPLOAD_PACK && str_eq(q->protocol, "version=2");
}

/* Not where it only asks what there is. */
static bool is_push(const struct http_request *q)
{
	return q->path.ask == HTTP_ASK_SERVICE && q->path.service == REQUEST_RECEIVE_PACK;
}

int http_git_freshen(const struct http_git_job *job, struct err *e)
{
	cleanup_refs struct refs refs = {0};

	if (!is_version2(job->request))
		return session_refresh(job->session, job->asked_ns, NULL, e);
	/* A command asks itself, and tells the agent how far it is. */
	return job->request->path.ask == HTTP_ASK_REFS
		       ? session_refs(job->session, job->asked_ns, &refs, e)
		       : 0;
}

static int serve_version2(const struct http_git_job *job, struct err *e)
{
	bool refs = job->request->path.ask == HTTP_ASK_REFS;
	const char *head =
		refs ? "Content-Type: application/x-git-upload-pack-advertisement\r\n\r\n"
		     : "Content-Type: application/x-git-upload-pack-result\r\n\r\n";

	if (fd_write_all(STDOUT_FILENO, head, strlen(head)) < 0)
		return err_set(e, EPIPE, "answer");
	return refs ? protocol2_advertise(job->session, STDOUT_FILENO, job->asked_ns, e)
		    : protocol2_command(
			      job->session, STDIN_FILENO, STDOUT_FILENO, job->asked_ns, e);
}

/* Not one descriptor of the connection's: its pipes' other ends would never be seen to close. */
static int keep_only(int in, int out)
{
	int keep[] = {GATE_FD_SELF, GATE_FD_CONFIG, GATE_FD_CHANNEL, GATE_FD_LOCK};

	if (dup2(in, STDIN_FILENO) < 0 || dup2(out, STDOUT_FILENO) < 0)
		return -errno;
	return proc_close_but(STDERR_FILENO + 1, keep, ARRAY_LEN(keep));
}

static int start_version2(
	const struct http_git_job *job, int in, int out, struct proc *ret, struct err *e)
{
	pid_t us = getpid(), pid = proc_fork(0, -1, &ret->pidfd);
	struct err why = {0};

	if (pid != 0) {
		ret->pid = pid > 0 ? pid : 0;
		return pid < 0 ? err_set(e, -pid, "fork") : 0;
	}
	if (confine_die_with_parent(us, &why) < 0 || keep_only(in, out) < 0)
		_exit(1);
	if (serve_version2(job, &why) < 0 && why.code != EPIPE)
		log_warning("a fetch of '%s': %s", job->session->repo->name, why.msg);
	_exit(why.code != 0);
}

/* RFC 3875, 4.1, and git-http-backend(1). Nothing of the agent's words is in it. */
static char **make_env(const struct session *s, const struct http_request *q)
{
	const char *word = words[q->path.service];
	bool post = q->path.ask == HTTP_ASK_SERVICE;
	struct git_job job = {.gate = s->gate, .repo = s->repo, .upstream = &s->upstream};
	cleanup_free char *query = str_format("service=git-%s", word);
	cleanup_free char *type = str_format("application/x-git-%s-request", word);
	cleanup_free char *path = post ? str_format("/%s.git/git-%s", s->repo->name, word)
				       : str_format("/%s.git/info/refs", s->repo->name);
	const struct {
		const char *name, *value;
	} more[] = {
		{"GATEWAY_INTERFACE", "CGI/1.1"},
		{"SERVER_PROTOCOL", "HTTP/1.1"},
		{"REQUEST_METHOD", post ? "POST" : "GET"},
		{"GIT_PROJECT_ROOT", s->gate->git_dir},
		{"PATH_INFO", path},
		{"QUERY_STRING", post ? "" : query},
		{"CONTENT_TYPE", post ? type : ""},
		{"GIT_HTTP_EXPORT_ALL", "1"},
		/* It holds what a fetch says: as much as we let through. */
		{"GIT_HTTP_MAX_REQUEST_BUFFER", "33554432"},
		{"GIT_PROTOCOL", q->protocol},
	};
	cleanup_strv char **env = query && type && path ? git_env(&job) : NULL;

	for (size_t i = 0; env && i < ARRAY_LEN(more); i++)
		if (env_set(&env, more[i].name, more[i].value) < 0)
			return NULL;
	if (env && q->path.service == REQUEST_RECEIVE_PACK && git_env_receive(s->gate, &env) < 0)
		return NULL;
	return steal_ptr(&env);
}

struct backend {
	pid_t parent;
	bool push;
};

static int limit(void *arg, struct err *e)
{
	const struct backend *b = arg;
	int r = confine_die_with_parent(b->parent, e);

	return r == 0 && b->push ? quota_limit_time(e) : r;
}

static int start_backend(
	const struct http_git_job *job, int in, int out, struct proc *ret, struct err *e)
{
	/* Files that are no service's are not given out in any case: we ask for none. */
	static const char *const argv[] = {
		"git", "-c", "http.getanyfile=false", "http-backend", NULL};
	struct backend b = {.parent = getpid(), .push = is_push(job->request)};
	cleanup_strv char **env = make_env(job->session, job->request);
	/* The push's until everything that it has started is gone. */
	cleanup_fd int place = -1;
	int r = b.push ? quota_enter_push(job->session->gate, &place, e) : 0;
	const struct proc_fd fds[] = {{in, STDIN_FILENO}, {out, STDOUT_FILENO},
		{STDERR_FILENO, STDERR_FILENO},
		/* For the hook of a push. */
		{GATE_FD_SELF, GATE_FD_SELF}, {GATE_FD_CONFIG, GATE_FD_CONFIG},
		{GATE_FD_SCANNER, GATE_FD_SCANNER}, {GATE_FD_CHANNEL, GATE_FD_CHANNEL},
		{GATE_FD_LOCK, GATE_FD_LOCK}, {STDERR_FILENO, GATE_FD_LOG}, {place, GATE_FD_PLACE}};
	const struct proc_spec spec = {.path = GIT,
		/* execve(2) changes none of the strings; its type is older than const. */
		.argv = (char *const *)argv,
		.envp = env,
		.fds = fds,
		.n_fds = b.push ? ARRAY_LEN(fds) : 3,
		.in_child = limit,
		.arg = &b};

	if (r < 0)
		return r;
	if (!env)
		return err_set(e, ENOMEM, "run git");
	return proc_spawn(&spec, ret, e);
}

int http_git_start(const struct http_git_job *job, int in, int out, struct proc *ret, struct err *e)
{
	return is_version2(job->request) ? start_version2(job, in, out, ret, e)
					 : start_backend(job, in, out, ret, e);
}

/* send-pack(1) shows what the progress band holds, and the reason in front of the refs' states. */
static void refuse_push(struct str *body, const char *sentence)
{
	cleanup_free char *words_of_us = str_format("push refused: %s\n", sentence);
	cleanup_str struct str report = {0};

	pkt_addf(&report, "unpack refused\n");
	pkt_add_flush(&report);
	if (!words_of_us || report.failed) {
		body->failed = true;
		return;
	}
	pkt_add_band(body, 2, words_of_us, strlen(words_of_us));
	pkt_add_band(body, 1, report.s, report.len);
	pkt_add_flush(body);
}

void http_git_refuse(
	struct http_wire *w, const struct http_request *q, int status, const char *sentence)
{
	cleanup_free char *type = str_format("application/x-git-%s-result", words[q->path.service]);
	cleanup_str struct str body = {0};
	struct http_answer a = {.status = 200, .type = type};

	if (q->path.ask != HTTP_ASK_SERVICE) {
		http_answer_text(w, &q->manner, status, NULL, sentence);
		return;
	}
	if (q->path.service == REQUEST_RECEIVE_PACK)
		refuse_push(&body, sentence);
	else
		pkt_addf(&body, "ERR %s", sentence);
	if (!type || body.failed) {
		http_answer_text(w, &q->manner, 503, NULL, "the gate is out of memory");
		return;
	}
	a.body = body.s;
	a.len = body.len;
	http_answer(w, &q->manner, &a);
}
