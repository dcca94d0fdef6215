#include "base/secret.h"

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static void a_secret_keeps_its_bytes_and_ends(void **state)
{
	struct secret s = {0};
	struct err e = {0};

	(void)state;
	assert_int_equal(secret_set(&s, "a\0b", 3, &e), 0);
	assert_int_equal(s.len, 3);
	assert_memory_equal(s.bytes, "a\0b", 4);
	assert_int_equal(secret_set(&s, "other", 5, &e), 0);
	assert_string_equal(s.bytes, "other");
	secret_done(&s);
	assert_null(s.bytes);
	secret_done(&s);
}

static void nothing_of_a_secret_stays_mapped(void **state)
{
	struct secret s = {0};
	struct err e = {0};
	unsigned char resident;
	void *page;

	(void)state;
	assert_int_equal(secret_set(&s, "value", 5, &e), 0);
	page = s.bytes;
	assert_int_equal(mincore(page, 1, &resident), 0);
	secret_done(&s);
	assert_int_equal(mincore(page, 1, &resident), -1);
	assert_int_equal(errno, ENOMEM);
}

static void a_child_does_not_have_what_is_hidden_from_it(void **state)
{
	struct secret s = {0};
	struct err e = {0};
	int status;
	pid_t pid;

	(void)state;
	assert_int_equal(secret_set(&s, "value", 5, &e), 0);
	secret_hide_from_children(&s);
	pid = fork();
	if (pid == 0) {
		/* A sanitizer or cmocka would catch it and go on. */
		signal(SIGSEGV, SIG_DFL);
		_exit(s.bytes[0] == 'v' ? 1 : 2);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	/* The pages are not there at all. */
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGSEGV);
	assert_int_equal(s.bytes[0], 'v');
	secret_done(&s);
}

static void comparing_finds_every_difference(void **state)
{
	(void)state;
	assert_true(secret_equal("abc", "abc", 3));
	assert_false(secret_equal("abc", "abd", 3));
	assert_false(secret_equal("xbc", "abc", 3));
	assert_true(secret_equal("", "", 0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_secret_keeps_its_bytes_and_ends),
		cmocka_unit_test(nothing_of_a_secret_stays_mapped),
		cmocka_unit_test(a_child_does_not_have_what_is_hidden_from_it),
		cmocka_unit_test(comparing_finds_every_difference),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
