#include "bundle/policy_proxy.h"

#include <errno.h>
#include <stdlib.h>

#include "base/ptr.h"
#include "base/str.h"

void policy_proxy_done(struct policy_proxy *p)
{
	free(p->url);
	free(p->host);
	free(p->tls_ca);
	free(p->slot);
	free(p->token_ref);
	strv_free(p->direct);
	*p = (struct policy_proxy){0};
}

int policy_proxy_to_json(const struct policy_proxy *p, json_t *policy)
{
	cleanup_json json_t *j = NULL;

	if (!p->url)
		return 0;
	j = json_pack("{s:s, s:s, s:i, s:b, s:s*, s:s*, s:s*}", "url", p->url, "host", p->host,
		"port", (int)p->port, "tls", (int)p->tls, "tls_ca", p->tls_ca, "slot", p->slot,
		"token_ref", p->token_ref);
	if (!j || (p->direct && json_object_set_new(j, "direct", json_from_strv(p->direct)) < 0))
		return -ENOMEM;
	return json_object_set_new(policy, "proxy", steal_ptr(&j)) < 0 ? -ENOMEM : 0;
}

int policy_proxy_read(const struct json_at *policy, struct policy_proxy *ret, struct err *e)
{
	static const char *const known[] = {
		"url", "host", "port", "tls", "tls_ca", "slot", "token_ref", "direct", NULL};
	struct json_at proxy;
	int64_t port = 0;
	int r = json_member(policy, "proxy", JSON_OBJECT, &proxy, e);

	if (r <= 0)
		return r;
	if (json_only(&proxy, known, e) < 0 || json_need_str(&proxy, "url", &ret->url, e) < 0 ||
		json_need_str(&proxy, "host", &ret->host, e) < 0 ||
		json_get_int(&proxy, "port", 1, UINT16_MAX, &port, e) < 0 ||
		json_get_bool(&proxy, "tls", &ret->tls, e) < 0 ||
		json_get_str(&proxy, "tls_ca", &ret->tls_ca, e) < 0 ||
		json_get_str(&proxy, "slot", &ret->slot, e) < 0 ||
		json_get_str(&proxy, "token_ref", &ret->token_ref, e) < 0 ||
		json_get_strv(&proxy, "direct", &ret->direct, e) < 0)
		return -e->code;
	if (port == 0)
		return json_err(&proxy, EINVAL, e, "the member 'port' is missing");
	ret->port = (uint16_t)port;
	return 0;
}
