#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/ptr.h"
#include "base/str.h"
#include "scan/known.h"
#include "tests/lib/random.h"

#define LOWER "abcdefghijklmnopqrstuvwxyz"
#define UPPER "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define TENS  "0123456789"
#define ALNUM LOWER UPPER TENS

static void add_random(struct str *s, const char *digits, size_t n)
{
	size_t count = strlen(digits);

	while (n-- > 0)
		str_add_char(s, digits[next_random() % count]);
}

/* Credentials are made here: the tree holds nothing that looks like one. */
static char *made(const char *before, const char *digits, size_t n)
{
	struct str s = {0};

	str_add(&s, before);
	add_random(&s, digits, n);
	return str_take(&s);
}

static struct known *knowing(const char *const *secrets, size_t n)
{
	struct known *k = known_new();
	struct err e;

	assert_non_null(k);
	for (size_t i = 0; i < n; i++)
		assert_int_equal(
			known_add(k, (unsigned int)i, secrets[i], strlen(secrets[i]), &e), 0);
	assert_int_equal(known_compile(k), 0);
	return k;
}

/* Hits in an order that does not count. */
struct seen {
	size_t n;
	uint64_t sum, start, end;
	unsigned int id;
};

static int note(void *arg, unsigned int id, uint64_t start, uint64_t end)
{
	struct seen *s = arg;

	if (s->n == 0 || start < s->start)
		s->start = start;
	s->end = s->n == 0 || end > s->end ? end : s->end;
	s->sum += (start * 1000003 + end) * 1000003 + id;
	s->id = id;
	s->n++;
	return 0;
}

/* In pieces of at most `piece` bytes; 0: at random places. */
static struct seen search(const struct known *k, const char *text, size_t len, size_t piece)
{
	struct known_state state = {0};
	struct seen seen = {0};

	for (size_t at = 0, n; at < len; at += n) {
		n = piece ? piece : next_random() % 70;
		n = n < len - at ? n : len - at;
		assert_int_equal(
			known_search(k, &state, (const unsigned char *)text + at, n, note, &seen),
			0);
	}
	return seen;
}

static size_t hits(const struct known *k, const char *text)
{
	return search(k, text, strlen(text), SIZE_MAX).n;
}

/* ---- codings, written another way than those that are tested */

static char *base64(const char *before, const char *text, const char *behind)
{
	static const char digits[] = UPPER LOWER TENS "+/";
	cleanup_free char *all = str_format("%s%s%s", before, text, behind);
	struct str s = {0};
	unsigned int bits = 0, n = 0;

	for (size_t i = 0; all[i]; i++) {
		bits = bits << 8 | (unsigned char)all[i];
		for (n += 8; n >= 6; n -= 6)
			str_add_char(&s, digits[bits >> (n - 6) & 63]);
	}
	if (n > 0)
		str_add_char(&s, digits[bits << (6 - n) & 63]);
	while (s.len % 4)
		str_add_char(&s, '=');
	return str_take(&s);
}

static char *base32(const char *before, const char *text, const char *behind)
{
	cleanup_free char *all = str_format("%s%s%s", before, text, behind);
	struct str s = {0};
	unsigned int n = 0;
	uint64_t bits = 0;

	for (size_t i = 0; all[i]; i++) {
		bits = bits << 8 | (unsigned char)all[i];
		for (n += 8; n >= 5; n -= 5)
			str_add_char(&s, (UPPER "234567")[bits >> (n - 5) & 31]);
	}
	return str_take(&s);
}

/* form: as of printf, with leading zeros. */
static char *each(const char *before, char form, const char *text, const char *behind)
{
	struct str s = {0};

	for (size_t i = 0; text[i]; i++) {
		unsigned int c = (unsigned char)text[i];

		str_add(&s, before);
		if (form == 'd')
			str_addf(&s, "%u", c);
		else if (form == 'o')
			str_addf(&s, "%03o", c);
		else
			str_addf(&s, form == 'x' ? "%02x" : "%02X", c);
		str_add(&s, behind);
	}
	return str_take(&s);
}

static char *reversed(const char *text)
{
	struct str s = {0};

	for (size_t i = strlen(text); i-- > 0;)
		str_add_char(&s, text[i]);
	return str_take(&s);
}

static char *rot13(const char *text)
{
	struct str s = {0};

	for (size_t i = 0; text[i]; i++) {
		const char *p = strchr(LOWER LOWER, text[i]), *q = strchr(UPPER UPPER, text[i]);

		str_add_char(&s, p ? p[13] : q ? q[13] : text[i]);
	}
	return str_take(&s);
}

static char *spaced(const char *text, const char *between)
{
	struct str s = {0};

	for (size_t i = 0; text[i]; i++)
		str_addf(&s, "%s%c", between, text[i]);
	return str_take(&s);
}

/* The whole is found whatever stands around it, at its place, however it is cut. */
static void is_found(const struct known *k, unsigned int id, char *spelled)
{
	cleanup_free char *owned = spelled;
	cleanup_free char *text = str_format("{\"key\": \"%s\"}, and so on", owned);
	size_t len = strlen(text);
	struct seen whole = search(k, text, len, SIZE_MAX);

	if (whole.n == 0)
		print_message("not found: %s\n", text);
	assert_true(whole.n > 0);
	assert_int_equal(whole.id, id);
	assert_true(whole.start >= 9 && whole.end <= 9 + strlen(owned));
	assert_true(search(k, text, len, 1).sum == whole.sum);
	assert_true(search(k, text, len, 0).sum == whole.sum);
}

static void every_spelling_is_found(const struct known *k, unsigned int id, const char *secret)
{
	cleanup_free char *b64 = base64("", secret, ""), *b64_1 = base64("x", secret, "yz");
	cleanup_free char *hex = each("", 'x', secret, ""), *upper = each("", 'X', secret, "");
	cleanup_free char *back = reversed(secret);

	is_found(k, id, strdup(secret));
	is_found(k, id, reversed(secret));
	is_found(k, id, rot13(secret));
	for (int i = 0; i < 5; i++) {
		is_found(k, id, base64(&"xyzv"[4 - i], secret, "more"));
		is_found(k, id, base32(&"xyzv"[4 - i], secret, "more"));
		is_found(k, id, base64(&"xyzv"[4 - i], back, ""));
		is_found(k, id, base64(&"xyzv"[4 - i], b64, ""));
		is_found(k, id, base64(&"xyzv"[4 - i], b64_1, ""));
		is_found(k, id, base64(&"xyzv"[4 - i], hex, ""));
		is_found(k, id, base64(&"xyzv"[4 - i], upper, ""));
	}
	is_found(k, id, strdup(hex));
	is_found(k, id, strdup(upper));
	is_found(k, id, each("\\x", 'x', secret, ""));
	is_found(k, id, each("0x", 'X', secret, ", "));
	is_found(k, id, each("%", 'X', secret, ""));
	is_found(k, id, each("\\u00", 'x', secret, ""));
	is_found(k, id, each("", 'd', secret, ","));
	is_found(k, id, each("&#", 'd', secret, ";"));
	is_found(k, id, each("\\", 'o', secret, ""));
	is_found(k, id, each("", 'x', b64, ""));
	is_found(k, id, spaced(secret, " - "));
	is_found(k, id, spaced(secret, "\xe2\x80\x8b"));
	is_found(k, id, spaced(secret, "\r\n "));
}

static void secrets_are_found_in_every_spelling_at_their_place_however_the_text_is_cut(void **state)
{
	cleanup_free char *a = made("", ALNUM, 32), *b = made("", TENS "abcdef", 40);
	cleanup_free char *c = made("ghp_", ALNUM, 36), *d = made("", ALNUM "+/-_", 61);
	cleanup_free char *f = made("pw!", ALNUM "$#%", 17), *g = made("", LOWER, 24);
	const char *secrets[] = {a, b, c, d, f, g};
	cleanup_known struct known *k = knowing(secrets, ARRAY_LEN(secrets));

	(void)state;
	for (unsigned int i = 0; i < ARRAY_LEN(secrets); i++)
		every_spelling_is_found(k, i, secrets[i]);
}

static void twelve_in_a_row_are_found_and_eleven_are_not(void **state)
{
	for (int round = 0; round < 50; round++) {
		cleanup_free char *a = made("", ALNUM, 40);
		const char *secrets[] = {a};
		cleanup_known struct known *k = knowing(secrets, 1);

		(void)state;
		for (size_t at = 0; at + 12 <= 40; at++) {
			cleanup_free char *twelve = str_format("!%.12s!", a + at);
			cleanup_free char *eleven = str_format("!%.11s!", a + at);

			assert_int_equal(hits(k, twelve), 1);
			assert_int_equal(hits(k, eleven), 0);
		}
	}
}

static void hits_do_not_depend_on_the_cuts(void **state)
{
	cleanup_free char *a = made("", ALNUM, 32), *b = made("", ALNUM, 9);
	const char *secrets[] = {a, b, "!$%^&*()_+|~=-"};
	cleanup_known struct known *k = knowing(secrets, ARRAY_LEN(secrets));

	(void)state;
	for (int round = 0; round < 60; round++) {
		struct str text = {0};
		struct seen whole;

		for (int i = 0; i < 40; i++) {
			const char *s = secrets[next_random() % 3];
			size_t from = next_random() % 4;

			add_random(&text, ALNUM " \n,", next_random() % 90);
			str_add_bytes(&text, s + from, strlen(s) - from);
		}
		whole = search(k, text.s, text.len, SIZE_MAX);
		assert_true(whole.n > 10);
		assert_true(search(k, text.s, text.len, 1).sum == whole.sum);
		for (int i = 0; i < 5; i++)
			assert_true(search(k, text.s, text.len, 0).sum == whole.sum);
		str_done(&text);
	}
}

static void places_far_apart_are_told(void **state)
{
	cleanup_free char *a = made("", ALNUM, 16);
	const char *secrets[] = {a};
	cleanup_known struct known *k = knowing(secrets, 1);
	struct str text = {0};
	struct seen seen;

	(void)state;
	for (size_t i = 0; a[i]; i++) {
		for (int n = 0; n < 500; n++)
			str_add_char(&text, ' ');
		str_add_char(&text, a[i]);
	}
	for (size_t piece = 1; piece < 5000; piece = piece * 3 + 1) {
		seen = search(k, text.s, text.len, piece);
		assert_int_equal(seen.n, 5);
		assert_int_equal(seen.start, 500);
		assert_int_equal(seen.end, 16 * 501);
	}
	str_done(&text);
}

static void short_secrets_are_found_whole_and_only_whole(void **state)
{
	cleanup_free char *a = made("", ALNUM, 10), *b = made("Q7", ALNUM, 6);
	const char *secrets[] = {a, b, "#Pa$$w!?", "passwords", "~!@#$%^&*()_+`-={}|"};
	cleanup_known struct known *k = knowing(secrets, ARRAY_LEN(secrets));
	cleanup_free char *most = str_format("%.9s", a);
	cleanup_free char *b64 = base64("x", "#Pa$$w!?", "");

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(secrets); i++)
		assert_true(hits(k, secrets[i]) > 0);
	assert_int_equal(hits(k, most), 0);
	assert_true(hits(k, b64) > 0);
	assert_int_equal(hits(k, "#Pa$$w!, the pass words of Pass-Words"), 0);
	assert_int_equal(hits(k, "~!@#$%^&*()_+"), 0);
}

static void what_is_public_in_a_secret_is_no_needle(void **state)
{
	cleanup_free char *a = made("sk-ant-"
				    "api03-",
		ALNUM, 80);
	cleanup_free char *head = base64("", "{\"alg\":\"HS256\",\"typ\":\"JWT\"}", "");
	cleanup_free char *rest = made("", ALNUM, 43), *user = made("", ALNUM, 16);
	cleanup_free char *jwt = str_format("%.36s.%s", head, rest);
	cleanup_free char *url =
		str_format("https://me:%s@database.example.com:5432/production", user);
	const char *secrets[] = {a, jwt, url};
	cleanup_known struct known *k = knowing(secrets, ARRAY_LEN(secrets));
	cleanup_free char *five = str_format("%.18s", a), *six = str_format("%.19s", a);

	(void)state;
	assert_int_equal(hits(k, five), 0);
	assert_true(hits(k, six) > 0);
	assert_int_equal(hits(k, head), 0);
	assert_int_equal(hits(k, "https://me@database.example.com:5432/production"), 0);
	assert_true(hits(k, user) > 0);
	assert_true(hits(k, rest) > 0);
}

static void words_in_a_secret_are_no_needles_by_themselves(void **state)
{
	cleanup_free char *a = made("ProductionDatabaseAuthorization-", ALNUM, 24);
	const char *secrets[] = {a, "correct horse battery staple of mine", "authorization"};
	cleanup_known struct known *k = knowing(secrets, ARRAY_LEN(secrets));

	(void)state;
	assert_int_equal(hits(k, "the production database: Authorization required"), 0);
	assert_int_equal(hits(k, "correct horse battery"), 0);
	assert_int_equal(hits(k, "an Authorization: header"), 0);
	assert_true(hits(k, "authorization") > 0);
	assert_true(hits(k, "Correct horse, battery staple of") > 0);
	assert_true(hits(k, a + 32) > 0);
}

static void of_a_document_only_the_secrets_are_needles(void **state)
{
	cleanup_free char *hex = made("", TENS "abcdef", 40), *password = made("", ALNUM, 12);
	cleanup_free char *key = made("", ALNUM "+/", 300);
	cleanup_free char *document =
		str_format("{\"type\": \"service_account_2\",\n\"thing\":\"%s\","
			   "\"client_id\":\"117482904418273645501\",\"password\":\"%s\","
			   "\"private_key\":\"-----BEGIN X-----\\n%s\\n-----END X-----\\n\","
			   "\"cert_url\":\"https://www.example.com/oauth2v1/x509certs17/q0x\"}",
			hex, password, key);
	const char *secrets[] = {document};
	cleanup_known struct known *k = knowing(secrets, 1);
	cleanup_free char *twelve = str_format("%.12s", hex + 9);

	(void)state;
	assert_true(hits(k, twelve) > 0);
	assert_true(hits(k, password) > 0);
	assert_true(hits(k, key + 280) > 0);
	assert_int_equal(hits(k, "service_account_2 117482904418273645501 -----BEGIN X-----"
				 "https://www.example.com/oauth2v1/x509certs17/q0x"),
		0);
}

static void of_lines_only_the_secrets_are_needles(void **state)
{
	cleanup_free char *a = made("", ALNUM, 24), *b = made("", ALNUM, 10);
	cleanup_free char *c = made("", TENS "abcdef", 40);
	cleanup_free char *lines =
		str_format("apiVersion: v1\nkind: Config2x\nmachine q0x17.example.com "
			   "password %s\n//registry.example.com/:_authToken=%s\ndata: \"%s\"\n",
			b, a, c);
	const char *secrets[] = {lines};
	cleanup_known struct known *k = knowing(secrets, 1);

	(void)state;
	assert_true(hits(k, a) > 0);
	assert_true(hits(k, b) > 0);
	assert_true(hits(k, c + 28) > 0);
	assert_int_equal(
		hits(k, "apiVersion: v1\nkind: Config2x\nmachine q0x17.example.com password"
			"//registry.example.com/:_authToken="),
		0);
}

static void a_secret_of_less_than_eight_bytes_is_refused(void **state)
{
	cleanup_known struct known *k = known_new();
	struct err e;

	(void)state;
	assert_int_equal(known_add(k, 0, "abcdefg", 7, &e), -EINVAL);
	assert_non_null(strstr(e.msg, "at least 8"));
}

static int stop(void *arg, unsigned int id, uint64_t start, uint64_t end)
{
	(void)id;
	(void)start;
	(void)end;
	++*(int *)arg;
	return -ECANCELED;
}

static void a_caller_may_end_the_search(void **state)
{
	cleanup_free char *a = made("", ALNUM, 40);
	const char *secrets[] = {a};
	cleanup_known struct known *k = knowing(secrets, 1);
	struct known_state at = {0};
	int calls = 0;

	(void)state;
	assert_int_equal(
		known_search(k, &at, (const unsigned char *)a, 40, stop, &calls), -ECANCELED);
	assert_int_equal(calls, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			secrets_are_found_in_every_spelling_at_their_place_however_the_text_is_cut),
		cmocka_unit_test(twelve_in_a_row_are_found_and_eleven_are_not),
		cmocka_unit_test(hits_do_not_depend_on_the_cuts),
		cmocka_unit_test(places_far_apart_are_told),
		cmocka_unit_test(short_secrets_are_found_whole_and_only_whole),
		cmocka_unit_test(what_is_public_in_a_secret_is_no_needle),
		cmocka_unit_test(words_in_a_secret_are_no_needles_by_themselves),
		cmocka_unit_test(of_a_document_only_the_secrets_are_needles),
		cmocka_unit_test(of_lines_only_the_secrets_are_needles),
		cmocka_unit_test(a_secret_of_less_than_eight_bytes_is_refused),
		cmocka_unit_test(a_caller_may_end_the_search),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
