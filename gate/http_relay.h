#ifndef GATE_HTTP_RELAY_H
#define GATE_HTTP_RELAY_H

#include <stdbool.h>

#include "base/err.h"
#include "base/proc.h"
#include "gate/http_answer.h"
#include "gate/http_body.h"
#include "gate/http_wire.h"

/*
 * A request's body goes to a helper's standard input while the helper's answer, in CGI's form, goes
 * to the agent. Nothing is held beyond a pipe's worth in each direction.
 */
struct http_relay {
	struct http_wire *wire;
	struct http_body *body;
	struct http_manner *manner;
	/*
	 * Once the body is whole, the helper is heard to its end although the agent went away: a
	 * push that the upstream has accepted is to arrive in the mirror, too.
	 */
	bool to_the_end;
	struct proc helper; /* ended in every case */
	int up, down;	    /* our ends of its standard input and output; closed in every case */
	bool begun;	    /* the answer's head is on its way: no other one can be given */
};

/*
 * Makes the pipes: up and down become ours (non-blocking), *ret_in and *ret_out the helper's
 * standard input and output, which the caller closes.
 */
int http_relay_open(struct http_relay *r, int *ret_in, int *ret_out, struct err *e);

/*
 * Runs until the answer was sent. -EINVAL, -EFBIG: of the body; -EPIPE: the agent went away;
 * -ETIMEDOUT: it was silent; -EPROTO: the helper's answer is none, or ended too early.
 */
int http_relay_run(struct http_relay *r, struct err *e);

#endif
