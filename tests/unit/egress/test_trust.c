#include "egress/trust.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/pem.h>

/* What a BIO has been written, as a text of the caller's. */
static char *text_of(BIO *bio)
{
	char *data, *text;
	long n = BIO_get_mem_data(bio, &data);

	text = strndup(data, (size_t)n);
	BIO_free(bio);
	return text;
}

static EVP_PKEY *new_key(void)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");

	assert_non_null(key);
	return key;
}

static char *key_pem(EVP_PKEY *key, const char *passphrase)
{
	BIO *bio = BIO_new(BIO_s_mem());

	assert_int_equal(PEM_write_bio_PrivateKey(bio, key, passphrase ? EVP_aes_128_cbc() : NULL,
				 NULL, 0, NULL, (void *)passphrase),
		1);
	return text_of(bio);
}

static char *cert_pem(EVP_PKEY *key)
{
	BIO *bio = BIO_new(BIO_s_mem());
	X509 *cert = X509_new();

	X509_set_version(cert, 2);
	X509_gmtime_adj(X509_getm_notBefore(cert), 0);
	X509_gmtime_adj(X509_getm_notAfter(cert), 3600);
	X509_set_pubkey(cert, key);
	assert_true(X509_sign(cert, key, EVP_sha256()) > 0);
	assert_int_equal(PEM_write_bio_X509(bio, cert), 1);
	X509_free(cert);
	return text_of(bio);
}

static int check_client(const char *cert, const char *key, struct err *e)
{
	cleanup_secret struct secret s = {0};

	assert_int_equal(secret_set(&s, key, strlen(key), e), 0);
	return trust_check_client(cert, &s, e);
}

static void a_certificate_goes_with_its_own_key_only(void **state)
{
	EVP_PKEY *one = new_key(), *other = new_key();
	char *cert = cert_pem(one), *key = key_pem(one, NULL), *wrong = key_pem(other, NULL);
	struct err e;

	(void)state;
	assert_int_equal(check_client(cert, key, &e), 0);
	assert_int_equal(check_client(cert, wrong, &e), -EINVAL);
	assert_string_equal(e.msg, "tls: client_key is not the key of client_cert");
	free(cert);
	free(key);
	free(wrong);
	EVP_PKEY_free(one);
	EVP_PKEY_free(other);
}

static void what_is_no_certificate_or_key_says_so(void **state)
{
	EVP_PKEY *one = new_key();
	char *cert = cert_pem(one), *key = key_pem(one, NULL);
	struct err e;

	(void)state;
	assert_int_equal(check_client("nothing", key, &e), -EINVAL);
	assert_non_null(strstr(e.msg, "client_cert holds no certificate"));
	assert_int_equal(check_client(cert, "nothing", &e), -EINVAL);
	assert_non_null(strstr(e.msg, "no private key"));
	free(cert);
	free(key);
	EVP_PKEY_free(one);
}

static void nobody_is_asked_for_a_passphrase(void **state)
{
	EVP_PKEY *one = new_key();
	char *cert = cert_pem(one), *key = key_pem(one, "of the test");
	struct err e;

	(void)state;
	assert_int_equal(check_client(cert, key, &e), -EINVAL);
	assert_non_null(strstr(e.msg, "has a passphrase"));
	free(cert);
	free(key);
	EVP_PKEY_free(one);
}

static int keep_none(SSL *ssl, SSL_SESSION *session)
{
	(void)ssl;
	(void)session;
	return 0;
}

static void a_context_has_the_identity_that_was_wanted(void **state)
{
	EVP_PKEY *one = new_key();
	char *cert = cert_pem(one), *key = key_pem(one, NULL);
	cleanup_secret struct secret s = {0};
	struct trust_want want = {.keep = keep_none};
	struct trust *t;
	SSL_CTX *ctx;
	struct err e;

	(void)state;
	assert_int_equal(secret_set(&s, key, strlen(key), &e), 0);
	assert_int_equal(trust_open(&t, &e), 0);
	assert_int_equal(trust_context(t, &want, &ctx, &e), 0);
	assert_null(SSL_CTX_get0_certificate(ctx));
	SSL_CTX_free(ctx);
	want.tls_cert = cert;
	want.tls_key = &s;
	assert_int_equal(trust_context(t, &want, &ctx, &e), 0);
	assert_non_null(SSL_CTX_get0_certificate(ctx));
	assert_int_equal(SSL_CTX_get_min_proto_version(ctx), TLS1_2_VERSION);
	SSL_CTX_free(ctx);
	want.tls_ca = "nothing";
	assert_int_equal(trust_context(t, &want, &ctx, &e), -EINVAL);
	trust_free(t);
	free(cert);
	free(key);
	EVP_PKEY_free(one);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_certificate_goes_with_its_own_key_only),
		cmocka_unit_test(what_is_no_certificate_or_key_says_so),
		cmocka_unit_test(nobody_is_asked_for_a_passphrase),
		cmocka_unit_test(a_context_has_the_identity_that_was_wanted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
