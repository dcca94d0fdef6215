#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/ptr.h"
#include "bundle/manifest.h"
#include "bundle/policy_route.h"

/* egress of a manifest: the routes, and what holds for all of them. */

static void read_git(struct frontmatter *f, struct yaml_node *git, struct policy_route *r)
{
	if (!git || !yaml_is(&f->problems, git, YAML_MAP))
		return;
	(void)yaml_bool(&f->problems, yaml_get(git, "fetch"), &r->git_fetch);
	yaml_finish(&f->problems, git, "fetch");
}

static bool cidr_ok(const char *text)
{
	const char *slash = strchr(text, '/');
	unsigned char address[16];
	char buf[64];
	size_t len = slash ? (size_t)(slash - text) : strlen(text);
	long bits;

	if (len >= sizeof(buf))
		return false;
	memcpy(buf, text, len);
	buf[len] = '\0';
	if (inet_pton(AF_INET, buf, address) == 1)
		return !slash || str_to_long(slash + 1, 0, 32, &bits);
	return inet_pton(AF_INET6, buf, address) == 1 &&
	       (!slash || str_to_long(slash + 1, 0, 128, &bits));
}

static int read_addresses(
	struct frontmatter *f, const struct yaml_node *list, struct policy_route *r)
{
	const char *text;

	if (!list || !yaml_is(&f->problems, list, YAML_LIST))
		return 0;
	for (const struct yaml_node *c = list->first; c; c = c->next) {
		if (!yaml_str(&f->problems, c, &text))
			continue;
		if (!cidr_ok(text))
			yaml_problem(&f->problems, c, "'%s' is neither an address nor ADDRESS/BITS",
				text);
		else if (strv_add(&r->addresses, text) < 0)
			return -ENOMEM;
	}
	return 0;
}

/* tls: private roots, and what egress shows of itself. */
static int read_tls(struct frontmatter *f, struct yaml_node *tls, struct manifest_route *route)
{
	const struct yaml_node *cert, *key;

	if (!tls || !yaml_is(&f->problems, tls, YAML_MAP))
		return 0;
	if (!tls->first)
		yaml_problem(
			&f->problems, tls, "it is empty; allowed: ca, client_cert, client_key");
	cert = yaml_get(tls, "client_cert");
	key = yaml_get(tls, "client_key");
	if (!cert != !key)
		yaml_problem(&f->problems, tls, "client_cert and client_key stand together only");
	if (manifest_read_pem(f, yaml_get(tls, "ca"), &route->route.tls_ca) < 0 ||
		manifest_read_pem(f, cert, &route->route.tls_cert) < 0)
		return -ENOMEM;
	if (key)
		route->key_file = frontmatter_path(f, key);
	yaml_finish(&f->problems, tls, "ca, client_cert, client_key");
	return 0;
}

/* tcp: HOST:PORT in the place of host: nothing but an address can be asked of it. */
static int read_tcp_route(struct frontmatter *f, struct yaml_node *n, struct manifest_route *route)
{
	struct policy_route *r = &route->route;
	struct yaml_node *host = yaml_get(n, "host");

	if (host)
		yaml_problem(&f->problems, host, "tcp stands there, too; a route is one of both");
	if (manifest_read_tcp(f, yaml_get(n, "tcp"), r) < 0 ||
		read_addresses(f, yaml_get(n, "addresses"), r) < 0)
		return -ENOMEM;
	manifest_read_tcp_limits(f, yaml_get(n, "limits"), &r->limits);
	yaml_finish(&f->problems, n, "tcp, addresses, limits");
	return 0;
}

static int read_host_route(struct frontmatter *f, struct yaml_node *n, struct manifest_route *route)
{
	struct policy_route *r = &route->route;
	const struct manifest_matchers matches = {&r->matches, &r->n_matches};
	const struct manifest_matchers deny = {&r->deny, &r->n_deny};

	if (manifest_read_host(f, yaml_need(&f->problems, n, "host"), r) < 0 ||
		manifest_read_auth(f, yaml_get(n, "auth"), route) < 0 ||
		manifest_read_matchers(f, yaml_get(n, "matches"), &matches) < 0 ||
		manifest_read_matchers(f, yaml_get(n, "deny"), &deny) < 0 ||
		read_addresses(f, yaml_get(n, "addresses"), r) < 0 ||
		read_tls(f, yaml_get(n, "tls"), route) < 0)
		return -ENOMEM;
	read_git(f, yaml_get(n, "git"), r);
	manifest_read_limits(f, yaml_get(n, "limits"), &r->limits);
	manifest_read_dlp(f, yaml_get(n, "dlp"), r);
	yaml_finish(&f->problems, n,
		"host or tcp, auth, matches, deny, git, dlp, addresses, tls, limits");
	return 0;
}

static int read_route(struct frontmatter *f, struct yaml_node *n, struct manifest_route *route)
{
	if (!yaml_is(&f->problems, n, YAML_MAP))
		return 0;
	route->where = str_format("%s:%u", f->path, n->line);
	if (!route->where)
		return -ENOMEM;
	return yaml_get(n, "tcp") ? read_tcp_route(f, n, route) : read_host_route(f, n, route);
}

void manifest_route_done(struct manifest_route *r)
{
	policy_route_done(&r->route);
	free(r->where);
	free(r->access_key_ref);
	free(r->session_ref);
	free(r->client_secret_ref);
	free(r->key_file);
	free(r->env);
	*r = (struct manifest_route){0};
}

static int read_routes(struct frontmatter *f, const struct yaml_node *list, struct manifest *m)
{
	size_t n = 0;

	if (!list || !yaml_is(&f->problems, list, YAML_LIST))
		return 0;
	for (const struct yaml_node *c = list->first; c; c = c->next)
		n++;
	m->routes = calloc(n + 1, sizeof(*m->routes));
	if (!m->routes)
		return -ENOMEM;
	for (struct yaml_node *c = list->first; c; c = c->next)
		if (read_route(f, c, &m->routes[m->n_routes++]) < 0)
			return -ENOMEM;
	return 0;
}

int manifest_read_egress(struct frontmatter *f, struct yaml_node *egress, struct manifest *m)
{
	long log;

	if (!egress || !yaml_is(&f->problems, egress, YAML_MAP))
		return 0;
	if (yaml_int(&f->problems, yaml_get(egress, "log"), 0, 2, &log)) {
		m->has_log = true;
		m->log = (int)log;
	}
	if (read_routes(f, yaml_get(egress, "routes"), m) < 0 ||
		manifest_read_proxy(f, yaml_get(egress, "upstream_proxy"), m) < 0)
		return -ENOMEM;
	manifest_read_limits(f, yaml_get(egress, "limits"), &m->limits);
	yaml_finish(&f->problems, egress, "routes, log, limits, upstream_proxy");
	return 0;
}
