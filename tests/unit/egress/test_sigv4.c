#include "egress/sigv4.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "tests/lib/way.h"

/*
 * What must be signed is written down as the published algorithm says, and signed here; the e2e
 * test egress-credentials compares with botocore.
 */
#define SECRET	"secret-of-the-test"
#define KEY	"key-of-the-test"
#define SESSION "session-of-the-test"
#define EMPTY	"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define NOW	1369353600 /* 2013-05-24 */

static int hand_over(void **state)
{
	(void)state;
	return way_hand_over("SECRET", SECRET "\n") < 0 || way_hand_over("KEY", KEY "\n") < 0
		       ? -1
		       : way_hand_over("SESSION", SESSION "\n");
}

static struct policy_auth auth(void)
{
	return (struct policy_auth){.scheme = POLICY_AUTH_SIGV4,
		.slot = (char *)"SECRET",
		.access_key_slot = (char *)"KEY"};
}

static int try(struct way *w, struct policy_auth a, const char *request)
{
	way_open(w, a, request);
	w->q.now_s = NOW;
	return way_make(w);
}

static void go(struct way *w, struct policy_auth a, const char *request)
{
	assert_int_equal(try(w, a, request), 0);
}

static const char *sent_field(const struct way *w, const char *name)
{
	const char *value = NULL;

	for (size_t i = 0; i < w->o.n_fields; i++) {
		if (strcasecmp(w->o.fields[i].name, name) != 0)
			continue;
		assert_null(value);
		value = w->o.fields[i].value;
	}
	return value;
}

/* ---- the algorithm, said simply */

static void hmac(const char *key, size_t len, const char *text, unsigned char *out)
{
	HMAC(EVP_sha256(), key, (int)len, (const unsigned char *)text, strlen(text), out, NULL);
}

static void hex(const unsigned char *p, char *out)
{
	for (size_t i = 0; i < 32; i++)
		snprintf(out + 2 * i, 3, "%02x", p[i]);
}

static void signature_of(const char *canonical, const char *region, const char *service, char *ret)
{
	unsigned char a[32], b[32];
	char text[512], hash[65];

	EVP_Digest(canonical, strlen(canonical), a, NULL, EVP_sha256(), NULL);
	hex(a, hash);
	snprintf(text, sizeof(text),
		"AWS4-HMAC-SHA256\n20130524T000000Z\n20130524/%s/%s/aws4_request\n%s", region,
		service, hash);
	hmac("AWS4" SECRET, strlen("AWS4" SECRET), "20130524", a);
	hmac((char *)a, 32, region, b);
	hmac((char *)b, 32, service, a);
	hmac((char *)a, 32, "aws4_request", b);
	hmac((char *)b, 32, text, a);
	hex(a, ret);
}

static void is_signed_over(const struct way *w, const char *service, const char *canonical)
{
	const char *sent = sent_field(w, "Authorization"), *signature;
	char want[65];

	assert_non_null(sent);
	signature_of(canonical, "eu-west-3", service, want);
	signature = strstr(sent, "Signature=");
	assert_non_null(signature);
	assert_string_equal(signature + 10, want);
}

#define SIGNED(service, headers)                                                                   \
	"Authorization: AWS4-HMAC-SHA256 Credential=agents-own-key/20260101/eu-west-3/" service    \
	"/aws4_request, SignedHeaders=" headers ", Signature=0123\r\n"

static void a_request_to_s3_is_signed_anew(void **state)
{
	struct way w;

	(void)state;
	go(&w, auth(),
		"GET /bucket/a%20b//c(1)?prefix=a/b&list-type=2&delimiter HTTP/1.1\r\n" SIGNED(
			"s3", "host;range;x-amz-date") "Range: bytes=0-9\r\nX-Amz-Date: "
						       "20260101T000000Z\r\nX-Amz-Content-Sha256: "
						       "UNSIGNED-PAYLOAD\r\nUser-Agent: x\r\n"
						       "X-Amz-Meta-A:  1   2 \r\nx-amz-meta-a: "
						       "3\r\n\r\n");
	assert_string_equal(
		w.o.target, "/bucket/a%20b//c%281%29?prefix=a%2Fb&list-type=2&delimiter=");
	is_signed_over(&w, "s3",
		"GET\n/bucket/a%20b//c%281%29\ndelimiter=&list-type=2&prefix=a%2Fb\nhost:a.com\n"
		"range:bytes=0-9\nx-amz-content-sha256:UNSIGNED-PAYLOAD\n"
		"x-amz-date:20130524T000000Z\nx-amz-meta-a:1 2,3\n\n"
		"host;range;x-amz-content-sha256;x-amz-date;x-amz-meta-a\nUNSIGNED-PAYLOAD");
	assert_string_equal(sent_field(&w, "X-Amz-Date"), "20130524T000000Z");
	assert_non_null(strstr(sent_field(&w, "Authorization"),
		"Credential=" KEY "/20130524/eu-west-3/s3/aws4_request, "
		"SignedHeaders=host;range;x-amz-content-sha256;x-amz-date;x-amz-meta-a, "));
	way_close(&w);
}

static void a_body_is_hashed(void **state)
{
	struct way w;

	(void)state;
	go(&w, auth(),
		"POST /a%20b//c/ HTTP/1.1\r\n" SIGNED("dynamodb", "host") "Content-Type: x/y\r\n"
									  "Content-Length: "
									  "5\r\n\r\nhello");
	assert_string_equal(w.o.target, "/a%20b//c/");
	is_signed_over(&w, "dynamodb",
		"POST\n/a%2520b/c/\n\ncontent-type:x/y\nhost:a.com\nx-amz-date:20130524T000000Z\n\n"
		"content-type;host;x-amz-date\n"
		"2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824");
	assert_null(sent_field(&w, "X-Amz-Content-Sha256"));
	way_close(&w);
}

static void a_session_token_is_signed_and_a_secret(void **state)
{
	struct policy_auth a = auth();
	struct way w;

	(void)state;
	a.session_slot = (char *)"SESSION";
	go(&w, a, "GET / HTTP/1.1\r\n" SIGNED("sts", "host") "X-Amz-Security-Token: own\r\n\r\n");
	is_signed_over(&w, "sts",
		"GET\n/\n\nhost:a.com\nx-amz-date:20130524T000000Z\n"
		"x-amz-security-token:" SESSION "\n\nhost;x-amz-date;x-amz-security-token\n" EMPTY);
	for (size_t i = 0; i < w.o.n_fields; i++)
		if (strcasecmp(w.o.fields[i].name, "x-amz-security-token") == 0)
			assert_true(w.o.secret[i]);
	assert_true(credential_travels(w.credential));
	way_close(&w);
}

static void a_signature_in_the_query_becomes_one_in_the_head(void **state)
{
	struct way w;

	(void)state;
	go(&w, auth(),
		"PUT /b/k?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=own%2F20260101%2Feu-"
		"west-3%2Fs3%2Faws4_request&X-Amz-Date=20260101T000000Z&X-Amz-Expires=60&"
		"X-Amz-SignedHeaders=host&x=y+z&X-Amz-Signature=0123&X-Amz-Security-Token=own "
		"HTTP/1.1\r\nContent-Length: 5000000\r\n\r\n");
	assert_string_equal(w.o.target, "/b/k?x=y%20z");
	is_signed_over(&w, "s3",
		"PUT\n/b/k\nx=y%20z\nhost:a.com\nx-amz-content-sha256:UNSIGNED-PAYLOAD\n"
		"x-amz-date:20130524T000000Z\n\nhost;x-amz-content-sha256;x-amz-date\n"
		"UNSIGNED-PAYLOAD");
	way_close(&w);
}

static void repeated_parameters_are_sorted_by_value(void **state)
{
	struct way w;

	(void)state;
	go(&w, auth(),
		"GET /?b=2&a=2&a=1&a&a%2D=0&a0=1&&c;d=1 HTTP/1.1\r\n" SIGNED("iam", "host") "\r\n");
	assert_string_equal(w.o.target, "/?b=2&a=2&a=1&a=&a-=0&a0=1&c%3Bd=1");
	is_signed_over(&w, "iam",
		"GET\n/\na=&a=1&a=2&a-=0&a0=1&b=2&c%3Bd=1\nhost:a.com\n"
		"x-amz-date:20130524T000000Z\n\nhost;x-amz-date\n" EMPTY);
	way_close(&w);
}

static void the_route_names_region_and_service(void **state)
{
	struct policy_auth a = auth();
	struct way w;

	(void)state;
	a.region = (char *)"eu-west-3";
	a.service = (char *)"lambda";
	go(&w, a, "GET / HTTP/1.1\r\n\r\n");
	is_signed_over(&w, "lambda",
		"GET\n/\n\nhost:a.com\nx-amz-date:20130524T000000Z\n\nhost;x-amz-date\n" EMPTY);
	way_close(&w);
}

/* A long body: what is held of it is not all. */
static int signs_long(const char *service_and_hash)
{
	struct way w;
	char request[1024];
	int r;

	snprintf(request, sizeof(request), "PUT / HTTP/1.1\r\n%sContent-Length: 5000000\r\n\r\nx",
		service_and_hash);
	go(&w, auth(), request);
	outgoing_done(&w.o);
	w.q.whole = false;
	r = outgoing_check(&w.q, &w.why);
	way_close(&w);
	return r;
}

static void a_long_body_is_signed_by_its_announced_hash(void **state)
{
	(void)state;
	assert_int_equal(
		signs_long(SIGNED("lambda", "host") "X-Amz-Content-Sha256: " EMPTY "\r\n"), 0);
	assert_int_equal(signs_long(SIGNED("s3", "host")), 0);
	assert_true(signs_long(SIGNED("lambda", "host")) < 0);
}

static const char *refused(struct policy_auth a, const char *request)
{
	static char error[64];
	struct way w;

	snprintf(error, sizeof(error), "%s", try(&w, a, request) < 0 ? w.why.error : "none");
	way_close(&w);
	return error;
}

static int64_t skew_of(const char *status, const char *date)
{
	struct http1_head head;
	const char *what;
	char text[128];
	int64_t skew = 0;

	snprintf(text, sizeof(text), "HTTP/1.1 %s No\r\nDate: %s\r\n\r\n", status, date);
	assert_int_equal(
		http1_parse_response((const unsigned char *)text, strlen(text), &head, &what), 0);
	if (!sigv4_skew(&head, NOW, &skew))
		skew = -1;
	http1_head_done(&head);
	return skew;
}

static void the_clock_is_that_of_who_refuses(void **state)
{
	(void)state;
	assert_int_equal(skew_of("403", "Fri, 24 May 2013 00:10:05 GMT"), 605);
	assert_int_equal(skew_of("400", "Thu, 23 May 2013 23:00:00 GMT"), -3600);
	assert_int_equal(skew_of("200", "Fri, 24 May 2013 00:10:05 GMT"), -1);
	assert_int_equal(skew_of("403", "Fri, 24 May 2014 00:10:05 GMT"), -1);
	assert_int_equal(skew_of("403", "Fri, 24 Mai 2013 00:10:05 GMT"), -1);
	assert_int_equal(skew_of("403", "yesterday"), -1);
}

static void what_cannot_be_signed_is_refused(void **state)
{
	static const char *const bad[] = {
		"GET / HTTP/1.1\r\n\r\n",
		"GET / HTTP/1.1\r\nAuthorization: Bearer x\r\n\r\n",
		"GET / HTTP/1.1\r\nAuthorization: AWS4-ECDSA-P256-SHA256 Credential=k/20260101/s3/"
		"aws4_request, SignedHeaders=host, Signature=0\r\n\r\n",
		"GET / HTTP/1.1\r\nAuthorization: AWS4-HMAC-SHA256 Credential=k/2026/\r\n\r\n",
		"GET / HTTP/1.1\r\nAuthorization: AWS4-HMAC-SHA256\r\n\r\n",
		"GET / HTTP/1.1\r\n" SIGNED("s3", "host") SIGNED("s3", "host") "\r\n",
		"GET / HTTP/1.1\r\n" SIGNED("s3/../x\"y", "host") "\r\n",
		"GET /?X-Amz-Credential=k%2F20260101%2Fr%2Fs3%2Faws4_request HTTP/1.1\r\n\r\n",
		"GET / HTTP/1.1\r\n" SIGNED("s3", "host") "X-Amz-Content-Sha256: nonsense\r\n\r\n",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		assert_string_equal(refused(auth(), bad[i]), "aws_signature");
}

static void require_wants_the_placeholder_as_the_key_id(void **state)
{
	struct policy_auth a = auth();

	(void)state;
	a.require = true;
	a.placeholder = (char *)"agents-own-key";
	assert_string_equal(refused(a, "GET / HTTP/1.1\r\n" SIGNED("s3", "host") "\r\n"), "none");
	a.placeholder = (char *)"placeholder";
	assert_string_equal(refused(a, "GET / HTTP/1.1\r\n" SIGNED("s3", "host") "\r\n"),
		"placeholder_required");
	assert_string_equal(refused(a, "GET / HTTP/1.1\r\n\r\n"), "placeholder_required");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_request_to_s3_is_signed_anew),
		cmocka_unit_test(a_body_is_hashed),
		cmocka_unit_test(a_session_token_is_signed_and_a_secret),
		cmocka_unit_test(a_signature_in_the_query_becomes_one_in_the_head),
		cmocka_unit_test(repeated_parameters_are_sorted_by_value),
		cmocka_unit_test(the_route_names_region_and_service),
		cmocka_unit_test(a_long_body_is_signed_by_its_announced_hash),
		cmocka_unit_test(the_clock_is_that_of_who_refuses),
		cmocka_unit_test(what_cannot_be_signed_is_refused),
		cmocka_unit_test(require_wants_the_placeholder_as_the_key_id),
	};

	return cmocka_run_group_tests(tests, hand_over, way_take_back);
}
