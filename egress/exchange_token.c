#include <string.h>

#include "egress/conn.h"
#include "egress/exchange_parts.h"
#include "egress/oauth.h"

/* Requests on routes whose access token we get ourselves: they wait for it, and for a new one. */

bool exchange_has_token(struct exchange *x)
{
	struct oauth_ticket ticket;
	struct refusal why = {.host = ""};
	struct err e;

	if (x->token != 0 || !oauth_is_for(&rule_route(x->rule)->auth))
		return true;
	memcpy(why.host, x->host, HOST_MAX);
	switch (oauth_need(x->conn->service->oauth, x->rules, x->rule, &ticket, &why)) {
	case OAUTH_WAIT:
		return false;
	case OAUTH_READY:
		if (rule_renew(x->rule, ticket.access, ticket.generation, &e) == 0) {
			x->token = ticket.generation;
			return true;
		}
		refusal_set(&why, 503, "no_access_token", "auth: oauth", "%s", e.msg);
		break;
	case OAUTH_FAILED:
		break;
	}
	exchange_refuse(x, &why);
	return false;
}

bool exchange_renews(struct exchange *x)
{
	bool refused = x->response.status == 401 && x->token != 0 && !x->renewed;

	if (!refused ||
		!oauth_rejected(x->conn->service->oauth, &rule_route(x->rule)->auth, x->token))
		return false;
	/* Not all of the body is still here to be sent again: the next request has a new token. */
	if (x->moved_body)
		return false;
	http1_head_done(&x->response);
	x->response = (struct http1_head){0};
	exchange_again(x);
	x->renewed = true;
	x->token = 0;
	return true;
}
