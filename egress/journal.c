#include "egress/journal.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/log.h"
#include "base/str.h"

#define LINE_MAX_LEN 1800

/* Printable ASCII stays; the rest is written as \xNN, so that no terminal obeys it. */
static void add_escaped(struct str *out, const char *text)
{
	for (const unsigned char *p = (const unsigned char *)text; *p; p++) {
		if (out->len > LINE_MAX_LEN) {
			str_add(out, "…");
			return;
		}
		if (*p >= 0x20 && *p < 0x7f)
			str_add_char(out, (char)*p);
		else
			str_addf(out, "\\x%02x", *p);
	}
}

static void emit(const struct service *s, bool warning, struct str *line)
{
	char *text = str_take(line);

	if (!text)
		return;
	rules_redact(s->rules, text);
	if (warning)
		log_warning("%s", text);
	else
		log_info("%s", text);
	free(text);
}

void journal_boot(const struct service *s)
{
	const struct policy_egress *p = rules_policy(s->rules);

	log_info("egress of bottle %s is ready: %zu routes, log level %d, CA SHA-256 %s",
		p->slug ? p->slug : "-", p->n_routes, p->log, ca_fingerprint(s->ca));
}

void journal_refusal(const struct service *s, const struct refusal *why)
{
	struct str line = {0};

	if (rules_policy(s->rules)->log < 1)
		return;
	str_addf(&line, "refused %s (%d, %s) host ", why->id, why->status, why->error);
	add_escaped(&line, why->host[0] ? why->host : "-");
	str_add(&line, ": ");
	add_escaped(&line, why->reason);
	emit(s, true, &line);
}

void journal_tcp(const struct service *s, const struct journal_tcp *t)
{
	if (!t->end)
		journal_warn(s, "tcp %s %s port %u opened, not scanned", t->id, t->host, t->port);
	else
		journal_warn(s,
			"tcp %s %s port %u %s: %llu bytes up, %llu down in %lld ms, not scanned",
			t->id, t->host, t->port, t->end, (unsigned long long)t->bytes_up,
			(unsigned long long)t->bytes_down, (long long)t->ms);
}

void journal_warn(const struct service *s, const char *fmt, ...)
{
	struct str line = {0};
	char text[512];
	va_list ap;

	if (rules_policy(s->rules)->log < 1)
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	add_escaped(&line, text);
	emit(s, true, &line);
}

void journal_warn_route(struct service *s, struct rule *r, const char *fmt, ...)
{
	size_t left_out;
	char text[512];
	va_list ap;

	if (rules_policy(s->rules)->log < 1 || !rule_may_warn(r, loop_now_ms(s->loop), &left_out))
		return;
	if (left_out > 0)
		journal_warn(
			s, "%s: %zu more warnings were left out", rule_route(r)->host, left_out);
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	journal_warn(s, "%s", text);
}

static bool is_private_field(const char *name)
{
	static const char *const names[] = {"Authorization", "Proxy-Authorization", "Cookie",
		"Set-Cookie", "X-Api-Key", "Api-Key", "Private-Token", "X-Auth-Token"};

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (strcasecmp(names[i], name) == 0)
			return true;
	return false;
}

static void add_fields(struct str *line, const struct http1_head *head)
{
	for (size_t i = 0; i < head->n_fields; i++) {
		str_add(line, "; ");
		add_escaped(line, head->fields[i].name);
		str_add(line, ": ");
		if (is_private_field(head->fields[i].name))
			str_add(line, "[not logged]");
		else
			add_escaped(line, head->fields[i].value);
	}
}

void journal_request(const struct service *s, const char *host, const char *target,
	const struct http1_head *head)
{
	struct str line = {0};

	if (rules_policy(s->rules)->log < 2)
		return;
	str_addf(&line, "request %s %s ", head->method, host);
	add_escaped(&line, target);
	add_fields(&line, head);
	emit(s, false, &line);
}

void journal_response(const struct service *s, const char *host, const struct http1_head *head)
{
	struct str line = {0};

	if (rules_policy(s->rules)->log < 2)
		return;
	str_addf(&line, "response %d %s", head->status, host);
	add_fields(&line, head);
	emit(s, false, &line);
}
