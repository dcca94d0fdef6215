#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/ptr.h"
#include "bundle/plan_parts.h"

/* The manifests of a bottle that lives, read again for its egress process. */

static int keep_known(struct plan_bottle *b, const struct plan_reload *from)
{
	for (size_t i = 0; i < from->n_known; i++)
		if (plan_add_secret(b, &from->known[i]) < 0)
			return -ENOMEM;
	return 0;
}

static int keep_names(struct plan_bottle *b, char *const *names)
{
	for (size_t i = 0; names && names[i]; i++)
		if (strv_add(&b->egress.agent_names, names[i]) < 0)
			return -ENOMEM;
	return 0;
}

static int fill(struct plan_bottle *b, const struct plan_reload *from, struct manifest *m)
{
	b->slug = strdup(from->slug);
	b->home = strdup(from->home);
	if (!b->slug || !b->home || keep_known(b, from) < 0 || plan_egress_slice(b, m) < 0 ||
		keep_names(b, from->agent_names) < 0)
		return -ENOMEM;
	return 0;
}

int plan_reload(const struct plan_reload *from, struct str *problems, struct plan_bottle **ret,
	struct err *e)
{
	struct operator_home home = {.problems = problems};
	struct plan_bottle *b = NULL;
	struct manifest m = {0};
	int r = operator_home_open(&home, from->home, e);

	if (r >= 0)
		r = manifest_resolve(&home, from->bottles, &m, e);
	if (r >= 0) {
		b = calloc(1, sizeof(*b));
		if (!b || fill(b, from, &m) < 0)
			r = err_set(e, ENOMEM, "read the bottle's manifests again");
	}
	manifest_done(&m);
	if (r < 0) {
		plan_bottle_free(b);
		return r;
	}
	*ret = b;
	return 0;
}

static bool renews_itself(const struct policy_auth *a)
{
	return a->scheme == POLICY_AUTH_LOGIN ||
	       (a->scheme == POLICY_AUTH_OAUTH && a->grant == POLICY_REFRESH_TOKEN);
}

bool plan_reload_wants(const struct plan_bottle *b, const struct plan_secret *s, bool is_known)
{
	const struct policy_egress *e = &b->egress;
	bool used = str_eq(e->proxy.slot, s->slot);

	for (size_t i = 0; i < e->n_routes; i++) {
		const struct policy_auth *a = &e->routes[i].auth;

		if (is_known && renews_itself(a) && str_eq(a->slot, s->slot))
			return false;
		used = used || str_eq(a->slot, s->slot) || str_eq(a->access_key_slot, s->slot) ||
		       str_eq(a->session_slot, s->slot) || str_eq(a->client_secret_slot, s->slot) ||
		       str_eq(e->routes[i].tls_key_slot, s->slot);
	}
	return used;
}
