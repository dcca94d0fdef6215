#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "scan/validator.h"
#include "tests/lib/template.c"

#define ROUNDS 50

static bool accepts(enum rule_validator v, const char *s)
{
	return validator_accepts(v, (const unsigned char *)s, strlen(s));
}

/* All that the template becomes is accepted, or nothing. */
static void assert_template(enum rule_validator v, const char *template, bool expected)
{
	struct template_random random = {1};
	const char *why = "";

	for (int i = 0; i < ROUNDS; i++) {
		cleanup_str struct str s = {0};

		if (!template_expand(template, &random, &s, &why))
			fail_msg("%s: %s", template, why);
		if (accepts(v, s.s) != expected)
			fail_msg("%s in round %d: %s", template, i,
				expected ? "is not accepted" : "is accepted");
	}
}

static void a_token_with_its_checksum_is_accepted(void **state)
{
	(void)state;
	assert_template(RULE_VALID_GITHUB, "<github-checksum:ghx_:30>", true);
	assert_template(RULE_VALID_GITHUB, "<github-checksum:npx_:30>", true);
	assert_template(RULE_VALID_GITHUB, "ghx_<alnum:36>", false);
	assert_template(RULE_VALID_GITHUB, "ghx_<alnum:6>", false);
	/* crc32 of "123456789" is 0xcbf43926 = 3421780262. */
	assert_true(accepts(RULE_VALID_GITHUB, "x_1234567893jZRME"));
	assert_false(accepts(RULE_VALID_GITHUB, "x_1234567893jZRMF"));
	assert_false(accepts(RULE_VALID_GITHUB, "x_123456789!jZRg6"));
	assert_false(accepts(RULE_VALID_GITHUB, ""));
}

static void a_number_of_a_card_has_its_last_digit(void **state)
{
	(void)state;
	assert_template(RULE_VALID_LUHN, "<luhn:4:16>", true);
	assert_template(RULE_VALID_LUHN, "<luhn-bad:4:16>", false);
	assert_template(RULE_VALID_LUHN, "<luhn:37:15>", true);
	assert_template(RULE_VALID_LUHN, "<luhn:1:11>", false);
	/* ISO/IEC 7812-1's example is 7992739871 with 3. */
	assert_false(accepts(RULE_VALID_LUHN, "79927398713"));
	assert_true(accepts(RULE_VALID_LUHN, "0799 2739-8713"));
	assert_false(accepts(RULE_VALID_LUHN, "0799 2739-8710"));
	assert_false(accepts(RULE_VALID_LUHN, "0000 0000 0000 0000"));
	assert_false(accepts(RULE_VALID_LUHN, "0799.2739.8713"));
}

static void an_iban_has_its_country_s_length_and_check_digits(void **state)
{
	static const char *const countries[] = {"DE", "GB", "FR", "NL", "CH", "MT", "NO"};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(countries); i++) {
		cleanup_free char *good = str_format("<iban:%s>", countries[i]);
		cleanup_free char *bad = str_format("<iban-bad:%s>", countries[i]);

		assert_template(RULE_VALID_IBAN, good, true);
		assert_template(RULE_VALID_IBAN, bad, false);
	}
	/* The examples of the registry. */
	assert_true(accepts(RULE_VALID_IBAN, "GB29 NWBK 6016 1331 9268 19"));
	assert_true(accepts(RULE_VALID_IBAN, "de89370400440532013000"));
	assert_false(accepts(RULE_VALID_IBAN, "GB29 NWBK 6016 1331 9268 91"));
	assert_false(accepts(RULE_VALID_IBAN, "GB29 NWBK 6016 1331 9268 1"));
	assert_false(accepts(RULE_VALID_IBAN, "XX29 NWBK 6016 1331 9268 19"));
	assert_false(accepts(RULE_VALID_IBAN, "GB"));
}

static void a_web_token_has_a_header_that_is_json_with_an_algorithm(void **state)
{
	(void)state;
	assert_template(RULE_VALID_JWT, "<jwt>", true);
	assert_template(RULE_VALID_JWT, "eyJ<alnum:40>.eyJ<alnum:40>.<alnum:43>", false);
	/* {"typ":"JWT"} and {"alg":"none"} */
	assert_false(accepts(RULE_VALID_JWT, "eyJ0eXAiOiJKV1QifQ.e30.x"));
	assert_true(accepts(RULE_VALID_JWT, "eyJhbGciOiJub25lIn0.e30."));
	assert_false(accepts(RULE_VALID_JWT, "eyJhbGciOiJub25lIn0"));
	assert_false(accepts(RULE_VALID_JWT, ".e30.x"));
}

static void a_phrase_has_words_of_the_list_and_their_checksum(void **state)
{
	(void)state;
	assert_template(RULE_VALID_BIP39, "<bip39:12>", true);
	assert_template(RULE_VALID_BIP39, "<bip39:24>", true);
	assert_template(RULE_VALID_BIP39, "seed = \"<bip39:15>\" end", true);
	assert_template(RULE_VALID_BIP39, "<bip39-bad:12>", false);
	assert_template(RULE_VALID_BIP39, "<english:24>", false);
	/* The test vectors of BIP-39 for zeros and ones, of 12 and of 24 words. */
	assert_true(accepts(RULE_VALID_BIP39, "abandon abandon abandon abandon abandon abandon "
					      "abandon abandon abandon abandon abandon about"));
	assert_true(accepts(RULE_VALID_BIP39, "ZOO, zoo, zoo, zoo, zoo, zoo,\nzoo zoo zoo zoo zoo "
					      "wrong"));
	assert_true(accepts(RULE_VALID_BIP39, "zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo "
					      "zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo vote"));
	assert_false(accepts(RULE_VALID_BIP39, "zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo"));
	assert_false(accepts(RULE_VALID_BIP39, ""));
}

static void the_words_are_sorted_and_each_is_found(void **state)
{
	size_t len, before_len;

	(void)state;
	for (size_t i = 1; i < BIP39_WORDS; i++) {
		const char *word = bip39_word(i, &len), *before = bip39_word(i - 1, &before_len);

		assert_in_range(len, 3, BIP39_WORD_MAX);
		assert_true(strncmp(before, word, BIP39_WORD_MAX) < 0);
	}
}

static void an_access_key_id_holds_an_account_s_number(void **state)
{
	(void)state;
	assert_template(RULE_VALID_AWS, "<aws:AKIX>", true);
	assert_template(RULE_VALID_AWS, "AKIX<base32:15>", false);
	assert_template(RULE_VALID_AWS, "AKIX<base32:15>1", false);
	/* An account of 40 ones has 13 digits. */
	assert_false(accepts(RULE_VALID_AWS, "AKIX7777777777777777"));
	/* An old one has no account. */
	assert_true(accepts(RULE_VALID_AWS, "AKIXP777777777777777"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_token_with_its_checksum_is_accepted),
		cmocka_unit_test(a_number_of_a_card_has_its_last_digit),
		cmocka_unit_test(an_iban_has_its_country_s_length_and_check_digits),
		cmocka_unit_test(a_web_token_has_a_header_that_is_json_with_an_algorithm),
		cmocka_unit_test(a_phrase_has_words_of_the_list_and_their_checksum),
		cmocka_unit_test(the_words_are_sorted_and_each_is_found),
		cmocka_unit_test(an_access_key_id_holds_an_account_s_number),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
