#include "shim/checkpoint_options.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void a_page_server_is_an_address_and_a_port(void **state)
{
	static const struct {
		const char *text, *host;
		long port;
	} good[] = {{"127.0.0.1:80", "127.0.0.1", 80}, {"[::1]:65535", "::1", 65535},
		{"host:1", "host", 1}, {"::1:7", "::1", 7}};
	static const char *const bad[] = {
		"", ":80", "host", "host:", "host:0", "host:65536", "host:x"};
	struct err e;
	char *host;
	long port;

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		assert_int_equal(checkpoint_page_server(good[i].text, &host, &port, &e), 0);
		assert_string_equal(host, good[i].host);
		assert_int_equal(port, good[i].port);
		free(host);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(checkpoint_page_server(bad[i], &host, &port, &e), -EINVAL);
}

static void the_modes_have_the_numbers_of_criu(void **state)
{
	struct err e;

	(void)state;
	assert_int_equal(checkpoint_cgroups_mode(NULL, &e), 6);
	assert_int_equal(checkpoint_cgroups_mode("ignore", &e), 0);
	assert_int_equal(checkpoint_cgroups_mode("soft", &e), 3);
	assert_int_equal(checkpoint_cgroups_mode("full", &e), 4);
	assert_int_equal(checkpoint_cgroups_mode("strict", &e), 5);
	assert_int_equal(checkpoint_cgroups_mode("Soft", &e), -EINVAL);
	assert_non_null(strstr(e.msg, "'Soft'"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_page_server_is_an_address_and_a_port),
		cmocka_unit_test(the_modes_have_the_numbers_of_criu),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
