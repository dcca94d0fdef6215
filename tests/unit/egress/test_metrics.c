#include "egress/metrics.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct metrics *m;
static struct buf text;

static int open_metrics(void **state)
{
	(void)state;
	m = metrics_new();
	return m ? 0 : -1;
}

static int close_metrics(void **state)
{
	(void)state;
	metrics_free(m);
	buf_done(&text);
	text = (struct buf){0};
	return 0;
}

static const char *written(void)
{
	struct metrics_now now = {.connections = 3, .held_bytes = 7, .routes = 2};

	buf_consume(&text, text.len);
	assert_int_equal(metrics_write(m, &now, &text), 0);
	assert_int_equal(buf_add(&text, "", 1), 0);
	return (const char *)buf_data(&text);
}

static void assert_line(const char *line)
{
	char want[256];

	snprintf(want, sizeof(want), "\n%s\n", line);
	if (!strstr(written(), want))
		fail_msg("no line '%s' in:\n%s", line, written());
}

static void requests_are_counted_by_route_verdict_and_class(void **state)
{
	const struct metrics_request ok = {.route = "a.example",
		.verdict = METRICS_ALLOWED,
		.status = 204,
		.bytes_up = 5,
		.bytes_down = 11,
		.first_byte_us = 4000,
		.total_us = 200000};
	const struct metrics_request no = {.verdict = METRICS_REFUSED,
		.status = 403,
		.error = "credential_found",
		.finding = "some-rule"};

	(void)state;
	metrics_request(m, &ok);
	metrics_request(m, &ok);
	metrics_request(m, &no);
	assert_line("bottle_egress_requests_total{route=\"a.example\",verdict=\"allowed\",code="
		    "\"2xx\"} 2");
	assert_line(
		"bottle_egress_requests_total{route=\"none\",verdict=\"refused\",code=\"4xx\"} 1");
	assert_line("bottle_egress_request_bytes_total{route=\"a.example\"} 10");
	assert_line("bottle_egress_response_bytes_total{route=\"a.example\"} 22");
	assert_line("bottle_egress_refusals_total{error=\"credential_found\"} 1");
	assert_line("bottle_egress_findings_total{rule=\"some-rule\"} 1");
}

static void buckets_hold_all_that_is_not_longer(void **state)
{
	struct metrics_request r = {.route = "r", .verdict = METRICS_ALLOWED, .status = 200};
	static const int64_t us[] = {1, 5000, 5001, 900000, 500000000};

	(void)state;
	for (size_t i = 0; i < sizeof(us) / sizeof(*us); i++) {
		r.first_byte_us = r.total_us = us[i];
		metrics_request(m, &r);
	}
	assert_line("bottle_egress_request_seconds_bucket{route=\"r\",le=\"0.005\"} 2");
	assert_line("bottle_egress_request_seconds_bucket{route=\"r\",le=\"0.025\"} 3");
	assert_line("bottle_egress_request_seconds_bucket{route=\"r\",le=\"1\"} 4");
	assert_line("bottle_egress_request_seconds_bucket{route=\"r\",le=\"120\"} 4");
	assert_line("bottle_egress_request_seconds_bucket{route=\"r\",le=\"+Inf\"} 5");
	assert_line("bottle_egress_request_seconds_count{route=\"r\"} 5");
	assert_line("bottle_egress_request_seconds_sum{route=\"r\"} 500.910002");
	assert_line("bottle_egress_first_byte_seconds_count{route=\"r\"} 5");
}

static void what_is_now_is_told(void **state)
{
	(void)state;
	metrics_count(m, METRICS_UPSTREAM_HANDSHAKES);
	metrics_scanned(m, 1500000);
	metrics_upstream_failed(m, "upstream_tls");
	assert_line("bottle_egress_connections 3");
	assert_line("bottle_egress_held_bytes 7");
	assert_line("bottle_egress_upstream_handshakes_total 1");
	assert_line("bottle_egress_scan_seconds_total 1.500000");
	assert_line("bottle_egress_upstream_failures_total{error=\"upstream_tls\"} 1");
}

static void labels_cannot_break_out_of_their_quotes(void **state)
{
	(void)state;
	metrics_refusal(m, "e", "a\"} 1\nb\\");
	assert_line("bottle_egress_findings_total{rule=\"a\\\"} 1\\nb\\\\\"} 1");
}

static void there_is_a_bounded_number_of_series(void **state)
{
	char name[32];

	(void)state;
	for (int i = 0; i < 3000; i++) {
		struct metrics_request r = {
			.route = name, .verdict = METRICS_ABORTED, .finding = name, .error = "e"};

		snprintf(name, sizeof(name), "route-%d", i);
		metrics_request(m, &r);
	}
	assert_line("bottle_egress_requests_total{route=\"other\",verdict=\"aborted\",code="
		    "\"none\"} 2745");
	assert_line("bottle_egress_findings_total{rule=\"other\"} 2488");
	assert_null(strstr(written(), "route=\"route-2999\""));
}

static void each_family_has_a_help_and_a_type_and_a_name_of_ours(void **state)
{
	char *copy = strdup(written()), *save = NULL, *line;
	int types = 0;

	(void)state;
	assert_non_null(copy);
	for (line = strtok_r(copy, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		if (strncmp(line, "# TYPE bottle_egress_", 21) == 0)
			types++;
		else
			assert_true(strncmp(line, "# HELP bottle_egress_", 21) == 0 ||
				    strncmp(line, "bottle_egress_", 14) == 0);
	}
	assert_true(types > 20);
	free(copy);
}

static void without_figures_nothing_is_counted(void **state)
{
	const struct metrics_request r = {.verdict = METRICS_REFUSED, .error = "e"};

	(void)state;
	metrics_request(NULL, &r);
	metrics_refusal(NULL, "e", NULL);
	metrics_tcp(NULL, "r", 1, 2);
	metrics_count(NULL, METRICS_RELOADS);
	metrics_scanned(NULL, 1);
	metrics_upstream_failed(NULL, "e");
	metrics_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(requests_are_counted_by_route_verdict_and_class,
			open_metrics, close_metrics),
		cmocka_unit_test_setup_teardown(
			buckets_hold_all_that_is_not_longer, open_metrics, close_metrics),
		cmocka_unit_test_setup_teardown(what_is_now_is_told, open_metrics, close_metrics),
		cmocka_unit_test_setup_teardown(
			labels_cannot_break_out_of_their_quotes, open_metrics, close_metrics),
		cmocka_unit_test_setup_teardown(
			there_is_a_bounded_number_of_series, open_metrics, close_metrics),
		cmocka_unit_test_setup_teardown(
			each_family_has_a_help_and_a_type_and_a_name_of_ours, open_metrics,
			close_metrics),
		cmocka_unit_test(without_figures_nothing_is_counted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
