#include <string.h>

#include "base/str.h"
#include "egress/conn.h"
#include "egress/journal.h"
#include "egress/journal_entry.h"
#include "egress/websocket.h"

/*
 * The line of one request, with OpenTelemetry's names for HTTP spans where there are such
 * (https://opentelemetry.io/docs/specs/semconv/http/http-spans/), and ours below "bottle.".
 */

/* Whether its head was read for all that the mask would look for. */
static bool was_read(const struct exchange *x)
{
	const unsigned int all = POLICY_TOKEN_PATTERNS | POLICY_KNOWN_SECRETS;

	return x->decided_us != 0 && (rule_route(x->rule)->dlp.outbound & all) == all;
}

static const char *scheme_of(const struct exchange *x)
{
	if (!x->host[0] || str_eq(x->request.method, "CONNECT"))
		return NULL;
	return x->tls ? "https" : "http";
}

/* Path and query, in whatever form of target; NULL: there are none. */
static const char *path_of(const struct exchange *x)
{
	const char *target = x->target.text ? x->target.text : x->request.target;
	const char *authority = target ? strstr(target, "://") : NULL;

	if (x->target.text || (target && *target == '/'))
		return target;
	return authority ? strchr(authority + 3, '/') : NULL;
}

static void add_url(struct journal_line *l, const struct exchange *x, bool query)
{
	const char *target = path_of(x), *mark;
	cleanup_str struct str path = {0};

	if (!target)
		return;
	mark = strchr(target, '?');
	str_add_bytes(&path, target, mark ? (size_t)(mark - target) : strlen(target));
	journal_line_add(l, "url.path", path.s);
	if (query && mark)
		journal_line_add(l, "url.query", mark + 1);
}

static void add_protocol(struct journal_line *l, const struct exchange *x)
{
	const char *one = x->request.minor == 0 ? "1.0" : "1.1";

	journal_line_word(l, "network.protocol.version", x->front_stream ? "2" : one);
	if (x->back)
		journal_line_word(
			l, "bottle.upstream.protocol.version", x->back_stream ? "2" : "1.1");
}

/* level 2: a head that was refused for what the scanner found in it is not told at all. */
static void add_request(
	struct journal_entry *n, const struct exchange *x, const struct journal_outcome *o)
{
	bool found = o->why && o->why->finding[0];
	bool all = journal_level(x->conn->service) >= 2 && !found;
	struct journal_line *l = &n->line;

	if (was_read(x))
		l->mask = NULL;
	journal_line_add(l, "http.request.method", x->request.method);
	journal_line_word(l, "url.scheme", scheme_of(x));
	journal_line_add(l, "server.address",
		x->host[0]		    ? x->host
		: o->why && o->why->host[0] ? o->why->host
					    : NULL);
	if (x->port)
		journal_line_number(l, "server.port", x->port);
	add_url(l, x, all);
	if (x->request.method)
		add_protocol(l, x);
	if (all)
		journal_line_fields(l, "http.request.header", &x->request);
	l->mask = journal_mask;
}

static void add_response(
	struct journal_line *l, const struct exchange *x, const struct journal_outcome *o)
{
	if (o->status)
		journal_line_number(l, "http.response.status_code", o->status);
	if (x->have_response && journal_level(x->conn->service) >= 2)
		journal_line_fields(l, "http.response.header", &x->response);
	journal_line_number(l, "http.request.body.size", (int64_t)x->bytes_up);
	journal_line_number(l, "http.response.body.size", (int64_t)x->bytes_down);
}

static void add_websocket(struct journal_line *l, const struct websocket *w)
{
	if (!websocket_is_open(w))
		return;
	journal_line_number(
		l, "bottle.websocket.messages.up", (int64_t)websocket_messages(w, true));
	journal_line_number(
		l, "bottle.websocket.messages.down", (int64_t)websocket_messages(w, false));
}

static void add_times(struct journal_line *l, const struct exchange *x)
{
	int64_t now = loop_now_us();

	journal_line_span(l, "bottle.duration.read_ms", x->begun_us, x->decided_us);
	journal_line_span(l, "bottle.duration.connect_ms", x->decided_us, x->sent_us);
	journal_line_span(l, "bottle.duration.first_byte_ms", x->sent_us, x->first_byte_us);
	journal_line_span(l, "bottle.duration.total_ms", x->begun_us, now);
}

/* "HOST" or "HOST:PORT", as the manifest has it; and which entry of its matches fitted. */
static void add_route(struct journal_line *l, const struct exchange *x)
{
	const struct policy_route *route = x->rule ? rule_route(x->rule) : NULL;
	char text[HOST_MAX + 8];

	if (!route)
		return;
	snprintf(text, sizeof(text), route->port ? "%s:%u" : "%s", route->host, route->port);
	journal_line_word(l, "bottle.route", text);
	if (x->decided_us == 0 || route->n_matches == 0)
		return;
	snprintf(text, sizeof(text), "matches[%zu]", x->entry);
	journal_line_word(l, "bottle.rule", text);
}

static bool is_wanted(const struct service *s, const struct journal_outcome *o)
{
	bool bad = o->verdict == METRICS_REFUSED || o->verdict == METRICS_CUT;

	return journal_level(s) >= (bad ? 1 : 2);
}

void journal_exchange(struct exchange *x, const struct journal_outcome *o)
{
	const struct service *s = x->conn->service;
	bool bad = o->verdict == METRICS_REFUSED || o->verdict == METRICS_CUT;
	struct journal_entry n;

	if (!is_wanted(s, o))
		return;
	if (o->why && str_eq(o->why->error, REFUSAL_LOG)) {
		journal_file_refused(s->log);
		return;
	}
	journal_entry_begin(&n, s, bad ? "warning" : "info", "request");
	journal_line_word(&n.line, "bottle.request.id", exchange_id(x));
	journal_line_word(&n.line, "bottle.verdict", metrics_verdict_name(o->verdict));
	add_request(&n, x, o);
	add_route(&n.line, x);
	if (o->why)
		journal_entry_refusal(&n, o->why);
	add_response(&n.line, x, o);
	add_websocket(&n.line, x->websocket);
	add_times(&n.line, x);
	journal_line_add(&n.line, "message", o->cut);
	journal_entry_end(&n, s);
}
