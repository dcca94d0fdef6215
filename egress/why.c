#include "egress/why.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/json.h"
#include "base/ptr.h"
#include "base/str.h"
#include "bundle/policy.h"
#include "egress/conn.h"
#include "egress/exchange_parts.h"
#include "egress/front.h"
#include "egress/lockdown.h"
#include "egress/near.h"
#include "egress/request.h"
#include "egress/websocket_handshake.h"

#define QUESTION_MAX (16U << 20)

/* Stands for each secret, whose value is nobody's business here: long enough, and of the form
 * that basic wants. */
#define UNKNOWN "unknown:unknown"

/* A connection to the proxy's port, on which the request would come. */
struct asked {
	struct service service;
	struct conn conn;
	struct exchange *x;
	char *method, *url, **headers;
	struct refusal why;
};

/* ---- the question */

/* "…slot": "NAME" in each object of j: the secret is there, and says nothing. */
static int hand_over(json_t *j, struct component_boot *boot, struct err *e)
{
	const char *key;
	json_t *value;
	size_t i;

	json_object_foreach (j, key, value) {
		const char *name = str_ends(key, "slot") ? json_string_value(value) : NULL;
		struct component_secret *s = &boot->secrets[boot->n_secrets];

		if (hand_over(value, boot, e) < 0)
			return -e->code;
		if (!name || component_secret(boot, name))
			continue;
		if (boot->n_secrets == COMPONENT_SECRETS_MAX)
			return err_say(e, E2BIG, "more than %d secrets", COMPONENT_SECRETS_MAX);
		s->name = strdup(name);
		if (!s->name || secret_set(&s->value, UNKNOWN, strlen(UNKNOWN), e) < 0)
			return err_set(e, ENOMEM, "the policy");
		boot->n_secrets++;
	}
	json_array_foreach (j, i, value) {
		if (hand_over(value, boot, e) < 0)
			return -e->code;
	}
	return 0;
}

/* Who a route is to its upstream has no say in what is allowed, and its key is not here. */
static void drop_keys(json_t *policy)
{
	size_t i;
	json_t *route;

	json_array_foreach (json_object_get(policy, "routes"), i, route) {
		json_object_del(route, "tls_cert");
		json_object_del(route, "tls_key_slot");
	}
}

static int take_policy(struct asked *q, json_t *policy, struct err *e)
{
	struct component_boot *boot = &q->service.boot;
	int r;

	if (!json_is_object(policy))
		return err_say(e, EINVAL, "the question has no policy");
	drop_keys(policy);
	r = hand_over(policy, boot, e);
	if (r < 0)
		return r;
	boot->config = json_dumps(policy, JSON_COMPACT);
	r = boot->config ? rules_new(boot->config, boot, &q->service.rules, e)
			 : err_set(e, ENOMEM, "the policy");
	return r;
}

static bool has_line_end(const char *text)
{
	return text[strcspn(text, "\r\n")] != '\0';
}

static int check_words(const struct asked *q, struct err *e)
{
	if (has_line_end(q->method) || has_line_end(q->url))
		return err_say(e, EINVAL, "a line end in the method or the URL");
	for (char **h = q->headers; h && *h; h++)
		if (has_line_end(*h) || !strchr(*h, ':'))
			return err_say(e, EINVAL, "header '%s': expected Name: value", *h);
	return 0;
}

static int take_question(struct asked *q, json_t *question, struct err *e)
{
	struct json_at at = json_root(question, "question");
	int r = take_policy(q, json_object_get(question, "policy"), e);

	if (r == 0 && (json_need_str(&at, "method", &q->method, e) < 0 ||
			      json_need_str(&at, "url", &q->url, e) < 0 ||
			      json_get_strv(&at, "headers", &q->headers, e) < 0))
		r = -e->code;
	return r < 0 ? r : check_words(q, e);
}

/* ---- the request as a client would send it */

/* "https://" where none stands; ws and wss are http and https that ask for a WebSocket. */
static char *absolute(const char *url, bool *ret_websocket)
{
	const char *first = url + strcspn(url, "/?#"); /* a scheme stands in front of it */
	const char *path =
		first > url && first[-1] == ':' && strncmp(first, "//", 2) == 0 ? first - 1 : NULL;
	const char *rest = path ? path + 3 : url;
	size_t authority = strcspn(rest, "/?#"), len = strcspn(rest, "#");
	bool plain = strncasecmp(url, "http://", 7) == 0 || strncasecmp(url, "ws://", 5) == 0;

	*ret_websocket = strncasecmp(url, "ws", 2) == 0 && path;
	if (path && !plain && strncasecmp(url, "https://", 8) != 0 && !*ret_websocket)
		return strdup(url); /* another scheme: refused as it stands */
	return str_format("%s://%.*s%s%.*s", plain ? "http" : "https", (int)authority, rest,
		rest[authority] == '/' ? "" : "/", (int)(len - authority), rest + authority);
}

static bool has_header(const struct asked *q, const char *name)
{
	for (char **h = q->headers; h && *h; h++)
		if (strncasecmp(*h, name, strlen(name)) == 0 && (*h)[strlen(name)] == ':')
			return true;
	return false;
}

static char *head_text(struct asked *q)
{
	bool websocket = false, tunnel = str_eq(q->method, "CONNECT");
	cleanup_free char *url = tunnel ? strdup(q->url) : absolute(q->url, &websocket);
	const char *authority = url ? strstr(url, "://") : NULL;
	struct str s = {0};

	authority = authority ? authority + 3 : url ? url : "";
	str_addf(&s, "%s %s HTTP/1.1\r\n", q->method, url ? url : "");
	if (!has_header(q, "Host"))
		str_addf(&s, "Host: %.*s\r\n", (int)strcspn(authority, "/?#"), authority);
	if (websocket && !has_header(q, "Upgrade"))
		str_add(&s, "Upgrade: websocket\r\nConnection: Upgrade\r\n"
			    "Sec-WebSocket-Version: 13\r\n"
			    "Sec-WebSocket-Key: " WEBSOCKET_ANY_KEY "\r\n");
	for (char **h = q->headers; h && *h; h++)
		str_addf(&s, "%s\r\n", *h);
	str_add(&s, "\r\n");
	return str_take(&s);
}

/* ---- the decision */

/* As exchange_begin does with a tunnel. */
static enum request_verdict judge_tunnel(struct asked *q)
{
	struct exchange *x = q->x;

	x->rule = rules_find_tcp(q->service.rules, x->host, x->port);
	if (!x->rule)
		x->rule = rules_find(q->service.rules, x->host, x->port);
	if (x->rule)
		return REQUEST_CONNECT;
	refusal_set(&q->why, 403, "host_not_allowed", "default: deny",
		"no route of this bottle allows %s port %u", x->host, x->port);
	return REQUEST_REFUSED;
}

static enum request_verdict judge(struct asked *q, const char *head)
{
	const char *what = NULL;
	enum request_verdict v;

	if (http1_parse_request((const unsigned char *)head, strlen(head), &q->x->request, &what) <
		0) {
		refusal_set(&q->why, 400, "bad_request", "HTTP/1.1, read strictly", "%s",
			what ? what : "the head is too large");
		return REQUEST_REFUSED;
	}
	v = request_decide(q->x, &q->why);
	if (v == REQUEST_CONNECT)
		return judge_tunnel(q);
	if (v == REQUEST_FORWARD && exchange_admit(q->x, &q->why) < 0)
		return REQUEST_REFUSED;
	return v;
}

/* ---- the answer */

static const char *auth_name(const struct policy_auth *a)
{
	const char *name = policy_auth_name(a->scheme);

	return name ? name : a->scheme == POLICY_AUTH_PASS ? "pass" : "none";
}

/* What would be added, and never its value. */
static json_t *credential_json(const struct rule *r)
{
	const struct policy_auth *a = &rule_route(r)->auth;
	const struct credential *c = rule_credential(r);

	return json_pack("{s:s, s:s*, s:s*, s:s*, s:b}", "scheme", auth_name(a), "token_ref",
		a->token_ref ? a->token_ref : a->provider, "header", credential_field_name(c),
		"parameter", credential_param_name(c), "require", a->require);
}

static json_t *scanning_json(const struct policy_route *route)
{
	static const char *const on_match[] = {[POLICY_SUPERVISE] = "supervise",
		[POLICY_BLOCK] = "block",
		[POLICY_REDACT] = "redact"};
	const struct policy_dlp *d = &route->dlp;
	json_t *out = json_array(), *in = json_array();

	if (d->outbound & POLICY_TOKEN_PATTERNS)
		json_array_append_new(out, json_string("token_patterns"));
	if (d->outbound & POLICY_KNOWN_SECRETS)
		json_array_append_new(out, json_string("known_secrets"));
	if (d->outbound & POLICY_ENTROPY)
		json_array_append_new(out, json_string("entropy"));
	if (d->inbound & POLICY_INJECTION)
		json_array_append_new(in, json_string("naive_injection_detection"));
	return json_pack("{s:o, s:s, s:o, s:s}", "outbound", out, "outbound_on_match",
		on_match[d->on_match], "inbound", in, "unreadable",
		d->unreadable_ok ? "allow" : "refuse");
}

static void add_route(json_t *j, const struct exchange *x)
{
	const struct policy_route *route = x->rule ? rule_route(x->rule) : NULL;
	char text[HOST_MAX + 8];

	if (!route)
		return;
	snprintf(text, sizeof(text), route->port ? "%s:%u" : "%s", route->host, route->port);
	json_object_set_new(j, "route", json_string(text));
}

static void add_allowed(json_t *j, const struct exchange *x, enum request_verdict v)
{
	const struct policy_route *route = x->rule ? rule_route(x->rule) : NULL;
	char text[48] = "the route allows every request";

	if (v == REQUEST_POLICY || v == REQUEST_GATE) {
		json_object_set_new(j, "rule",
			json_string(v == REQUEST_POLICY ? "answered by the egress process: GET "
							  "/allowlist, nothing else"
							: "the gate answers"));
		return;
	}
	if (!route)
		return;
	if (route->tcp)
		snprintf(text, sizeof(text), "tcp: bytes pass, not scanned");
	else if (v == REQUEST_CONNECT)
		snprintf(text, sizeof(text), "each request in the tunnel is judged");
	else if (route->n_matches > 0)
		snprintf(text, sizeof(text), "matches[%zu]", x->entry);
	json_object_set_new(j, "rule", json_string(text));
	if (route->tcp)
		return;
	json_object_set_new(j, "credential", credential_json(x->rule));
	json_object_set_new(j, "scanning", scanning_json(route));
}

static int add_refused(json_t *j, struct asked *q)
{
	const char *near[NEAR_MAX + 1];
	cleanup_free char *body = NULL;
	json_t *answer, *list = json_array();

	if (refusal_body(&q->why, false, &body) < 0)
		return -ENOMEM;
	answer = json_loads(body, 0, NULL);
	json_object_del(answer, "id");
	json_object_set_new(j, "status", json_integer(q->why.status));
	json_object_set_new(j, "rule", json_string(q->why.rule));
	json_object_set_new(j, "answer", answer);
	if (str_eq(q->why.error, "host_not_allowed"))
		near_hosts(rules_policy(q->service.rules), q->x->host, near);
	else
		near[0] = NULL;
	for (size_t i = 0; near[i]; i++)
		json_array_append_new(list, json_string(near[i]));
	return json_object_set_new(j, "near", list);
}

static json_t *answer_json(struct asked *q, enum request_verdict v)
{
	const struct exchange *x = q->x;
	json_t *j = json_pack("{s:s, s:s, s:s, s:s, s:i}", "verdict",
		v == REQUEST_REFUSED ? "refused" : "allowed", "method", q->method, "url", q->url,
		"host", x->host, "port", x->port);

	if (!j)
		return NULL;
	add_route(j, x);
	if (v == REQUEST_REFUSED)
		add_refused(j, q);
	else
		add_allowed(j, x, v);
	return j;
}

/* ---- all of it */

static int answer(struct asked *q, json_t *question, json_t **ret, struct err *e)
{
	cleanup_free char *head = NULL;
	int r = take_question(q, question, e);

	if (r < 0)
		return r;
	q->conn.service = &q->service;
	q->conn.way = CONN_EXPLICIT;
	q->x = exchange_new(&q->conn, &front_http1);
	head = head_text(q);
	if (!q->x || !head)
		return err_set(e, ENOMEM, "the request");
	q->x->accounted = true; /* nobody has asked for it */
	*ret = answer_json(q, judge(q, head));
	return *ret ? 0 : err_set(e, EILSEQ, "the answer");
}

static void asked_done(struct asked *q)
{
	if (q->x)
		exchange_free(q->x);
	rules_unref(q->service.rules);
	loop_free(q->service.loop);
	component_boot_done(&q->service.boot);
	free(q->method);
	free(q->url);
	strv_free(q->headers);
}

int why_main(void)
{
	struct asked q = {.why = {.host = ""}};
	cleanup_json json_t *question = NULL, *result = NULL;
	cleanup_free char *text = NULL;
	pid_t parent = getppid();
	struct err e = {0};
	char id[17];
	size_t len;
	int r = fd_read_all(STDIN_FILENO, "standard input", QUESTION_MAX, &text, &len, &e);

	if (r == 0)
		r = loop_new(&q.service.loop, &e);
	/* OpenSSL and jansson open their sources of random numbers at first use. */
	refusal_new_id(id);
	json_object_seed(0);
	if (r == 0)
		r = lockdown(parent, &e);
	if (r == 0)
		r = json_parse(text, len, "question", &question, &e);
	if (r == 0)
		r = answer(&q, question, &result, &e);
	asked_done(&q);
	if (r < 0)
		result = json_pack("{s:s}", "error", e.msg);
	free(text);
	text = result ? json_dumps(result, JSON_COMPACT | JSON_ENSURE_ASCII) : NULL;
	if (!text || fd_write_all(STDOUT_FILENO, text, strlen(text)) < 0)
		return EXIT_FAILURE;
	return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
