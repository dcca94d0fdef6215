/*
 * Routes and requests: a policy's JSON, an empty line, a request's head. A policy that is
 * understood must say the same when it is written and read again, and show the agent no slot; what
 * it says of a request must be the same each time, and never yes to a push.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/ptr.h"
#include "base/str.h"
#include "bundle/policy.h"
#include "egress/rules.h"
#include "tests/fuzz/fuzz.h"

#define SECRET "value-of-the-fuzzer"

static void must(int holds)
{
	if (!holds)
		abort();
}

static char *written(const struct policy_egress *p)
{
	json_t *j = policy_egress_to_json(p);
	char *text;

	must(j != NULL);
	text = json_dumps(j, JSON_SORT_KEYS);
	json_decref(j);
	must(text != NULL);
	return text;
}

static void try_policy(const struct policy_egress *p)
{
	cleanup_free char *text = written(p), *again = NULL, *list = NULL;
	struct policy_egress other = {0};
	json_t *j = policy_egress_allowlist(p);
	struct err e;

	must(policy_egress_parse(text, &other, &e) == 0);
	again = written(&other);
	must(strcmp(text, again) == 0);
	policy_egress_done(&other);
	list = json_dumps(j, 0);
	must(list && !strstr(list, "_slot\":"));
	json_decref(j);
}

static void give(struct component_boot *b, const char *slot)
{
	struct err e;

	if (!slot || component_secret(b, slot) || b->n_secrets == COMPONENT_SECRETS_MAX)
		return;
	b->secrets[b->n_secrets].name = strdup(slot);
	must(b->secrets[b->n_secrets].name &&
		secret_set(&b->secrets[b->n_secrets].value, SECRET, strlen(SECRET), &e) == 0);
	b->n_secrets++;
}

/* All that the policy names. */
static void hand_over(const struct policy_egress *p, struct component_boot *b)
{
	give(b, p->proxy.slot);
	for (size_t i = 0; i < p->n_routes; i++) {
		const struct policy_route *r = &p->routes[i];

		give(b, r->auth.slot);
		give(b, r->auth.access_key_slot);
		give(b, r->auth.session_slot);
		give(b, r->auth.client_secret_slot);
		give(b, r->tls_key_slot);
	}
}

static void try_rule(const struct rule *rule, const struct http1_head *head, struct target *t)
{
	const struct rule_request q = {
		.host = rule_route(rule)->host, .tls = true, .head = head, .target = t};
	struct refusal why = {0};
	int r = rule_check(rule, &q, &why);

	must(r == 0 || (r == -EACCES && why.status >= 400 && why.error && why.reason[0]));
	must(rule_check(rule, &q, &why) == r);
	must(r < 0 || t->git != TARGET_GIT_PUSH);
}

static void try_request(const struct rules *rules, const unsigned char *text, size_t len)
{
	const struct policy_egress *p = rules_policy(rules);
	struct http1_head head;
	struct target t = {0};
	const char *why;
	size_t scanned = 0;
	long n = http1_head_length(text, len, &scanned, &why);

	if (n <= 0)
		return;
	if (http1_parse_request(text, (size_t)n, &head, &why) == 0 &&
		target_parse(head.target, &t, &why) == 0) {
		for (size_t i = 0; i < p->n_routes && i < 8; i++) {
			const struct policy_route *r = &p->routes[i];
			const struct rule *rule =
				rules_find(rules, r->host, r->port ? r->port : 443);

			if (rule)
				try_rule(rule, &head, &t);
		}
	}
	target_done(&t);
	http1_head_done(&head);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *gap = memmem(data, size, "\n\n", 2);
	size_t len = gap ? (size_t)(gap - data) : size;
	cleanup_free char *json = strndup((const char *)data, len);
	struct policy_egress p = {0};
	struct component_boot boot = {0};
	struct rules *rules;
	struct err e;

	if (!json || policy_egress_parse(json, &p, &e) < 0)
		return 0;
	try_policy(&p);
	hand_over(&p, &boot);
	if (rules_new(json, &boot, &rules, &e) == 0) {
		if (gap)
			try_request(rules, gap + 2, size - len - 2);
		rules_unref(rules);
	}
	component_boot_done(&boot);
	policy_egress_done(&p);
	return 0;
}
