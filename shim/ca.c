#include "shim/ca.h"

#include <errno.h>
#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DAY_S 86400L

/* OpenSSL's own reason, the latest one. */
static int fail(struct err *e, const char *what)
{
	const char *reason = ERR_reason_error_string(ERR_peek_last_error());

	err_say(e, EIO, "%s: %s", what, reason ? reason : "out of memory");
	ERR_clear_error();
	return -EIO;
}

static int add_extension(X509 *cert, int nid, const char *value)
{
	X509V3_CTX ctx;
	X509_EXTENSION *ext;
	int ok;

	X509V3_set_ctx_nodb(&ctx);
	X509V3_set_ctx(&ctx, cert, cert, NULL, NULL, 0);
	ext = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
	ok = ext && X509_add_ext(cert, ext, -1);
	X509_EXTENSION_free(ext);
	return ok;
}

/* RFC 5280, 4.1.2.2: positive, at most 20 octets, unique: 16 random ones. */
static int set_serial(X509 *cert)
{
	unsigned char bytes[16];
	BIGNUM *number;
	int ok;

	if (RAND_bytes(bytes, sizeof(bytes)) != 1)
		return 0;
	bytes[0] = (bytes[0] & 0x7f) | 0x40;
	number = BN_bin2bn(bytes, sizeof(bytes), NULL);
	ok = number && BN_to_ASN1_INTEGER(number, X509_get_serialNumber(cert));
	BN_free(number);
	return ok;
}

/*
 * The common name holds at most 64 characters (RFC 5280, appendix A): a longer slug is cut there,
 * and stands whole nowhere.
 */
static int set_subject(X509 *cert, const char *slug)
{
	X509_NAME *name = X509_get_subject_name(cert);
	char cn[65];

	snprintf(cn, sizeof(cn), "bottle %.50s CA", slug);
	return X509_NAME_add_entry_by_txt(
		       name, "CN", MBSTRING_UTF8, (const unsigned char *)cn, -1, -1, 0) &&
	       X509_set_issuer_name(cert, name);
}

static int fill(X509 *cert, EVP_PKEY *key, const char *slug)
{
	return X509_set_version(cert, X509_VERSION_3) && set_serial(cert) &&
	       X509_gmtime_adj(X509_getm_notBefore(cert), -DAY_S) &&
	       X509_gmtime_adj(X509_getm_notAfter(cert), CA_DAYS * DAY_S) &&
	       X509_set_pubkey(cert, key) && set_subject(cert, slug) &&
	       add_extension(cert, NID_basic_constraints, "critical,CA:TRUE,pathlen:0") &&
	       add_extension(cert, NID_key_usage, "critical,keyCertSign,cRLSign") &&
	       add_extension(cert, NID_subject_key_identifier, "hash") &&
	       X509_sign(cert, key, EVP_sha256()) > 0;
}

static int take_fingerprint(X509 *cert, char *out, size_t size)
{
	unsigned char md[EVP_MAX_MD_SIZE];
	unsigned int len = 0;

	if (!X509_digest(cert, EVP_sha256(), md, &len) || len * 3 > size)
		return 0;
	for (unsigned int i = 0; i < len; i++)
		snprintf(out + (size_t)i * 3, size - (size_t)i * 3, "%02X%s", md[i],
			i + 1 < len ? ":" : "");
	return 1;
}

static int take_cert_pem(X509 *cert, char **ret)
{
	BIO *bio = BIO_new(BIO_s_mem());
	char *data;
	long len;

	if (bio && PEM_write_bio_X509(bio, cert)) {
		len = BIO_get_mem_data(bio, &data);
		*ret = strndup(data, (size_t)len);
	}
	BIO_free(bio);
	return *ret != NULL;
}

static int take_key_pem(EVP_PKEY *key, struct secret *ret, struct err *e)
{
	BIO *bio = BIO_new(BIO_s_secmem());
	char *data;
	long len;
	int r;

	if (!bio || !PEM_write_bio_PKCS8PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL)) {
		BIO_free(bio);
		return fail(e, "write the bottle's CA key");
	}
	len = BIO_get_mem_data(bio, &data);
	r = secret_set(ret, data, (size_t)len, e);
	secret_wipe(data, (size_t)len);
	BIO_free(bio);
	return r;
}

int ca_make(const char *slug, struct ca *ret, struct err *e)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *cert = X509_new();
	struct ca ca = {0};
	int r;

	if (!key || !cert || !fill(cert, key, slug) || !take_cert_pem(cert, &ca.cert_pem) ||
		!take_fingerprint(cert, ca.fingerprint, sizeof(ca.fingerprint)))
		r = fail(e, "make the bottle's CA");
	else
		r = take_key_pem(key, &ca.key, e);
	X509_free(cert);
	EVP_PKEY_free(key);
	if (r < 0)
		ca_done(&ca);
	else
		*ret = ca;
	return r;
}

void ca_done(struct ca *ca)
{
	free(ca->cert_pem);
	secret_done(&ca->key);
	*ca = (struct ca){0};
}
