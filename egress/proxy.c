#include "egress/proxy.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>
#include <openssl/x509v3.h>

#include "base/http1.h"
#include "egress/host.h"

#define FIELD "Proxy-Authorization: Basic "

struct proxy {
	const struct policy_proxy *policy;
	char host[HOST_MAX]; /* "": an address */
	struct address address;
	char name[HOST_MAX + 8];
	struct secret field; /* none: bytes NULL */
	SSL_CTX *tls;	     /* made at first use */
};

static int read_host(struct proxy *p, struct err *e)
{
	const char *text = p->policy->host, *why;

	p->address.family = AF_INET;
	if (inet_pton(AF_INET, text, &p->address.v4) == 1)
		return 0;
	p->address.family = AF_INET6;
	if (inet_pton(AF_INET6, text, &p->address.v6) == 1)
		return 0;
	if (host_parse(text, strlen(text), p->host, &why) == 0)
		return 0;
	return err_say(e, EINVAL, "egress.upstream_proxy: the host '%s': %s", text, why);
}

static int check_value(const char *value, size_t len, struct err *e)
{
	if (!memchr(value, ':', len))
		return err_say(
			e, EINVAL, "egress.upstream_proxy: its credential must be user:password");
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)value[i] < 0x20 || value[i] == 0x7f)
			return err_say(e, EINVAL,
				"egress.upstream_proxy: its credential holds a control character");
	return 0;
}

/* RFC 7617; wipes what it used on the way. */
static int make_field(struct proxy *p, const struct secret *value, struct err *e)
{
	size_t len = strcspn(value->bytes, "\r\n"), at = strlen(FIELD);
	size_t size = at + 4 * (len / 3 + 1) + 3;
	char *text;
	int n, r;

	if (check_value(value->bytes, len, e) < 0)
		return -EINVAL;
	text = malloc(size);
	if (!text)
		return err_set(e, ENOMEM, "a credential");
	memcpy(text, FIELD, at);
	n = EVP_EncodeBlock(
		(unsigned char *)text + at, (const unsigned char *)value->bytes, (int)len);
	memcpy(text + at + n, "\r\n", 2);
	r = secret_set(&p->field, text, at + (size_t)n + 2, e);
	secret_wipe(text, size);
	free(text);
	return r;
}

static int read_credential(struct proxy *p, const struct component_boot *boot, struct err *e)
{
	const struct secret *value;

	if (!p->policy->slot)
		return 0;
	value = component_secret(boot, p->policy->slot);
	if (!value)
		return err_say(e, EINVAL,
			"egress.upstream_proxy: its credential '%s' was not handed over",
			p->policy->token_ref ? p->policy->token_ref : p->policy->slot);
	return make_field(p, value, e);
}

int proxy_new(const struct policy_proxy *policy, const struct component_boot *boot,
	struct proxy **ret, struct err *e)
{
	struct proxy *p = calloc(1, sizeof(*p));
	int r;

	if (!p)
		return err_set(e, ENOMEM, "the network's proxy");
	p->policy = policy;
	r = read_host(p, e);
	if (r == 0)
		r = read_credential(p, boot, e);
	if (r < 0) {
		proxy_free(p);
		return r;
	}
	snprintf(p->name, sizeof(p->name), strchr(policy->host, ':') ? "[%s]:%u" : "%s:%u",
		policy->host, policy->port);
	*ret = p;
	return 0;
}

void proxy_free(struct proxy *p)
{
	if (!p)
		return;
	secret_done(&p->field);
	SSL_CTX_free(p->tls);
	free(p);
}

bool proxy_serves(const struct proxy *p, const char *host)
{
	for (char **d = p->policy->direct; d && *d; d++)
		if (host_fit(*d, host) > 0)
			return false;
	return true;
}

int proxy_check_name(const struct policy_route *route, const char *host, struct refusal *why)
{
	static const char *const special[] = {"localhost", "*.localhost", "*.local",
		"metadata.google.internal", "metadata.goog", "instance-data",
		"instance-data.ec2.internal"};

	for (size_t i = 0; i < sizeof(special) / sizeof(*special); i++)
		if (host_fit(special[i], host) > 0 && !(route->addresses && route->addresses[0]))
			return refusal_set(why, 403, "address_not_allowed", "upstream addresses",
				"%s is a special name, and behind the network's proxy its address "
				"cannot be checked: its route names none under addresses",
				host);
	return 0;
}

const char *proxy_name(const struct proxy *p)
{
	return p->name;
}

const char *proxy_host(const struct proxy *p)
{
	return p->host;
}

const struct address *proxy_address(const struct proxy *p)
{
	return p->host[0] ? NULL : &p->address;
}

uint16_t proxy_port(const struct proxy *p)
{
	return p->policy->port;
}

bool proxy_is_tls(const struct proxy *p)
{
	return p->policy->tls;
}

/* The certificate must be of the name, or of the address. */
static int name_peer(const struct proxy *p, SSL *ssl)
{
	if (!p->host[0])
		return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), p->policy->host);
	SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
	return SSL_set1_host(ssl, p->host) == 1 && SSL_set_tlsext_host_name(ssl, p->host) == 1;
}

int proxy_session(struct proxy *p, struct trust *trust, SSL **ret, struct err *e)
{
	const struct trust_want want = {.tls_ca = p->policy->tls_ca};
	int r = p->tls ? 0 : trust_context(trust, &want, &p->tls, e);
	SSL *ssl;

	if (r < 0)
		return r;
	ssl = SSL_new(p->tls);
	if (!ssl || !name_peer(p, ssl)) {
		SSL_free(ssl);
		return err_set(e, ENOMEM, "a TLS session");
	}
	SSL_set_connect_state(ssl);
	*ret = ssl;
	return 0;
}

int proxy_ask(const struct proxy *p, const char *host, uint16_t port, struct buf *out)
{
	int r = buf_addf(out, "CONNECT %s:%u HTTP/1.1\r\nHost: %s:%u\r\n", host, port, host, port);

	if (p->field.bytes)
		r |= buf_add(out, p->field.bytes, p->field.len);
	return r | buf_add(out, "\r\n", 2);
}

static int refuse(const struct proxy *p, int status, struct refusal *why)
{
	const char *what = NULL;

	if (status == 407)
		what = p->field.bytes ? "does not take the credential of egress.upstream_proxy"
				      : "wants a credential, and egress.upstream_proxy has none";
	else if (status == 403)
		what = "refuses to connect to this host";
	if (what)
		return refusal_set(why, 502, "upstream_proxy", "egress.upstream_proxy",
			"the network's proxy %s %s (%d)", p->name, what, status);
	return refusal_set(why, status == 504 ? 504 : 502, "upstream_proxy",
		"egress.upstream_proxy", "the network's proxy %s could not connect: it answered %d",
		p->name, status);
}

int proxy_take_answer(const struct proxy *p, struct buf *in, size_t *scanned, struct refusal *why)
{
	struct http1_head head = {0};
	const char *what = NULL;
	long n = in->len ? http1_head_length(buf_data(in), in->len, scanned, &what) : 0;
	int status = 0;

	if (n == 0)
		return 0;
	if (n > 0 && http1_parse_response(buf_data(in), (size_t)n, &head, &what) == 0)
		status = head.status;
	http1_head_done(&head);
	if (n < 0 || status == 0)
		return refusal_set(why, 502, "upstream_proxy", "egress.upstream_proxy",
			"the network's proxy %s gave an answer that is none: %s", p->name, what);
	if (status < 200 || status > 299)
		return refuse(p, status, why);
	buf_consume(in, (size_t)n);
	return 1;
}
