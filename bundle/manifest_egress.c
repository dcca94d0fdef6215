#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/ptr.h"
#include "bundle/manifest.h"
#include "bundle/policy_auth.h"

/* egress of a manifest: the log level and the routes. */

bool manifest_host_ok(const char *host)
{
	const char *label = host;

	if (!*host || strlen(host) > 253)
		return false;
	while (*label) {
		size_t len = strspn(label, "abcdefghijklmnopqrstuvwxyz0123456789-_");

		if (len == 0 || len > 63 || label[0] == '-' || label[len - 1] == '-')
			return false;
		label += len;
		if (*label && (*label != '.' || !label[1]))
			return false;
		label += *label == '.';
	}
	return true;
}

static bool is_sidecar(const char *host)
{
	static const char *const own[] = {
		"egress", "git-gate", "supervise", "pipelock", "localhost", "_egress.local"};

	for (size_t i = 0; i < ARRAY_LEN(own); i++)
		if (str_eq(own[i], host))
			return true;
	return false;
}

/* "Host.Example", "*.example.com" or "host:port" into lower case and a number. */
static int read_host(struct frontmatter *f, const struct yaml_node *n, struct policy_route *r)
{
	const char *text;
	char *host, *colon;
	long port = 0;

	if (!n || !yaml_str(&f->problems, n, &text))
		return 0;
	host = r->host = strdup(text);
	if (!host)
		return -ENOMEM;
	for (char *c = host; *c; c++)
		if (*c >= 'A' && *c <= 'Z')
			*c = (char)(*c - 'A' + 'a');
	colon = strchr(host, ':');
	if (colon) {
		*colon = '\0';
		if (!str_to_long(colon + 1, 1, UINT16_MAX, &port))
			port = -1;
	}
	if (port < 0 || !manifest_host_ok(str_starts(host, "*.") ? host + 2 : host))
		yaml_problem(&f->problems, n,
			"'%s' is no host: expected a name, *.NAME or NAME:PORT, without a scheme "
			"or "
			"a path",
			text);
	else if (is_sidecar(host))
		yaml_problem(&f->problems, n, "'%s' is the sidecar itself", host);
	r->port = (uint16_t)(port > 0 ? port : 0);
	return 0;
}

static int read_auth_map(struct frontmatter *f, struct yaml_node *auth, struct policy_route *r)
{
	const struct yaml_node *scheme = yaml_need(&f->problems, auth, "scheme");
	const struct yaml_node *ref = yaml_need(&f->problems, auth, "token_ref");
	const char *text;

	yaml_finish(&f->problems, auth, "scheme, token_ref");
	if (yaml_str(&f->problems, scheme, &text)) {
		if (!policy_auth_parse(text, &r->auth.scheme))
			yaml_problem(&f->problems, scheme,
				"'%s' is no scheme; allowed: Bearer, token, basic", text);
	}
	return manifest_read_secret(f, ref, &r->auth.token_ref);
}

static int read_auth(struct frontmatter *f, struct yaml_node *auth, struct policy_route *r)
{
	if (!auth)
		return 0;
	if (auth->type == YAML_MAP)
		return read_auth_map(f, auth, r);
	if (auth->type == YAML_STRING && str_eq(auth->text, "pass"))
		r->auth.scheme = POLICY_AUTH_PASS;
	else
		yaml_problem(&f->problems, auth,
			"expected {scheme: Bearer|token|basic, token_ref: NAME} or 'pass'");
	return 0;
}

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

static int read_route(struct frontmatter *f, struct yaml_node *n, struct manifest_route *route)
{
	struct policy_route *r = &route->route;

	if (!yaml_is(&f->problems, n, YAML_MAP))
		return 0;
	route->where = str_format("%s:%u", f->path, n->line);
	if (!route->where || read_host(f, yaml_need(&f->problems, n, "host"), r) < 0 ||
		read_auth(f, yaml_get(n, "auth"), r) < 0 ||
		manifest_read_matches(f, yaml_get(n, "matches"), r) < 0 ||
		read_addresses(f, yaml_get(n, "addresses"), r) < 0 ||
		manifest_read_tls(f, yaml_get(n, "tls"), &r->tls_ca) < 0)
		return -ENOMEM;
	read_git(f, yaml_get(n, "git"), r);
	manifest_read_dlp(f, yaml_get(n, "dlp"), r);
	yaml_finish(&f->problems, n, "host, auth, matches, git, dlp, addresses, tls");
	return 0;
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
	if (read_routes(f, yaml_get(egress, "routes"), m) < 0)
		return -ENOMEM;
	yaml_finish(&f->problems, egress, "routes, log");
	return 0;
}
