#include "egress/metrics.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/str.h"
#include "egress/metrics_impl.h"

#define NO_ROUTE "none"
#define OTHER	 "other"

const int64_t metrics_bounds_us[METRICS_BUCKETS] = {
	5000, 25000, 100000, 250000, 1000000, 5000000, 30000000, 120000000};

struct metrics *metrics_new(void)
{
	struct metrics *m = calloc(1, sizeof(*m));

	if (m)
		m->born_s = time(NULL);
	return m;
}

static void labels_done(struct metrics_labels *l)
{
	for (size_t i = 0; i < l->n; i++)
		free(l->list[i].name);
	free(l->list);
}

void metrics_free(struct metrics *m)
{
	if (!m)
		return;
	for (size_t i = 0; i < m->n_routes; i++)
		free(m->routes[i].name);
	free(m->routes);
	labels_done(&m->errors);
	labels_done(&m->findings);
	labels_done(&m->failures);
	free(m);
}

/* ---- by a label */

/* A figure for which there is no memory is not counted: nothing depends on it. */
static void count_label(struct metrics_labels *l, const char *name)
{
	struct metrics_label *grown;

	if (l->n >= METRICS_LABELS_MAX)
		name = OTHER;
	for (size_t i = 0; i < l->n; i++) {
		if (!str_eq(l->list[i].name, name))
			continue;
		l->list[i].n++;
		return;
	}
	grown = reallocarray(l->list, l->n + 1, sizeof(*grown));
	if (!grown)
		return;
	l->list = grown;
	grown[l->n] = (struct metrics_label){.name = strdup(name), .n = 1};
	if (grown[l->n].name)
		l->n++;
}

static struct metrics_route *route_of(struct metrics *m, const char *name)
{
	struct metrics_route *grown;

	if (!m)
		return NULL;
	if (!name)
		name = NO_ROUTE;
	for (size_t i = 0; i < m->n_routes; i++)
		if (str_eq(m->routes[i].name, name))
			return &m->routes[i];
	if (m->n_routes == METRICS_ROUTES_MAX)
		return route_of(m, OTHER);
	if (m->n_routes == METRICS_ROUTES_MAX - 1)
		name = OTHER;
	grown = reallocarray(m->routes, m->n_routes + 1, sizeof(*grown));
	if (!grown)
		return NULL;
	m->routes = grown;
	grown[m->n_routes] = (struct metrics_route){.name = strdup(name)};
	return grown[m->n_routes].name ? &grown[m->n_routes++] : NULL;
}

/* ---- what happened */

const char *metrics_verdict_name(enum metrics_verdict v)
{
	static const char *const names[METRICS_VERDICTS] = {
		[METRICS_ALLOWED] = "allowed",
		[METRICS_ANSWERED] = "answered",
		[METRICS_REFUSED] = "refused",
		[METRICS_CUT] = "cut",
		[METRICS_ABORTED] = "aborted",
	};

	return names[v];
}

static void observe(struct metrics_histogram *h, int64_t us)
{
	size_t i = 0;

	while (i < METRICS_BUCKETS && us > metrics_bounds_us[i])
		i++;
	h->counts[i]++;
	h->n++;
	h->sum_us += us;
}

void metrics_request(struct metrics *m, const struct metrics_request *r)
{
	struct metrics_route *route = route_of(m, r->route);
	int class = r->status / 100;

	if (r->error)
		metrics_refusal(m, r->error, r->finding);
	if (!route)
		return;
	route->requests[r->verdict][class > 0 && class < METRICS_CLASSES ? class : 0]++;
	route->bytes_up += r->bytes_up;
	route->bytes_down += r->bytes_down;
	if (r->first_byte_us > 0)
		observe(&route->first_byte, r->first_byte_us);
	if (r->verdict == METRICS_ALLOWED)
		observe(&route->total, r->total_us);
}

void metrics_refusal(struct metrics *m, const char *error, const char *finding)
{
	if (!m)
		return;
	count_label(&m->errors, error);
	if (finding)
		count_label(&m->findings, finding);
}

void metrics_tcp(struct metrics *m, const char *name, uint64_t up, uint64_t down)
{
	struct metrics_route *route = route_of(m, name);

	if (!route)
		return;
	route->tcp_connections++;
	route->tcp_up += up;
	route->tcp_down += down;
}

void metrics_count(struct metrics *m, enum metrics_counter c)
{
	if (m)
		m->counters[c]++;
}

void metrics_upstream_failed(struct metrics *m, const char *error)
{
	if (m)
		count_label(&m->failures, error);
}

void metrics_scanned(struct metrics *m, int64_t us)
{
	if (m)
		m->scan_us += us;
}
