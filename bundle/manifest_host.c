#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/ptr.h"
#include "bundle/manifest.h"

/* host of a route, tcp of another: whom it is for. */

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

char *manifest_lower(const char *text)
{
	char *ret = strdup(text);

	for (char *c = ret; c && *c; c++)
		if (*c >= 'A' && *c <= 'Z')
			*c = (char)(*c - 'A' + 'a');
	return ret;
}

/* The port behind a colon, which is cut off: 0 where there is none, -1 where it is no port. */
static long cut_port(char *host)
{
	char *colon = strchr(host, ':');
	long port = 0;

	if (!colon)
		return 0;
	*colon = '\0';
	return str_to_long(colon + 1, 1, UINT16_MAX, &port) ? port : -1;
}

int manifest_read_host(struct frontmatter *f, const struct yaml_node *n, struct policy_route *r)
{
	const char *text;
	long port;

	if (!n || !yaml_str(&f->problems, n, &text))
		return 0;
	r->host = manifest_lower(text);
	if (!r->host)
		return -ENOMEM;
	port = cut_port(r->host);
	if (port < 0 || !manifest_host_ok(str_starts(r->host, "*.") ? r->host + 2 : r->host))
		yaml_problem(&f->problems, n,
			"'%s' is no host: expected a name, *.NAME or NAME:PORT, without a scheme "
			"or a path",
			text);
	else if (is_sidecar(r->host))
		yaml_problem(&f->problems, n, "'%s' is the sidecar itself", r->host);
	r->port = (uint16_t)(port > 0 ? port : 0);
	return 0;
}

int manifest_read_tcp(struct frontmatter *f, const struct yaml_node *n, struct policy_route *r)
{
	const char *text;
	long port;

	r->tcp = true;
	if (!yaml_str(&f->problems, n, &text))
		return 0;
	r->host = manifest_lower(text);
	if (!r->host)
		return -ENOMEM;
	port = cut_port(r->host);
	if (port <= 0 || !manifest_host_ok(r->host))
		yaml_problem(&f->problems, n,
			"'%s' is no NAME:PORT; what nobody reads goes to one name and one port",
			text);
	else if (is_sidecar(r->host))
		yaml_problem(&f->problems, n, "'%s' is the sidecar itself", r->host);
	r->port = (uint16_t)(port > 0 ? port : 0);
	return 0;
}
