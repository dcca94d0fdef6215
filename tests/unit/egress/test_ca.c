#include "egress/ca.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

static struct secret cert_pem, key_pem;
static X509 *root;
static SSL_CTX *ctx;

static void keep(BIO *bio, struct secret *ret)
{
	char *p;
	long n = BIO_get_mem_data(bio, &p);
	struct err e;

	assert_int_equal(secret_set(ret, p, (size_t)n, &e), 0);
	BIO_free(bio);
}

/* An authority made for this run. */
static int make_authority(void **state)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	BIO *cert = BIO_new(BIO_s_mem()), *pem = BIO_new(BIO_s_mem());
	X509_NAME *name;
	X509_EXTENSION *ext;

	(void)state;
	root = X509_new();
	X509_set_version(root, X509_VERSION_3);
	X509_gmtime_adj(X509_getm_notBefore(root), -60);
	X509_gmtime_adj(X509_getm_notAfter(root), 3600);
	name = X509_get_subject_name(root);
	X509_NAME_add_entry_by_txt(
		name, "CN", MBSTRING_ASC, (const unsigned char *)"test", -1, -1, 0);
	X509_set_issuer_name(root, name);
	X509_set_pubkey(root, key);
	ext = X509V3_EXT_conf_nid(NULL, NULL, NID_basic_constraints, "critical,CA:TRUE");
	X509_add_ext(root, ext, -1);
	X509_EXTENSION_free(ext);
	X509_sign(root, key, EVP_sha256());
	PEM_write_bio_X509(cert, root);
	PEM_write_bio_PrivateKey(pem, key, NULL, NULL, 0, NULL, NULL);
	keep(cert, &cert_pem);
	keep(pem, &key_pem);
	EVP_PKEY_free(key);
	ctx = SSL_CTX_new(TLS_server_method());
	return 0;
}

static int forget_authority(void **state)
{
	(void)state;
	secret_done(&cert_pem);
	secret_done(&key_pem);
	X509_free(root);
	SSL_CTX_free(ctx);
	return 0;
}

static struct ca *made(void)
{
	struct ca *ca;
	struct err e;

	assert_int_equal(ca_new(&cert_pem, &key_pem, &ca, &e), 0);
	return ca;
}

/* The leaf that a session for this host gets; the caller frees it. */
static X509 *leaf_of(struct ca *ca, const char *host)
{
	SSL *ssl = SSL_new(ctx);
	struct err e;
	X509 *leaf;

	assert_int_equal(ca_use_leaf(ca, host, ssl, &e), 0);
	leaf = SSL_get_certificate(ssl);
	X509_up_ref(leaf);
	SSL_free(ssl);
	return leaf;
}

static void a_leaf_verifies_for_its_host_and_no_other(void **state)
{
	struct ca *ca = made();
	X509 *leaf = leaf_of(ca, "api.example.com");
	X509_STORE *store = X509_STORE_new();
	X509_STORE_CTX *verify = X509_STORE_CTX_new();

	(void)state;
	X509_STORE_add_cert(store, root);
	X509_STORE_CTX_init(verify, store, leaf, NULL);
	X509_STORE_CTX_set_purpose(verify, X509_PURPOSE_SSL_SERVER);
	assert_int_equal(X509_verify_cert(verify), 1);
	assert_int_equal(X509_check_host(leaf, "api.example.com", 0, 0, NULL), 1);
	assert_int_equal(X509_check_host(leaf, "other.example.com", 0, 0, NULL), 0);
	assert_int_equal(X509_check_ca(leaf), 0);
	X509_STORE_CTX_free(verify);
	X509_STORE_free(store);
	X509_free(leaf);
	ca_free(ca);
}

static void a_leaf_is_signed_once_and_kept(void **state)
{
	struct ca *ca = made();
	X509 *a = leaf_of(ca, "a.example.com"), *b = leaf_of(ca, "a.example.com"),
	     *c = leaf_of(ca, "b.example.com");

	(void)state;
	assert_ptr_equal(a, b);
	assert_ptr_not_equal(a, c);
	X509_free(a);
	X509_free(b);
	X509_free(c);
	ca_free(ca);
}

static void the_cache_is_bounded_and_keeps_what_is_used(void **state)
{
	struct ca *ca = made();
	X509 *kept = leaf_of(ca, "kept.example.com"), *again;

	(void)state;
	for (int i = 0; i < 300; i++) {
		char host[64];

		snprintf(host, sizeof(host), "h%d.example.com", i);
		X509_free(leaf_of(ca, host));
		X509_free(leaf_of(ca, "kept.example.com"));
	}
	again = leaf_of(ca, "kept.example.com");
	assert_ptr_equal(kept, again);
	X509_free(kept);
	X509_free(again);
	ca_free(ca);
}

static void a_name_longer_than_a_common_name_works(void **state)
{
	static const char host[] =
		"a-very-long-label-of-a-host-name.another-very-long-label-of-it.example.com";
	struct ca *ca = made();
	X509 *leaf = leaf_of(ca, host);

	(void)state;
	assert_int_equal(X509_check_host(leaf, host, 0, 0, NULL), 1);
	X509_free(leaf);
	ca_free(ca);
}

static void a_key_of_another_authority_is_refused(void **state)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	BIO *pem = BIO_new(BIO_s_mem());
	cleanup_secret struct secret other = {0};
	struct ca *ca;
	struct err e;

	(void)state;
	PEM_write_bio_PrivateKey(pem, key, NULL, NULL, 0, NULL, NULL);
	keep(pem, &other);
	assert_true(ca_new(&cert_pem, &other, &ca, &e) < 0);
	assert_true(ca_new(&cert_pem, &cert_pem, &ca, &e) < 0);
	EVP_PKEY_free(key);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_leaf_verifies_for_its_host_and_no_other),
		cmocka_unit_test(a_leaf_is_signed_once_and_kept),
		cmocka_unit_test(the_cache_is_bounded_and_keeps_what_is_used),
		cmocka_unit_test(a_name_longer_than_a_common_name_works),
		cmocka_unit_test(a_key_of_another_authority_is_refused),
	};

	return cmocka_run_group_tests(tests, make_authority, forget_authority);
}
