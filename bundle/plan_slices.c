#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/ptr.h"
#include "bundle/plan_parts.h"
#include "bundle/ssh_url.h"

/* From the merged manifest to what each component is told, and the secrets that this needs. */

static int add_secret(struct plan_bottle *b, const struct plan_secret *like)
{
	struct plan_secret *grown = reallocarray(b->secrets, b->n_secrets + 1, sizeof(*b->secrets));

	if (!grown)
		return -ENOMEM;
	b->secrets = grown;
	grown[b->n_secrets] = *like;
	grown[b->n_secrets].slot = strdup(like->slot);
	grown[b->n_secrets].name = strdup(like->name);
	b->n_secrets++;
	return grown[b->n_secrets - 1].slot && grown[b->n_secrets - 1].name ? 0 : -ENOMEM;
}

/* The slot of a token, the same for every route that names it. */
static int token_slot(struct plan_bottle *b, const char *ref, char **ret)
{
	struct plan_secret s = {.name = (char *)ref, .to_egress = true, .to_scan = true};
	cleanup_free char *slot = NULL;
	size_t tokens = 0;

	for (size_t i = 0; i < b->n_secrets; i++) {
		if (!b->secrets[i].to_egress || b->secrets[i].is_file)
			continue;
		if (str_eq(b->secrets[i].name, ref)) {
			*ret = strdup(b->secrets[i].slot);
			return *ret ? 0 : -ENOMEM;
		}
		tokens++;
	}
	s.slot = slot = str_format("EGRESS_TOKEN_%zu", tokens);
	if (!slot || add_secret(b, &s) < 0)
		return -ENOMEM;
	*ret = steal_ptr(&slot);
	return 0;
}

static int egress_slice(struct plan *p, struct manifest *m)
{
	struct policy_egress *e = &p->bottle->egress;
	const char *name = plan_agent_name(p->oci);

	e->log = m->log;
	e->slug = strdup(p->bottle->slug);
	e->sidecar_address = strdup(PLAN_SIDECAR_ADDRESS);
	e->agent_address = strdup(PLAN_AGENT_ADDRESS);
	if (!e->slug || !e->sidecar_address || !e->agent_address)
		return -ENOMEM;
	if (name && strv_add(&e->agent_names, name) < 0)
		return -ENOMEM;
	e->routes = calloc(m->n_routes + 1, sizeof(*e->routes));
	if (!e->routes)
		return -ENOMEM;
	for (size_t i = 0; i < m->n_routes; i++) {
		struct policy_route *r = &e->routes[e->n_routes++];

		*r = m->routes[i].route;
		m->routes[i].route = (struct policy_route){0};
		if (r->token_ref && token_slot(p->bottle, r->token_ref, &r->auth_slot) < 0)
			return -ENOMEM;
	}
	return 0;
}

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

static int key_slot(struct plan_bottle *b, const struct manifest_repo *repo, char **ret)
{
	struct plan_secret s = {.name = repo->identity, .is_file = true, .to_gate = true};

	*ret = s.slot = str_format("REPO_%s_KEY", repo->name);
	return *ret ? add_secret(b, &s) : -ENOMEM;
}

static int repo_slice(const struct manifest *m, struct manifest_repo *from, struct policy_repo *to)
{
	struct ssh_url url = {0};
	struct err ignored;
	const char *address;

	/* It was checked when it was read. */
	if (ssh_url_parse(from->url, &url, &ignored) < 0)
		return -ENOMEM;
	to->user = url.user;
	to->host = url.host;
	to->port = url.port;
	to->path = url.path;
	address = extra_address(m, to->host);
	if (address && !(to->address = strdup(address)))
		return -ENOMEM;
	to->name = steal_ptr(&from->name);
	to->url = steal_ptr(&from->url);
	to->host_key = steal_ptr(&from->host_key);
	to->push = (struct policy_push){.force = true, .delete = true, .max_pack = POLICY_PUSH_MAX};
	to->lfs = (struct policy_lfs){.max_object = POLICY_LFS_MAX};
	return 0;
}

static int gate_slice(struct plan *p, struct manifest *m)
{
	struct policy_gate *g = &p->bottle->gate;

	g->connect_timeout_s = 10;
	g->idle_timeout_s = 15;
	g->answer_timeout_s = 300;
	g->slug = strdup(p->bottle->slug);
	g->user_name = steal_ptr(&m->user_name);
	g->user_email = steal_ptr(&m->user_email);
	g->repos = calloc(m->n_repos + 1, sizeof(*g->repos));
	if (!g->slug || !g->repos)
		return -ENOMEM;
	for (size_t i = 0; i < m->n_repos; i++) {
		struct policy_repo *r = &g->repos[g->n_repos++];

		if (key_slot(p->bottle, &m->repos[i], &r->identity_slot) < 0 ||
			repo_slice(m, &m->repos[i], r) < 0)
			return -ENOMEM;
	}
	return 0;
}

static int canary_secret(struct plan_bottle *b)
{
	struct plan_secret s = {.slot = (char *)PLAN_CANARY_SLOT,
		.name = b->canary,
		.to_gate = true,
		.to_egress = true,
		.to_scan = true};

	return add_secret(b, &s);
}

int plan_slices(struct plan *p, struct manifest *m, struct err *e)
{
	if (egress_slice(p, m) < 0 || gate_slice(p, m) < 0 || canary_secret(p->bottle) < 0)
		return err_set(e, ENOMEM, "plan the bottle");
	return 0;
}
