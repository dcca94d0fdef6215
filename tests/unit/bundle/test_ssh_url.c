#include "bundle/ssh_url.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/ptr.h"
#include "base/str.h"

static void both_forms_are_understood(void **state)
{
	static const struct {
		const char *url, *user, *host, *path;
		int port;
	} cases[] = {
		{"ssh://git@Git.Example.com/o/x.git", "git", "git.example.com", "/o/x.git", 22},
		{"ssh://git@h:2222/x", "git", "h", "/x", 2222},
		{"ssh://me@h/~me/x", "me", "h", "~me/x", 22},
		{"git@h:o/x.git", "git", "h", "o/x.git", 22},
		{"git@h:/abs/x", "git", "h", "/abs/x", 22},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct ssh_url u = {0};
		struct err e = {0};

		assert_int_equal(ssh_url_parse(cases[i].url, &u, &e), 0);
		assert_string_equal(u.user, cases[i].user);
		assert_string_equal(u.host, cases[i].host);
		assert_string_equal(u.path, cases[i].path);
		assert_int_equal(u.port, cases[i].port);
		ssh_url_done(&u);
	}
}

static void what_ssh_could_take_for_an_option_is_refused(void **state)
{
	static const char *const bad[] = {"ssh://-oProxyCommand=x@h/p",
		"ssh://git@-oProxyCommand/p", "git@-oX:p", "git@h:-p", "ssh://h/p", "git@h", "h:p",
		"ext::sh", "git@h:a b", "git@h:a'b", "git@h:$(x)", "ssh://git@h:0/p",
		"ssh://git@h:x/p", "ssh://git@h/", "https://git@h/p", "file:///p", "git@h:a\nb",
		""};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		struct ssh_url u = {0};
		struct err e = {0};

		if (ssh_url_parse(bad[i], &u, &e) >= 0)
			fail_msg("'%s' was taken", bad[i]);
		assert_null(u.host);
	}
}

static void every_spelling_of_an_upstream_is_told(void **state)
{
	const char *url = "git@h:o/x.git";
	cleanup_strv char **all = NULL;
	struct ssh_url u = {0};
	struct err e = {0};

	(void)state;
	assert_int_equal(ssh_url_parse(url, &u, &e), 0);
	all = ssh_url_spellings(url, &u);
	assert_true(strv_has(all, "git@h:o/x.git"));
	assert_true(strv_has(all, "git@h:o/x"));
	assert_true(strv_has(all, "ssh://git@h/o/x.git"));
	assert_true(strv_has(all, "ssh://git@h:22/o/x"));
	ssh_url_done(&u);
}

static void another_port_has_no_short_spelling(void **state)
{
	const char *url = "ssh://git@h:2222/x.git";
	cleanup_strv char **all = NULL;
	struct ssh_url u = {0};
	struct err e = {0};

	(void)state;
	assert_int_equal(ssh_url_parse(url, &u, &e), 0);
	all = ssh_url_spellings(url, &u);
	for (size_t i = 0; all[i]; i++)
		assert_non_null(strstr(all[i], ":2222/"));
	ssh_url_done(&u);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(both_forms_are_understood),
		cmocka_unit_test(what_ssh_could_take_for_an_option_is_refused),
		cmocka_unit_test(every_spelling_of_an_upstream_is_told),
		cmocka_unit_test(another_port_has_no_short_spelling),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
