#ifndef GATE_HTTP_REQUEST_H
#define GATE_HTTP_REQUEST_H

#include <stdbool.h>
#include <string.h>

#include "base/err.h"
#include "gate/http_answer.h"
#include "gate/http_body.h"
#include "gate/http_path.h"
#include "gate/http_wire.h"

/* One request, as far as it is understood before its body comes. */
struct http_request {
	struct http1_head head;
	struct http_path path;
	struct http_manner manner; /* of its answer */
	struct http_body body;
	char protocol[16]; /* "version=2", or "" */
	bool expects_continue;
	/* When it is refused: */
	int status;
	const char *allow; /* the methods that there are, or NULL */
};

/*
 * Waits for one and looks at it. 1; 0: the agent has no more; -errno with a sentence: it is to be
 * refused with ret->status, and ret->manner.keep tells whether another one can follow. The caller
 * ends with http_request_done in every case.
 */
int http_request_read(
	const struct gate *g, struct http_wire *w, struct http_request *ret, struct err *e);

/* Tells an agent that waits for it to send the body. */
void http_request_continue(const struct http_request *q, struct http_wire *w);

static inline bool http_request_is(const struct http_request *q, const char *method)
{
	return strcmp(q->head.method, method) == 0;
}

void http_request_done(struct http_request *q);

#endif
