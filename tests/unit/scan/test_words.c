#include "scan/words.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static char buf[SCAN_WORDS_MAX];

static void a_token_is_named_with_its_place_and_an_excerpt(void **state)
{
	struct scan_finding f = {.rule = "npm-access-token",
		.what = "an npm access token",
		.place = "header X-Note",
		.via = "gzip > base64",
		.excerpt = "np…yz"};

	(void)state;
	assert_string_equal(scan_words(&f, buf, sizeof(buf)),
		"header X-Note holds an npm access token (rule npm-access-token, in gzip > "
		"base64): np…yz");
}

static void of_a_known_secret_only_the_name_is_told(void **state)
{
	struct scan_finding f = {.rule = SCAN_RULE_KNOWN,
		.what = "EGRESS_TOKEN_0",
		.place = "body",
		.excerpt = "ab…yz"};

	(void)state;
	assert_string_equal(scan_words(&f, buf, sizeof(buf)),
		"body holds the secret 'EGRESS_TOKEN_0' (rule known-secret)");
}

static void what_is_unreadable_says_why(void **state)
{
	struct scan_finding f = {.rule = SCAN_RULE_UNREADABLE, .what = "a 7z archive", .place = ""};

	(void)state;
	assert_string_equal(scan_words(&f, buf, sizeof(buf)),
		"the text cannot be read: a 7z archive (rule unreadable)");
}

static void words_are_cut_where_there_is_no_room(void **state)
{
	struct scan_finding f = {.rule = "r", .what = "a thing", .place = "body"};
	char small[10];

	(void)state;
	assert_string_equal(scan_words(&f, small, sizeof(small)), "body hold");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_token_is_named_with_its_place_and_an_excerpt),
		cmocka_unit_test(of_a_known_secret_only_the_name_is_told),
		cmocka_unit_test(what_is_unreadable_says_why),
		cmocka_unit_test(words_are_cut_where_there_is_no_room),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
