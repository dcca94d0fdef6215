/*
 * The first flight of a TLS client: what we read out of it must be what OpenSSL reads out of it, or
 * nothing.
 */
#include <stdlib.h>
#include <strings.h>

#include <openssl/ssl.h>

#include "egress/hello.h"
#include "tests/fuzz/fuzz.h"

static const char *ours;

static int compare(SSL *ssl, int *alert, void *arg)
{
	const char *theirs = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);

	(void)arg;
	*alert = SSL_AD_INTERNAL_ERROR;
	if (theirs && ours[0] && strcasecmp(theirs, ours) != 0)
		abort();
	return SSL_TLSEXT_ERR_ALERT_FATAL;
}

static void ask_openssl(const uint8_t *data, size_t size)
{
	static SSL_CTX *ctx;
	SSL *ssl;
	BIO *in, *out;

	if (!ctx) {
		ctx = SSL_CTX_new(TLS_server_method());
		SSL_CTX_set_tlsext_servername_callback(ctx, compare);
	}
	ssl = SSL_new(ctx);
	in = BIO_new_mem_buf(data, (int)size);
	out = BIO_new(BIO_s_mem());
	SSL_set_bio(ssl, in, out);
	SSL_set_accept_state(ssl);
	(void)SSL_do_handshake(ssl);
	SSL_free(ssl);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct hello hello;
	const char *why = NULL;
	int r;

	if (size > 1 << 16)
		return 0;
	r = hello_parse(data, size, &hello, &why);
	if (!why || (r < 0 && !*why))
		abort();
	if (r != 1)
		return 0;
	ours = hello.host;
	ask_openssl(data, size);
	return 0;
}
