#include "egress/credential.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/evp.h>

static struct component_boot boot;

static int tried(struct policy_auth *auth, const char *value, struct credential **ret)
{
	struct err e;

	component_boot_done(&boot);
	boot.n_secrets = 1;
	boot.secrets[0].name = strdup("SLOT");
	assert_int_equal(secret_set(&boot.secrets[0].value, value, strlen(value), &e), 0);
	auth->slot = (char *)"SLOT";
	return credential_new(auth, &boot, ret, &e);
}

static const char *field(struct policy_auth auth, const char *value)
{
	static char text[256];
	struct credential *c;

	assert_int_equal(tried(&auth, value, &c), 0);
	snprintf(text, sizeof(text), "%s", c->field.bytes);
	credential_free(c);
	return text;
}

static void each_scheme_has_its_form(void **state)
{
	(void)state;
	assert_string_equal(
		field((struct policy_auth){.scheme = POLICY_AUTH_BEARER}, "abc"), "Bearer abc");
	assert_string_equal(
		field((struct policy_auth){.scheme = POLICY_AUTH_TOKEN}, "abc"), "token abc");
	assert_string_equal(
		field((struct policy_auth){.scheme = POLICY_AUTH_BASIC}, "u:p"), "Basic dTpw");
	assert_string_equal(field((struct policy_auth){.scheme = POLICY_AUTH_BASIC}, "abc"),
		"Basic eC1hY2Nlc3MtdG9rZW46YWJj");
}

static void a_prefix_is_parted_from_the_value_unless_it_ends_in_a_sign(void **state)
{
	struct policy_auth a = {.scheme = POLICY_AUTH_HEADER, .name = (char *)"X-Key"};

	(void)state;
	assert_string_equal(field(a, "abc"), "abc");
	a.prefix = (char *)"GenieKey";
	assert_string_equal(field(a, "abc"), "GenieKey abc");
	a.prefix = (char *)"Token token=";
	assert_string_equal(field(a, "abc"), "Token token=abc");
	a.prefix = (char *)"Splunk ";
	assert_string_equal(field(a, "abc"), "Splunk abc");
}

static void the_line_end_of_a_file_is_no_part_of_it(void **state)
{
	(void)state;
	assert_string_equal(
		field((struct policy_auth){.scheme = POLICY_AUTH_BEARER}, "abc\r\n"), "Bearer abc");
}

static void is_refused(struct policy_auth a, const char *value)
{
	struct credential *c;

	assert_true(tried(&a, value, &c) < 0);
}

static void a_value_that_could_add_a_header_is_refused(void **state)
{
	const struct policy_auth bearer = {.scheme = POLICY_AUTH_BEARER};

	(void)state;
	is_refused(bearer, "a\r\nX: y");
	is_refused(bearer, "a b");
	is_refused(bearer, "a\x80");
	is_refused(bearer, "\n");
}

static void what_a_scheme_needs_must_be_there(void **state)
{
	(void)state;
	is_refused((struct policy_auth){.scheme = POLICY_AUTH_HEADER}, "abc");
	is_refused((struct policy_auth){.scheme = POLICY_AUTH_QUERY}, "abc");
	is_refused((struct policy_auth){.scheme = POLICY_AUTH_SWAP}, "abc");
	is_refused((struct policy_auth){.scheme = POLICY_AUTH_BEARER, .require = true}, "abc");
	is_refused((struct policy_auth){.scheme = POLICY_AUTH_BEARER,
			   .require = true,
			   .placeholder = (char *)"short"},
		"abc");
	is_refused((struct policy_auth){.scheme = POLICY_AUTH_BEARER,
			   .require = true,
			   .placeholder = (char *)"with a blank"},
		"abc");
}

static bool drops(struct policy_auth a, const char *name, const char *value)
{
	const struct http1_field f = {.name = name, .value = value};
	struct credential *c;
	bool r;

	assert_int_equal(tried(&a, "abc", &c), 0);
	r = credential_drops_field(c, &f);
	credential_free(c);
	return r;
}

static void the_agents_own_is_dropped_where_the_scheme_puts_its_value(void **state)
{
	const struct policy_auth none = {0}, pass = {.scheme = POLICY_AUTH_PASS};
	const struct policy_auth header = {
		.scheme = POLICY_AUTH_HEADER, .name = (char *)"X-Mine-Key"};
	const struct policy_auth bearer = {.scheme = POLICY_AUTH_BEARER,
		.require = true,
		.placeholder = (char *)"placeholder"};

	(void)state;
	assert_true(drops(none, "authorization", "x"));
	assert_true(drops(none, "PROXY-authorization", "x"));
	assert_false(drops(none, "X-Api-Key", "x"));
	assert_false(drops(pass, "Authorization", "x"));
	assert_true(drops(header, "Authorization", "x"));
	assert_true(drops(header, "x-mine-KEY", "x"));
	assert_true(drops(header, "X_Mine_Key", "x"));
	assert_false(drops(header, "X-Mine-Keys", "x"));
	assert_true(drops(bearer, "X-Api-Key", "x"));
	assert_true(drops(bearer, "private_token", "x"));
	assert_true(drops(bearer, "Cookie", "session=own"));
	assert_true(drops(bearer, "Sec-WebSocket-Protocol", "realtime, insecure-api-key.own"));
	assert_false(drops(bearer, "Sec-WebSocket-Protocol", "realtime"));
	assert_false(drops(none, "Cookie", "session=own"));
	assert_false(drops(bearer, "Accept", "x"));
}

/* word, and the user's name and password in base64 (RFC 7617): no such text stands in the tree. */
static const char *basic(const char *word, const char *pair)
{
	static char field[64];
	int n = snprintf(field, sizeof(field), "%s ", word);

	assert_true(strlen(pair) <= 40);
	EVP_EncodeBlock((unsigned char *)field + n, (const unsigned char *)pair, (int)strlen(pair));
	return field;
}

static void a_field_with_the_placeholder_of_a_swap_stays(void **state)
{
	const struct policy_auth swap = {.scheme = POLICY_AUTH_SWAP,
					 .placeholder = (char *)"placeholder",
					 .places = POLICY_IN_HEADER},
				 elsewhere = {.scheme = POLICY_AUTH_SWAP,
					 .placeholder = (char *)"placeholder",
					 .places = POLICY_IN_BODY};

	(void)state;
	assert_false(drops(swap, "Authorization", "Bearer placeholder"));
	assert_false(drops(swap, "Authorization", basic("Basic", "user:placeholder")));
	assert_true(drops(swap, "Authorization", "Bearer own"));
	assert_true(drops(elsewhere, "Authorization", "Bearer placeholder"));
}

static void an_authorization_is_compared_behind_its_word(void **state)
{
	(void)state;
	assert_true(credential_authorization_is("Bearer placeholder", "placeholder"));
	assert_true(credential_authorization_is("token  placeholder", "placeholder"));
	assert_true(credential_authorization_is(basic("basic", "user:placeholder"), "placeholder"));
	assert_true(credential_authorization_is(basic("Basic", "placeholder:"), "placeholder"));
	assert_false(credential_authorization_is("Bearer placeholders", "placeholder"));
	assert_false(credential_authorization_is("Bearer own placeholder", "placeholder"));
	assert_false(credential_authorization_is("placeholder", "placeholder"));
	assert_false(credential_authorization_is("Basic placeholder", "placeholder"));
	assert_false(credential_authorization_is("", "placeholder"));
}

static int forget(void **state)
{
	(void)state;
	component_boot_done(&boot);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_scheme_has_its_form),
		cmocka_unit_test(a_prefix_is_parted_from_the_value_unless_it_ends_in_a_sign),
		cmocka_unit_test(the_line_end_of_a_file_is_no_part_of_it),
		cmocka_unit_test(a_value_that_could_add_a_header_is_refused),
		cmocka_unit_test(what_a_scheme_needs_must_be_there),
		cmocka_unit_test(the_agents_own_is_dropped_where_the_scheme_puts_its_value),
		cmocka_unit_test(a_field_with_the_placeholder_of_a_swap_stays),
		cmocka_unit_test(an_authorization_is_compared_behind_its_word),
	};

	return cmocka_run_group_tests(tests, NULL, forget);
}
