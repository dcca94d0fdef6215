#include "gate/heard.h"

#include <arpa/inet.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

static void who_has_said_nothing_was_not_heard(void **state)
{
	/* Of this test alone: to a port of 127.0.0.1 others may be speaking. */
	static const char address[] = "127.86.3.11";
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = inet_addr(address)};
	socklen_t len = sizeof(at);
	int listener = socket(AF_INET, SOCK_STREAM, 0), ours, theirs;
	char c;

	(void)state;
	assert_int_equal(bind(listener, (struct sockaddr *)&at, len), 0);
	assert_int_equal(listen(listener, 1), 0);
	assert_int_equal(getsockname(listener, (struct sockaddr *)&at, &len), 0);
	if (heard_from(address, ntohs(at.sin_port)) < 0)
		skip(); /* a kernel without sock_diag */
	assert_int_equal(heard_from(address, ntohs(at.sin_port)), 1);
	ours = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(connect(ours, (struct sockaddr *)&at, len), 0);
	assert_int_equal(heard_from(address, ntohs(at.sin_port)), 0);
	theirs = accept(listener, NULL, NULL);
	assert_int_equal(write(theirs, "x", 1), 1);
	assert_int_equal(read(ours, &c, 1), 1);
	assert_int_equal(heard_from(address, ntohs(at.sin_port)), 1);
	close(theirs);
	close(ours);
	close(listener);
}

static void what_is_no_address_is_an_error(void **state)
{
	(void)state;
	assert_true(heard_from("nowhere", 1) < 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_has_said_nothing_was_not_heard),
		cmocka_unit_test(what_is_no_address_is_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
