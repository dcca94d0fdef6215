#include "bundle/plan.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/str.h"

static struct oci_process *parse(const char *text)
{
	struct oci_process *p = NULL;
	struct err e = {0};

	assert_int_equal(oci_process_parse(text, strlen(text), "p", &p, &e), 0);
	return p;
}

static void an_executed_process_gets_what_create_gave(void **state)
{
	char *env[] = {(char *)"HTTPS_PROXY=http://egress:9099", (char *)"A=ours", NULL};
	struct oci_process *p = parse("{\"args\": [\"sh\"], \"cwd\": \"/\", \"env\": [\"A=one\", "
				      "\"B=x\", \"A=two\"], \"capabilities\": {\"bounding\": "
				      "[\"CAP_NET_RAW\", \"CAP_KILL\"]}}");
	struct err e = {0};

	(void)state;
	assert_int_equal(plan_exec_check(p, env, &e), 0);
	assert_string_equal(env_get(p->env, "HTTPS_PROXY"), "http://egress:9099");
	assert_string_equal(env_get(p->env, "A"), "ours");
	assert_string_equal(env_get(p->env, "B"), "x");
	assert_int_equal(strv_len(p->env), 3);
	assert_int_equal(strv_len(p->caps[OCI_CAP_BOUNDING]), 1);
	assert_string_equal(p->caps[OCI_CAP_BOUNDING][0], "CAP_KILL");
	oci_process_free(p);
}

static void a_privileged_process_is_refused(void **state)
{
	struct oci_process *p = parse("{\"args\": [\"sh\"], \"cwd\": \"/\", \"capabilities\": "
				      "{\"inheritable\": [\"CAP_SYS_PTRACE\"]}}");
	struct err e = {0};

	(void)state;
	assert_int_equal(plan_exec_check(p, NULL, &e), -EPERM);
	assert_non_null(strstr(e.msg, "CAP_SYS_PTRACE"));
	oci_process_free(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_executed_process_gets_what_create_gave),
		cmocka_unit_test(a_privileged_process_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
