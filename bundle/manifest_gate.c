#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/ptr.h"
#include "bundle/manifest.h"
#include "bundle/ssh_url.h"

/* git-gate of a manifest: who commits, and the repositories that the gate mirrors. */

static int read_text(struct frontmatter *f, const struct yaml_node *n, char **ret)
{
	const char *text;

	if (!yaml_str(&f->problems, n, &text))
		return 0;
	if (!*text) {
		yaml_problem(&f->problems, n, "it is empty");
		return 0;
	}
	free(*ret);
	*ret = strdup(text);
	return *ret ? 0 : -ENOMEM;
}

int manifest_read_user(struct frontmatter *f, struct yaml_node *user, char **name, char **email)
{
	if (!user || !yaml_is(&f->problems, user, YAML_MAP))
		return 0;
	if (read_text(f, yaml_get(user, "name"), name) < 0 ||
		read_text(f, yaml_get(user, "email"), email) < 0)
		return -ENOMEM;
	yaml_finish(&f->problems, user, "name, email");
	return 0;
}

static void refuse_known(struct frontmatter *f, struct yaml_node *repo)
{
	static const struct {
		const char *key, *say;
	} known[] = {
		{"Name", "an old key; the name is now the key of the entry"},
		{"Upstream", "an old key; now url"},
		{"IdentityFile", "an old key; now identity"},
		{"KnownHostKey", "an old key; now host_key"},
		{"ExtraHosts", "an old key; now extra_hosts"},
		{"key", "not supported yet; use identity"},
	};

	for (size_t i = 0; i < ARRAY_LEN(known); i++) {
		const struct yaml_node *n = yaml_get(repo, known[i].key);

		if (n)
			yaml_problem(&f->problems, n, "%s", known[i].say);
	}
}

static int read_url(struct frontmatter *f, const struct yaml_node *n, struct manifest_repo *repo)
{
	struct ssh_url parts = {0};
	struct err why = {0};

	if (read_text(f, n, &repo->url) < 0)
		return -ENOMEM;
	if (repo->url && ssh_url_parse(repo->url, &parts, &why) < 0)
		yaml_problem(&f->problems, n, "%s", why.msg);
	ssh_url_done(&parts);
	return 0;
}

/* "TYPE BASE64 [COMMENT]", as ssh-keyscan(1) prints it behind the host. */
static bool host_key_ok(const char *key)
{
	static const char *const types[] = {"ssh-ed25519 ", "ssh-rsa ", "ecdsa-sha2-nistp256 ",
		"ecdsa-sha2-nistp384 ", "ecdsa-sha2-nistp521 ", "sk-ssh-ed25519@openssh.com ",
		"sk-ecdsa-sha2-nistp256@openssh.com "};
	static const char base64[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				     "0123456789+/=";

	for (size_t i = 0; i < ARRAY_LEN(types); i++) {
		const char *blob = key + strlen(types[i]);
		size_t len;

		if (!str_starts(key, types[i]))
			continue;
		len = strspn(blob, base64);
		return str_starts(blob, "AAAA") && len >= 40 && (!blob[len] || blob[len] == ' ');
	}
	return false;
}

static int read_host_key(
	struct frontmatter *f, const struct yaml_node *n, struct manifest_repo *repo)
{
	if (read_text(f, n, &repo->host_key) < 0)
		return -ENOMEM;
	if (repo->host_key && !host_key_ok(repo->host_key))
		yaml_problem(&f->problems, n,
			"expected the host's public key, e.g. 'ssh-ed25519 AAAA…', without the "
			"host's name");
	return 0;
}

static int read_extra_hosts(
	struct frontmatter *f, const struct yaml_node *n, struct manifest_repo *repo)
{
	unsigned char address[16];
	const char *text;

	if (!n || !yaml_is(&f->problems, n, YAML_MAP))
		return 0;
	for (const struct yaml_node *c = n->first; c; c = c->next) {
		if (!manifest_host_ok(c->key))
			yaml_problem(&f->problems, c, "no host name");
		if (!yaml_str(&f->problems, c, &text))
			continue;
		if (inet_pton(AF_INET, text, address) != 1 &&
			inet_pton(AF_INET6, text, address) != 1)
			yaml_problem(&f->problems, c, "'%s' is no address", text);
		else if (env_set(&repo->extra_hosts, c->key, text) < 0)
			return -ENOMEM;
	}
	return 0;
}

static int read_repo(struct frontmatter *f, struct yaml_node *n, struct manifest_repo *repo)
{
	const struct yaml_node *identity;

	repo->name = strdup(n->key);
	repo->where = str_format("%s:%u", f->path, n->line);
	if (!repo->name || !repo->where)
		return -ENOMEM;
	if (!manifest_name_ok(n->key))
		yaml_problem(&f->problems, n,
			"no name of a repository: letters, digits and . _ + @ - only, none of . "
			"and "
			"- in front");
	if (!yaml_is(&f->problems, n, YAML_MAP))
		return 0;
	refuse_known(f, n);
	identity = yaml_get(n, "identity");
	if (identity)
		repo->identity = frontmatter_path(f, identity);
	if (read_url(f, yaml_get(n, "url"), repo) < 0 ||
		read_host_key(f, yaml_get(n, "host_key"), repo) < 0 ||
		read_extra_hosts(f, yaml_get(n, "extra_hosts"), repo) < 0)
		return -ENOMEM;
	yaml_finish(&f->problems, n, "url, host_key, identity, extra_hosts");
	return 0;
}

static int read_repos(struct frontmatter *f, const struct yaml_node *repos, struct manifest *m)
{
	size_t n = 0;

	if (!repos || !yaml_is(&f->problems, repos, YAML_MAP))
		return 0;
	for (const struct yaml_node *c = repos->first; c; c = c->next)
		n++;
	m->clears_repos = n == 0;
	m->repos = calloc(n + 1, sizeof(*m->repos));
	if (!m->repos)
		return -ENOMEM;
	for (struct yaml_node *c = repos->first; c; c = c->next)
		if (read_repo(f, c, &m->repos[m->n_repos++]) < 0)
			return -ENOMEM;
	return 0;
}

int manifest_read_gate(struct frontmatter *f, struct yaml_node *gate, struct manifest *m)
{
	if (!gate || !yaml_is(&f->problems, gate, YAML_MAP))
		return 0;
	if (manifest_read_user(f, yaml_get(gate, "user"), &m->user_name, &m->user_email) < 0 ||
		read_repos(f, yaml_get(gate, "repos"), m) < 0)
		return -ENOMEM;
	yaml_finish(&f->problems, gate, "user, repos");
	return 0;
}
