#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/random.h>

#include "base/ptr.h"
#include "bundle/plan_parts.h"

/* The agent's environment: the way out, the bottle's own variables, and the canary. */

#define PROXY	 "http://egress:9099"
#define NO_PROXY "localhost,127.0.0.1,supervise,git-gate"

static const char *const fixed[][2] = {
	{"HTTP_PROXY", PROXY},
	{"HTTPS_PROXY", PROXY},
	{"http_proxy", PROXY},
	{"https_proxy", PROXY},
	{"NO_PROXY", NO_PROXY},
	{"no_proxy", NO_PROXY},
};

/*
 * A name that looks like the bottle's own secret, and differs between bottles; the value is random.
 * It opens nothing: who sends it out has read what was not theirs to send.
 */
static int add_canary(struct plan_bottle *b, const char *id, struct err *e)
{
	static const char *const first[] = {"HARBOR", "MERIDIAN", "ORCHARD", "SUMMIT", "COBALT",
		"LANTERN", "RIVERSIDE", "FALCON"};
	static const char *const second[] = {
		"DEPLOY", "BILLING", "BACKUP", "INGEST", "LEDGER", "MAILER", "REPORT", "VAULT"};
	unsigned char random[20];
	char hex[2 * sizeof(random) + 1];
	uint32_t hash = 2166136261U; /* FNV-1a */

	for (const char *c = id; *c; c++)
		hash = (hash ^ (unsigned char)*c) * 16777619U;
	if (getrandom(random, sizeof(random), 0) != sizeof(random))
		return err_set(e, errno, "make the canary");
	for (size_t i = 0; i < sizeof(random); i++) {
		hex[2 * i] = "0123456789abcdef"[random[i] >> 4];
		hex[2 * i + 1] = "0123456789abcdef"[random[i] & 15];
	}
	hex[sizeof(hex) - 1] = '\0';
	b->canary = str_format("%s_%s_SECRET", first[hash % 8], second[hash / 8 % 8]);
	if (!b->canary || env_set(&b->env, b->canary, hex) < 0)
		return err_set(e, ENOMEM, "make the canary");
	return 0;
}

/*
 * The placeholder in the agent's variable. A variable that holds something else already is what
 * the operator did not mean.
 */
static int add_placeholder(struct plan_bottle *b, const struct manifest_route *r, struct err *e)
{
	const char *before = env_get(b->env, r->env);

	if (before && !str_eq(before, r->route.auth.placeholder))
		return err_say(e, EINVAL,
			"%s: egress.routes: auth.env: the variable %s has another value already "
			"(by env, another route, or the bottle itself)",
			r->where, r->env);
	if (env_set(&b->env, r->env, r->route.auth.placeholder) < 0)
		return err_set(e, ENOMEM, "plan the environment");
	return 0;
}

int plan_env(struct plan *p, const struct manifest *m, const char *id, struct err *e)
{
	char *const *manifest_env = m->env;
	struct plan_bottle *b = p->bottle;

	for (size_t i = 0; i < ARRAY_LEN(fixed); i++)
		if (env_set(&b->env, fixed[i][0], fixed[i][1]) < 0)
			return err_set(e, ENOMEM, "plan the environment");
	for (size_t i = 0; manifest_env && manifest_env[i]; i++) {
		const char *eq = strchr(manifest_env[i], '=');
		cleanup_free char *name = strndup(manifest_env[i], (size_t)(eq - manifest_env[i]));

		if (!name || env_set(&b->env, name, eq + 1) < 0)
			return err_set(e, ENOMEM, "plan the environment");
	}
	for (size_t i = 0; i < m->n_routes; i++)
		if (m->routes[i].env && add_placeholder(b, &m->routes[i], e) < 0)
			return -e->code;
	return add_canary(b, id, e);
}

int plan_env_apply(struct oci_process *process, char *const *bottle_env)
{
	for (size_t i = 0; bottle_env && bottle_env[i]; i++) {
		const char *eq = strchr(bottle_env[i], '=');
		cleanup_free char *name = NULL;

		if (!eq)
			continue;
		name = strndup(bottle_env[i], (size_t)(eq - bottle_env[i]));
		if (!name)
			return -ENOMEM;
		/* A list may hold a name twice, and then programs differ in which they take. */
		env_unset(process->env, name);
		if (env_set(&process->env, name, eq + 1) < 0)
			return -ENOMEM;
	}
	return 0;
}
