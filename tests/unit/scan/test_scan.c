#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/ptr.h"
#include "base/str.h"
#include "scan/old_scan.h"

/* Credentials are put together here: the tree holds nothing that looks like one. */

struct seen {
	char rules[2048]; /* "rule:line " … */
	size_t n;
	char excerpt[8];
};

static int note(void *arg, const struct scan_finding *f)
{
	struct seen *s = arg;
	size_t len = strlen(s->rules);

	snprintf(s->rules + len, sizeof(s->rules) - len, "%s:%zu ", f->rule, f->line);
	memcpy(s->excerpt, f->excerpt, sizeof(s->excerpt));
	s->n++;
	return 0;
}

static unsigned int next_random(void)
{
	static uint64_t x = 88172645463325252ULL;

	x ^= x << 13;
	x ^= x >> 7;
	x ^= x << 17;
	return (unsigned int)(x >> 20);
}

static void add_random(struct str *s, const char *digits, size_t n)
{
	size_t count = strlen(digits);

	while (n-- > 0)
		str_add_char(s, digits[next_random() % count]);
}

#define UPPER "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define ALNUM UPPER "abcdefghijklmnopqrstuvwxyz0123456789"

static char *made(const char *before, const char *digits, size_t n)
{
	struct str s = {0};

	str_add(&s, before);
	add_random(&s, digits, n);
	return str_take(&s);
}

static struct scan_rules *rules_with(const char *secret)
{
	struct scan_secret known = {"TOKEN", secret, secret ? strlen(secret) : 0};
	struct scan_rules *r = NULL;
	struct err e;

	assert_int_equal(scan_rules_new(&known, secret ? 1 : 0, &r, &e), 0);
	return r;
}

/* Feeds the text in pieces; 0: at once. */
static struct seen scan_pieces(
	const struct scan_rules *rules, const char *text, size_t len, size_t piece)
{
	struct seen seen = {0};
	cleanup_scan struct scan *s = NULL;
	struct err e;

	assert_int_equal(scan_open(rules, note, &seen, &s, &e), 0);
	for (size_t i = 0; i < len;) {
		size_t n = piece && piece < len - i ? piece : len - i;

		assert_int_equal(scan_feed(s, text + i, n, &e), 0);
		i += n;
	}
	assert_int_equal(scan_finish(s, &e), 0);
	return seen;
}

static struct seen scan_str(const char *text, const char *secret)
{
	cleanup_scan_rules struct scan_rules *rules = rules_with(secret);

	return scan_pieces(rules, text, strlen(text), 0);
}

static void each_vendors_credential_is_found(void **state)
{
	const struct {
		const char *rule, *before, *digits;
		size_t n;
	} cases[] = {
		{"aws-access-key-id",
			"id = AK"
			"IA",
			UPPER "234567", 16},
		{"aws-secret-access-key",
			"AWS_SECRET"
			"_ACCESS_KEY=",
			ALNUM "/+", 40},
		{"aws-secret-access-key",
			"secretAccess"
			"Key\": \"",
			ALNUM, 40},
		{"github-token",
			"gh"
			"p_",
			ALNUM, 36},
		{"github-token",
			"gh"
			"s_",
			ALNUM, 36},
		{"github-fine-grained-token",
			"github"
			"_pat_",
			ALNUM, 82},
		{"anthropic-key",
			"sk-"
			"ant-api03-",
			ALNUM "_-", 95},
		{"openai-key",
			"sk-"
			"proj-",
			ALNUM, 48},
		{"openai-key",
			"key: sk"
			"-",
			ALNUM, 48},
		{"slack-token",
			"xox"
			"b-1234567890-",
			ALNUM, 24},
		{"slack-webhook",
			"https://hooks.slack"
			".com/services/",
			ALNUM, 44},
		{"stripe-key",
			"sk_"
			"live_",
			ALNUM, 24},
		{"stripe-key",
			"rk_"
			"test_",
			ALNUM, 24},
		{"gitlab-token",
			"gl"
			"pat-",
			ALNUM, 20},
		{"google-api-key",
			"AI"
			"za",
			ALNUM, 35},
		{"npm-token",
			"np"
			"m_",
			ALNUM, 36},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		cleanup_free char *token = made(cases[i].before, cases[i].digits, cases[i].n);
		cleanup_free char *text = str_format("one\n\n%s\nfour", token);
		cleanup_free char *wanted = str_format("%s:3 ", cases[i].rule);
		struct seen seen = scan_str(text, NULL);

		assert_string_equal(seen.rules, wanted);
	}
}

static void a_private_key_block_is_found_and_a_public_one_is_not(void **state)
{
	cleanup_free char *body = made("", ALNUM "+/", 64);
	cleanup_free char *key =
		str_format("-----BEGIN OPENSSH %s KEY-----\n%s\n", "PRIVATE", body);
	cleanup_free char *escaped =
		str_format("\"-----BEGIN %s KEY-----\\n%s\\n\"", "PRIVATE", body);
	cleanup_free char *public = str_format("-----BEGIN PUBLIC KEY-----\n%s\n", body);

	(void)state;
	assert_string_equal(scan_str(key, NULL).rules, "private-key:2 ");
	assert_string_equal(scan_str(escaped, NULL).rules, "private-key:1 ");
	assert_int_equal(scan_str(public, NULL).n, 0);
}

static void examples_placeholders_and_ordinary_text_are_not_found(void **state)
{
	static const char *const clean[] = {
		"AKIA"
		"IOSFODNN7EXAMPLE",
		"aws_secret_access_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
		"ghp_"
		"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
		"sk-"
		"XXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXX",
		"a flask-login, task-queue and disk-usage of "
		"4b825dc642cb6eb9a060e54bf8d69288fbee4904",
		"550e8400-e29b-41d4-a716-446655440000",
		"-----BEGIN PRIVATE KEY----- is how it begins",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(clean); i++)
		assert_string_equal(scan_str(clean[i], NULL).rules, "");
}

static void a_finding_shows_no_more_than_four_characters(void **state)
{
	cleanup_free char *token = made("gh"
					"p_",
		ALNUM, 36);
	struct seen seen = scan_str(token, NULL);
	char wanted[8];

	(void)state;
	snprintf(wanted, sizeof(wanted), "gh…%s", token + strlen(token) - 2);
	assert_string_equal(seen.excerpt, wanted);
	assert_string_equal(scan_str(token, token).excerpt, wanted);
}

/* ---- known secrets */

static char *spell_hex(const char *s, const char *between)
{
	struct str out = {0};

	for (; *s; s++)
		str_addf(&out, "%02x%s", (unsigned char)*s, between);
	return str_take(&out);
}

static char *spell_base64(const char *s, size_t len)
{
	static const char d[] = UPPER "abcdefghijklmnopqrstuvwxyz0123456789-_";
	struct str out = {0};

	for (size_t i = 0; i < len; i += 3) {
		unsigned int v = 0;

		for (size_t j = 0; j < 3; j++)
			v = v << 8 | (i + j < len ? (unsigned char)s[i + j] : 0);
		for (int shift = 18; shift >= 0; shift -= 6)
			str_add_char(&out, d[v >> shift & 63]);
	}
	return str_take(&out);
}

static void a_known_secret_is_found_in_each_spelling(void **state)
{
	cleanup_free char *secret = made("p@/", ALNUM, 24);
	cleanup_free char *hex = spell_hex(secret, ""), *spaced = spell_hex(secret, ":");
	cleanup_free char *percent = str_format("p%%40%%2F%s", secret + 3);
	cleanup_free char *cut = str_format("%.12s\"\n + \"%s", secret, secret + 12);
	cleanup_free char *part = str_format("xx %.14s xx", secret + 5);
	cleanup_free char *reversed = strdup(secret);
	const char *texts[] = {secret, hex, spaced, percent, cut, part, reversed};

	(void)state;
	for (size_t i = 0, n = strlen(reversed); i < n / 2; i++) {
		char c = reversed[i];

		reversed[i] = reversed[n - 1 - i];
		reversed[n - 1 - i] = c;
	}
	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		assert_string_equal(scan_str(texts[i], secret).rules, "known-secret:1 ");
	for (size_t before = 0; before < 3; before++) {
		cleanup_free char *plain = str_format("%.*s%s!!", (int)before, "{{", secret);
		cleanup_free char *coded = spell_base64(plain, strlen(plain));

		assert_string_equal(scan_str(coded, secret).rules, "known-secret:1 ");
	}
}

static void a_known_secret_of_signs_is_found_whole(void **state)
{
	(void)state;
	assert_string_equal(scan_str("a\nb !$%&/()=?-!$ c", "!$%&/()=?-").rules, "known-secret:2 ");
	assert_int_equal(scan_str("!$%&/()=?", "!$%&/()=?-").n, 0);
}

static void words_of_a_secret_that_stand_alone_are_not_found(void **state)
{
	cleanup_free char *tail = made("", ALNUM, 16);
	cleanup_free char *secret = str_format("postgresdatabase:%s", tail);

	(void)state;
	assert_int_equal(scan_str("the postgresdatabase server", secret).n, 0);
	assert_int_equal(scan_str(secret, secret).n, 1);
}

static void of_a_key_in_pem_only_what_is_its_own_is_looked_for(void **state)
{
	/* How every PKCS#8 RSA key begins; a public key has most of it. */
	static const char common[] = "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC";
	cleanup_free char *own = made("", ALNUM, 400);
	cleanup_free char *key = str_format("-----BEGIN %s KEY-----\n%s%s\n-----END %s KEY-----\n",
		"PRIVATE", common, own, "PRIVATE");

	(void)state;
	assert_int_equal(scan_str("MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEA", key).n, 0);
	assert_string_equal(scan_str(own, key).rules, "known-secret:1 ");
}

static void text_in_utf16_is_found(void **state)
{
	cleanup_free char *token = made("gh"
					"p_",
		ALNUM, 36);
	cleanup_scan_rules struct scan_rules *rules = rules_with(NULL);
	char wide[128] = {0};

	(void)state;
	for (size_t i = 0; token[i]; i++)
		wide[2 * i] = token[i];
	assert_int_equal(scan_pieces(rules, wide, 2 * strlen(token), 0).n, 1);
	assert_int_equal(scan_pieces(rules, wide + 1, 2 * strlen(token) - 2, 0).n, 0);
}

/* ---- how a stream is cut */

static void what_is_found_does_not_depend_on_the_pieces(void **state)
{
	cleanup_free char *token = made("gh"
					"p_",
		ALNUM, 36);
	cleanup_free char *secret = made("", ALNUM, 30);
	cleanup_scan_rules struct scan_rules *rules = rules_with(secret);
	cleanup_str struct str text = {0};
	struct seen whole;

	(void)state;
	while (text.len < 600000) {
		add_random(&text, ALNUM "     \n\n+/=-_.", next_random() % 9000);
		str_addf(&text, "\n%s\n", next_random() % 4 ? token : secret);
	}
	whole = scan_pieces(rules, text.s, text.len, 0);
	assert_true(whole.n > 20);
	for (size_t piece = 1; piece < 300000; piece = piece * 3 + 1) {
		struct seen cut = scan_pieces(rules, text.s, text.len, piece);

		assert_string_equal(cut.rules, whole.rules);
	}
}

static void a_window_never_hides_what_lies_across_its_end(void **state)
{
	cleanup_free char *token = made("gh"
					"p_",
		ALNUM, 255);
	cleanup_scan_rules struct scan_rules *rules = rules_with(NULL);
	const size_t window = 128 << 10, around = 1500, size = window + 4 * around;
	cleanup_free char *text = malloc(size);

	(void)state;
	for (size_t at = window - around; at < window + around; at += 7) {
		memset(text, ' ', size);
		memcpy(text + at, token, strlen(token));
		assert_int_equal(scan_pieces(rules, text, size, 0).n, 1);
	}
}

static void the_next_text_starts_anew(void **state)
{
	cleanup_free char *token = made("gh"
					"p_",
		ALNUM, 36);
	cleanup_scan_rules struct scan_rules *rules = rules_with(NULL);
	cleanup_scan struct scan *s = NULL;
	struct seen seen = {0};
	struct err e;

	(void)state;
	assert_int_equal(scan_open(rules, note, &seen, &s, &e), 0);
	assert_int_equal(scan_feed(s, token, 20, &e), 0);
	assert_int_equal(scan_finish(s, &e), 0);
	assert_int_equal(scan_feed(s, token + 20, strlen(token) - 20, &e), 0);
	assert_int_equal(scan_finish(s, &e), 0);
	assert_int_equal(seen.n, 0);
	assert_int_equal(scan_feed(s, token, strlen(token), &e), 0);
	assert_int_equal(scan_finish(s, &e), 0);
	assert_string_equal(seen.rules, "github-token:1 ");
}

static int refuse(void *arg, const struct scan_finding *f)
{
	(void)arg;
	(void)f;
	return -12;
}

static void a_listener_can_end_the_scan(void **state)
{
	cleanup_free char *token = made("gh"
					"p_",
		ALNUM, 36);
	cleanup_scan_rules struct scan_rules *rules = rules_with(NULL);
	cleanup_scan struct scan *s = NULL;
	struct err e;

	(void)state;
	assert_int_equal(scan_open(rules, refuse, NULL, &s, &e), 0);
	assert_int_equal(scan_feed(s, token, strlen(token), &e), 0);
	assert_int_equal(scan_finish(s, &e), -12);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_vendors_credential_is_found),
		cmocka_unit_test(a_private_key_block_is_found_and_a_public_one_is_not),
		cmocka_unit_test(examples_placeholders_and_ordinary_text_are_not_found),
		cmocka_unit_test(a_finding_shows_no_more_than_four_characters),
		cmocka_unit_test(a_known_secret_is_found_in_each_spelling),
		cmocka_unit_test(a_known_secret_of_signs_is_found_whole),
		cmocka_unit_test(words_of_a_secret_that_stand_alone_are_not_found),
		cmocka_unit_test(of_a_key_in_pem_only_what_is_its_own_is_looked_for),
		cmocka_unit_test(text_in_utf16_is_found),
		cmocka_unit_test(what_is_found_does_not_depend_on_the_pieces),
		cmocka_unit_test(a_window_never_hides_what_lies_across_its_end),
		cmocka_unit_test(the_next_text_starts_anew),
		cmocka_unit_test(a_listener_can_end_the_scan),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
