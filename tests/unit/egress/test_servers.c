#include "egress/servers.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

static struct server_entry *take(struct servers *s, int i)
{
	char name[32];

	snprintf(name, sizeof(name), "host:443/%d", i);
	return servers_take(s, name);
}

static void a_server_keeps_its_window(void **state)
{
	struct servers *s = servers_new();
	struct server_entry *a = take(s, 1), *b = take(s, 2);

	(void)state;
	assert_ptr_not_equal(server_window(a), server_window(b));
	servers_done(a);
	assert_ptr_equal(take(s, 1), a);
	servers_free(s);
}

static void the_one_not_used_for_longest_is_forgotten(void **state)
{
	struct servers *s = servers_new();
	struct server_entry *first = take(s, 0), *second;

	(void)state;
	servers_done(first);
	for (int i = 1; i < SERVERS_MAX; i++)
		servers_done(take(s, i));
	servers_done(take(s, 0));
	second = take(s, 1);
	servers_done(second);
	assert_ptr_not_equal(take(s, 1000), first);
	assert_ptr_equal(take(s, 0), first);
	assert_ptr_equal(take(s, 1), second);
	servers_free(s);
}

static void what_is_in_use_is_never_forgotten(void **state)
{
	struct servers *s = servers_new();
	struct server_entry *list[SERVERS_MAX];

	(void)state;
	for (int i = 0; i < SERVERS_MAX; i++)
		list[i] = take(s, i);
	assert_null(take(s, SERVERS_MAX));
	assert_null(server_window(NULL));
	assert_ptr_equal(take(s, 5), list[5]);
	servers_done(list[5]);
	assert_null(take(s, SERVERS_MAX));
	servers_done(list[5]);
	assert_non_null(take(s, SERVERS_MAX));
	servers_free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_server_keeps_its_window),
		cmocka_unit_test(the_one_not_used_for_longest_is_forgotten),
		cmocka_unit_test(what_is_in_use_is_never_forgotten),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
