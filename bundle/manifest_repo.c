#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/ptr.h"
#include "bundle/git_url.h"
#include "bundle/manifest.h"

/* One repository of git-gate.repos. */

void manifest_repo_done(struct manifest_repo *r)
{
	char *const texts[] = {r->name, r->url, r->host_key, r->identity, r->key.provider,
		r->key.forge_token, r->key.api_url, r->key.tls_ca, r->token_ref, r->auth_user,
		r->tls_ca, r->lfs.url, r->where};

	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		free(texts[i]);
	strv_free(r->extra_hosts);
	strv_free(r->lfs.hosts);
	manifest_push_done(&r->push);
	*r = (struct manifest_repo){0};
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
	};

	for (size_t i = 0; i < ARRAY_LEN(known); i++) {
		const struct yaml_node *n = yaml_get(repo, known[i].key);

		if (n)
			yaml_problem(&f->problems, n, "%s", known[i].say);
	}
}

static int read_url(struct frontmatter *f, const struct yaml_node *n, struct manifest_repo *repo)
{
	struct git_url parts = {0};
	struct err why = {0};

	if (manifest_read_text(f, n, &repo->url) < 0)
		return -ENOMEM;
	if (repo->url && git_url_parse(repo->url, &parts, &why) < 0)
		yaml_problem(&f->problems, n, "%s", why.msg);
	git_url_done(&parts);
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
	if (manifest_read_text(f, n, &repo->host_key) < 0)
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

/* What stands beside a token in the authentication of HTTP: no ':', which ends it (RFC 7617). */
static bool auth_user_ok(const char *user)
{
	return !user[strspn(user, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				  "0123456789._+@-")];
}

static int read_auth(struct frontmatter *f, struct yaml_node *auth, struct manifest_repo *repo)
{
	const struct yaml_node *user;

	if (!auth || !yaml_is(&f->problems, auth, YAML_MAP))
		return 0;
	repo->has_auth = true;
	user = yaml_get(auth, "user");
	if (manifest_read_secret(f, yaml_get(auth, "token_ref"), &repo->token_ref) < 0 ||
		manifest_read_text(f, user, &repo->auth_user) < 0)
		return -ENOMEM;
	if (repo->auth_user && !auth_user_ok(repo->auth_user))
		yaml_problem(&f->problems, user,
			"no name of a user: letters, digits and . _ + @ - only");
	yaml_finish(&f->problems, auth, "token_ref, user");
	return 0;
}

static int read_keys(struct frontmatter *f, struct yaml_node *n, struct manifest_repo *repo)
{
	const struct yaml_node *identity = yaml_get(n, "identity");
	struct yaml_node *key = yaml_get(n, "key");

	if (identity)
		repo->identity = frontmatter_path(f, identity);
	if (!key || !yaml_is(&f->problems, key, YAML_MAP))
		return 0;
	repo->has_key = true;
	if (identity)
		yaml_problem(&f->problems, key,
			"identity stands there, too; one of the two is what opens the upstream");
	return manifest_read_key(f, key, &repo->key);
}

int manifest_read_repo(struct frontmatter *f, struct yaml_node *n, struct manifest_repo *repo)
{
	repo->name = strdup(n->key);
	repo->where = str_format("%s:%u", f->path, n->line);
	if (!repo->name || !repo->where)
		return -ENOMEM;
	if (!manifest_name_ok(n->key))
		yaml_problem(&f->problems, n,
			"no name of a repository: letters, digits and . _ + @ - only, none of . "
			"and - in front");
	if (!yaml_is(&f->problems, n, YAML_MAP))
		return 0;
	refuse_known(f, n);
	if (read_url(f, yaml_get(n, "url"), repo) < 0 ||
		read_host_key(f, yaml_get(n, "host_key"), repo) < 0 || read_keys(f, n, repo) < 0 ||
		read_auth(f, yaml_get(n, "auth"), repo) < 0 ||
		manifest_read_tls(f, yaml_get(n, "tls"), &repo->tls_ca) < 0 ||
		read_extra_hosts(f, yaml_get(n, "extra_hosts"), repo) < 0 ||
		manifest_read_push(f, yaml_get(n, "push"), &repo->push) < 0 ||
		manifest_read_lfs(f, yaml_get(n, "lfs"), &repo->lfs) < 0)
		return -ENOMEM;
	yaml_finish(
		&f->problems, n, "url, host_key, identity, key, auth, tls, extra_hosts, push, lfs");
	return 0;
}

static int merge_addresses(char ***into, char *const *child)
{
	for (size_t i = 0; child && child[i]; i++) {
		const char *eq = strchr(child[i], '=');
		cleanup_free char *name = strndup(child[i], (size_t)(eq - child[i]));

		if (!name || env_set(into, name, eq + 1) < 0)
			return -ENOMEM;
	}
	return 0;
}

/* The later of identity and key is meant. */
static void merge_keys(struct manifest_repo *into, struct manifest_repo *child)
{
	if (child->has_key)
		free(steal_ptr(&into->identity));
	if (child->identity)
		into->has_key = false;
	manifest_take(&into->identity, &child->identity);
	into->has_key |= child->has_key;
	manifest_take(&into->key.provider, &child->key.provider);
	manifest_take(&into->key.forge_token, &child->key.forge_token);
	manifest_take(&into->key.api_url, &child->key.api_url);
	manifest_take(&into->key.tls_ca, &child->key.tls_ca);
}

static void merge_lfs(struct manifest_lfs *into, struct manifest_lfs *child)
{
	if (child->on)
		into->on = child->on;
	manifest_take(&into->url, &child->url);
	if (child->hosts) {
		strv_free(into->hosts);
		into->hosts = steal_ptr(&child->hosts);
	}
	if (child->max_object)
		into->max_object = child->max_object;
}

int manifest_merge_repo(struct manifest_repo *into, struct manifest_repo *child)
{
	manifest_take(&into->url, &child->url);
	manifest_take(&into->host_key, &child->host_key);
	merge_keys(into, child);
	into->has_auth |= child->has_auth;
	manifest_take(&into->token_ref, &child->token_ref);
	manifest_take(&into->auth_user, &child->auth_user);
	manifest_take(&into->tls_ca, &child->tls_ca);
	manifest_take(&into->where, &child->where);
	manifest_merge_push(&into->push, &child->push);
	merge_lfs(&into->lfs, &child->lfs);
	return merge_addresses(&into->extra_hosts, child->extra_hosts);
}
