#include "egress/outgoing.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct component_boot boot;

/* Values that are no credential of anybody: made of pieces. */
static int hand_over(void **state)
{
	char value[32];
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

/* What would be sent for a request by a route with these members: one line a field. */
static const char *sent(const char *route, const char *request, uint16_t port)
{
	static char text[4096];
	char json[1024];
	struct rules *rules;
	struct http1_head head;
	struct target target;
	struct http1_length length;
	struct outgoing_request q = {.head = &head,
		.target = &target,
		.host = "a.com",
		.port = port,
		.length = &length,
		.whole = true};
	struct outgoing o;
	struct refusal why = {0};
	const char *what;
	struct err e;
	int n, r;

	snprintf(json, sizeof(json),
		"{\"log\":1,\"slug\":\"t\",\"sidecar_address\":\"198.19.255.1\","
		"\"agent_address\":\"198.19.255.2\",\"agent_names\":[],"
		"\"routes\":[{\"host\":\"a.com\",\"port\":%u%s}]}",
		port, route);
	assert_int_equal(rules_new(json, &boot, &rules, &e), 0);
	assert_int_equal(
		http1_parse_request((const unsigned char *)request, strlen(request), &head, &what),
		0);
	assert_int_equal(target_parse(head.target, &target, &what), 0);
	assert_int_equal(http1_request_length(&head, &length, &what), 0);
	q.rule = rules_find(rules, "a.com", port);
	r = outgoing_make(&q, &o, &why);
	n = snprintf(text, sizeof(text), "%s %s %s\n", o.method, o.authority, o.target);
	if (r < 0)
		n = snprintf(text, sizeof(text), "refused: %s\n", why.error);
	for (size_t i = 0; i < o.n_fields && r == 0; i++)
		n += snprintf(text + n, sizeof(text) - (size_t)n, "%s%s: %s\n",
			o.secret[i] ? "!" : "", o.fields[i].name, o.fields[i].value);
	outgoing_done(&o);
	http1_head_done(&head);
	target_done(&target);
	rules_unref(rules);
	return text;
}

#define BEARER ",\"auth_scheme\":\"Bearer\",\"auth_slot\":\"EGRESS_TOKEN_0\",\"token_ref\":\"T\""

static void what_belongs_to_one_connection_stays_behind(void **state)
{
	(void)state;
	assert_string_equal(
		sent("",
			"GET /x?y HTTP/1.1\r\nHost: other\r\nAccept: a\r\nConnection: "
			"X-Mine\r\nX-Mine: 1\r\nTE: trailers\r\nExpect: 100-continue\r\n"
			"Content-Length: 3\r\nAccept-Encoding: gzip\r\n\r\n",
			443),
		"GET a.com /x?y\nAccept: a\nAccept-Encoding: gzip\n");
	assert_string_equal(
		sent("", "GET / HTTP/1.1\r\nHost: a.com\r\n\r\n", 8443), "GET a.com:8443 /\n");
}

static void the_credential_stands_in_the_place_of_the_agents_own(void **state)
{
	(void)state;
	assert_string_equal(sent(BEARER,
				    "GET / HTTP/1.1\r\nauthorization: Bearer own\r\n"
				    "AUTHORIZATION: Bearer own\r\nProxy-Authorization: own\r\n"
				    "Accept-Encoding: gzip\r\n\r\n",
				    443),
		"GET a.com /\nAccept-Encoding: identity\n"
		"!Authorization: Bearer value-of-the-test\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_belongs_to_one_connection_stays_behind),
		cmocka_unit_test(the_credential_stands_in_the_place_of_the_agents_own),
	};

	return cmocka_run_group_tests(tests, hand_over, take_back);
}
