#include "egress/rules.h"

#include <arpa/inet.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "egress/credential.h"

static struct component_boot boot;

/* A value that is no credential of anybody: made of pieces. */
static char value[32];

static int hand_over(void **state)
{
	struct err e;

	(void)state;
	snprintf(value, sizeof(value), "%s-%s\n", "value", "of-the-test");
	boot.n_secrets = 1;
	boot.secrets[0].name = strdup("EGRESS_TOKEN_0");
	return secret_set(&boot.secrets[0].value, value, strlen(value), &e);
}

static int take_back(void **state)
{
	(void)state;
	component_boot_done(&boot);
	return 0;
}

static int load(const char *routes, struct rules **ret, struct err *e)
{
	char json[2048];

	snprintf(json, sizeof(json),
		"{\"log\":1,\"slug\":\"t\",\"sidecar_address\":\"198.19.255.1\","
		"\"agent_address\":\"198.19.255.2\",\"agent_names\":[],\"routes\":[%s]}",
		routes);
	return rules_new(json, &boot, ret, e);
}

static struct rules *made(const char *routes)
{
	struct rules *r;
	struct err e = {0};

	assert_int_equal(load(routes, &r, &e), 0);
	return r;
}

static const char *found(const struct rules *r, const char *host, uint16_t port)
{
	struct rule *rule = rules_find(r, host, port);

	return rule ? rule_route(rule)->host : "none";
}

static void a_host_is_found_exactly_or_below_a_wildcard(void **state)
{
	struct rules *r = made("{\"host\":\"example.com\"},{\"host\":\"*.example.com\"},"
			       "{\"host\":\"*.deep.example.com\"},{\"host\":\"a.example.com\"}");

	(void)state;
	assert_string_equal(found(r, "example.com", 443), "example.com");
	assert_string_equal(found(r, "a.example.com", 443), "a.example.com");
	assert_string_equal(found(r, "b.example.com", 443), "*.example.com");
	assert_string_equal(found(r, "c.b.example.com", 80), "*.example.com");
	assert_string_equal(found(r, "x.deep.example.com", 443), "*.deep.example.com");
	assert_string_equal(found(r, "evilexample.com", 443), "none");
	assert_string_equal(found(r, "example.com.evil.net", 443), "none");
	assert_string_equal(found(r, "com", 443), "none");
	rules_unref(r);
}

static void without_a_port_443_and_80_are_meant(void **state)
{
	struct rules *r = made("{\"host\":\"a.com\"},{\"host\":\"b.com\",\"port\":8443}");

	(void)state;
	assert_string_equal(found(r, "a.com", 443), "a.com");
	assert_string_equal(found(r, "a.com", 80), "a.com");
	assert_string_equal(found(r, "a.com", 8443), "none");
	assert_string_equal(found(r, "b.com", 8443), "b.com");
	assert_string_equal(found(r, "b.com", 443), "none");
	rules_unref(r);
}

static const char *checked(const struct rules *r, const char *request, bool tls)
{
	static struct refusal why;
	struct http1_head h;
	struct target t;
	const char *text;
	struct rule_request q = {.host = "a.com", .tls = tls, .head = &h, .target = &t};
	int result;

	assert_int_equal(
		http1_parse_request((const unsigned char *)request, strlen(request), &h, &text), 0);
	assert_int_equal(target_parse(h.target, &t, &text), 0);
	result = rule_check(rules_find(r, "a.com", 443), &q, &why);
	http1_head_done(&h);
	target_done(&t);
	return result == 0 ? "ok" : why.error;
}

static void fields_of_a_matcher_are_and_values_or(void **state)
{
	struct rules *r = made(
		"{\"host\":\"a.com\",\"matches\":[{\"paths\":[{\"type\":\"prefix\",\"value\":"
		"\"/v1/\"},{\"type\":\"exact\",\"value\":\"/x\"},{\"type\":\"regex\",\"value\":"
		"\"/r[0-9]+\"}],\"methods\":[\"GET\",\"POST\"]},{\"headers\":[{\"name\":\"X-T\","
		"\"type\":\"exact\",\"value\":\"core\"}]}]}");

	(void)state;
	assert_string_equal(checked(r, "GET /v1/a HTTP/1.1\r\n\r\n", true), "ok");
	assert_string_equal(checked(r, "POST /x?q HTTP/1.1\r\n\r\n", true), "ok");
	assert_string_equal(checked(r, "GET /r42 HTTP/1.1\r\n\r\n", true), "ok");
	assert_string_equal(checked(r, "GET /r42x HTTP/1.1\r\n\r\n", true), "no_match");
	assert_string_equal(checked(r, "GET /x/r4 HTTP/1.1\r\n\r\n", true), "no_match");
	assert_string_equal(checked(r, "PUT /v1/a HTTP/1.1\r\n\r\n", true), "no_match");
	assert_string_equal(checked(r, "get /v1/a HTTP/1.1\r\n\r\n", true), "no_match");
	assert_string_equal(checked(r, "PUT /z HTTP/1.1\r\nx-t: core\r\n\r\n", true), "ok");
	assert_string_equal(
		checked(r, "PUT /z HTTP/1.1\r\nX-T: core\r\nX-T: b\r\n\r\n", true), "no_match");
	assert_string_equal(checked(r, "GET /v1//a HTTP/1.1\r\n\r\n", true), "ambiguous_path");
	assert_string_equal(
		checked(r, "GET /v1/a HTTP/1.1\r\nX-HTTP-Method-Override: PUT\r\n\r\n", true),
		"method_override");
	rules_unref(r);
}

static void a_credential_never_goes_over_plain_http(void **state)
{
	struct rules *r = made("{\"host\":\"a.com\",\"auth_scheme\":\"Bearer\",\"auth_slot\":"
			       "\"EGRESS_TOKEN_0\",\"token_ref\":\"T\"}");

	(void)state;
	assert_string_equal(checked(r, "GET / HTTP/1.1\r\n\r\n", false), "plain_http");
	assert_string_equal(checked(r, "GET / HTTP/1.1\r\n\r\n", true), "ok");
	rules_unref(r);
}

static void a_push_over_https_is_always_refused(void **state)
{
	struct rules *r = made("{\"host\":\"a.com\",\"git_fetch\":true}");
	struct rules *none = made("{\"host\":\"a.com\"}");

	(void)state;
	assert_string_equal(
		checked(r, "POST /r/git-receive-pack HTTP/1.1\r\n\r\n", true), "git_push");
	assert_string_equal(checked(r,
				    "POST /r/x HTTP/1.1\r\nContent-Type: "
				    "application/x-git-receive-pack-request\r\n\r\n",
				    true),
		"git_push");
	assert_string_equal(checked(r, "POST /r/git-upload-pack HTTP/1.1\r\n\r\n", true), "ok");
	assert_string_equal(
		checked(none, "POST /r/git-upload-pack HTTP/1.1\r\n\r\n", true), "git_fetch");
	rules_unref(r);
	rules_unref(none);
}

static void each_route_has_its_credential(void **state)
{
	struct rules *r = made("{\"host\":\"a.com\",\"auth_scheme\":\"Bearer\",\"auth_slot\":"
			       "\"EGRESS_TOKEN_0\",\"token_ref\":\"T\"},{\"host\":\"b.com\","
			       "\"auth_pass\":true},{\"host\":\"c.com\"}");

	(void)state;
	assert_true(credential_gives(rule_credential(rules_find(r, "a.com", 443))));
	assert_false(credential_gives(rule_credential(rules_find(r, "b.com", 443))));
	assert_false(credential_gives(rule_credential(rules_find(r, "c.com", 443))));
	rules_unref(r);
}

static void a_credential_is_starred_out(void **state)
{
	struct rules *r = made("{\"host\":\"a.com\",\"auth_scheme\":\"token\",\"auth_slot\":"
			       "\"EGRESS_TOKEN_0\",\"token_ref\":\"T\"}");
	char text[] = "x value-of-the-test y value-of-the-test";

	(void)state;
	rules_redact(r, text);
	assert_null(strstr(text, "of-the-test"));
	assert_non_null(strstr(text, " y "));
	rules_unref(r);
}

static void errors_name_the_route(void **state)
{
	struct rules *r;
	struct err e;

	(void)state;
	assert_true(load("{\"host\":\"a.com\",\"auth_scheme\":\"Bearer\",\"auth_slot\":"
			 "\"EGRESS_TOKEN_9\",\"token_ref\":\"MISSING\"}",
			    &r, &e) < 0);
	assert_non_null(strstr(e.msg, "a.com"));
	assert_non_null(strstr(e.msg, "MISSING"));
	assert_true(load("{\"host\":\"b.com\",\"matches\":[{\"paths\":[{\"type\":\"regex\","
			 "\"value\":\"(\"}]}]}",
			    &r, &e) < 0);
	assert_non_null(strstr(e.msg, "b.com"));
}

static void special_addresses_need_a_line_in_the_manifest(void **state)
{
	struct rules *r = made("{\"host\":\"a.com\",\"addresses\":[\"10.0.0.0/8\","
			       "\"198.18.0.0/15\"]}");
	const struct rule *rule = rules_find(r, "a.com", 443);
	struct address a = {.family = AF_INET};
	struct refusal why;

	(void)state;
	a.v4.s_addr = inet_addr("8.8.8.8");
	assert_int_equal(rule_check_address(rule, &a, &why), 0);
	a.v4.s_addr = inet_addr("10.1.2.3");
	assert_int_equal(rule_check_address(rule, &a, &why), 0);
	a.v4.s_addr = inet_addr("192.168.1.1");
	assert_true(rule_check_address(rule, &a, &why) < 0);
	a.v4.s_addr = inet_addr("198.19.255.1");
	assert_true(rule_check_address(rule, &a, &why) < 0);
	rules_unref(r);
}

static void a_flood_of_warnings_is_some_a_minute(void **state)
{
	struct rules *r = made("{\"host\":\"a.com\"},{\"host\":\"b.com\"}");
	struct rule *a = rules_find(r, "a.com", 443), *b = rules_find(r, "b.com", 443);
	size_t told = 0, left_out = 99;

	(void)state;
	for (int i = 0; i < 1000; i++)
		told += rule_may_warn(a, 5000 + i, &left_out);
	assert_in_range(told, 1, 20);
	assert_int_equal(left_out, 0);
	assert_true(rule_may_warn(b, 6000, &left_out));
	assert_true(rule_may_warn(a, 70000, &left_out));
	assert_int_equal(left_out, 1000 - told);
	rules_unref(r);
}

static void a_route_without_dlp_is_read_in_full(void **state)
{
	struct rules *r = made("{\"host\":\"a.com\"}");
	const struct policy_dlp *d = &rule_route(rules_find(r, "a.com", 443))->dlp;

	(void)state;
	assert_int_equal(d->outbound, POLICY_OUTBOUND);
	assert_int_equal(d->inbound, POLICY_INBOUND);
	assert_int_equal(d->on_match, POLICY_SUPERVISE);
	assert_false(d->unreadable_ok);
	rules_unref(r);
}

static void a_host_and_port_is_tcp_or_http_and_never_both(void **state)
{
	struct rules *r =
		made("{\"host\":\"*.a.com\"},{\"host\":\"db.a.com\",\"port\":443,\"tcp\":true}");

	(void)state;
	assert_string_equal(found(r, "x.a.com", 443), "*.a.com");
	assert_null(rules_find_tcp(r, "x.a.com", 443));
	/* The nearer route decides, also for who would read it in the other way. */
	assert_string_equal(found(r, "db.a.com", 443), "none");
	assert_non_null(rules_find_tcp(r, "db.a.com", 443));
	assert_string_equal(found(r, "db.a.com", 80), "*.a.com");
	assert_null(rules_find_tcp(r, "db.a.com", 80));
	rules_unref(r);
}

static void a_tcp_route_promises_nothing_that_needs_reading(void **state)
{
	static const char *const bad[] = {
		"{\"host\":\"a.com\",\"tcp\":true}",
		"{\"host\":\"*.a.com\",\"port\":5,\"tcp\":true}",
		"{\"host\":\"a.com\",\"port\":5,\"tcp\":true,\"git_fetch\":true}",
		"{\"host\":\"a.com\",\"port\":5,\"tcp\":true,\"auth_pass\":true}",
		"{\"host\":\"a.com\",\"port\":5,\"tcp\":true,\"matches\":[{\"methods\":[\"GET\"]}]"
		"}",
		"{\"host\":\"a.com\",\"port\":80,\"tcp\":true},{\"host\":\"a.com\"}",
		"{\"host\":\"a.com\",\"port\":5,\"tcp\":true},{\"host\":\"a.com\",\"port\":5}",
	};
	struct rules *r = NULL;
	struct err e;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		assert_int_equal(load(bad[i], &r, &e), -EINVAL);
		assert_non_null(strstr(e.msg, "tcp"));
	}
}

static void requests_are_counted_by_route(void **state)
{
	struct rules *r = made("{\"host\":\"a.com\",\"limits\":{\"requests_per_second\":1}},"
			       "{\"host\":\"b.com\"}");
	struct rule *a = rules_find(r, "a.com", 443), *b = rules_find(r, "b.com", 443);
	struct refusal why;

	(void)state;
	assert_int_equal(rule_admit(r, a, 1000, &why), 0);
	assert_int_equal(rule_admit(r, a, 1000, &why), 0);
	assert_int_equal(rule_admit(r, a, 1000, &why), -EACCES);
	assert_int_equal(why.status, 429);
	assert_int_equal(why.retry_after_s, 1);
	assert_int_equal(rule_admit(r, b, 1000, &why), 0);
	assert_int_equal(rule_admit(r, a, 2000, &why), 0);
	rules_unref(r);
}

static void connections_to_a_routes_upstreams_are_counted(void **state)
{
	struct rules *r = made("{\"host\":\"a.com\",\"limits\":{\"connections\":1}}");
	struct rule *a = rules_find(r, "a.com", 443);
	struct refusal why;

	(void)state;
	assert_int_equal(rule_connect(a, &why), 0);
	assert_false(rule_may_connect(a));
	assert_int_equal(rule_connect(a, &why), -EACCES);
	assert_int_equal(why.status, 503);
	rule_disconnect(a);
	assert_int_equal(rule_connect(a, &why), 0);
	rule_disconnect(a);
	rules_unref(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_host_is_found_exactly_or_below_a_wildcard),
		cmocka_unit_test(without_a_port_443_and_80_are_meant),
		cmocka_unit_test(fields_of_a_matcher_are_and_values_or),
		cmocka_unit_test(a_credential_never_goes_over_plain_http),
		cmocka_unit_test(a_push_over_https_is_always_refused),
		cmocka_unit_test(each_route_has_its_credential),
		cmocka_unit_test(a_credential_is_starred_out),
		cmocka_unit_test(errors_name_the_route),
		cmocka_unit_test(special_addresses_need_a_line_in_the_manifest),
		cmocka_unit_test(a_flood_of_warnings_is_some_a_minute),
		cmocka_unit_test(a_route_without_dlp_is_read_in_full),
		cmocka_unit_test(a_host_and_port_is_tcp_or_http_and_never_both),
		cmocka_unit_test(a_tcp_route_promises_nothing_that_needs_reading),
		cmocka_unit_test(requests_are_counted_by_route),
		cmocka_unit_test(connections_to_a_routes_upstreams_are_counted),
	};

	return cmocka_run_group_tests(tests, hand_over, take_back);
}
