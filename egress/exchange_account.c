#include "egress/conn.h"
#include "egress/exchange_parts.h"
#include "egress/journal.h"
#include "egress/metrics.h"

/* What an exchange leaves behind: a line of the log, and figures. */

static struct journal_outcome outcome_of(const struct exchange *x, const struct refusal *why)
{
	struct journal_outcome o = {.verdict = x->ends_as, .why = why, .cut = x->cut};

	if (why)
		o.verdict = METRICS_REFUSED;
	else if (x->cut)
		o.verdict = METRICS_CUT;
	/* Once the response's head has gone, that is the status the agent saw. */
	if (x->have_response)
		o.status = x->response.status;
	else if (why)
		o.status = why->status;
	else
		o.status = x->answered;
	return o;
}

/* As the manifest names it: the labels below a wildcard are the agent's. */
static const char *route_of(const struct exchange *x)
{
	return x->rule ? rule_route(x->rule)->host : NULL;
}

void exchange_account(struct exchange *x, const struct refusal *why)
{
	const struct journal_outcome o = outcome_of(x, why);
	const struct metrics_request figures = {
		.route = route_of(x),
		.verdict = o.verdict,
		.status = o.status,
		.error = why ? why->error : NULL,
		.finding = why && why->finding[0] ? why->finding : NULL,
		.bytes_up = x->bytes_up,
		.bytes_down = x->bytes_down,
		.first_byte_us = x->first_byte_us ? x->first_byte_us - x->begun_us : 0,
		.total_us = loop_now_us() - x->begun_us,
	};

	if (x->accounted)
		return;
	x->accounted = true;
	journal_exchange(x, &o);
	metrics_request(x->conn->service->metrics, &figures);
}
