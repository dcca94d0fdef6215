#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/ptr.h"
#include "bundle/manifest.h"
#include "bundle/policy_proxy.h"

/* egress.upstream_proxy: the proxy of the operator's network, through which upstreams are reached.
 */

static bool is_address(const char *host, char **ret)
{
	unsigned char address[16];
	size_t len = strlen(host);
	cleanup_free char *inner = NULL;

	if (inet_pton(AF_INET, host, address) == 1) {
		*ret = strdup(host);
		return true;
	}
	if (host[0] != '[' || host[len - 1] != ']')
		return false;
	inner = strndup(host + 1, len - 2);
	if (!inner || inet_pton(AF_INET6, inner, address) != 1)
		return false;
	*ret = steal_ptr(&inner);
	return true;
}

/* http://HOST:PORT or https://HOST:PORT. The user belongs to token_ref. */
static bool parse_url(const char *url, struct policy_proxy *p)
{
	bool tls = str_starts(url, "https://");
	const char *rest = url + strlen(tls ? "https://" : "http://");
	cleanup_free char *host = NULL;
	const char *colon;
	long port;

	if (!tls && !str_starts(url, "http://"))
		return false;
	colon = strrchr(rest, ':');
	if (!colon || !str_to_long(colon + 1, 1, UINT16_MAX, &port))
		return false;
	host = strndup(rest, (size_t)(colon - rest));
	if (!host || !*host)
		return false;
	if (!is_address(host, &p->host)) {
		p->host = manifest_lower(host);
		if (!p->host || !manifest_host_ok(p->host))
			return false;
	}
	p->tls = tls;
	p->port = (uint16_t)port;
	return true;
}

static int read_url(struct frontmatter *f, const struct yaml_node *n, struct policy_proxy *p)
{
	if (manifest_read_text(f, n, &p->url) < 0)
		return -ENOMEM;
	/* What stands before an '@' may be a password: it is not repeated. */
	if (p->url && !parse_url(p->url, p))
		yaml_problem(&f->problems, n,
			"expected http://HOST:PORT or https://HOST:PORT, without a user (token_ref "
			"names the secret USER:PASSWORD) and without a path");
	return 0;
}

static int read_direct(struct frontmatter *f, const struct yaml_node *list, struct policy_proxy *p)
{
	const char *text;

	if (!list || !yaml_is(&f->problems, list, YAML_LIST))
		return 0;
	if (!list->first)
		yaml_problem(&f->problems, list, "an empty list; leave it out");
	for (const struct yaml_node *c = list->first; c; c = c->next) {
		cleanup_free char *host = NULL;

		if (!yaml_str(&f->problems, c, &text))
			continue;
		host = manifest_lower(text);
		if (!host)
			return -ENOMEM;
		if (!manifest_host_ok(str_starts(host, "*.") ? host + 2 : host))
			yaml_problem(&f->problems, c,
				"'%s' is no host: expected NAME or *.NAME, without a port", text);
		else if (strv_add(&p->direct, host) < 0)
			return -ENOMEM;
	}
	return 0;
}

int manifest_read_proxy(struct frontmatter *f, struct yaml_node *proxy, struct manifest *m)
{
	struct policy_proxy *p = &m->proxy;
	const struct yaml_node *ca;

	if (!proxy)
		return 0;
	m->has_proxy = true;
	if (proxy->type == YAML_BOOL && str_eq(proxy->text, "false"))
		return 0;
	if (proxy->type != YAML_MAP) {
		yaml_problem(&f->problems, proxy,
			"expected {url: http://HOST:PORT, token_ref: NAME, ca: FILE, direct: "
			"[HOST]}, or false for none");
		return 0;
	}
	ca = yaml_get(proxy, "ca");
	if (read_url(f, yaml_need(&f->problems, proxy, "url"), p) < 0 ||
		manifest_read_secret(f, yaml_get(proxy, "token_ref"), &p->token_ref) < 0 ||
		manifest_read_pem(f, ca, &p->tls_ca) < 0 ||
		read_direct(f, yaml_get(proxy, "direct"), p) < 0)
		return -ENOMEM;
	if (ca && p->host && !p->tls)
		yaml_problem(&f->problems, ca, "only a proxy with https:// has a certificate");
	yaml_finish(&f->problems, proxy, "url, token_ref, ca, direct");
	return 0;
}

void manifest_merge_proxy(struct manifest *into, struct manifest *child)
{
	if (!child->has_proxy)
		return;
	policy_proxy_done(&into->proxy);
	into->has_proxy = true;
	into->proxy = child->proxy;
	child->proxy = (struct policy_proxy){0};
}
