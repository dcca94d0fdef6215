#include "shim/ca.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <openssl/pem.h>
#include <openssl/x509v3.h>

static X509 *parse_cert(const struct ca *ca)
{
	BIO *bio = BIO_new_mem_buf(ca->cert_pem, -1);
	X509 *cert = PEM_read_bio_X509(bio, NULL, NULL, NULL);

	BIO_free(bio);
	assert_non_null(cert);
	return cert;
}

static void the_certificate_is_a_ca_named_after_the_bottle(void **state)
{
	struct ca ca = {0};
	struct err e;
	char cn[80];

	(void)state;
	assert_int_equal(ca_make("dev-1a2b", &ca, &e), 0);
	X509 *cert = parse_cert(&ca);
	assert_true(X509_check_ca(cert) == 1);
	X509_NAME_get_text_by_NID(X509_get_subject_name(cert), NID_commonName, cn, sizeof(cn));
	assert_string_equal(cn, "bottle dev-1a2b CA");
	assert_int_equal(X509_get_pathlen(cert), 0);
	X509_free(cert);
	ca_done(&ca);
}

static void it_is_valid_now_and_for_thirty_days_at_least(void **state)
{
	struct ca ca = {0};
	struct err e;
	time_t now = time(NULL), before = now - 3600, later = now + 30 * 86400;

	(void)state;
	assert_int_equal(ca_make("x", &ca, &e), 0);
	X509 *cert = parse_cert(&ca);
	assert_true(X509_cmp_time(X509_get0_notBefore(cert), &before) < 0);
	assert_true(X509_cmp_time(X509_get0_notAfter(cert), &later) > 0);
	X509_free(cert);
	ca_done(&ca);
}

static void the_key_fits_the_certificate_and_is_p256(void **state)
{
	struct ca ca = {0};
	struct err e;

	(void)state;
	assert_int_equal(ca_make("x", &ca, &e), 0);
	X509 *cert = parse_cert(&ca);
	BIO *bio = BIO_new_mem_buf(ca.key.bytes, (int)ca.key.len);
	EVP_PKEY *key = PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL);
	assert_non_null(key);
	assert_int_equal(X509_check_private_key(cert, key), 1);
	assert_int_equal(EVP_PKEY_get_bits(key), 256);
	assert_int_equal(X509_verify(cert, key), 1);
	EVP_PKEY_free(key);
	BIO_free(bio);
	X509_free(cert);
	ca_done(&ca);
}

static void two_bottles_have_different_keys_and_fingerprints(void **state)
{
	struct ca a = {0}, b = {0};
	struct err e;

	(void)state;
	assert_int_equal(ca_make("x", &a, &e), 0);
	assert_int_equal(ca_make("x", &b, &e), 0);
	assert_int_equal(strlen(a.fingerprint), 95);
	assert_string_not_equal(a.fingerprint, b.fingerprint);
	assert_memory_not_equal(
		a.key.bytes, b.key.bytes, a.key.len < b.key.len ? a.key.len : b.key.len);
	ca_done(&a);
	ca_done(&b);
}

static void a_very_long_slug_still_makes_a_certificate(void **state)
{
	struct ca ca = {0};
	struct err e;
	char slug[300];

	(void)state;
	memset(slug, 'a', sizeof(slug) - 1);
	slug[sizeof(slug) - 1] = '\0';
	assert_int_equal(ca_make(slug, &ca, &e), 0);
	ca_done(&ca);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_certificate_is_a_ca_named_after_the_bottle),
		cmocka_unit_test(it_is_valid_now_and_for_thirty_days_at_least),
		cmocka_unit_test(the_key_fits_the_certificate_and_is_p256),
		cmocka_unit_test(two_bottles_have_different_keys_and_fingerprints),
		cmocka_unit_test(a_very_long_slug_still_makes_a_certificate),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
