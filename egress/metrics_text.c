#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "base/ptr.h"
#include "base/str.h"
#include "egress/metrics_impl.h"

/* Prometheus' text exposition format, version 0.0.4. */

#define PREFIX "bottle_egress_"

static void head(struct str *out, const char *name, const char *type, const char *help)
{
	str_addf(out, "# HELP " PREFIX "%s %s\n# TYPE " PREFIX "%s %s\n", name, help, name, type);
}

/* NAME="VALUE", with what a value's quotes need escaped. */
static void label(struct str *out, const char *name, const char *value)
{
	str_addf(out, "%s=\"", name);
	for (const char *p = value; *p; p++) {
		if (*p == '\\' || *p == '"')
			str_addf(out, "\\%c", *p);
		else if (*p == '\n')
			str_add(out, "\\n");
		else
			str_add_char(out, *p);
	}
	str_add_char(out, '"');
}

static void number(struct str *out, const char *name, uint64_t value)
{
	str_addf(out, PREFIX "%s %" PRIu64 "\n", name, value);
}

static void labelled(
	struct str *out, const char *name, const char *key, const char *value, uint64_t n)
{
	str_addf(out, PREFIX "%s{", name);
	label(out, key, value);
	str_addf(out, "} %" PRIu64 "\n", n);
}

static void seconds(struct str *out, int64_t us)
{
	str_addf(out, "%" PRId64 ".%06" PRId64, us / 1000000, us % 1000000);
}

/* ---- of the whole process */

static const struct {
	enum metrics_counter which;
	const char *name, *help;
} counters[] = {
	{METRICS_AGENT_CONNECTIONS, "connections_total", "Connections of the agent."},
	{METRICS_UPSTREAM_CONNECTIONS, "upstream_connections_total",
		"Connections to upstreams that were dialled."},
	{METRICS_UPSTREAM_HANDSHAKES, "upstream_handshakes_total",
		"TLS handshakes with verified upstreams."},
	{METRICS_UPSTREAM_RESUMED, "upstream_handshakes_resumed_total",
		"TLS handshakes with upstreams that resumed a session."},
	{METRICS_WEBSOCKETS, "websockets_total", "WebSocket connections that were opened."},
	{METRICS_RELOADS, "reloads_total", "New policies that came into force."},
	{METRICS_BAD_RELOADS, "reloads_refused_total", "New policies that were refused."},
};

static void write_now(struct str *out, const struct metrics *m, const struct metrics_now *now)
{
	head(out, "build_info", "gauge", "The version, as a label.");
	labelled(out, "build_info", "version", BOTTLE_VERSION, 1);
	head(out, "start_time_seconds", "gauge", "Start of this process, seconds since 1970.");
	number(out, "start_time_seconds", (uint64_t)m->born_s);
	head(out, "connections", "gauge", "Connections of the agent that are open.");
	number(out, "connections", now->connections);
	head(out, "exchanges", "gauge", "Requests that are not over yet.");
	number(out, "exchanges", now->exchanges);
	head(out, "held_bytes", "gauge", "Bytes of bodies that wait to be read or sent again.");
	number(out, "held_bytes", now->held_bytes);
	head(out, "routes", "gauge", "Routes of the policy in force.");
	number(out, "routes", now->routes);
	head(out, "log_lines_total", "counter",
		"Lines of egress.log, of all lives of the process.");
	number(out, "log_lines_total", now->log_lines);
	head(out, "log_waiting_bytes", "gauge",
		"Bytes of lines that the disk does not take; requests are refused meanwhile.");
	number(out, "log_waiting_bytes", now->log_waiting_bytes);
	head(out, "scan_seconds_total", "counter", "Time for which the scanner has read.");
	str_add(out, PREFIX "scan_seconds_total ");
	seconds(out, m->scan_us);
	str_add_char(out, '\n');
}

static void write_counters(struct str *out, const struct metrics *m)
{
	for (size_t i = 0; i < ARRAY_LEN(counters); i++) {
		head(out, counters[i].name, "counter", counters[i].help);
		number(out, counters[i].name, m->counters[counters[i].which]);
	}
}

static void write_labels(
	struct str *out, const char *name, const char *key, const struct metrics_labels *l)
{
	for (size_t i = 0; i < l->n; i++)
		labelled(out, name, key, l->list[i].name, l->list[i].n);
}

/* ---- of routes */

static void write_requests(struct str *out, const struct metrics_route *r)
{
	static const char *const classes[METRICS_CLASSES] = {
		"none", "1xx", "2xx", "3xx", "4xx", "5xx"};

	for (int v = 0; v < METRICS_VERDICTS; v++)
		for (int c = 0; c < METRICS_CLASSES; c++) {
			if (r->requests[v][c] == 0)
				continue;
			str_add(out, PREFIX "requests_total{");
			label(out, "route", r->name);
			str_addf(out, ",verdict=\"%s\",code=\"%s\"} %" PRIu64 "\n",
				metrics_verdict_name((enum metrics_verdict)v), classes[c],
				r->requests[v][c]);
		}
}

static void write_histogram(
	struct str *out, const char *name, const char *route, const struct metrics_histogram *h)
{
	uint64_t below = 0;

	for (size_t i = 0; i <= METRICS_BUCKETS; i++) {
		below += h->counts[i];
		str_addf(out, PREFIX "%s_bucket{", name);
		label(out, "route", route);
		if (i < METRICS_BUCKETS)
			str_addf(out, ",le=\"%g\"} %" PRIu64 "\n",
				(double)metrics_bounds_us[i] / 1e6, below);
		else
			str_addf(out, ",le=\"+Inf\"} %" PRIu64 "\n", below);
	}
	str_addf(out, PREFIX "%s_sum{", name);
	label(out, "route", route);
	str_add(out, "} ");
	seconds(out, h->sum_us);
	str_addf(out, "\n" PREFIX "%s_count{", name);
	label(out, "route", route);
	str_addf(out, "} %" PRIu64 "\n", h->n);
}

/* One figure of each route. */
static void write_routes(
	struct str *out, const struct metrics *m, const char *name, const char *help, size_t offset)
{
	head(out, name, "counter", help);
	for (size_t i = 0; i < m->n_routes; i++) {
		const struct metrics_route *r = &m->routes[i];

		labelled(
			out, name, "route", r->name, *(const uint64_t *)((const char *)r + offset));
	}
}

#define OF(member) offsetof(struct metrics_route, member)

static void write_all_routes(struct str *out, const struct metrics *m)
{
	head(out, "requests_total", "counter", "Requests that are over.");
	for (size_t i = 0; i < m->n_routes; i++)
		write_requests(out, &m->routes[i]);
	write_routes(out, m, "request_bytes_total", "Bytes of requests' bodies.", OF(bytes_up));
	write_routes(out, m, "response_bytes_total", "Bytes of responses' bodies.", OF(bytes_down));
	write_routes(out, m, "tcp_connections_total", "Connections of tcp routes, not scanned.",
		OF(tcp_connections));
	write_routes(out, m, "tcp_sent_bytes_total", "Bytes that tcp routes took up, not scanned.",
		OF(tcp_up));
	write_routes(out, m, "tcp_received_bytes_total", "Bytes that came down by tcp routes.",
		OF(tcp_down));
	head(out, "first_byte_seconds", "histogram",
		"From a request's begin to the first byte of the upstream's answer.");
	for (size_t i = 0; i < m->n_routes; i++)
		write_histogram(
			out, "first_byte_seconds", m->routes[i].name, &m->routes[i].first_byte);
	head(out, "request_seconds", "histogram", "Allowed requests, from begin to end.");
	for (size_t i = 0; i < m->n_routes; i++)
		write_histogram(out, "request_seconds", m->routes[i].name, &m->routes[i].total);
}

int metrics_write(const struct metrics *m, const struct metrics_now *now, struct buf *out)
{
	cleanup_str struct str text = {0};

	write_now(&text, m, now);
	write_counters(&text, m);
	head(&text, "refusals_total", "counter", "Refusals, by their error.");
	write_labels(&text, "refusals_total", "error", &m->errors);
	head(&text, "findings_total", "counter",
		"Refusals over what the scanner found, by its rule.");
	write_labels(&text, "findings_total", "rule", &m->findings);
	head(&text, "upstream_failures_total", "counter",
		"Upstreams that could not be reached, by the error.");
	write_labels(&text, "upstream_failures_total", "error", &m->failures);
	write_all_routes(&text, m);
	return text.failed ? -ENOMEM : buf_add(out, text.s, text.len);
}
