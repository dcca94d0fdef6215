#include "bundle/git_url.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/ptr.h"
#include "base/str.h"

static void all_forms_are_understood(void **state)
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
		{"https://Git.Example.com/o/x.git", NULL, "git.example.com", "o/x.git", 443},
		{"https://h:8443/a/b%20c/_git/d", NULL, "h", "a/b%20c/_git/d", 8443},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct git_url u = {0};
		struct err e = {0};

		assert_int_equal(git_url_parse(cases[i].url, &u, &e), 0);
		if (cases[i].user)
			assert_string_equal(u.user, cases[i].user);
		else
			assert_null(u.user);
		assert_int_equal(u.transport, cases[i].user ? POLICY_SSH : POLICY_HTTPS);
		assert_string_equal(u.host, cases[i].host);
		assert_string_equal(u.path, cases[i].path);
		assert_int_equal(u.port, cases[i].port);
		git_url_done(&u);
	}
}

static void what_ssh_could_take_for_an_option_is_refused(void **state)
{
	static const char *const bad[] = {"ssh://-oProxyCommand=x@h/p",
		"ssh://git@-oProxyCommand/p", "git@-oX:p", "git@h:-p", "ssh://h/p", "git@h", "h:p",
		"ext::sh", "git@h:a b", "git@h:a'b", "git@h:$(x)", "ssh://git@h:0/p",
		"ssh://git@h:x/p", "ssh://git@h/", "http://h/p", "file:///p", "git@h:a\nb", ""};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		struct git_url u = {0};
		struct err e = {0};

		if (git_url_parse(bad[i], &u, &e) >= 0)
			fail_msg("'%s' was taken", bad[i]);
		assert_null(u.host);
	}
}

static void what_two_programs_could_read_differently_is_no_https_url(void **state)
{
	static const char *const bad[] = {"https://h", "https://h/", "https://h//p", "https://h/p/",
		"https://h/./p", "https://h/a/../p", "https://h/p?x", "https://h/p#x",
		"https://h/p%2", "https://h/-p", "https://h:0/p", "https://h:/p", "https://-h/p",
		"https:///p", "https://h/a b", "https://h/a\nb", "https://[::1]/p", "HTTPS://h/p"};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		struct git_url u = {0};
		struct err e = {0};

		if (git_url_parse(bad[i], &u, &e) >= 0)
			fail_msg("'%s' was taken", bad[i]);
	}
}

static void a_token_in_the_url_is_refused_and_not_repeated(void **state)
{
	static const char *const bad[] = {"https://hidden@h/p", "https://u:hidden@h/p",
		"https://u:hidden@h", "https://hidden@h:x/p"};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		struct git_url u = {0};
		struct err e = {0};

		assert_true(git_url_parse(bad[i], &u, &e) < 0);
		assert_null(strstr(e.msg, "hidden"));
		assert_non_null(strstr(e.msg, "token_ref"));
	}
}

static char **spell(const char *url, bool own)
{
	cleanup_strv char **all = NULL;
	struct git_url u = {0};
	struct err e = {0};

	assert_int_equal(git_url_parse(url, &u, &e), 0);
	assert_int_equal(own ? git_url_spell(url, &u, &all) : git_url_spell_other(&u, &all), 0);
	git_url_done(&u);
	return steal_ptr(&all);
}

static void every_spelling_of_an_upstream_is_told(void **state)
{
	cleanup_strv char **ssh = spell("git@h:o/x.git", true);
	cleanup_strv char **https = spell("https://h/o/x", true);

	(void)state;
	assert_true(strv_has(ssh, "git@h:o/x.git"));
	assert_true(strv_has(ssh, "git@h:o/x"));
	assert_true(strv_has(ssh, "ssh://git@h/o/x.git"));
	assert_true(strv_has(ssh, "ssh://git@h:22/o/x"));
	assert_true(strv_has(https, "https://h/o/x"));
	assert_true(strv_has(https, "https://h/o/x.git"));
	assert_true(strv_has(https, "https://h:443/o/x.git"));
	assert_true(strv_has(https, "https://git@h/o/x"));
}

static void another_port_has_no_short_spelling(void **state)
{
	cleanup_strv char **ssh = spell("ssh://git@h:2222/x.git", true);
	cleanup_strv char **https = spell("https://h:8443/x.git", true);

	(void)state;
	for (size_t i = 0; ssh[i]; i++)
		assert_non_null(strstr(ssh[i], ":2222/"));
	for (size_t i = 0; https[i]; i++)
		assert_non_null(strstr(https[i], ":8443/"));
}

static void the_other_transport_has_the_same_path_at_its_own_port(void **state)
{
	cleanup_strv char **of_ssh = spell("ssh://git@h:2222/o/x.git", false);
	cleanup_strv char **of_https = spell("https://h:8443/o/x.git", false);
	cleanup_strv char **of_home = spell("git@h:~me/x", false);

	(void)state;
	assert_true(strv_has(of_ssh, "https://h/o/x"));
	assert_true(strv_has(of_ssh, "https://h/o/x.git"));
	assert_true(strv_has(of_https, "git@h:o/x.git"));
	assert_true(strv_has(of_https, "ssh://git@h/o/x"));
	assert_null(of_home);
}

static void no_spelling_is_the_beginning_of_everything(void **state)
{
	cleanup_strv char **top = spell("https://h/.git", true);
	cleanup_strv char **below = spell("https://h/a/.git", true);

	(void)state;
	assert_false(strv_has(top, "https://h/"));
	assert_false(strv_has(below, "https://h/a/"));
}

static void where_an_api_begins_is_https_without_a_user(void **state)
{
	static const char *const good[] = {"https://h", "https://h:8443", "https://h/api/v3"};
	static const char *const bad[] = {"http://h", "https://u@h", "https://h/", "https://h/a/",
		"https://h?x", "https://h:x", "https://", "h"};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(good); i++)
		assert_true(git_url_is_base(good[i]));
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_false(git_url_is_base(bad[i]));
	assert_true(git_url_is_host("h.example.com:8443"));
	assert_false(git_url_is_host("h.example.com:"));
	assert_false(git_url_is_host("https://h"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_forms_are_understood),
		cmocka_unit_test(what_ssh_could_take_for_an_option_is_refused),
		cmocka_unit_test(what_two_programs_could_read_differently_is_no_https_url),
		cmocka_unit_test(a_token_in_the_url_is_refused_and_not_repeated),
		cmocka_unit_test(every_spelling_of_an_upstream_is_told),
		cmocka_unit_test(another_port_has_no_short_spelling),
		cmocka_unit_test(the_other_transport_has_the_same_path_at_its_own_port),
		cmocka_unit_test(no_spelling_is_the_beginning_of_everything),
		cmocka_unit_test(where_an_api_begins_is_https_without_a_user),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
