#include "bundle/policy.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/json.h"
#include "base/ptr.h"

static const char egress_text[] =
	"{\"agent_address\": \"198.19.255.2\", \"agent_names\": [\"box\"], \"log\": 2, \"routes\": "
	"[{\"addresses\": [\"10.0.0.0/8\"], \"auth_pass\": false, \"auth_scheme\": \"Bearer\", "
	"\"auth_slot\": \"EGRESS_TOKEN_0\", \"dlp\": {\"inbound_detectors\": false, "
	"\"outbound_detectors\": [\"token_patterns\", \"entropy\"], "
	"\"outbound_on_match\": \"redact\", \"unreadable\": \"allow\"}, \"git_fetch\": true, "
	"\"host\": \"a.example.com\", "
	"\"matches\": [{\"headers\": [{\"name\": \"X\", \"type\": \"regex\", \"value\": \"y\"}], "
	"\"methods\": [\"GET\"], \"paths\": [{\"type\": \"exact\", \"value\": \"/p\"}]}], "
	"\"port\": "
	"8443, \"tls_ca\": \"PEM\", \"token_ref\": \"TOKEN\"}], \"sidecar_address\": "
	"\"198.19.255.1\", \"slug\": \"s\"}";

static const char gate_text[] =
	"{\"answer_timeout_s\": 3, \"connect_timeout_s\": 1, \"gitleaks\": true, "
	"\"idle_timeout_s\": 2, \"max_disk\": 6, \"repos\": [{\"address\": \"10.0.0.1\", "
	"\"host\": \"h\", \"host_key\": \"k\", \"identity_slot\": \"REPO_a_KEY\", \"lfs\": "
	"{\"hosts\": "
	"[\"o.example.com:8443\"], \"max_object\": 5, \"off\": false, \"url\": \"l\"}, \"name\": "
	"\"a\", "
	"\"path\": \"/p\", \"port\": 2222, \"push\": {\"allow\": [\"refs/heads/a/*\"], \"delete\": "
	"false, \"deny\": [\"refs/heads/a/b\"], \"force\": false, \"max_pack\": 4}, \"store\": "
	"true, \"transport\": \"ssh\", \"url\": \"u\", \"user\": \"git\"}, {\"host\": \"w\", "
	"\"identity_slot\": \"REPO_b_TOKEN\", \"lfs\": {\"max_object\": 5368709120, \"off\": "
	"true}, \"name\": \"b\", \"path\": \"o/b.git\", \"port\": "
	"443, \"push\": {\"delete\": true, \"force\": true, \"max_pack\": 2147483648}, \"store\": "
	"false, \"tls_ca\": \"PEM\", \"transport\": \"https\", \"url\": \"v\", \"user\": \"x\"}], "
	"\"slug\": \"s\", \"unreadable_ok\": true, "
	"\"user_email\": \"e\", \"user_name\": \"n\"}";

static char *dump(json_t *j)
{
	char *text = json_dumps(j, JSON_SORT_KEYS);

	json_decref(j);
	return text;
}

static void an_egress_policy_survives_the_way_there_and_back(void **state)
{
	struct policy_egress p = {0};
	cleanup_free char *again = NULL;
	struct err e = {0};

	(void)state;
	assert_int_equal(policy_egress_parse(egress_text, &p, &e), 0);
	assert_int_equal(p.routes[0].port, 8443);
	assert_int_equal(p.routes[0].matches[0].headers[0].type, POLICY_REGEX);
	again = dump(policy_egress_to_json(&p));
	assert_string_equal(again, egress_text);
	policy_egress_done(&p);
}

static void a_gate_policy_survives_the_way_there_and_back(void **state)
{
	struct policy_gate p = {0};
	cleanup_free char *again = NULL;
	struct err e = {0};

	(void)state;
	assert_int_equal(policy_gate_parse(gate_text, &p, &e), 0);
	again = dump(policy_gate_to_json(&p));
	assert_string_equal(again, gate_text);
	policy_gate_done(&p);
}

static void the_agents_list_has_no_slot_and_no_address(void **state)
{
	struct policy_egress p = {0};
	cleanup_free char *list = NULL;
	struct err e = {0};

	(void)state;
	assert_int_equal(policy_egress_parse(egress_text, &p, &e), 0);
	list = dump(policy_egress_allowlist(&p));
	assert_non_null(strstr(list, "a.example.com:8443"));
	assert_non_null(strstr(list, "\"auth_scheme\": \"Bearer\""));
	assert_non_null(strstr(list, "\"methods\": [\"GET\"]"));
	assert_null(strstr(list, "TOKEN"));
	assert_null(strstr(list, "10.0.0.0"));
	assert_null(strstr(list, "PEM"));
	assert_null(strstr(list, "198.19"));
	policy_egress_done(&p);
}

static void what_is_malformed_is_refused_by_its_path(void **state)
{
	struct policy_egress p = {0};
	struct policy_gate g = {0};
	struct err e = {0};

	(void)state;
	assert_true(policy_egress_parse("[]", &p, &e) < 0);
	assert_true(policy_egress_parse("{\"routes\": [{}]}", &p, &e) < 0);
	assert_non_null(strstr(e.msg, "routes[0]: the member 'host' is missing"));
	assert_true(policy_egress_parse("{\"routes\": [{\"host\": \"h\", \"matches\": [{\"paths\": "
					"[{\"type\": \"glob\", \"value\": \"/\"}]}]}]}",
			    &p, &e) < 0);
	assert_non_null(strstr(e.msg, "glob"));
	assert_true(policy_gate_parse("{\"repos\": [{\"name\": \"a\"}]}", &g, &e) < 0);
	assert_non_null(strstr(e.msg, "repos[0]"));
	assert_null(p.routes);
	assert_null(g.repos);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_egress_policy_survives_the_way_there_and_back),
		cmocka_unit_test(a_gate_policy_survives_the_way_there_and_back),
		cmocka_unit_test(the_agents_list_has_no_slot_and_no_address),
		cmocka_unit_test(what_is_malformed_is_refused_by_its_path),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
