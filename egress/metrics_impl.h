#ifndef EGRESS_METRICS_IMPL_H
#define EGRESS_METRICS_IMPL_H

#include "egress/metrics.h"

/* The figures themselves: metrics.c counts, metrics_text.c writes. */

#define METRICS_ROUTES_MAX 256 /* beyond it, and over reloads: "other" */
#define METRICS_LABELS_MAX 512

/* Of HTTP's status: none, 1xx … 5xx. */
#define METRICS_CLASSES 6

#define METRICS_BUCKETS 8
extern const int64_t metrics_bounds_us[METRICS_BUCKETS];

struct metrics_histogram {
	uint64_t counts[METRICS_BUCKETS + 1]; /* the last one: longer than all bounds */
	uint64_t n;
	int64_t sum_us;
};

struct metrics_route {
	char *name;
	uint64_t requests[METRICS_VERDICTS][METRICS_CLASSES];
	uint64_t bytes_up, bytes_down;
	uint64_t tcp_connections, tcp_up, tcp_down;
	struct metrics_histogram first_byte, total;
};

/* Counters by one label. */
struct metrics_labels {
	struct metrics_label {
		char *name;
		uint64_t n;
	} * list;
	size_t n;
};

struct metrics {
	struct metrics_route *routes;
	size_t n_routes;
	struct metrics_labels errors, findings, failures;
	uint64_t counters[METRICS_COUNTERS];
	int64_t scan_us;
	int64_t born_s;
};

#endif
