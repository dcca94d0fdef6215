#include "egress/websocket_reading.h"

#include <errno.h>
#include <string.h>

#include "base/secret.h"
#include "base/str.h"
#include "egress/conn.h"
#include "egress/found.h"
#include "egress/needles.h"

void websocket_reading_start(struct websocket_reading *r, struct exchange *x, bool leaving)
{
	const struct policy_dlp *d = &rule_route(x->rule)->dlp;

	*r = (struct websocket_reading){.x = x, .leaving = leaving};
	if (leaving) {
		r->sets = found_sets(d);
		return;
	}
	r->sets = d->inbound ? SCAN_INBOUND : 0;
	r->needles = rule_needles(x->rules, x->rule);
}

void websocket_reading_done(struct websocket_reading *r)
{
	scanner_done(r->scanner);
	r->scanner = NULL;
	redaction_done(&r->spans);
	secret_wipe(&r->messages, sizeof(r->messages));
	secret_wipe(&r->controls, sizeof(r->controls));
}

/* ---- what was found */

static const char *why_not_rewritten(const struct websocket_reading *r)
{
	if (rule_route(r->x->rule)->dlp.on_match != POLICY_REDACT)
		return "";
	return "; over a WebSocket only whole messages of text, of up to 1 MiB, are rewritten";
}

/* What is read with an edge was read before: only what lies on the seam counts. */
static bool is_of_seam(const struct scan_finding *f)
{
	return f->confidence != SCAN_LOW && !str_eq(f->rule, SCAN_RULE_UNREADABLE);
}

static int on_found(void *arg, const struct scan_finding *f)
{
	struct websocket_reading *r = arg;

	if (r->joining && !is_of_seam(f))
		return 0;
	if (r->leaving ? found_warns(r->x, f) : found_warns_incoming(r->x, f))
		return 0;
	if (r->found)
		return -EACCES;
	if (r->leaving)
		found_leaving(&r->why, r->x, f, why_not_rewritten(r));
	else
		found_incoming(&r->why, r->x, f);
	if (r->redacting && !str_eq(f->rule, SCAN_RULE_UNREADABLE) && f->end > 0)
		return redaction_add(&r->spans, f);
	r->found = true;
	return -EACCES;
}

/* What the scanner could not decide counts as unreadable; without memory nothing passes. */
static int failed(struct websocket_reading *r, int result)
{
	const struct scan_finding f = {.rule = SCAN_RULE_UNREADABLE,
		.what = "it could not be decided within the scanner's bounds",
		.confidence = SCAN_MEDIUM,
		.place = "WebSocket message"};

	if (result >= 0)
		return 0;
	if (result == -EIO && !r->found && on_found(r, &f) == 0)
		return 0;
	if (!r->found) {
		r->found = true;
		memcpy(r->why.host, r->x->host, HOST_MAX);
		found_unread(&r->why, result, "what passes is read");
	}
	return -EACCES;
}

/* ---- texts */

static int begin_text(struct websocket_reading *r, const char *place, struct scan_window *w)
{
	const struct scan_text text = {.place = place};
	struct err e;
	int result =
		scanner_take(r->x->conn->service->scanners, r->sets, on_found, r, &r->scanner, &e);

	if (result == 0)
		result = scan_message(scanner_scan(r->scanner), w, &e);
	if (result == 0)
		result = scan_begin(scanner_scan(r->scanner), &text, &e);
	return failed(r, result);
}

static int feed(struct websocket_reading *r, const unsigned char *p, size_t len)
{
	struct err e;

	return len == 0 ? 0 : failed(r, scan_feed(scanner_scan(r->scanner), p, len, &e));
}

static int end_text(struct websocket_reading *r, int result)
{
	struct err e;

	if (result == 0)
		result = failed(r, scan_end(scanner_scan(r->scanner), &e));
	scanner_done(r->scanner);
	r->scanner = NULL;
	return result;
}

/* One that is there as a whole, by itself. */
static int read_whole(struct websocket_reading *r, const char *place, struct scan_window *w,
	const unsigned char *p, size_t len)
{
	int result = begin_text(r, place, w);

	return end_text(r, result == 0 ? feed(r, p, len) : result);
}

static struct scan_window *window(const struct websocket_reading *r)
{
	return r->leaving ? rule_window(r->x->rule) : NULL;
}

/* ---- seams */

/* What follows it, with its first bytes behind the edge. */
static int read_seam(struct websocket_reading *r, const struct websocket_edge *e,
	const unsigned char *p, size_t len)
{
	struct scanner *present = r->scanner;
	bool redacting = r->redacting;
	int result;

	if (!r->sets || e->n == 0 || len == 0)
		return 0;
	r->joining = true;
	r->redacting = false;
	result = begin_text(r, "WebSocket messages, one behind the other", NULL);
	if (result == 0)
		result = feed(r, e->bytes, e->n);
	if (result == 0)
		result = feed(r, p, len < WEBSOCKET_EDGE ? len : WEBSOCKET_EDGE);
	result = end_text(r, result);
	r->scanner = present;
	r->joining = false;
	r->redacting = redacting;
	return result;
}

/* The last bytes of all so far. */
static void remember(struct websocket_edge *e, const unsigned char *p, size_t len)
{
	size_t keep;

	if (len > WEBSOCKET_EDGE) {
		p += len - WEBSOCKET_EDGE;
		len = WEBSOCKET_EDGE;
	}
	keep = e->n + len > WEBSOCKET_EDGE ? WEBSOCKET_EDGE - len : e->n;
	memmove(e->bytes, e->bytes + e->n - keep, keep);
	if (len > 0)
		memcpy(e->bytes + keep, p, len);
	e->n = keep + len;
}

/* What was to be rewritten, and cannot be. */
static int give_up(struct websocket_reading *r)
{
	r->found = true;
	return -EACCES;
}

/* Of a message that goes on before it is whole: once, while nothing of it has gone. */
static int join_unfinished(struct websocket_reading *r, const unsigned char *p, size_t len)
{
	int result;

	if (r->joined)
		return 0;
	r->joined = true;
	r->redacting = false;
	if (r->spans.n > 0)
		return give_up(r);
	result = read_seam(r, &r->messages, p, len);
	remember(&r->messages, p, len);
	return result;
}

/* ---- credentials that come back */

static void star(struct websocket_reading *r, unsigned char *p, size_t len, size_t fresh)
{
	size_t seen = r->kept + fresh;

	if (r->needles && fresh > 0)
		r->kept = needles_star(r->needles, &r->state, p + len - seen, r->kept, seen);
}

/* No byte of a message waits for the next one, in which a credential may go on. */
static void star_end(struct websocket_reading *r, unsigned char *p, size_t len)
{
	if (r->needles && r->kept > 0)
		needles_star_end(r->needles, r->state, p + len - r->kept, r->kept);
	r->kept = 0;
}

/* ---- the judge */

static int begin(void *arg, enum websocket_kind kind)
{
	struct websocket_reading *r = arg;

	r->fed = r->decided = 0;
	r->joined = false;
	r->redacting = r->leaving && kind == WEBSOCKET_KIND_TEXT &&
		       rule_route(r->x->rule)->dlp.on_match == POLICY_REDACT;
	r->kept = 0;
	return r->sets ? begin_text(r, "WebSocket message", window(r)) : 0;
}

static int take(void *arg, unsigned char *p, size_t len, size_t fresh)
{
	struct websocket_reading *r = arg;
	int result = r->sets ? feed(r, p + len - fresh, fresh) : 0;

	r->fed += fresh;
	star(r, p, len, fresh);
	if (r->joined)
		remember(&r->messages, p + len - fresh, fresh);
	if (result == 0 && len > HELD_BODY_MAX)
		result = join_unfinished(r, p, len);
	return result;
}

static int flush(void *arg, unsigned char *p, size_t len)
{
	struct websocket_reading *r = arg;
	struct err e;
	int result = 0;

	if (r->sets)
		result = failed(r, scan_flush(scanner_scan(r->scanner), &e));
	if (result == 0)
		result = join_unfinished(r, p, len);
	r->decided = r->fed;
	return result;
}

static size_t undecided(void *arg)
{
	struct websocket_reading *r = arg;
	uint64_t back = r->sets ? r->fed - r->decided : 0;

	if (back > SCAN_HOLD)
		back = SCAN_HOLD;
	/* What may yet begin a credential of ours waits in any case. */
	return back > r->kept ? (size_t)back : r->kept;
}

/* Stars in the place of what was found; what is left is read once more, and must be clean. */
static int rewrite(struct websocket_reading *r, unsigned char *p, size_t len)
{
	int result = redaction_apply(&r->spans, (char *)p, len);

	redaction_done(&r->spans);
	r->spans = (struct redaction){0};
	r->redacting = false;
	return result < 0 ? give_up(r) : read_whole(r, "WebSocket message", NULL, p, len);
}

static int end(void *arg, unsigned char *p, size_t len, bool whole)
{
	struct websocket_reading *r = arg;
	int result = r->sets ? end_text(r, 0) : 0;

	star_end(r, p, len);
	if (result == 0 && r->spans.n > 0)
		result = whole ? rewrite(r, p, len) : give_up(r);
	r->redacting = false;
	if (result == 0 && !r->joined) {
		result = read_seam(r, &r->messages, p, len);
		remember(&r->messages, p, len);
	}
	return result;
}

static int control(void *arg, unsigned char *p, size_t len)
{
	struct websocket_reading *r = arg;
	struct scanner *present = r->scanner;
	bool redacting = r->redacting;
	int result = 0;

	r->redacting = false;
	if (r->needles) {
		needles_star(r->needles, &r->control_state, p, 0, len);
		needles_star_end(r->needles, r->control_state, p, len);
	}
	if (r->sets)
		result = read_whole(r, "WebSocket control frame", window(r), p, len);
	r->scanner = NULL;
	if (result == 0)
		result = read_seam(r, &r->controls, p, len);
	remember(&r->controls, p, len);
	r->scanner = present;
	r->redacting = redacting;
	return result;
}

const struct websocket_judge websocket_judge = {
	.begin = begin,
	.take = take,
	.flush = flush,
	.undecided = undecided,
	.end = end,
	.control = control,
};
