#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/json.h"
#include "base/ptr.h"
#include "base/str.h"
#include "control/runconfig.h"

static char *args[] = {(char[]){"make"}, (char[]){"all"}, NULL};

static json_t *config_of(uid_t uid, char *const *env)
{
	struct runconfig c = {.workspace = "/srv/project",
		.user = {.uid = uid, .gid = uid},
		.env = env,
		.args = args};
	json_t *config = runconfig_json(&c);

	assert_non_null(config);
	return config;
}

static json_t *process_of(json_t *config)
{
	return json_object_get(config, "process");
}

static bool has_string(const json_t *array, const char *s)
{
	for (size_t i = 0; i < json_array_size(array); i++)
		if (str_eq(json_string_value(json_array_get(array, i)), s))
			return true;
	return false;
}

static json_t *mount_at(json_t *config, const char *destination)
{
	json_t *mounts = json_object_get(config, "mounts"), *m;
	size_t i;

	json_array_foreach (mounts, i, m) {
		if (str_eq(json_string_value(json_object_get(m, "destination")), destination))
			return m;
	}
	return NULL;
}

static void only_listed_variables_of_the_operator_go_in(void **state)
{
	cleanup_json json_t *config = NULL;
	json_t *env;

	(void)state;
	setenv("TERM", "xterm", 1);
	setenv("SOME_TOKEN", "secret", 1);
	config = config_of(0, NULL);
	env = json_object_get(process_of(config), "env");
	assert_true(has_string(env, "TERM=xterm"));
	assert_false(has_string(env, "SOME_TOKEN=secret"));
}

static void a_variable_that_was_asked_for_wins_and_keeps_its_equal_signs(void **state)
{
	char *wanted[] = {(char[]){"TERM=dumb"}, (char[]){"A=b=c"}, NULL};
	cleanup_json json_t *config = NULL;
	json_t *env;

	(void)state;
	setenv("TERM", "xterm", 1);
	config = config_of(0, wanted);
	env = json_object_get(process_of(config), "env");
	assert_true(has_string(env, "TERM=dumb"));
	assert_false(has_string(env, "TERM=xterm"));
	assert_true(has_string(env, "A=b=c"));
}

static void another_user_than_root_holds_no_capability(void **state)
{
	cleanup_json json_t *config = config_of(1000, NULL);
	json_t *caps = json_object_get(process_of(config), "capabilities");

	(void)state;
	assert_int_equal(json_array_size(json_object_get(caps, "effective")), 0);
	assert_int_equal(json_array_size(json_object_get(caps, "permitted")), 0);
}

static void the_hosts_programs_are_read_only_and_without_set_uid(void **state)
{
	cleanup_json json_t *config = config_of(0, NULL);
	json_t *options = json_object_get(mount_at(config, "/usr"), "options");

	(void)state;
	/* In an ordinary user's namespace what is mounted below comes along, too. */
	assert_true(has_string(options, geteuid() == 0 ? "ro" : "rro"));
	assert_true(has_string(options, geteuid() == 0 ? "nosuid" : "rnosuid"));
	assert_true(json_is_true(json_object_get(json_object_get(config, "root"), "readonly")));
}

static void the_workspace_is_mounted_last_at_its_own_path(void **state)
{
	cleanup_json json_t *config = config_of(0, NULL);
	json_t *mounts = json_object_get(config, "mounts");
	json_t *last = json_array_get(mounts, json_array_size(mounts) - 1);

	(void)state;
	assert_string_equal(
		json_string_value(json_object_get(last, "destination")), "/srv/project");
	assert_string_equal(json_string_value(json_object_get(last, "source")), "/srv/project");
}

static void nothing_else_of_etc_is_shown_than_what_is_listed(void **state)
{
	cleanup_json json_t *config = config_of(0, NULL);

	(void)state;
	assert_null(mount_at(config, "/etc"));
	assert_null(mount_at(config, "/etc/ssl"));
	assert_null(mount_at(config, "/etc/ssl/private"));
	assert_null(mount_at(config, "/etc/ssh"));
	assert_null(mount_at(config, "/etc/docker"));
}

static void a_system_call_that_is_not_listed_is_an_error(void **state)
{
	static const char *const never[] = {"mount", "unshare", "setns", "bpf", "io_uring_setup",
		"keyctl", "kexec_load", "init_module", "perf_event_open", "open_by_handle_at"};
	cleanup_json json_t *config = config_of(0, NULL);
	json_t *seccomp = json_object_get(json_object_get(config, "linux"), "seccomp");
	json_t *rules = json_object_get(seccomp, "syscalls");

	(void)state;
	assert_string_equal(
		json_string_value(json_object_get(seccomp, "defaultAction")), "SCMP_ACT_ERRNO");
	for (size_t i = 0; i < json_array_size(rules); i++)
		for (size_t k = 0; k < ARRAY_LEN(never); k++)
			assert_false(has_string(
				json_object_get(json_array_get(rules, i), "names"), never[k]));
	assert_true(has_string(json_object_get(json_array_get(rules, 0), "names"), "openat"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_listed_variables_of_the_operator_go_in),
		cmocka_unit_test(a_variable_that_was_asked_for_wins_and_keeps_its_equal_signs),
		cmocka_unit_test(another_user_than_root_holds_no_capability),
		cmocka_unit_test(the_hosts_programs_are_read_only_and_without_set_uid),
		cmocka_unit_test(the_workspace_is_mounted_last_at_its_own_path),
		cmocka_unit_test(nothing_else_of_etc_is_shown_than_what_is_listed),
		cmocka_unit_test(a_system_call_that_is_not_listed_is_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
