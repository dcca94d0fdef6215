#include "egress/journal.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/str.h"
#include "egress/journal_entry.h"
#include "egress/metrics.h"

int journal_level(const struct service *s)
{
	return rules_policy(s->rules)->log;
}

void journal_entry_begin(
	struct journal_entry *n, const struct service *s, const char *level, const char *event)
{
	*n = (struct journal_entry){
		.line = {.rules = s->rules, .mask = journal_mask},
		.mask = {.scanners = s->scanners},
	};
	n->line.arg = &n->mask;
	journal_file_begin(s->log, &n->line, level, event);
}

void journal_entry_end(struct journal_entry *n, const struct service *s)
{
	journal_file_add(s->log, &n->line);
	journal_mask_done(&n->mask);
	journal_line_done(&n->line);
}

/* ---- the process */

void journal_boot(const struct service *s)
{
	const struct policy_egress *p = rules_policy(s->rules);
	cleanup_journal_line struct journal_line l = {.rules = s->rules};
	char text[256];

	snprintf(text, sizeof(text),
		"egress of bottle %s is ready: %zu routes, log level %d, CA SHA-256 %s",
		p->slug ? p->slug : "-", p->n_routes, p->log, ca_fingerprint(s->ca));
	journal_file_begin(s->log, &l, "info", "boot");
	journal_line_word(&l, "service.name", "bottle-egress");
	journal_line_word(&l, "service.version", BOTTLE_VERSION);
	journal_line_add(&l, "service.instance.id", p->slug);
	journal_line_number(&l, "bottle.log.level", p->log);
	journal_line_number(&l, "bottle.routes", (int64_t)p->n_routes);
	journal_line_word(&l, "bottle.ca.sha256", ca_fingerprint(s->ca));
	journal_line_add(&l, "message", text);
	journal_file_add(s->log, &l);
}

void journal_error(struct journal_file *f, const struct err *why)
{
	cleanup_journal_line struct journal_line l = {0};
	char text[sizeof(why->msg) + 16];

	if (!f)
		return;
	snprintf(text, sizeof(text), "egress: %s", why->msg);
	journal_file_begin(f, &l, "error", "process");
	journal_line_add(&l, "message", text);
	journal_file_add(f, &l);
}

void journal_reload(const struct service *s, const struct err *why)
{
	const struct policy_egress *p = rules_policy(s->rules);
	bool bad = why->code != 0;
	struct journal_entry n;
	char text[sizeof(why->msg) + 80];

	metrics_count(s->metrics, bad ? METRICS_BAD_RELOADS : METRICS_RELOADS);
	if (p->log < 1)
		return;
	if (bad)
		snprintf(text, sizeof(text),
			"a new policy was refused, the old one stays in force: %s", why->msg);
	else
		snprintf(text, sizeof(text), "a new policy is in force: %zu routes", p->n_routes);
	journal_entry_begin(&n, s, bad ? "warning" : "info", "reload");
	journal_line_number(&n.line, "bottle.routes", (int64_t)p->n_routes);
	journal_line_number(&n.line, "bottle.log.level", p->log);
	journal_line_add(&n.line, "message", text);
	journal_entry_end(&n, s);
}

bool journal_ready(const struct service *s)
{
	return journal_level(s) < 1 || journal_file_flush(s->log);
}

/* ---- refusals and warnings */

static void add_finding(struct journal_line *l, const struct refusal *why)
{
	if (!why->finding[0])
		return;
	journal_line_word(l, "bottle.finding.rule", why->finding);
	journal_line_add(l, "bottle.finding.place", why->place);
	journal_line_word(l, "bottle.finding.via", why->via[0] ? why->via : NULL);
	journal_line_word(l, "bottle.finding.excerpt", why->excerpt[0] ? why->excerpt : NULL);
}

void journal_entry_refusal(struct journal_entry *n, const struct refusal *why)
{
	struct journal_line *l = &n->line;

	journal_line_word(l, "bottle.rule", why->rule);
	journal_line_word(l, "error.type", why->error);
	add_finding(l, why);
	journal_line_add(l, "message", why->reason);
}

void journal_refusal(const struct service *s, const struct refusal *why)
{
	struct journal_entry n;

	metrics_refusal(s->metrics, why->error, why->finding[0] ? why->finding : NULL);
	if (journal_level(s) < 1)
		return;
	journal_entry_begin(&n, s, "warning", "connection");
	journal_line_add(&n.line, "server.address", why->host[0] ? why->host : NULL);
	journal_line_word(&n.line, "bottle.request.id", why->id);
	journal_line_word(&n.line, "bottle.verdict", metrics_verdict_name(METRICS_REFUSED));
	journal_entry_refusal(&n, why);
	journal_entry_end(&n, s);
}

static void warn(const struct service *s, const char *route, const char *text)
{
	struct journal_entry n;

	journal_entry_begin(&n, s, "warning", "warning");
	journal_line_word(&n.line, "bottle.route", route);
	journal_line_add(&n.line, "message", text);
	journal_entry_end(&n, s);
}

void journal_tcp(const struct service *s, const struct journal_tcp *t)
{
	struct journal_entry n;

	if (t->end)
		metrics_tcp(s->metrics, t->host, t->bytes_up, t->bytes_down);
	if (journal_level(s) < (t->end ? 1 : 2))
		return;
	journal_entry_begin(&n, s, t->end ? "warning" : "info", "tcp");
	journal_line_word(&n.line, "bottle.request.id", t->id);
	journal_line_add(&n.line, "server.address", t->host);
	journal_line_number(&n.line, "server.port", t->port);
	journal_line_word(&n.line, "network.transport", "tcp");
	if (t->end) {
		journal_line_number(&n.line, "bottle.bytes.up", (int64_t)t->bytes_up);
		journal_line_number(&n.line, "bottle.bytes.down", (int64_t)t->bytes_down);
		journal_line_number(&n.line, "bottle.duration.total_ms", t->ms);
	}
	journal_line_word(&n.line, "bottle.scanned", "no");
	journal_line_word(&n.line, "bottle.verdict", "allowed");
	journal_line_word(&n.line, "message",
		!t->end			  ? "a tcp connection was opened, not scanned"
		: str_eq(t->end, "ended") ? "a tcp connection has ended, not scanned"
					  : "a tcp connection was cut, not scanned");
	journal_entry_end(&n, s);
}

void journal_warn(const struct service *s, const char *fmt, ...)
{
	char text[512];
	va_list ap;

	if (journal_level(s) < 1)
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	warn(s, NULL, text);
}

void journal_warn_route(struct service *s, struct rule *r, const char *fmt, ...)
{
	size_t left_out;
	char text[512];
	va_list ap;

	if (journal_level(s) < 1 || !rule_may_warn(r, loop_now_ms(s->loop), &left_out))
		return;
	if (left_out > 0)
		journal_warn(
			s, "%s: %zu more warnings were left out", rule_route(r)->host, left_out);
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	warn(s, rule_route(r)->host, text);
}
