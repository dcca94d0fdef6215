#include "netns/namespace.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/fd.h"
#include "netns/device.h"
#include "netns/sysctl.h"

static int own(void)
{
	int fd = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);

	assert_true(fd >= 0);
	return fd;
}

static int make(void)
{
	struct err e;
	int fd = -1, r = netns_new(&fd, &e);

	if (r == -EPERM)
		skip();
	assert_int_equal(r, 0);
	return fd;
}

static void test_a_new_namespace_is_another_and_the_caller_stays(void **state)
{
	cleanup_fd int before = own(), fd = make(), after = own();
	struct err e;

	(void)state;
	assert_int_equal(netns_same(before, after, &e), 1);
	assert_int_equal(netns_same(before, fd, &e), 0);
}

static int remember(void *arg, struct err *e)
{
	(void)e;
	*(int *)arg = own();
	return 7;
}

static void test_running_inside_returns_what_the_function_returned(void **state)
{
	cleanup_fd int fd = make(), inside = -1;
	struct err e;

	(void)state;
	assert_int_equal(netns_run(fd, remember, &inside, &e), 7);
	assert_int_equal(netns_same(fd, inside, &e), 1);
}

static int fail_inside(void *arg, struct err *e)
{
	(void)arg;
	return err_say(e, EXDEV, "as told");
}

static void test_a_failure_inside_is_told_and_the_caller_is_back(void **state)
{
	cleanup_fd int before = own(), fd = make(), after = -1;
	struct err e;

	(void)state;
	assert_int_equal(netns_run(fd, fail_inside, NULL, &e), -EXDEV);
	assert_string_equal(e.msg, "as told");
	after = own();
	assert_int_equal(netns_same(before, after, &e), 1);
}

static void test_what_is_no_namespace_is_refused(void **state)
{
	cleanup_fd int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	struct err e;

	(void)state;
	assert_true(netns_run(fd, fail_inside, NULL, &e) < 0);
	assert_non_null(strstr(e.msg, "enter a network namespace"));
}

static int read_forward(void *arg, struct err *e)
{
	return sysctl_read_int("ipv4/ip_forward", arg, e);
}

static int switch_forward_on(void *arg, struct err *e)
{
	(void)arg;
	return sysctl_write("ipv4/ip_forward", "1", e);
}

static void test_preparing_switches_forwarding_off(void **state)
{
	cleanup_fd int fd = make();
	struct err e;
	int value = -1;

	(void)state;
	assert_int_equal(netns_run(fd, switch_forward_on, NULL, &e), 0);
	assert_int_equal(netns_sidecar_prepare(fd, &e), 0);
	assert_int_equal(netns_run(fd, read_forward, &value, &e), 0);
	assert_int_equal(value, 0);
}

static void test_the_callers_own_namespace_is_no_sidecars(void **state)
{
	cleanup_fd int fd = own();
	struct err e;

	(void)state;
	assert_int_equal(netns_sidecar_prepare(fd, &e), -EPERM);
	assert_non_null(strstr(e.msg, "--network=host"));
}

static void test_a_socket_lives_where_it_was_made(void **state)
{
	cleanup_fd int fd = make(), sock = -1;
	struct err e;

	(void)state;
	assert_int_equal(netns_socket(fd, AF_INET, SOCK_STREAM, &sock, &e), 0);
	assert_int_equal(fcntl(sock, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
	assert_int_equal(fcntl(sock, F_GETFL) & O_NONBLOCK, O_NONBLOCK);
}

static void test_a_link_that_is_not_there_is_named(void **state)
{
	cleanup_fd int fd = make();
	struct err e;

	(void)state;
	assert_true(device_index(fd, "lo", &e) > 0);
	assert_int_equal(device_index(fd, "nosuch0", &e), -ENODEV);
	assert_non_null(strstr(e.msg, "nosuch0"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_new_namespace_is_another_and_the_caller_stays),
		cmocka_unit_test(test_running_inside_returns_what_the_function_returned),
		cmocka_unit_test(test_a_failure_inside_is_told_and_the_caller_is_back),
		cmocka_unit_test(test_what_is_no_namespace_is_refused),
		cmocka_unit_test(test_preparing_switches_forwarding_off),
		cmocka_unit_test(test_the_callers_own_namespace_is_no_sidecars),
		cmocka_unit_test(test_a_socket_lives_where_it_was_made),
		cmocka_unit_test(test_a_link_that_is_not_there_is_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
