#include <errno.h>
#include <linux/capability.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/json.h"
#include "base/log.h"
#include "base/ptr.h"
#include "shim/caps.h"

#define BIT(n) (UINT64_C(1) << (n))

static void names_are_numbers_in_either_case(void **state)
{
	(void)state;
	assert_int_equal(caps_number("CAP_CHOWN"), CAP_CHOWN);
	assert_int_equal(caps_number("cap_sys_admin"), CAP_SYS_ADMIN);
	assert_int_equal(caps_number("CAP_MAKE_COFFEE"), -1);
	assert_int_equal(caps_number("CHOWN"), -1);
	assert_int_equal(caps_number("5"), -1);
	assert_int_equal(caps_number(""), -1);
}

static void an_unknown_name_is_left_out(void **state)
{
	char *names[] = {(char *)"CAP_KILL", (char *)"CAP_MAKE_COFFEE", NULL};
	struct oci_process p = {.has_caps = true, .caps = {[OCI_CAP_BOUNDING] = names}};
	struct caps caps;
	struct err e = {0};

	(void)state;
	log_to_stderr(0);
	assert_int_equal(caps_resolve(&p, &caps, &e), 0);
	log_to_stderr(1);
	assert_true(caps.set[OCI_CAP_BOUNDING] == BIT(CAP_KILL));
}

static void absent_sets_are_empty(void **state)
{
	struct oci_process p = {0};
	struct caps caps;
	struct err e = {0};

	(void)state;
	assert_int_equal(caps_resolve(&p, &caps, &e), 0);
	for (int i = 0; i < OCI_CAP_SETS; i++)
		assert_true(caps.set[i] == 0);
}

/* What a process has after it was given `caps` and became uid 1000. 0, or the step that failed. */
static int become(const struct caps *caps, uint64_t permitted, uint64_t ambient)
{
	struct __user_cap_header_struct h = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct d[2];
	struct err e = {0};

	if (caps_drop_bounding(caps, &e) < 0 || caps_keep_over_setuid(&e) < 0)
		return 1;
	if (setresgid(1000, 1000, 1000) < 0 || setresuid(1000, 1000, 1000) < 0)
		return 2;
	if (caps_apply(caps, &e) < 0)
		return 3;
	if (syscall(SYS_capget, &h, d) < 0 || d[0].permitted != (uint32_t)permitted ||
		d[1].permitted != (uint32_t)(permitted >> 32) || d[0].effective != d[0].permitted)
		return 4;
	for (int n = 0; n <= CAP_LAST_CAP; n++) {
		if (prctl(PR_CAPBSET_READ, n, 0, 0, 0) != !!(caps->set[OCI_CAP_BOUNDING] & BIT(n)))
			return 5;
		if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, n, 0, 0) != !!(ambient & BIT(n)))
			return 6;
	}
	return 0;
}

static int in_child(const struct caps *caps, uint64_t permitted, uint64_t ambient)
{
	int status;
	pid_t pid;

	if (geteuid() != 0)
		skip();
	pid = fork();
	if (pid == 0)
		_exit(become(caps, permitted, ambient));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WEXITSTATUS(status);
}

static void a_process_of_another_user_has_exactly_its_sets(void **state)
{
	uint64_t some = BIT(CAP_KILL) | BIT(CAP_NET_BIND_SERVICE);
	struct caps caps = {.set = {[OCI_CAP_BOUNDING] = some | BIT(CAP_CHOWN),
				    [OCI_CAP_EFFECTIVE] = some,
				    [OCI_CAP_PERMITTED] = some,
				    [OCI_CAP_INHERITABLE] = some,
				    [OCI_CAP_AMBIENT] = BIT(CAP_KILL)}};

	(void)state;
	assert_int_equal(in_child(&caps, some, BIT(CAP_KILL)), 0);
}

static void nothing_asked_for_is_nothing_left(void **state)
{
	struct caps caps = {0};

	(void)state;
	assert_int_equal(in_child(&caps, 0, 0), 0);
}

static void an_ambient_capability_without_the_other_sets_is_left_out(void **state)
{
	struct caps caps = {
		.set = {[OCI_CAP_BOUNDING] = BIT(CAP_KILL), [OCI_CAP_AMBIENT] = BIT(CAP_KILL)}};

	(void)state;
	assert_int_equal(in_child(&caps, 0, 0), 0);
}

static void the_list_for_features_names_what_caps_number_knows(void **state)
{
	cleanup_json json_t *list = caps_names();

	(void)state;
	assert_true(json_array_size(list) > 35);
	for (size_t i = 0; i < json_array_size(list); i++)
		assert_true(caps_number(json_string_value(json_array_get(list, i))) >= 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_are_numbers_in_either_case),
		cmocka_unit_test(an_unknown_name_is_left_out),
		cmocka_unit_test(absent_sets_are_empty),
		cmocka_unit_test(a_process_of_another_user_has_exactly_its_sets),
		cmocka_unit_test(nothing_asked_for_is_nothing_left),
		cmocka_unit_test(an_ambient_capability_without_the_other_sets_is_left_out),
		cmocka_unit_test(the_list_for_features_names_what_caps_number_knows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
