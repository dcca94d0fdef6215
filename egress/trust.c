#include "egress/trust.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/pem.h>

#include "base/fd.h"
#include "base/ptr.h"
#include "egress/wire.h"

#define BUNDLE_MAX (8U << 20)

/* Debian, Red Hat, SUSE, Alpine. */
static const char *const bundles[] = {
	"/etc/ssl/certs/ca-certificates.crt",
	"/etc/pki/tls/certs/ca-bundle.crt",
	"/etc/ssl/ca-bundle.pem",
	"/etc/ssl/cert.pem",
};

struct trust {
	int fd; /* of the bundle, until it is read */
	bool loaded;
	X509_STORE *store;
};

int trust_open(struct trust **ret, struct err *e)
{
	struct trust *t = calloc(1, sizeof(*t));

	if (!t)
		return err_set(e, ENOMEM, "the trust store");
	t->fd = -1;
	t->store = X509_STORE_new();
	if (!t->store) {
		free(t);
		return err_set(e, ENOMEM, "the trust store");
	}
	for (size_t i = 0; i < sizeof(bundles) / sizeof(*bundles) && t->fd < 0; i++)
		t->fd = open(bundles[i], O_RDONLY | O_CLOEXEC);
	*ret = t;
	return 0;
}

void trust_free(struct trust *t)
{
	if (!t)
		return;
	fd_close(&t->fd);
	X509_STORE_free(t->store);
	free(t);
}

/* Adds every certificate of a PEM text; one that is there already is no error. Their number. */
static int add_pem(X509_STORE *store, const char *pem, size_t len)
{
	BIO *bio = BIO_new_mem_buf(pem, (int)len);
	X509 *cert;
	int n = 0;

	if (!bio)
		return 0;
	while ((cert = PEM_read_bio_X509(bio, NULL, NULL, NULL))) {
		n += X509_STORE_add_cert(store, cert) == 1;
		X509_free(cert);
	}
	BIO_free(bio);
	ERR_clear_error();
	return n;
}

int trust_load(struct trust *t, struct err *e)
{
	cleanup_free char *pem = NULL;
	size_t len = 0;
	int r;

	if (t->loaded)
		return 0;
	t->loaded = true;
	if (t->fd < 0)
		return 0;
	r = fd_read_all(t->fd, "the host's trust store", BUNDLE_MAX, &pem, &len, e);
	fd_close(&t->fd);
	if (r < 0)
		return r;
	add_pem(t->store, pem, len);
	return 0;
}

/* The host's roots with others beside them; certificates are shared, not copied. */
static X509_STORE *store_with(struct trust *t, const char *tls_ca)
{
	X509_STORE *store = X509_STORE_new();
	STACK_OF(X509_OBJECT) *objects = X509_STORE_get0_objects(t->store);

	if (!store)
		return NULL;
	for (int i = 0; i < sk_X509_OBJECT_num(objects); i++) {
		X509 *cert = X509_OBJECT_get0_X509(sk_X509_OBJECT_value(objects, i));

		if (cert && X509_STORE_add_cert(store, cert) != 1)
			ERR_clear_error();
	}
	if (add_pem(store, tls_ca, strlen(tls_ca)) > 0)
		return store;
	X509_STORE_free(store);
	return NULL;
}

static SSL_CTX *client_context(trust_keep_fn *keep)
{
	static const unsigned char http11[] = "\x08http/1.1";
	SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());

	if (!ctx)
		return NULL;
	SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION);
	SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, NULL);
	SSL_CTX_set_mode(ctx, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
				      SSL_MODE_RELEASE_BUFFERS);
	/* Many servers end a connection without close_notify; framing tells us what is missing. */
	SSL_CTX_set_options(ctx,
		SSL_OP_NO_RENEGOTIATION | SSL_OP_IGNORE_UNEXPECTED_EOF | SSL_OP_NO_COMPRESSION);
	SSL_CTX_set_session_cache_mode(ctx,
		keep ? SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL : SSL_SESS_CACHE_OFF);
	SSL_CTX_sess_set_new_cb(ctx, keep);
	SSL_CTX_set_read_ahead(ctx, 1);
	if (SSL_CTX_set_ciphersuites(ctx, WIRE_TLS13_SUITES) != 1 ||
		SSL_CTX_set_alpn_protos(ctx, http11, sizeof(http11) - 1) != 0) {
		SSL_CTX_free(ctx);
		return NULL;
	}
	return ctx;
}

/* ---- who we are to those that ask */

/* Nobody is here to be asked for a passphrase; without this the library would ask the terminal. */
static int no_passphrase(char *buf, int size, int rwflag, void *asked)
{
	(void)buf;
	(void)size;
	(void)rwflag;
	*(bool *)asked = true;
	return -1;
}

/* The first certificate is ours, the others lead from it to a root. */
static int use_certificates(SSL_CTX *ctx, const char *pem, struct err *e)
{
	BIO *bio = BIO_new_mem_buf(pem, -1);
	X509 *cert = bio ? PEM_read_bio_X509(bio, NULL, NULL, NULL) : NULL;
	bool ok = cert && SSL_CTX_use_certificate(ctx, cert) == 1;

	X509_free(cert);
	while (ok && (cert = PEM_read_bio_X509(bio, NULL, NULL, NULL)))
		ok = SSL_CTX_add0_chain_cert(ctx, cert) == 1;
	BIO_free(bio);
	ERR_clear_error();
	return ok ? 0
		  : err_say(e, EINVAL, "tls: client_cert holds no certificate that can be used");
}

static int use_key(SSL_CTX *ctx, const struct secret *pem, struct err *e)
{
	BIO *bio = BIO_new_mem_buf(pem->bytes, (int)pem->len);
	bool asked = false;
	EVP_PKEY *key = bio ? PEM_read_bio_PrivateKey(bio, NULL, no_passphrase, &asked) : NULL;
	bool used = key && SSL_CTX_use_PrivateKey(ctx, key) == 1;
	bool fits = used && SSL_CTX_check_private_key(ctx) == 1;

	EVP_PKEY_free(key);
	BIO_free(bio);
	ERR_clear_error();
	if (fits)
		return 0;
	if (key)
		return err_say(e, EINVAL, "tls: client_key is not the key of client_cert");
	return err_say(e, EINVAL, "tls: client_key %s",
		asked ? "has a passphrase: it must be stored without one"
		      : "holds no private key in PEM form");
}

static int use_client(
	SSL_CTX *ctx, const char *tls_cert, const struct secret *tls_key, struct err *e)
{
	int r = use_certificates(ctx, tls_cert, e);

	return r < 0 ? r : use_key(ctx, tls_key, e);
}

int trust_check_client(const char *tls_cert, const struct secret *tls_key, struct err *e)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
	int r = ctx ? use_client(ctx, tls_cert, tls_key, e) : err_set(e, ENOMEM, "a TLS context");

	SSL_CTX_free(ctx);
	return r;
}

/* ---- a context */

static int use_roots(struct trust *t, SSL_CTX *ctx, const char *tls_ca, struct err *e)
{
	X509_STORE *store;

	if (!tls_ca) {
		SSL_CTX_set1_cert_store(ctx, t->store);
		return 0;
	}
	store = store_with(t, tls_ca);
	if (!store)
		return err_say(e, EINVAL, "tls_ca holds no certificate");
	SSL_CTX_set_cert_store(ctx, store); /* takes the store */
	return 0;
}

int trust_context(struct trust *t, const struct trust_want *want, SSL_CTX **ret, struct err *e)
{
	SSL_CTX *ctx;
	int r = trust_load(t, e);

	if (r < 0)
		return r;
	ctx = client_context(want->keep);
	if (!ctx)
		return err_set(e, ENOMEM, "a TLS context");
	r = use_roots(t, ctx, want->tls_ca, e);
	if (r == 0 && want->tls_cert)
		r = use_client(ctx, want->tls_cert, want->tls_key, e);
	if (r < 0) {
		SSL_CTX_free(ctx);
		return r;
	}
	*ret = ctx;
	return 0;
}
