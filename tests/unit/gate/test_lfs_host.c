#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "gate/lfs_endpoint.h"
#include "gate/lfs_host.h"

static int allowed(const struct policy_repo *repo, const char *href)
{
	const struct upstream u = {.repo = repo, .address = "11.22.33.44"};
	struct lfs_host h;
	struct err e;
	int r = lfs_host_of(&u, href, &h, &e);

	return r;
}

static void only_the_upstream_and_what_the_manifest_names_is_talked_to(void **state)
{
	char host[] = "Git.example.com", url[] = "https://lfs.example.com:8443/x";
	char store[] = "store.example.com", other[] = "10.1.2.3:9000", six[] = "[fd00::1]:9000";
	char *hosts[] = {store, other, six, NULL};
	struct policy_repo repo = {.host = host, .port = 22, .lfs = {.url = url, .hosts = hosts}};
	static const char *const good[] = {"https://git.example.com/a",
		"https://GIT.example.com:443/", "https://lfs.example.com:8443/y?z",
		"https://store.example.com/s", "https://10.1.2.3:9000/s",
		"https://[fd00::1]:9000/s"};
	static const char *const bad[] = {"https://git.example.com:8443/a",
		"https://git.example.com:22/", "https://lfs.example.com/y",
		"https://store.example.com:444/s", "https://store.example.com.evil.example/",
		"https://10.1.2.3/", "https://169.254.169.254/latest", "https://localhost/",
		"https://[fd00::1]/"};
	static const char *const none[] = {"http://git.example.com/a", "ftp://git.example.com/",
		"https://", "git.example.com", "https://git.example.com:0/",
		"https://git.example.com:99999/", "https://me@git.example.com/",
		"https://me:word@git.example.com/", "file:///etc/passwd", ""};

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++)
		assert_int_equal(allowed(&repo, good[i]), 0);
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		assert_int_equal(allowed(&repo, bad[i]), -EACCES);
	for (size_t i = 0; i < sizeof(none) / sizeof(*none); i++)
		assert_int_equal(allowed(&repo, none[i]), -EPROTO);
}

static void an_https_upstream_is_its_own_port(void **state)
{
	char host[] = "git.example.com";
	struct policy_repo repo = {.host = host, .port = 8443, .transport = POLICY_HTTPS};

	(void)state;
	assert_int_equal(allowed(&repo, "https://git.example.com:8443/a"), 0);
	assert_int_equal(allowed(&repo, "https://git.example.com/a"), -EACCES);
}

static void the_upstreams_address_is_the_one_that_was_checked(void **state)
{
	char host[] = "git.example.com", store[] = "10.1.2.3:9000", *hosts[] = {store, NULL};
	struct policy_repo repo = {.host = host, .port = 22, .lfs = {.hosts = hosts}};
	const struct upstream u = {.repo = &repo, .address = "11.22.33.44"};
	struct lfs_host h;
	struct err e;

	(void)state;
	assert_int_equal(lfs_host_of(&u, "https://git.example.com/a", &h, &e), 0);
	assert_int_equal(lfs_host_resolve(&u, &h, &e), 0);
	assert_string_equal(h.address, "11.22.33.44");
	assert_int_equal(lfs_host_of(&u, "https://10.1.2.3:9000/a", &h, &e), 0);
	assert_int_equal(lfs_host_resolve(&u, &h, &e), 0);
	assert_string_equal(h.address, "10.1.2.3");
}

static void a_path_that_a_shell_would_read_otherwise_is_quoted(void **state)
{
	static const char *const rows[][2] = {
		{"org/app.git", "git-lfs-authenticate org/app.git download"},
		{"~me/x", "git-lfs-authenticate ~me/x download"},
		{"a b", "git-lfs-authenticate 'a b' download"},
		{"a';id", "git-lfs-authenticate 'a'\\'';id' download"},
		{"$(id)", "git-lfs-authenticate '$(id)' download"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		char *command = lfs_endpoint_command(rows[i][0], false);

		assert_string_equal(command, rows[i][1]);
		free(command);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_the_upstream_and_what_the_manifest_names_is_talked_to),
		cmocka_unit_test(an_https_upstream_is_its_own_port),
		cmocka_unit_test(the_upstreams_address_is_the_one_that_was_checked),
		cmocka_unit_test(a_path_that_a_shell_would_read_otherwise_is_quoted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
