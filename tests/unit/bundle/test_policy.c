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
#include "base/str.h"

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

/* Each member once, in the order of their names. */
static const char all_members[] =
	"{\"agent_names\": [], \"limits\": {\"body\": 9, \"connections\": 1, \"first_byte_s\": 2, "
	"\"head\": 3, \"idle_s\": 4, \"ratio\": 5, \"requests_per_second\": 6, \"url\": 7}, "
	"\"log\": 0, \"proxy\": {\"direct\": [\"*.lan\"], \"host\": \"p\", \"port\": 8, \"slot\": "
	"\"S\", \"tls\": true, \"tls_ca\": \"CA\", \"token_ref\": \"R\", \"url\": \"u\"}, "
	"\"routes\": "
	"[{\"access_key_slot\": \"A\", \"auth_pass\": false, \"auth_scheme\": \"sigv4\", "
	"\"auth_slot\": \"B\", \"deny\": [{\"query\": [{\"name\": \"q\", \"type\": \"exact\", "
	"\"value\": \"v\"}]}], \"dlp\": {\"inbound_detectors\": false, \"outbound_detectors\": "
	"false, \"outbound_on_match\": \"block\", \"unreadable\": \"refuse\"}, \"git_fetch\": "
	"false, \"host\": \"a\", \"limits\": {\"idle_s\": 1}, \"placeholder\": \"pppppppp\", "
	"\"port\": 0, \"region\": \"r\", \"require\": true, \"service\": \"s\", \"session_slot\": "
	"\"C\", \"tls_cert\": \"CERT\", \"tls_key_slot\": \"KEY\", \"token_ref\": \"T\"}, "
	"{\"audience\": \"a\", \"auth_pass\": false, \"auth_scheme\": \"oauth\", \"auth_slot\": "
	"\"B\", \"client_id\": \"i\", \"client_secret_slot\": \"S\", \"dlp\": "
	"{\"inbound_detectors\": false, \"outbound_detectors\": false, \"outbound_on_match\": "
	"\"block\", \"unreadable\": \"refuse\"}, \"git_fetch\": false, \"grant\": "
	"\"refresh_token\", \"host\": \"b\", \"name\": \"n\", \"places\": [\"header\", \"path\", "
	"\"query\", \"body\"], \"port\": 0, \"prefix\": \"x\", \"provider\": \"codex\", \"scope\": "
	"\"s\", \"token_url\": \"u\"}, {\"addresses\": [\"10.0.0.1\"], \"auth_pass\": false, "
	"\"git_fetch\": false, \"host\": \"c\", \"port\": 5432, \"scanned\": false, \"tcp\": "
	"true}]}";

static const char gate_text[] =
	"{\"agent_timeout_s\": 4, \"answer_timeout_s\": 3, \"connect_timeout_s\": 1, \"gitleaks\": "
	"true, "
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

static void no_member_of_an_egress_policy_is_lost(void **state)
{
	struct policy_egress p = {0};
	cleanup_free char *again = NULL;
	struct err e = {0};

	(void)state;
	assert_int_equal(policy_egress_parse(all_members, &p, &e), 0);
	assert_int_equal(p.routes[1].auth.places,
		POLICY_IN_HEADER | POLICY_IN_PATH | POLICY_IN_QUERY | POLICY_IN_BODY);
	assert_int_equal(p.routes[2].dlp.outbound, 0);
	again = dump(policy_egress_to_json(&p));
	assert_string_equal(again, all_members);
	policy_egress_done(&p);
}

static void refused(const char *route, const char *why)
{
	struct policy_egress p = {0};
	cleanup_free char *text = str_format("{\"routes\": [{\"host\": \"h\", %s}]}", route);
	struct err e = {0};

	assert_true(policy_egress_parse(text, &p, &e) < 0);
	if (!strstr(e.msg, why))
		fail_msg("'%s' does not say '%s'", e.msg, why);
	assert_null(p.routes);
}

static void what_would_widen_a_route_is_refused(void **state)
{
	(void)state;
	refused("\"denies\": []", "unknown member 'denies'");
	refused("\"matches\": []", "would match everything");
	refused("\"deny\": [{}]", "would match everything");
	refused("\"matches\": [{\"paths\": []}]", "would match everything");
	refused("\"matches\": [{\"hosts\": [\"a\"]}]", "unknown member 'hosts'");
	refused("\"limits\": {\"bytes\": 1}", "unknown member 'bytes'");
	refused("\"limits\": {\"idle_s\": 0}", "idle_s");
	refused("\"limits\": {\"idle_s\": -1}", "idle_s");
	refused("\"auth_scheme\": \"Bearer\"", "auth_slot");
	refused("\"auth_scheme\": \"header\", \"auth_slot\": \"S\"", "'name'");
	refused("\"auth_scheme\": \"swap\", \"auth_slot\": \"S\", \"placeholder\": \"p\"",
		"'places'");
	refused("\"auth_slot\": \"S\", \"require\": true", "'placeholder'");
	refused("\"auth_slot\": \"S\", \"auth_pass\": true", "auth_pass");
	refused("\"tls_cert\": \"C\"", "together");
	refused("\"tcp\": true", "'port'");
	refused("\"tcp\": true, \"port\": 1, \"deny\": [{\"methods\": [\"GET\"]}]", "'deny'");
	refused("\"dlp\": {\"outbound\": false}", "unknown member 'outbound'");
}

static void the_agents_list_shows_placeholders_and_no_way_to_a_secret(void **state)
{
	struct policy_egress p = {0};
	cleanup_free char *list = NULL;
	struct err e = {0};

	(void)state;
	assert_int_equal(policy_egress_parse(all_members, &p, &e), 0);
	list = dump(policy_egress_allowlist(&p));
	assert_non_null(strstr(list, "\"placeholder\": \"pppppppp\""));
	assert_non_null(strstr(list, "\"deny\": [{\"query\""));
	assert_non_null(strstr(list, "\"scanned\": false, \"tcp\": \"c:5432\""));
	assert_null(strstr(list, "slot"));
	assert_null(strstr(list, "proxy"));
	assert_null(strstr(list, "CERT"));
	assert_null(strstr(list, "token_url"));
	assert_null(strstr(list, "client"));
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
		cmocka_unit_test(no_member_of_an_egress_policy_is_lost),
		cmocka_unit_test(what_would_widen_a_route_is_refused),
		cmocka_unit_test(the_agents_list_shows_placeholders_and_no_way_to_a_secret),
		cmocka_unit_test(a_gate_policy_survives_the_way_there_and_back),
		cmocka_unit_test(the_agents_list_has_no_slot_and_no_address),
		cmocka_unit_test(what_is_malformed_is_refused_by_its_path),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
