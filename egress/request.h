#ifndef EGRESS_REQUEST_H
#define EGRESS_REQUEST_H

#include "egress/exchange.h"
#include "egress/outgoing.h"

/* What is to happen with a request whose head was read. */
enum request_verdict {
	REQUEST_FORWARD, /* x->rules, rule, host, port and target are set */
	REQUEST_CONNECT, /* x->host and port: a tunnel begins */
	REQUEST_POLICY,	 /* the agent asks for the policy in force */
	REQUEST_TOKEN,	 /* the agent asks for tokens that it is not to have */
	REQUEST_GATE,	 /* a large file's request, which is the gate's */
	REQUEST_REFUSED, /* *why tells */
};

/* Pure but for the name pool: decides by the connection, the head and the policy in force. */
enum request_verdict request_decide(struct exchange *x, struct refusal *why);

/* Its view for what is sent upstream; borrows all of it. */
struct outgoing_request request_outgoing(const struct exchange *x);

/* Whether a field of the agent's request is sent on. */
bool request_sends(const struct exchange *x, const struct http1_field *f);

/* Its rule's checks once more, after some of the head was rewritten. 0, or -EACCES and *why. */
int request_check_again(const struct exchange *x, struct refusal *why);

#endif
