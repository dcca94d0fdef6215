#include "forge/token.h"

#include "bundle/plan.h"

int token_find(const char *home, const struct plan_deploy_key *k, bool with_env, struct secret *ret,
	struct err *e)
{
	const struct plan_bottle b = {.home = (char *)home};
	const struct plan_secret s = {.slot = k->token_slot, .name = k->token_name};

	return plan_secret_find(&b, &s, with_env, ret, e);
}
