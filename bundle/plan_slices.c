#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/ptr.h"
#include "bundle/plan_parts.h"

/* From the merged manifest to what each component is told, and the secrets that this needs. */

int plan_add_secret(struct plan_bottle *b, const struct plan_secret *like)
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

int plan_token_slot(
	struct plan_bottle *b, const char *prefix, const struct plan_secret *like, char **ret)
{
	struct plan_secret s = *like;
	cleanup_free char *slot = NULL;
	size_t tokens = 0;

	for (size_t i = 0; i < b->n_secrets; i++) {
		if (!str_starts(b->secrets[i].slot, prefix))
			continue;
		if (str_eq(b->secrets[i].name, like->name)) {
			*ret = strdup(b->secrets[i].slot);
			return *ret ? 0 : -ENOMEM;
		}
		tokens++;
	}
	s.slot = slot = str_format("%s%zu", prefix, tokens);
	if (!slot || plan_add_secret(b, &s) < 0)
		return -ENOMEM;
	*ret = steal_ptr(&slot);
	return 0;
}

/* The slot of a named secret, the same for everyone who names it. No name: no slot. */
static int named(struct plan_bottle *b, const char *name, char **ret_slot)
{
	struct plan_secret s = {.name = (char *)name, .to_egress = true, .to_scan = true};

	return name ? plan_token_slot(b, "EGRESS_TOKEN_", &s, ret_slot) : 0;
}

static int key_file(struct plan_bottle *b, const char *path, char **ret_slot)
{
	struct plan_secret s = {
		.name = (char *)path, .is_file = true, .to_egress = true, .to_scan = true};

	return path ? plan_token_slot(b, "EGRESS_KEY_", &s, ret_slot) : 0;
}

static int login(struct plan_bottle *b, struct policy_auth *a)
{
	struct plan_secret s = {.name = a->file ? a->file : a->provider,
		.is_login = true,
		.to_egress = true,
		.to_scan = true};

	return a->provider ? plan_token_slot(b, "EGRESS_LOGIN_", &s, &a->slot) : 0;
}

static int route_secrets(
	struct plan_bottle *b, const struct manifest_route *from, struct policy_route *r)
{
	struct policy_auth *a = &r->auth;

	if (named(b, a->token_ref, &a->slot) < 0 || login(b, a) < 0 ||
		named(b, from->access_key_ref, &a->access_key_slot) < 0 ||
		named(b, from->session_ref, &a->session_slot) < 0 ||
		named(b, from->client_secret_ref, &a->client_secret_slot) < 0)
		return -ENOMEM;
	return key_file(b, from->key_file, &r->tls_key_slot);
}

static int take_routes(struct plan_bottle *b, struct manifest *m)
{
	struct policy_egress *e = &b->egress;

	e->routes = calloc(m->n_routes + 1, sizeof(*e->routes));
	if (!e->routes)
		return -ENOMEM;
	for (size_t i = 0; i < m->n_routes; i++) {
		struct policy_route *r = &e->routes[e->n_routes++];

		*r = m->routes[i].route;
		m->routes[i].route = (struct policy_route){0};
		if (route_secrets(b, &m->routes[i], r) < 0)
			return -ENOMEM;
	}
	return 0;
}

int plan_egress_slice(struct plan_bottle *b, struct manifest *m)
{
	struct policy_egress *e = &b->egress;

	e->log = m->log;
	e->slug = strdup(b->slug);
	e->sidecar_address = strdup(PLAN_SIDECAR_ADDRESS);
	e->agent_address = strdup(PLAN_AGENT_ADDRESS);
	if (!e->slug || !e->sidecar_address || !e->agent_address)
		return -ENOMEM;
	e->limits = m->limits;
	e->proxy = m->proxy;
	m->proxy = (struct policy_proxy){0};
	if (named(b, e->proxy.token_ref, &e->proxy.slot) < 0)
		return -ENOMEM;
	return take_routes(b, m);
}

static int egress_slice(struct plan *p, struct manifest *m)
{
	struct policy_egress *e = &p->bottle->egress;
	const char *name = plan_agent_name(p->oci);

	if (plan_egress_slice(p->bottle, m) < 0 || (name && strv_add(&e->agent_names, name) < 0))
		return -ENOMEM;
	for (size_t i = 0; i < e->n_routes; i++)
		if (e->routes[i].tcp &&
			plan_note(p, "egress.routes: what passes to %s:%d is not scanned",
				e->routes[i].host, e->routes[i].port) < 0)
			return -ENOMEM;
	return 0;
}

static int canary_secret(struct plan_bottle *b)
{
	struct plan_secret s = {.slot = (char *)PLAN_CANARY_SLOT,
		.name = b->canary,
		.to_gate = true,
		.to_egress = true,
		.to_scan = true};

	return plan_add_secret(b, &s);
}

int plan_slices(struct plan *p, struct manifest *m, struct err *e)
{
	if (egress_slice(p, m) < 0 || plan_gate_slice(p, m) < 0 || canary_secret(p->bottle) < 0)
		return err_set(e, ENOMEM, "plan the bottle");
	return 0;
}
