#ifndef GATE_HTTP_GIT_H
#define GATE_HTTP_GIT_H

#include "base/err.h"
#include "gate/http_request.h"
#include "gate/session.h"

/*
 * Smart HTTP (gitprotocol-http(5)). A fetch in version 2 is answered by gate/protocol2.h,
 * everything else by git's own http-backend; each in a process of its own.
 */
struct http_git_job {
	const struct session *session;
	const struct http_request *request;
	int64_t asked_ns; /* how old what is served may be (mirror_now_ns) */
};

/*
 * Asks the upstream, as far as that is to be done before the answer begins: from then on a status
 * tells nobody anything.
 */
int http_git_freshen(const struct http_git_job *job, struct err *e);

/* Starts what answers, with these (borrowed) as its input and output. It dies with the caller. */
int http_git_start(
	const struct http_git_job *job, int in, int out, struct proc *ret, struct err *e);

/*
 * Tells why a request of a service is not carried out. Where git looks at nothing but the status,
 * behind POST, the sentence is told in its protocol: as an ERR packet to a fetch, as a report of
 * the push's end to a push.
 */
void http_git_refuse(
	struct http_wire *w, const struct http_request *q, int status, const char *sentence);

#endif
