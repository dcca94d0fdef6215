#include "egress/service.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "egress/intercept.h"
#include "egress/journal.h"
#include "egress/metrics.h"
#include "egress/oauth.h"
#include "egress/wire.h"

#define RESOLV_CONF "/etc/resolv.conf"

static int open_ca(struct service *s, struct err *e)
{
	const struct secret *cert = component_secret(&s->boot, "CA_CERT");
	const struct secret *key = component_secret(&s->boot, "CA_KEY");

	if (!cert || !key)
		return err_say(e, EINVAL, "the bottle's CA was not handed over");
	return ca_new(cert, key, &s->ca, e);
}

static int read_sidecar(struct service *s, struct err *e)
{
	const char *text = rules_policy(s->rules)->sidecar_address;

	if (!text || inet_pton(AF_INET, text, &s->sidecar) != 1)
		return err_say(e, EINVAL, "the policy names no address of the sidecar");
	return 0;
}

int service_open(
	struct component_boot *boot, struct journal_file *log, struct service *s, struct err *e)
{
	int r;

	*s = (struct service){.boot = *boot, .log = log, .family = AF_INET};
	*boot = (struct component_boot){0};
	r = rules_new(s->boot.config, &s->boot, &s->rules, e);
	if (r == 0)
		r = scanners_new(&s->boot, &s->scanners, e);
	s->servers = servers_new();
	s->metrics = metrics_new();
	s->oauth = oauth_new(s);
	if (r == 0 && (!s->servers || !s->metrics || !s->oauth))
		r = err_set(e, ENOMEM, "the service");
	if (r == 0)
		rules_set_oauth(s->rules, s->oauth);
	if (r == 0)
		r = read_sidecar(s, e);
	if (r == 0)
		r = wire_setup(e);
	if (r == 0)
		r = open_ca(s, e);
	if (r == 0)
		r = intercept_context(&s->intercept, e);
	if (r == 0)
		r = trust_open(&s->trust, e);
	if (r == 0)
		r = names_new(ca_fingerprint(s->ca), &s->names, e);
	if (r == 0)
		r = loop_new(&s->loop, e);
	if (r == 0)
		r = resolver_new(s->loop, RESOLV_CONF, &s->resolver, e);
	if (r < 0)
		service_done(s);
	return r;
}

void service_done(struct service *s)
{
	oauth_free(s->oauth);
	resolver_free(s->resolver);
	names_free(s->names);
	trust_free(s->trust);
	SSL_CTX_free(s->intercept);
	ca_free(s->ca);
	rules_unref(s->rules);
	scanners_free(s->scanners);
	servers_free(s->servers);
	metrics_free(s->metrics);
	loop_free(s->loop);
	component_boot_done(&s->boot);
	component_boot_done(&s->offered);
	*s = (struct service){0};
}

const char *service_name_of(struct service *s, struct in_addr a)
{
	const struct policy_egress *p = rules_policy(s->rules);
	const char *name = names_of(s->names, a);

	for (size_t i = 0; !name && names_in_pool(a) && i < p->n_routes; i++)
		if (p->routes[i].host[0] != '*' && names_agree(s->names, a, p->routes[i].host))
			name = p->routes[i].host;
	return name;
}

int service_offer(struct service *s, const struct msg *m, struct err *e)
{
	return component_take_secret(&s->offered, m, e);
}

static struct component_secret *secret_named(struct component_boot *b, const char *name)
{
	for (size_t i = 0; i < b->n_secrets; i++)
		if (strcmp(b->secrets[i].name, name) == 0)
			return &b->secrets[i];
	return NULL;
}

/* What the secrets will be: all borrowed. */
static int look_ahead(struct service *s, struct component_boot *ret, struct err *e)
{
	*ret = s->boot;
	for (size_t i = 0; i < s->offered.n_secrets; i++) {
		struct component_secret *same = secret_named(ret, s->offered.secrets[i].name);

		if (!same && ret->n_secrets >= COMPONENT_SECRETS_MAX)
			return err_say(e, E2BIG, "more than %d secrets", COMPONENT_SECRETS_MAX);
		if (!same)
			same = &ret->secrets[ret->n_secrets++];
		*same = s->offered.secrets[i];
	}
	return 0;
}

/* They are. Whoever needed the values before has copies. */
static void take_offered(struct service *s)
{
	for (size_t i = 0; i < s->offered.n_secrets; i++) {
		struct component_secret *same = secret_named(&s->boot, s->offered.secrets[i].name);

		if (same) {
			free(same->name);
			secret_done(&same->value);
		} else {
			same = &s->boot.secrets[s->boot.n_secrets++];
		}
		*same = s->offered.secrets[i];
	}
	s->offered = (struct component_boot){0};
}

static int reload(struct service *s, const char *json, struct err *e)
{
	struct component_boot ahead;
	struct rules *rules = NULL;
	int r = look_ahead(s, &ahead, e);

	if (r == 0)
		r = rules_new(json, &ahead, &rules, e);
	if (r == 0 && s->offered.n_secrets > 0)
		r = oauth_tell_scanners(s->oauth, &ahead, e);
	if (r < 0) {
		rules_unref(rules);
		return r;
	}
	take_offered(s);
	rules_set_oauth(rules, s->oauth);
	oauth_rebind(s->oauth, rules);
	rules_unref(s->rules);
	s->rules = rules;
	return 0;
}

int service_reload(struct service *s, const char *json, struct err *e)
{
	int r = reload(s, json, e);

	component_boot_done(&s->offered);
	journal_reload(s, r < 0 ? e : &(struct err){0});
	return r;
}
