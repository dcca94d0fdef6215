#include "egress/intercept.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

#include "base/sha256.h"
#include "egress/wire.h"

const unsigned char intercept_alert[7] = {21, 3, 3, 0, 2, 2, 112};

/* Two parsers read the hello: ours decided, this one is to say the same. */
static int check_name(SSL *ssl, int *alert, void *arg)
{
	const char *seen = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
	const char *decided = SSL_get_app_data(ssl);

	(void)arg;
	if (seen && decided && strcasecmp(seen, decided) == 0)
		return SSL_TLSEXT_ERR_OK;
	*alert = SSL_AD_UNRECOGNIZED_NAME;
	return SSL_TLSEXT_ERR_ALERT_FATAL;
}

static int select_protocol(SSL *ssl, const unsigned char **out, unsigned char *out_len,
	const unsigned char *in, unsigned int in_len, void *arg)
{
	static const unsigned char ours[] = "\x02h2\x08http/1.1";

	(void)ssl;
	(void)arg;
	if (SSL_select_next_proto((unsigned char **)out, out_len, ours, sizeof(ours) - 1, in,
		    in_len) != OPENSSL_NPN_NEGOTIATED)
		return SSL_TLSEXT_ERR_ALERT_FATAL;
	return SSL_TLSEXT_ERR_OK;
}

int intercept_context(SSL_CTX **ret, struct err *e)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());

	if (!ctx)
		return err_set(e, ENOMEM, "a TLS context");
	SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION);
	if (SSL_CTX_set_ciphersuites(ctx, WIRE_TLS13_SUITES) != 1) {
		SSL_CTX_free(ctx);
		return err_set(e, ENOMEM, "a TLS context");
	}
	/* Our order, but for who puts ChaCha20 first: its processor has no AES. */
	SSL_CTX_set_options(ctx,
		SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_IGNORE_UNEXPECTED_EOF |
			SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA);
	SSL_CTX_set_num_tickets(ctx, 1);
	SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_mode(ctx, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
				      SSL_MODE_RELEASE_BUFFERS);
	SSL_CTX_set_read_ahead(ctx, 1);
	SSL_CTX_set_alpn_select_cb(ctx, select_protocol, NULL);
	SSL_CTX_set_tlsext_servername_callback(ctx, check_name);
	*ret = ctx;
	return 0;
}

/* A ticket of one host opens no other: it is not known there, and a full handshake follows. */
static int bind_tickets(SSL *ssl, const char *host, struct err *e)
{
	unsigned char id[SHA256_SIZE];

	sha256(host, strlen(host), id);
	return SSL_set_session_id_context(ssl, id, sizeof(id)) == 1
		       ? 0
		       : err_set(e, ENOMEM, "a TLS session");
}

bool intercept_chose_http2(const SSL *ssl)
{
	const unsigned char *name;
	unsigned int len;

	SSL_get0_alpn_selected(ssl, &name, &len);
	return len == 2 && memcmp(name, "h2", 2) == 0;
}

int intercept_session(SSL_CTX *ctx, struct ca *ca, const char *host, SSL **ret, struct err *e)
{
	SSL *ssl = SSL_new(ctx);
	int r;

	if (!ssl)
		return err_set(e, ENOMEM, "a TLS session");
	SSL_set_app_data(ssl, (char *)host);
	SSL_set_accept_state(ssl);
	r = bind_tickets(ssl, host, e);
	if (r == 0)
		r = ca_use_leaf(ca, host, ssl, e);
	if (r < 0) {
		SSL_free(ssl);
		return r;
	}
	*ret = ssl;
	return 0;
}
