#include "shim/monitor_plan.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static char *names[] = {(char *)"base", (char *)"dev", NULL};

static struct plan_secret secret_rows[] = {
	{.slot = (char *)"REPO_a_KEY", .name = (char *)"k", .is_file = true, .to_gate = true},
	{.slot = (char *)"EGRESS_TOKEN_0", .name = (char *)"T", .to_egress = true},
	{.slot = (char *)"CANARY", .name = (char *)"C", .to_scan = true},
};

static const struct plan_bottle bottle = {
	.slug = (char *)"dev-1",
	.bottle_names = names,
	.home = (char *)"/home/o/.bot-bottle",
	.state_home = (char *)"/home/o/.bot-bottle/state",
	.gate = {.slug = (char *)"dev-1"},
	.egress = {.slug = (char *)"dev-1",
		.sidecar_address = (char *)PLAN_SIDECAR_ADDRESS,
		.agent_address = (char *)PLAN_AGENT_ADDRESS},
	.egress_mode = PLAN_EGRESS_BRIDGE,
	.engine_network = true,
	.netns_path = (char *)"/run/netns/x",
	.resolv_conf = (char *)"/etc/resolv.conf",
	.secrets = secret_rows,
	.n_secrets = 3,
};

static void what_the_runtime_tells_the_monitor_hears(void **state)
{
	char *text = monitor_plan_encode(&bottle, "/run/root/some-id", "/run/uids");
	struct monitor_plan p;
	struct err e = {0};

	(void)state;
	assert_non_null(text);
	assert_int_equal(monitor_plan_parse(text, strlen(text), &p, &e), 0);
	assert_string_equal(p.id, "some-id");
	assert_string_equal(p.state_dir, "/run/root/some-id");
	assert_string_equal(p.state_home, bottle.state_home);
	assert_string_equal(p.slug, "dev-1");
	assert_string_equal(p.netns_path, "/run/netns/x");
	assert_string_equal(p.bottle_names[1], "dev");
	assert_null(p.agent_name);
	assert_int_equal(p.egress_mode, PLAN_EGRESS_BRIDGE);
	assert_true(p.engine_network);
	monitor_plan_done(&p);
	free(text);
}

static void each_secret_goes_to_whom_it_is_meant_for(void **state)
{
	char *text = monitor_plan_encode(&bottle, "/run/root/id", "/run/uids");
	struct monitor_plan p;
	struct err e = {0};

	(void)state;
	assert_int_equal(monitor_plan_parse(text, strlen(text), &p, &e), 0);
	assert_int_equal(p.n_secrets, 3);
	assert_true(p.secrets[0].to_scan && !p.secrets[0].to_egress);
	assert_true(!p.secrets[1].to_scan && p.secrets[1].to_egress);
	/* What is only looked for is the scanner's alone. */
	assert_true(p.secrets[2].to_scan && !p.secrets[2].to_egress);
	monitor_plan_done(&p);
	free(text);
}

static void the_text_holds_no_value_of_a_secret(void **state)
{
	char *text = monitor_plan_encode(&bottle, "/run/root/id", "/run/uids");

	(void)state;
	assert_null(strstr(text, "\"value\""));
	free(text);
}

static void a_plan_without_a_slice_is_refused_with_its_name(void **state)
{
	const char *text = "{\"id\":\"a\",\"state_dir\":\"/a\",\"state_home\":\"/"
			   "h\",\"slug\":\"s\",\"home\":\"/o\","
			   "\"cwd\":\"/\",\"uids_dir\":\"/u\",\"egress\":{}}";
	struct monitor_plan p;
	struct err e = {0};

	(void)state;
	assert_true(monitor_plan_parse(text, strlen(text), &p, &e) < 0);
	assert_non_null(strstr(e.msg, "gate"));
}

static void a_plan_without_a_slug_is_refused_with_its_name(void **state)
{
	const char *text = "{\"id\":\"a\",\"state_dir\":\"/a\",\"state_home\":\"/h\"}";
	struct monitor_plan p;
	struct err e = {0};

	(void)state;
	assert_true(monitor_plan_parse(text, strlen(text), &p, &e) < 0);
	assert_non_null(strstr(e.msg, "slug"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_the_runtime_tells_the_monitor_hears),
		cmocka_unit_test(each_secret_goes_to_whom_it_is_meant_for),
		cmocka_unit_test(the_text_holds_no_value_of_a_secret),
		cmocka_unit_test(a_plan_without_a_slice_is_refused_with_its_name),
		cmocka_unit_test(a_plan_without_a_slug_is_refused_with_its_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
