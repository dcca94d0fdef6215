#include "bundle/policy_auth.h"

#include <errno.h>
#include <stdlib.h>
#include <strings.h>

#include "base/ptr.h"

static const char *const names[] = {
	[POLICY_AUTH_BEARER] = "Bearer",
	[POLICY_AUTH_TOKEN] = "token",
	[POLICY_AUTH_BASIC] = "basic",
};

const char *policy_auth_name(enum policy_auth_scheme scheme)
{
	return (size_t)scheme < ARRAY_LEN(names) ? names[scheme] : NULL;
}

bool policy_auth_parse(const char *name, enum policy_auth_scheme *ret)
{
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		if (names[i] && strcasecmp(names[i], name) == 0) {
			*ret = (enum policy_auth_scheme)i;
			return true;
		}
	}
	return false;
}

void policy_auth_done(struct policy_auth *a)
{
	free(a->slot);
	free(a->token_ref);
	free(a->name);
	free(a->prefix);
	free(a->placeholder);
	free(a->region);
	free(a->service);
	free(a->access_key_slot);
	free(a->session_slot);
	free(a->token_url);
	free(a->client_id);
	free(a->client_secret_slot);
	free(a->scope);
	free(a->audience);
	free(a->provider);
	free(a->file);
	*a = (struct policy_auth){0};
}

int policy_auth_to_json(const struct policy_auth *a, json_t *route)
{
	cleanup_json json_t *j = json_pack("{s:s*, s:s*, s:s*, s:b}", "auth_scheme",
		policy_auth_name(a->scheme), "auth_slot", a->slot, "token_ref", a->token_ref,
		"auth_pass", a->scheme == POLICY_AUTH_PASS);

	return j && json_object_update(route, j) == 0 ? 0 : -ENOMEM;
}

int policy_auth_read(const struct json_at *route, struct policy_auth *ret, struct err *e)
{
	cleanup_free char *scheme = NULL;
	bool pass = false;

	if (json_get_str(route, "auth_scheme", &scheme, e) < 0 ||
		json_get_str(route, "auth_slot", &ret->slot, e) < 0 ||
		json_get_str(route, "token_ref", &ret->token_ref, e) < 0 ||
		json_get_bool(route, "auth_pass", &pass, e) < 0)
		return -e->code;
	if (pass)
		ret->scheme = POLICY_AUTH_PASS;
	else if (ret->slot)
		ret->scheme = POLICY_AUTH_BEARER;
	if (scheme && !policy_auth_parse(scheme, &ret->scheme))
		return json_err(route, EINVAL, e, "auth_scheme: '%s' is no scheme", scheme);
	return 0;
}
