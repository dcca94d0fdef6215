/* bottle-lfs: answers one request of an agent's git-lfs. Run by the gate (gate/lfs.h). */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/json.h"
#include "base/log.h"
#include "base/ptr.h"
#include "base/str.h"
#include "gate/gate.h"
#include "gate/lfs.h"
#include "gate/lfs_answer.h"
#include "gate/lfs_object.h"
#include "gate/lfs_request.h"
#include "gate/lfs_scan.h"
#include "gate/lfs_talk.h"
#include "gate/rules.h"

struct program {
	struct gate gate;
	struct upstream upstream;
	struct lfs_request request;
	int64_t length; /* of the body; -1: not told */
	struct lfs_out out;
};

static int read_body(char **ret, size_t *ret_len, struct err *e)
{
	return fd_read_all(STDIN_FILENO, "the request", LFS_BODY_MAX, ret, ret_len, e);
}

/* ---- batches: which objects are there */

/* Names of objects are the agent's to choose: they leave only when they say nothing else. */
static int scan_batch(const struct program *p, const struct lfs_batch *b, struct err *e)
{
	cleanup_str struct str s = {0};

	if (b->ref)
		str_addf(&s, "%s\n", b->ref);
	for (size_t i = 0; i < b->n; i++)
		str_addf(&s, "%s %llu\n", b->list[i].oid, (unsigned long long)b->list[i].size);
	if (s.failed)
		return err_set(e, ENOMEM, "read a batch");
	return lfs_scan_text(p->gate.policy.unreadable_ok, "the batch request", s.s, e);
}

/* Before a byte goes up for a ref that cannot. What an object is for the transfer does not say. */
static int check_rules(const struct program *p, const struct lfs_batch *b, struct err *e)
{
	const struct policy_repo *repo = p->upstream.repo;
	struct command c = {.old = "", .new = "1", .ref = b->ref};
	enum rule rule;

	if (!b->upload || !b->ref)
		return 0;
	rule = rules_judge(&repo->push, &c, false);
	if (rule != RULE_ALLOW && rule != RULE_DENY)
		return 0;
	return err_say(e, EACCES,
		"this bottle may not push to '%.200s' of '%s', nor large files for it (push.%s in "
		"its manifest)",
		b->ref, repo->name, rule == RULE_DENY ? "deny" : "allow");
}

static int serve_batch(struct program *p, struct err *e)
{
	cleanup_lfs_batch struct lfs_batch b = {0};
	cleanup_lfs_talk struct lfs_talk talk = {0};
	cleanup_json json_t *answer = NULL;
	cleanup_free char *body = NULL, *told = NULL;
	struct lfs_allow allow = lfs_talk_allow(&talk);
	size_t len = 0;
	int r = read_body(&body, &len, e);

	if (r == 0)
		r = lfs_batch_parse(body, len, &b, e);
	if (r == 0)
		r = check_rules(p, &b, e);
	if (r == 0)
		r = scan_batch(p, &b, e);
	if (r == 0)
		r = lfs_talk_open(&p->upstream, b.upload, &talk, e);
	if (r == 0)
		r = lfs_talk_batch(&talk, &b, &answer, e);
	if (r == 0)
		r = lfs_batch_answer(&b, answer, p->upstream.repo->name, &allow, &told, e);
	return r == 0 ? lfs_answer_json(&p->out, 200, told, e) : r;
}

/* ---- locks: passed on, both ways, once they were read */

static int scan_lock(const struct program *p, const char *body, struct err *e)
{
	cleanup_free char *text = str_format("%s\n%s\n", p->request.path, body ? body : "");

	if (!text)
		return err_set(e, ENOMEM, "read a lock request");
	return lfs_scan_text(p->gate.policy.unreadable_ok, "the lock request", text, e);
}

/* *ret: the body as it goes on: our own spelling of what it says. NULL for GET. */
static int read_lock(const struct program *p, char **ret, struct err *e)
{
	cleanup_free char *body = NULL;
	cleanup_json json_t *j = NULL;
	size_t len = 0;
	int r;

	*ret = NULL;
	if (p->request.kind == LFS_LOCKS)
		return 0;
	r = read_body(&body, &len, e);
	if (r == 0)
		r = json_parse(body, len, "the lock request", &j, e);
	if (r == 0 && !json_is_object(j))
		r = err_say(e, EINVAL, "the lock request is a JSON object");
	if (r == 0 && !(*ret = json_dumps(j, JSON_COMPACT)))
		r = err_set(e, ENOMEM, "the lock request");
	return r;
}

static int serve_lock(struct program *p, struct err *e)
{
	bool reads = p->request.kind == LFS_LOCKS;
	cleanup_lfs_talk struct lfs_talk talk = {0};
	cleanup_json json_t *answer = NULL;
	cleanup_free char *body = NULL, *told = NULL;
	struct lfs_http_call call = {
		.method = reads ? "GET" : "POST", .link = &talk.endpoint, .path = p->request.path};
	int status = 0, r = read_lock(p, &body, e);

	call.body = body;
	if (r == 0)
		r = scan_lock(p, body, e);
	if (r == 0)
		r = lfs_talk_open(&p->upstream, !reads, &talk, e);
	if (r == 0)
		r = lfs_talk_ask(&talk, &call, &status, &answer, e);
	if (r == 0 && !(told = json_dumps(answer, JSON_COMPACT)))
		r = err_set(e, ENOMEM, "answer git-lfs");
	return r == 0 ? lfs_answer_json(&p->out, status, told, e) : r;
}

/* ---- one request */

static int serve(struct program *p, struct err *e)
{
	const struct lfs_request *q = &p->request;
	struct lfs_object object = {.size = q->size};

	memcpy(object.oid, q->oid, sizeof(object.oid));
	switch (q->kind) {
	case LFS_BATCH:
		return serve_batch(p, e);
	case LFS_DOWNLOAD:
		return lfs_object_download(&p->upstream, &object, &p->out, e);
	case LFS_UPLOAD:
		return lfs_object_upload(&p->upstream, q->oid, p->length, &p->out, e);
	default:
		return serve_lock(p, e);
	}
}

static int open_program(struct program *p, int argc, char **argv, struct err *e)
{
	const char *address = getenv(GATE_ENV_ADDRESS);
	long length = -1;
	int r = gate_inherit(&p->gate, e);

	if (r < 0)
		return r;
	p->upstream.gate = &p->gate;
	p->upstream.repo = gate_repo(&p->gate, getenv(GATE_ENV_REPO));
	if (argc != 4 || !p->upstream.repo || !address || !getenv("GIT_SSH") ||
		strlen(address) >= sizeof(p->upstream.address) ||
		!str_to_long(argv[3], -1, INT64_MAX, &length))
		return err_say(e, EINVAL, "this program is run by the gate only");
	memcpy(p->upstream.address, address, strlen(address) + 1);
	p->length = length;
	return lfs_request_parse(argv[1], argv[2], &p->request, e);
}

int main(int argc, char **argv)
{
	struct program p = {0};
	struct err e = {0}, unheard = {0};
	int r;

	signal(SIGPIPE, SIG_IGN);
	/* What an upstream gave us to be let in is nobody's to read. */
	prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	r = open_program(&p, argc, argv, &e);
	if (r == 0)
		r = serve(&p, &e);
	if (r < 0) {
		log_warning("git-lfs: %s", e.msg);
		if (!p.out.begun && lfs_answer_refusal(&p.out, &e, &unheard) < 0)
			log_debug("%s", unheard.msg);
	}
	gate_done(&p.gate);
	return r < 0;
}
