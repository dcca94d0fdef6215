#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/ptr.h"
#include "bundle/git_url.h"
#include "bundle/plan_parts.h"

/* From the merged manifest to what the gate is told of its repositories. */

/*
 * Beside a personal or an installation's token GitHub, GitLab, Gitea and Forgejo take any name, and
 * this is the one that GitHub documents.
 */
#define TOKEN_USER "x-access-token"

/* extra_hosts of any entry count for all: a host is one host. */
static const char *extra_address(const struct manifest *m, const char *host)
{
	for (size_t i = 0; i < m->n_repos; i++) {
		const char *address = env_get(m->repos[i].extra_hosts, host);

		if (address)
			return address;
	}
	return NULL;
}

static int identity(struct plan_bottle *b, const struct manifest_repo *from, struct policy_repo *to)
{
	struct plan_secret s = {.name = from->identity, .is_file = true, .to_gate = true};

	to->identity_slot = s.slot = str_format("REPO_%s_KEY", from->name);
	return s.slot ? plan_add_secret(b, &s) : -ENOMEM;
}

static int token(struct plan_bottle *b, const struct manifest_repo *from, struct policy_repo *to)
{
	struct plan_secret s = {.name = from->token_ref, .to_gate = true, .to_scan = true};

	if (!from->has_auth)
		return 0;
	to->user = strdup(from->auth_user ? from->auth_user : TOKEN_USER);
	to->identity_slot = s.slot = str_format("REPO_%s_TOKEN", from->name);
	return to->user && s.slot ? plan_add_secret(b, &s) : -ENOMEM;
}

/* A key's own strings; the rest was there before. */
static int fill_key(struct plan_deploy_key *k, const char *slug, struct manifest_key *from,
	const struct policy_repo *repo)
{
	const char *path = repo->path + (*repo->path == '/');
	size_t len = strlen(path) - (str_ends(path, ".git") ? 4 : 0);

	k->repo = strdup(repo->name);
	k->api_url =
		from->api_url ? steal_ptr(&from->api_url) : deploy_api_url(k->provider, repo->host);
	k->tls_ca = steal_ptr(&from->tls_ca);
	k->repository = strndup(path, len);
	k->title = str_format("bot-bottle:%s:%s", slug, repo->name);
	k->token_name = steal_ptr(&from->forge_token);
	k->key_slot = strdup(repo->identity_slot);
	return k->repo && k->api_url && k->repository && k->title && k->key_slot ? 0 : -ENOMEM;
}

static int deploy_key(struct plan_bottle *b, struct manifest_key *from, struct policy_repo *repo)
{
	/* The monitor's alone: no other process of the bottle ever has it, not even to look for it.
	 */
	struct plan_secret s = {.name = from->forge_token};
	struct plan_deploy_key *k =
		reallocarray(b->deploy_keys, b->n_deploy_keys + 1, sizeof(*b->deploy_keys));

	if (!k)
		return -ENOMEM;
	b->deploy_keys = k;
	k += b->n_deploy_keys++;
	*k = (struct plan_deploy_key){0};
	repo->identity_slot = str_format("REPO_%s_KEY", repo->name);
	/* The provider was checked when it was read. */
	if (!repo->identity_slot || !deploy_provider_parse(from->provider, &k->provider) ||
		plan_token_slot(b, "FORGE_TOKEN_", &s, &k->token_slot) < 0)
		return -ENOMEM;
	return fill_key(k, b->slug, from, repo);
}

static int credential(struct plan_bottle *b, struct manifest_repo *from, struct policy_repo *to)
{
	if (to->transport == POLICY_HTTPS)
		return token(b, from, to);
	return from->has_key ? deploy_key(b, &from->key, to) : identity(b, from, to);
}

/* Copies, since what a bottle says is said of each of its repositories. */
static int add_push(struct policy_push *to, const struct manifest_push *from)
{
	if (from->allow) {
		strv_free(to->allow);
		to->allow = strv_copy(from->allow);
	}
	if (from->deny || from->clears_deny) {
		strv_free(to->deny);
		to->deny = strv_copy(from->deny);
	}
	if (from->force)
		to->force = from->force == SAID_YES;
	if (from->delete)
		to->delete = from->delete == SAID_YES;
	if (from->max_pack)
		to->max_pack = from->max_pack;
	return (from->allow && !to->allow) || (from->deny && !to->deny) ? -ENOMEM : 0;
}

static int take_url(struct manifest_repo *from, struct policy_repo *to)
{
	struct git_url url = {0};
	struct err ignored;

	/* It was checked when it was read. */
	if (git_url_parse(from->url, &url, &ignored) < 0)
		return -ENOMEM;
	to->transport = url.transport;
	to->user = url.user;
	to->host = url.host;
	to->port = url.port;
	to->path = url.path;
	to->url = url.transport == POLICY_HTTPS ? git_url_https(&url) : steal_ptr(&from->url);
	return to->url ? 0 : -ENOMEM;
}

static int repo_slice(struct plan_bottle *b, const struct manifest *m, struct manifest_repo *from,
	struct policy_repo *to)
{
	const char *address;

	if (take_url(from, to) < 0)
		return -ENOMEM;
	address = extra_address(m, to->host);
	if (address && !(to->address = strdup(address)))
		return -ENOMEM;
	to->name = strdup(from->name);
	to->host_key = steal_ptr(&from->host_key);
	to->tls_ca = steal_ptr(&from->tls_ca);
	to->push = (struct policy_push){.force = true, .delete = true, .max_pack = POLICY_PUSH_MAX};
	to->lfs = (struct policy_lfs){.off = from->lfs.on == SAID_NO,
		.url = steal_ptr(&from->lfs.url),
		.hosts = steal_ptr(&from->lfs.hosts),
		.max_object = from->lfs.max_object ? from->lfs.max_object : POLICY_LFS_MAX};
	if (!to->name || add_push(&to->push, &m->push) < 0 || add_push(&to->push, &from->push) < 0)
		return -ENOMEM;
	return credential(b, from, to);
}

int plan_gate_slice(struct plan *p, struct manifest *m)
{
	struct policy_gate *g = &p->bottle->gate;

	g->connect_timeout_s = m->gate.connect_s ? m->gate.connect_s : 10;
	g->idle_timeout_s = m->gate.idle_s ? m->gate.idle_s : 15;
	g->answer_timeout_s = m->gate.answer_s ? m->gate.answer_s : 300;
	g->agent_timeout_s = POLICY_AGENT_S;
	g->max_disk = m->gate.max_disk ? m->gate.max_disk : POLICY_DISK_MAX;
	g->gitleaks = m->gate.gitleaks == SAID_YES;
	g->unreadable_ok = m->gate.unreadable == SAID_YES;
	g->slug = strdup(p->bottle->slug);
	g->user_name = steal_ptr(&m->user_name);
	g->user_email = steal_ptr(&m->user_email);
	g->repos = calloc(m->n_repos + 1, sizeof(*g->repos));
	if (!g->slug || !g->repos)
		return -ENOMEM;
	for (size_t i = 0; i < m->n_repos; i++)
		if (repo_slice(p->bottle, m, &m->repos[i], &g->repos[g->n_repos++]) < 0)
			return -ENOMEM;
	return 0;
}
