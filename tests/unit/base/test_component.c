#include "base/component.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/fd.h"
#include "base/msg.h"

static int pair[2] = {-1, -1};
static struct component_boot boot;

static int open_pair(void **state)
{
	struct err e;

	(void)state;
	return msg_pair(pair, &e);
}

static int close_pair(void **state)
{
	(void)state;
	component_boot_done(&boot);
	fd_close(&pair[0]);
	fd_close(&pair[1]);
	return 0;
}

static void send_one(uint32_t type, const void *body, size_t len)
{
	struct err e;

	assert_int_equal(msg_send(pair[0], type, body, len, NULL, 0, &e), 0);
}

static void a_component_gets_all_that_came_before_begin(void **state)
{
	cleanup_fd int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	cleanup_fd int taken = -1;
	struct err e = {0};

	(void)state;
	send_one(COMPONENT_CONFIG, "{}", 2);
	send_one(COMPONENT_SECRET, "A\0value", 7);
	assert_int_equal(msg_send(pair[0], COMPONENT_LISTENER, "dns", 3, &fd, 1, &e), 0);
	send_one(COMPONENT_BEGIN, NULL, 0);
	assert_int_equal(component_boot(pair[1], &boot, &e), 0);
	assert_string_equal(boot.config, "{}");
	assert_int_equal(component_secret(&boot, "A")->len, 5);
	assert_memory_equal(component_secret(&boot, "A")->bytes, "value", 5);
	assert_null(component_secret(&boot, "B"));
	taken = component_take_listener(&boot, "dns");
	assert_true(taken >= 0);
	assert_int_equal(component_take_listener(&boot, "dns"), -1);
	assert_int_equal(component_take_listener(&boot, "other"), -1);
}

static void compiled_rules_come_by_descriptor_once(void **state)
{
	cleanup_fd int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	cleanup_fd int taken = -1;
	struct err e = {0};

	(void)state;
	send_one(COMPONENT_CONFIG, "{}", 2);
	assert_int_equal(msg_send(pair[0], COMPONENT_RULES, NULL, 0, &fd, 1, &e), 0);
	send_one(COMPONENT_BEGIN, NULL, 0);
	assert_int_equal(component_boot(pair[1], &boot, &e), 0);
	taken = component_take_rules(&boot);
	assert_true(taken >= 0);
	assert_int_equal(component_take_rules(&boot), -1);
}

static void rules_with_a_body_or_without_a_descriptor_are_refused(void **state)
{
	cleanup_fd int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	struct err e = {0};

	(void)state;
	send_one(COMPONENT_RULES, NULL, 0);
	assert_int_equal(component_boot(pair[1], &boot, &e), -EPROTO);
	assert_int_equal(msg_send(pair[0], COMPONENT_RULES, "x", 1, &fd, 1, &e), 0);
	assert_int_equal(component_boot(pair[1], &boot, &e), -EPROTO);
}

static void a_component_without_configuration_does_not_begin(void **state)
{
	struct err e = {0};

	(void)state;
	send_one(COMPONENT_BEGIN, NULL, 0);
	assert_int_equal(component_boot(pair[1], &boot, &e), -EPROTO);
}

static void a_second_configuration_is_refused(void **state)
{
	struct err e = {0};

	(void)state;
	send_one(COMPONENT_CONFIG, "{}", 2);
	send_one(COMPONENT_CONFIG, "{}", 2);
	assert_int_equal(component_boot(pair[1], &boot, &e), -EPROTO);
}

static void an_unknown_message_ends_the_boot(void **state)
{
	struct err e = {0};

	(void)state;
	send_one(9999, "x", 1);
	assert_int_equal(component_boot(pair[1], &boot, &e), -EPROTO);
}

static void a_secret_without_a_name_or_an_end_is_refused(void **state)
{
	struct err e = {0};

	(void)state;
	send_one(COMPONENT_SECRET, "\0value", 6);
	assert_int_equal(component_boot(pair[1], &boot, &e), -EPROTO);
	send_one(COMPONENT_SECRET, "name", 4);
	assert_int_equal(component_boot(pair[1], &boot, &e), -EPROTO);
}

static void a_listener_without_a_descriptor_is_refused(void **state)
{
	struct err e = {0};

	(void)state;
	send_one(COMPONENT_LISTENER, "dns", 3);
	assert_int_equal(component_boot(pair[1], &boot, &e), -EPROTO);
}

static void a_monitor_that_is_gone_is_told(void **state)
{
	struct err e = {0};

	(void)state;
	send_one(COMPONENT_CONFIG, "{}", 2);
	fd_close(&pair[0]);
	assert_int_equal(component_boot(pair[1], &boot, &e), -EPIPE);
}

static void a_failure_arrives_in_the_components_words(void **state)
{
	struct err why = {0}, got, e = {0};
	cleanup_msg struct msg m = {0};

	(void)state;
	err_say(&why, EACCES, "no way");
	component_failed(pair[1], &why);
	assert_int_equal(msg_recv(pair[0], &m, &e), 1);
	assert_int_equal(m.type, COMPONENT_FAILED);
	assert_int_equal(m.len, sizeof(got));
	memcpy(&got, m.body, sizeof(got));
	assert_string_equal(got.msg, "no way");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			a_component_gets_all_that_came_before_begin, open_pair, close_pair),
		cmocka_unit_test_setup_teardown(
			compiled_rules_come_by_descriptor_once, open_pair, close_pair),
		cmocka_unit_test_setup_teardown(
			rules_with_a_body_or_without_a_descriptor_are_refused, open_pair,
			close_pair),
		cmocka_unit_test_setup_teardown(
			a_component_without_configuration_does_not_begin, open_pair, close_pair),
		cmocka_unit_test_setup_teardown(
			a_second_configuration_is_refused, open_pair, close_pair),
		cmocka_unit_test_setup_teardown(
			an_unknown_message_ends_the_boot, open_pair, close_pair),
		cmocka_unit_test_setup_teardown(
			a_secret_without_a_name_or_an_end_is_refused, open_pair, close_pair),
		cmocka_unit_test_setup_teardown(
			a_listener_without_a_descriptor_is_refused, open_pair, close_pair),
		cmocka_unit_test_setup_teardown(
			a_monitor_that_is_gone_is_told, open_pair, close_pair),
		cmocka_unit_test_setup_teardown(
			a_failure_arrives_in_the_components_words, open_pair, close_pair),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
