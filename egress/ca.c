#include "egress/ca.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

#include "egress/host.h"

#define LEAVES_MAX	256
#define LEAF_BACKDATE_S (24 * 3600) /* for an agent whose clock is behind */
#define LEAF_LIFE_S	(30 * 24 * 3600)
#define LEAF_REFRESH_S	(24 * 3600) /* signed anew after a day: it never expires in use */

struct leaf {
	char host[HOST_MAX];
	X509 *cert;
	time_t made;
	unsigned long used; /* tick of the last use */
};

struct ca {
	X509 *cert;
	EVP_PKEY *key;
	EVP_PKEY *leaf_key;
	char fingerprint[2 * SHA256_DIGEST_LENGTH + 1];
	struct leaf leaves[LEAVES_MAX];
	size_t n_leaves;
	unsigned long tick;
};

static int tls_err(struct err *e, const char *what)
{
	char text[160];
	unsigned long code = ERR_get_error();

	ERR_error_string_n(code, text, sizeof(text));
	ERR_clear_error();
	return err_say(e, EIO, "%s: %s", what, code ? text : "unknown reason");
}

static int read_pems(
	struct ca *ca, const struct secret *cert_pem, const struct secret *key_pem, struct err *e)
{
	BIO *cert = BIO_new_mem_buf(cert_pem->bytes, (int)cert_pem->len);
	BIO *key = BIO_new_mem_buf(key_pem->bytes, (int)key_pem->len);

	if (cert && key) {
		ca->cert = PEM_read_bio_X509(cert, NULL, NULL, NULL);
		ca->key = PEM_read_bio_PrivateKey(key, NULL, NULL, NULL);
	}
	BIO_free(cert);
	BIO_free(key);
	if (!ca->cert || !ca->key)
		return tls_err(e, "read the bottle's CA");
	if (X509_check_private_key(ca->cert, ca->key) != 1)
		return tls_err(e, "the bottle's CA key does not belong to its certificate");
	return 0;
}

static int set_fingerprint(struct ca *ca, struct err *e)
{
	unsigned char md[EVP_MAX_MD_SIZE];
	unsigned int len = 0;

	if (X509_digest(ca->cert, EVP_sha256(), md, &len) != 1 || len != SHA256_DIGEST_LENGTH)
		return tls_err(e, "fingerprint of the bottle's CA");
	for (unsigned int i = 0; i < len; i++) {
		ca->fingerprint[2 * i] = "0123456789abcdef"[md[i] >> 4];
		ca->fingerprint[2 * i + 1] = "0123456789abcdef"[md[i] & 15];
	}
	return 0;
}

int ca_new(
	const struct secret *cert_pem, const struct secret *key_pem, struct ca **ret, struct err *e)
{
	struct ca *ca = calloc(1, sizeof(*ca));
	int r;

	if (!ca)
		return err_set(e, ENOMEM, "the bottle's CA");
	r = read_pems(ca, cert_pem, key_pem, e);
	if (r == 0)
		r = set_fingerprint(ca, e);
	if (r == 0) {
		ca->leaf_key = EVP_EC_gen("P-256");
		if (!ca->leaf_key)
			r = tls_err(e, "make a key for leaf certificates");
	}
	if (r < 0) {
		ca_free(ca);
		return r;
	}
	*ret = ca;
	return 0;
}

void ca_free(struct ca *ca)
{
	if (!ca)
		return;
	for (size_t i = 0; i < ca->n_leaves; i++)
		X509_free(ca->leaves[i].cert);
	EVP_PKEY_free(ca->leaf_key);
	EVP_PKEY_free(ca->key);
	X509_free(ca->cert);
	free(ca);
}

const char *ca_fingerprint(const struct ca *ca)
{
	return ca->fingerprint;
}

static int add_extension(X509V3_CTX *ctx, X509 *cert, int nid, const char *value)
{
	X509_EXTENSION *ext = X509V3_EXT_conf_nid(NULL, ctx, nid, value);
	int ok = ext && X509_add_ext(cert, ext, -1) == 1;

	X509_EXTENSION_free(ext);
	return ok;
}

static int add_extensions(struct ca *ca, X509 *cert, const char *host)
{
	X509V3_CTX ctx;
	char san[HOST_MAX + 8] = "DNS:";

	strncat(san, host, HOST_MAX);
	X509V3_set_ctx_nodb(&ctx);
	X509V3_set_ctx(&ctx, ca->cert, cert, NULL, NULL, 0);
	return add_extension(&ctx, cert, NID_basic_constraints, "critical,CA:FALSE") &&
	       add_extension(&ctx, cert, NID_key_usage, "critical,digitalSignature") &&
	       add_extension(&ctx, cert, NID_ext_key_usage, "serverAuth") &&
	       add_extension(&ctx, cert, NID_subject_alt_name, san) &&
	       add_extension(&ctx, cert, NID_subject_key_identifier, "hash") &&
	       (!X509_get0_subject_key_id(ca->cert) ||
		       add_extension(&ctx, cert, NID_authority_key_identifier, "keyid"));
}

/* RFC 5280: positive, at most 20 bytes; 16 random ones are never the same twice. */
static int set_serial(X509 *cert)
{
	unsigned char bytes[16];
	BIGNUM *n;
	int ok;

	if (RAND_bytes(bytes, sizeof(bytes)) != 1)
		return 0;
	bytes[0] &= 0x7f;
	n = BN_bin2bn(bytes, sizeof(bytes), NULL);
	ok = n && BN_to_ASN1_INTEGER(n, X509_get_serialNumber(cert)) != NULL;
	BN_free(n);
	return ok;
}

static int set_names(struct ca *ca, X509 *cert, const char *host)
{
	X509_NAME *subject = X509_get_subject_name(cert);
	/* A common name has at most 64 characters; what counts is the alternative name. */
	const char *cn = strlen(host) <= 64 ? host : "bottle";

	return X509_NAME_add_entry_by_txt(
		       subject, "CN", MBSTRING_ASC, (const unsigned char *)cn, -1, -1, 0) == 1 &&
	       X509_set_issuer_name(cert, X509_get_subject_name(ca->cert)) == 1;
}

static int fill_leaf(struct ca *ca, X509 *cert, const char *host)
{
	return X509_set_version(cert, X509_VERSION_3) == 1 && set_serial(cert) &&
	       X509_gmtime_adj(X509_getm_notBefore(cert), -LEAF_BACKDATE_S) &&
	       X509_gmtime_adj(X509_getm_notAfter(cert), LEAF_LIFE_S) &&
	       set_names(ca, cert, host) && X509_set_pubkey(cert, ca->leaf_key) == 1 &&
	       add_extensions(ca, cert, host);
}

static X509 *sign_leaf(struct ca *ca, const char *host)
{
	/* Ed25519 brings its own digest. */
	const EVP_MD *md = EVP_PKEY_is_a(ca->key, "ED25519") ? NULL : EVP_sha256();
	X509 *cert = X509_new();

	if (cert && fill_leaf(ca, cert, host) && X509_sign(cert, ca->key, md) > 0)
		return cert;
	X509_free(cert);
	return NULL;
}

/* The host's place in the cache, a free one, or that of the least recently used. */
static struct leaf *leaf_slot(struct ca *ca, const char *host)
{
	struct leaf *oldest = &ca->leaves[0];

	for (size_t i = 0; i < ca->n_leaves; i++) {
		struct leaf *l = &ca->leaves[i];

		if (strcmp(l->host, host) == 0)
			return l;
		if (l->used < oldest->used)
			oldest = l;
	}
	return ca->n_leaves < LEAVES_MAX ? &ca->leaves[ca->n_leaves] : oldest;
}

static int ensure_leaf(struct ca *ca, const char *host, struct leaf **ret, struct err *e)
{
	struct leaf *l = leaf_slot(ca, host);
	time_t now = time(NULL);
	X509 *cert;

	*ret = l;
	l->used = ++ca->tick;
	if (l->cert && strcmp(l->host, host) == 0 && now >= l->made &&
		now - l->made < LEAF_REFRESH_S)
		return 0;
	cert = sign_leaf(ca, host);
	if (!cert)
		return tls_err(e, "sign a leaf certificate");
	if (l == &ca->leaves[ca->n_leaves])
		ca->n_leaves++;
	X509_free(l->cert);
	memcpy(l->host, host, strlen(host) + 1);
	l->cert = cert;
	l->made = now;
	return 0;
}

int ca_use_leaf(struct ca *ca, const char *host, SSL *ssl, struct err *e)
{
	struct leaf *l = NULL;
	int r = ensure_leaf(ca, host, &l, e);

	if (r < 0)
		return r;
	if (SSL_use_certificate(ssl, l->cert) != 1 || SSL_use_PrivateKey(ssl, ca->leaf_key) != 1)
		return tls_err(e, "use a leaf certificate");
	return 0;
}
