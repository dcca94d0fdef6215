#include "gate/https.h"

#include <arpa/inet.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/ptr.h"
#include "base/str.h"

static char name[] = "demo", host[] = "git.example.com", path[] = "o/x.git", user[] = "me";
static char slot[] = "REPO_demo_TOKEN", dir[] = "/d", pem[] = "PEM";

static struct policy_repo repo = {.name = name,
	.transport = POLICY_HTTPS,
	.host = host,
	.port = 8443,
	.path = path,
	.user = user,
	.identity_slot = slot,
	.tls_ca = pem};
static struct gate gate = {
	.policy = {.idle_timeout_s = 7}, .git_dir = dir, .etc_dir = dir, .creds_dir = dir};

/* The value of a setting; NULL: it is not there. */
static const char *setting(char *const *env, const char *key)
{
	long n = strtol(env_get(env, "GIT_CONFIG_COUNT"), NULL, 10);

	for (long i = 0; i < n; i++) {
		cleanup_free char *key_name = str_format("GIT_CONFIG_KEY_%ld", i);
		cleanup_free char *value_name = str_format("GIT_CONFIG_VALUE_%ld", i);

		assert_non_null(env_get(env, key_name));
		assert_non_null(env_get(env, value_name));
		if (str_eq(env_get(env, key_name), key))
			return env_get(env, value_name);
	}
	return NULL;
}

static char **configured(const char *address)
{
	struct upstream u = {.gate = &gate, .repo = &repo};
	char **env = NULL;

	snprintf(u.address, sizeof(u.address), "%s", address);
	assert_int_equal(https_configure(&env, &u), 0);
	return env;
}

static void the_checked_address_is_the_only_one_that_is_dialled(void **state)
{
	cleanup_strv char **v4 = configured("192.0.2.1"), **v6 = configured("2001:db8::1");

	(void)state;
	assert_string_equal(setting(v4, "http.curloptResolve"), "git.example.com:8443:192.0.2.1");
	assert_string_equal(
		setting(v6, "http.curloptResolve"), "git.example.com:8443:[2001:db8::1]");
	assert_string_equal(setting(v4, "http.followRedirects"), "false");
}

static void certificates_are_always_checked_against_the_declared_authorities(void **state)
{
	cleanup_strv char **with = configured("192.0.2.1"), **without = NULL;

	(void)state;
	repo.tls_ca = NULL;
	without = configured("192.0.2.1");
	repo.tls_ca = pem;
	assert_string_equal(setting(with, "http.sslVerify"), "true");
	assert_string_equal(setting(with, "http.sslCAInfo"), "/d/demo-ca");
	assert_string_equal(setting(with, "http.sslCAPath"), "/d/empty");
	assert_string_equal(setting(without, "http.sslVerify"), "true");
	assert_null(setting(without, "http.sslCAInfo"));
	assert_null(setting(without, "http.sslCAPath"));
}

static void an_upstream_at_which_nobody_listens_is_not_reached(void **state)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(at);
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	struct policy_repo there = repo;
	struct upstream u = {.gate = &gate, .repo = &there, .address = "127.0.0.1"};
	struct err e = {0};

	(void)state;
	assert_int_equal(bind(fd, (struct sockaddr *)&at, len), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &len), 0);
	there.port = ntohs(at.sin_port);
	gate.policy.connect_timeout_s = 5;
	assert_int_equal(https_reach(&u, &e), -ECONNREFUSED);
	assert_non_null(strstr(e.msg, "git.example.com (127.0.0.1)"));
	assert_int_equal(listen(fd, 1), 0);
	assert_int_equal(https_reach(&u, &e), 0);
	close(fd);
	snprintf(u.address, sizeof(u.address), "nowhere");
	assert_int_equal(https_reach(&u, &e), -EINVAL);
}

static void idleness_is_the_policys(void **state)
{
	cleanup_strv char **env = configured("192.0.2.1");

	(void)state;
	assert_string_equal(setting(env, "http.lowSpeedLimit"), "1");
	assert_string_equal(setting(env, "http.lowSpeedTime"), "7");
}

static void explains(const char *complaints, const char *want)
{
	cleanup_free char *got = https_explain(&gate, &repo, complaints);

	if (!want)
		assert_null(got);
	else if (!got || !strstr(got, want))
		fail_msg("'%s' became '%s'", complaints, got ? got : "nothing");
}

static void what_went_wrong_is_told_in_the_manifests_words(void **state)
{
	(void)state;
	explains("fatal: Authentication failed for 'https://git.example.com:8443/o/x.git/'\n",
		"the token of 'demo' was not accepted by git.example.com");
	explains("fatal: unable to access 'https://h/': The requested URL returned error: 403\n",
		"(403)");
	explains("fatal: repository 'https://h/o/x.git/' not found\n",
		"no repository 'o/x.git', or none that the token may see");
	explains("fatal: unable to access 'https://h/': The requested URL returned error: 302\n",
		"redirects");
	explains("fatal: unable to access 'https://h/': Operation too slow. Less than 1 bytes/sec "
		 "transferred the last 7 seconds\n",
		"silent for 7 seconds");
	explains("fatal: unable to access 'https://h/': server certificate verification failed. "
		 "CAfile: none CRLfile: none\n",
		"the authorities of its tls");
	explains(NULL, NULL);
	explains("", NULL);
	explains("fatal: something else\n", NULL);
}

static void a_missing_token_is_told_otherwise_than_a_wrong_one(void **state)
{
	static const char asked[] =
		"fatal: could not read Username for 'https://h': terminal prompts "
		"disabled\n";

	(void)state;
	explains(asked, "was not accepted");
	repo.identity_slot = NULL;
	explains(asked, "auth: {token_ref: NAME}");
	repo.identity_slot = slot;
}

static void the_upstreams_own_words_explain_nothing(void **state)
{
	(void)state;
	explains("remote: fatal: Authentication failed for you\nfatal: the end\n", NULL);
	explains("fatal: the end\nremote: returned error: 403\n", NULL);
}

static void silence_is_no_refusal(void **state)
{
	(void)state;
	assert_true(
		https_is_refusal("fatal: unable to access 'x': The requested URL returned error: "
				 "403\n"));
	assert_false(
		https_is_refusal("fatal: unable to access 'x': Operation too slow. Less than 1\n"));
	assert_false(https_is_refusal("fatal: the remote end hung up unexpectedly\n"));
	assert_false(https_is_refusal(NULL));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_checked_address_is_the_only_one_that_is_dialled),
		cmocka_unit_test(certificates_are_always_checked_against_the_declared_authorities),
		cmocka_unit_test(an_upstream_at_which_nobody_listens_is_not_reached),
		cmocka_unit_test(idleness_is_the_policys),
		cmocka_unit_test(what_went_wrong_is_told_in_the_manifests_words),
		cmocka_unit_test(a_missing_token_is_told_otherwise_than_a_wrong_one),
		cmocka_unit_test(silence_is_no_refusal),
		cmocka_unit_test(the_upstreams_own_words_explain_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
