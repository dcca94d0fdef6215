#include "egress/session.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <time.h>

#include <cmocka.h>

/* One that can be resumed, as far as OpenSSL can tell. */
static SSL_SESSION *made(long age_s)
{
	SSL_SESSION *s = SSL_SESSION_new();

	assert_int_equal(SSL_SESSION_set1_id(s, (const unsigned char *)"id", 2), 1);
	SSL_SESSION_set_time(s, (long)time(NULL) - age_s);
	return s;
}

static void a_session_belongs_to_one_host_and_port(void **state)
{
	struct sessions s = {0};
	SSL_SESSION *a = made(0);

	(void)state;
	sessions_keep(&s, "a.com", 443, a);
	assert_ptr_equal(sessions_find(&s, "a.com", 443), a);
	assert_null(sessions_find(&s, "a.com", 8443));
	assert_null(sessions_find(&s, "b.com", 443));
	sessions_done(&s);
	assert_null(sessions_find(&s, "a.com", 443));
}

static void a_new_session_takes_the_place_of_the_old_one(void **state)
{
	struct sessions s = {0};
	SSL_SESSION *b = made(0);

	(void)state;
	sessions_keep(&s, "a.com", 443, made(0));
	sessions_keep(&s, "a.com", 443, b);
	assert_ptr_equal(sessions_find(&s, "a.com", 443), b);
	sessions_done(&s);
}

static void an_old_session_is_not_used(void **state)
{
	struct sessions s = {0};

	(void)state;
	sessions_keep(&s, "a.com", 443, made(3540));
	assert_non_null(sessions_find(&s, "a.com", 443));
	sessions_keep(&s, "a.com", 443, made(3601));
	assert_null(sessions_find(&s, "a.com", 443));
	sessions_keep(&s, "a.com", 443, made(-60));
	assert_null(sessions_find(&s, "a.com", 443));
	sessions_done(&s);
}

static void their_number_is_bounded(void **state)
{
	struct sessions s = {0};
	char host[32];
	int found = 0;

	(void)state;
	for (int i = 0; i < 100; i++) {
		snprintf(host, sizeof(host), "h%d.com", i);
		sessions_keep(&s, host, 443, made(0));
	}
	for (int i = 0; i < 100; i++) {
		snprintf(host, sizeof(host), "h%d.com", i);
		found += sessions_find(&s, host, 443) != NULL;
	}
	assert_int_equal(found, SESSIONS_MAX);
	sessions_done(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_session_belongs_to_one_host_and_port),
		cmocka_unit_test(a_new_session_takes_the_place_of_the_old_one),
		cmocka_unit_test(an_old_session_is_not_used),
		cmocka_unit_test(their_number_is_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
