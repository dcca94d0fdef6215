#include "gate/credential.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/ptr.h"

static char host[] = "git.example.com", user[] = "me", slot[] = "REPO_a_TOKEN";
static const struct policy_repo usual = {
	.transport = POLICY_HTTPS, .host = host, .port = 443, .user = user, .identity_slot = slot};

static void only_its_own_protocol_host_and_port_are_answered(void **state)
{
	static const struct {
		const char *text;
		int port;
		bool want;
	} cases[] = {
		{"protocol=https\nhost=git.example.com\n\n", 443, true},
		{"capability[]=authtype\nprotocol=https\nhost=git.example.com\nwwwauth[]=Basic\n",
			443, true},
		{"protocol=https\nhost=git.example.com:8443\n\n", 8443, true},
		{"protocol=https\nhost=git.example.com\n\n", 8443, false},
		{"protocol=https\nhost=git.example.com:443\n\n", 443, false},
		{"protocol=https\nhost=git.example.com:8443\n\n", 443, false},
		{"protocol=http\nhost=git.example.com\n\n", 443, false},
		{"protocol=https\nhost=git.example.com.evil.test\n\n", 443, false},
		{"protocol=https\nhost=evil.test\npath=git.example.com\n\n", 443, false},
		{"protocol=https\nhost=git.example.co\n\n", 443, false},
		{"protocol=https\n\n", 443, false},
		{"host=git.example.com\n\n", 443, false},
		{"", 443, false},
		{"\n\n", 443, false},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct policy_repo repo = usual;

		repo.port = (uint16_t)cases[i].port;
		if (credential_is_for(&repo, cases[i].text) != cases[i].want)
			fail_msg("at %d: %s", cases[i].port, cases[i].text);
	}
}

static void what_is_said_twice_is_not_answered(void **state)
{
	(void)state;
	assert_false(credential_is_for(
		&usual, "protocol=https\nhost=git.example.com\nhost=evil.test\n\n"));
	assert_false(credential_is_for(
		&usual, "protocol=https\nhost=evil.test\nhost=git.example.com\n\n"));
	assert_false(credential_is_for(
		&usual, "protocol=http\nprotocol=https\nhost=git.example.com\n\n"));
}

static void without_a_token_nobody_is_answered(void **state)
{
	struct policy_repo repo = usual;

	(void)state;
	repo.identity_slot = NULL;
	assert_false(credential_is_for(&repo, "protocol=https\nhost=git.example.com\n\n"));
	repo = usual;
	repo.transport = POLICY_SSH;
	assert_false(credential_is_for(&repo, "protocol=https\nhost=git.example.com\n\n"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_its_own_protocol_host_and_port_are_answered),
		cmocka_unit_test(what_is_said_twice_is_not_answered),
		cmocka_unit_test(without_a_token_nobody_is_answered),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
