#include <string.h>

#include "egress/back.h"
#include "egress/conn.h"
#include "egress/exchange_parts.h"
#include "egress/front.h"

/* What an exchange may take of time, rate and size (egress/limits.h). */

int64_t exchange_limit(const struct exchange *x, enum limit which)
{
	const struct rules *bottle = x->rules ? x->rules : x->conn->service->rules;

	return (x->rule ? rule_limits(x->rule) : rules_limits(bottle))->of[which];
}

/* ---- rate and size: before anything else is done with it */

static int too_large(const struct exchange *x, enum limit which, int status, struct refusal *why)
{
	const struct limit_row *row = limits_row(which);

	return refusal_set(why, status, "too_large", "limits: size",
		"the limit of %s is %lld (limits: %s)", row->what,
		(long long)exchange_limit(x, which), row->key);
}

int exchange_admit(struct exchange *x, struct refusal *why)
{
	int64_t now_ms = loop_now_ms(x->conn->service->loop);

	memcpy(why->host, x->host, HOST_MAX);
	if ((int64_t)x->request.size > exchange_limit(x, LIMIT_HEAD_BYTES))
		return too_large(x, LIMIT_HEAD_BYTES, 431, why);
	if ((int64_t)strlen(x->target.text) > exchange_limit(x, LIMIT_URL_BYTES))
		return too_large(x, LIMIT_URL_BYTES, 414, why);
	if (x->length.framing == HTTP1_LENGTH &&
		x->length.length > (uint64_t)exchange_limit(x, LIMIT_BODY_BYTES))
		return too_large(x, LIMIT_BODY_BYTES, 413, why);
	return rule_admit(x->rules, x->rule, now_ms, why);
}

int exchange_count_up(struct exchange *x, size_t len, struct refusal *why)
{
	x->bytes_up += len;
	if (x->bytes_up <= (uint64_t)exchange_limit(x, LIMIT_BODY_BYTES))
		return 0;
	memcpy(why->host, x->host, HOST_MAX);
	return too_large(x, LIMIT_BODY_BYTES, 413, why);
}

/* ---- time */

void exchange_moved(struct exchange *x)
{
	x->moved_ms = loop_now_ms(x->conn->service->loop);
}

/* For what it waits now, while it is collected or passes. */
static enum limit awaited(const struct exchange *x)
{
	if (x->stage == EXCHANGE_HOLD || x->front->room(x) == 0)
		return LIMIT_STALL_MS;
	if (x->have_head)
		return LIMIT_IDLE_MS;
	return !x->up_ended && x->back->room(x) > 0 ? LIMIT_STALL_MS : LIMIT_FIRST_BYTE_MS;
}

bool exchange_is_late(const struct exchange *x, enum limit *ret)
{
	int64_t now_ms = loop_now_ms(x->conn->service->loop);

	*ret = awaited(x);
	return now_ms - x->moved_ms >= exchange_limit(x, *ret);
}

static void refuse_late(struct exchange *x, enum limit which)
{
	struct refusal why = {.host = ""};
	long long seconds = (long long)exchange_limit(x, which) / 1000;

	memcpy(why.host, x->host, HOST_MAX);
	if (which == LIMIT_STALL_MS)
		refusal_set(&why, 408, "request_stalled", "time limits",
			"nothing of the request's body has come for %lld s", seconds);
	else
		refusal_set(&why, 504, "upstream_silent",
			which == LIMIT_IDLE_MS ? "limits: idle" : "limits: first_byte",
			"%s has sent nothing%s for %lld s", x->host,
			which == LIMIT_IDLE_MS ? " more" : "", seconds);
	exchange_refuse(x, &why);
}

void exchange_check_time(struct exchange *x)
{
	enum limit which;

	if (!exchange_is_late(x, &which))
		return;
	if (!x->have_response) {
		refuse_late(x, which);
		return;
	}
	x->cut = "nothing has moved for too long";
	exchange_abandon(x);
	x->front->cut(x, true);
}
