#include "shim/monitor_plan.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/component.h"
#include "base/fd.h"
#include "base/json.h"
#include "base/ptr.h"
#include "base/str.h"
#include "bundle/login.h"

static json_t *string_list(char *const *v)
{
	json_t *list = json_array();

	for (; list && v && *v; v++)
		json_array_append_new(list, json_string(*v));
	return list;
}

static const char *provider_of(const struct plan_bottle *b, const char *slot)
{
	for (size_t i = 0; i < b->egress.n_routes; i++)
		if (str_eq(b->egress.routes[i].auth.slot, slot))
			return b->egress.routes[i].auth.provider;
	return NULL;
}

/* What is nobody's to send out is looked for, the gate's keys among it. */
json_t *monitor_plan_secrets(const struct plan_bottle *b)
{
	json_t *list = json_array();

	for (size_t i = 0; list && i < b->n_secrets; i++) {
		const struct plan_secret *s = &b->secrets[i];

		json_array_append_new(
			list, json_pack("{s:s, s:s, s:b, s:b, s:b, s:b, s:s*, s:s*}", "slot",
				      s->slot, "name", s->name, "is_file", s->is_file, "is_login",
				      s->is_login, "egress", s->to_egress, "scan",
				      s->to_gate || s->to_scan, "place", s->place, "provider",
				      s->is_login ? provider_of(b, s->slot) : NULL));
	}
	return list;
}

static const char *last_part(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

char *monitor_plan_encode(const struct plan_bottle *b, const char *state_dir, const char *uids_dir)
{
	char here[PATH_MAX];
	const char *cwd = getcwd(here, sizeof(here)) ? here : "/";
	json_t *j = json_pack(
		"{s:s, s:s, s:s, s:s, s:s, s:s?, s:s, s:s?, s:s, s:s?, s:s?, s:o, s:i, "
		"s:b, s:o, s:o, s:o, s:o}",
		"id", last_part(state_dir), "home", b->home, "state_dir", state_dir, "uids_dir",
		uids_dir, "state_home", b->state_home, "store_dir", b->store_dir, "slug", b->slug,
		"agent_name", b->agent_name, "cwd", cwd, "netns_path", b->netns_path, "resolv_conf",
		b->resolv_conf, "bottle_names", string_list(b->bottle_names), "egress_mode",
		(int)b->egress_mode, "engine_network", b->engine_network, "gate",
		policy_gate_to_json(&b->gate), "egress", policy_egress_to_json(&b->egress),
		"secrets", monitor_plan_secrets(b), "deploy_keys",
		plan_deploy_keys_to_json(b->deploy_keys, b->n_deploy_keys));
	char *text = j ? json_dumps(j, JSON_COMPACT) : NULL;

	json_decref(j);
	return text;
}

static int parse_secret(const struct json_at *at, struct monitor_secret *ret, struct err *e)
{
	int r = json_need_str(at, "slot", &ret->slot, e);

	if (r >= 0)
		r = json_need_str(at, "name", &ret->name, e);
	if (r >= 0)
		r = json_get_bool(at, "is_file", &ret->is_file, e);
	if (r >= 0)
		r = json_get_bool(at, "is_login", &ret->is_login, e);
	if (r >= 0)
		r = json_get_str(at, "place", &ret->place, e);
	if (r >= 0)
		r = json_get_str(at, "provider", &ret->provider, e);
	if (r >= 0 && ret->provider && !login_provider_find(ret->provider))
		r = json_err(at, EINVAL, e, "provider is none of " LOGIN_PROVIDERS);
	if (r >= 0)
		r = json_get_bool(at, "egress", &ret->to_egress, e);
	if (r >= 0)
		r = json_get_bool(at, "scan", &ret->to_scan, e);
	return r;
}

int monitor_plan_parse_secrets(
	const struct json_at *at, struct monitor_secret **ret, size_t *ret_n, struct err *e)
{
	struct json_at list, one;
	size_t n;
	int r = json_member(at, "secrets", JSON_ARRAY, &list, e);

	if (r <= 0)
		return r;
	n = json_count(&list);
	/* Two more are the CA's. */
	if (n > COMPONENT_SECRETS_MAX - 2)
		return json_err(&list, E2BIG, e, "more than %d secrets", COMPONENT_SECRETS_MAX - 2);
	*ret = calloc(n + 1, sizeof(**ret));
	if (!*ret)
		return err_set(e, ENOMEM, "the monitor's plan");
	*ret_n = n;
	for (size_t i = 0; i < n; i++) {
		(*ret)[i].lock_fd = -1;
		(*ret)[i].turn_due = INT64_MAX;
	}
	for (size_t i = 0; r >= 0 && i < n; i++) {
		r = json_element(&list, i, JSON_OBJECT, &one, e);
		if (r >= 0)
			r = parse_secret(&one, &(*ret)[i], e);
	}
	return r;
}

void monitor_secrets_free(struct monitor_secret *list, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		free(list[i].slot);
		free(list[i].name);
		free(list[i].place);
		free(list[i].provider);
		fd_close(&list[i].lock_fd);
		secret_done(&list[i].value);
	}
	free(list);
}

static int parse_strings(const struct json_at *root, struct monitor_plan *p, struct err *e)
{
	const struct {
		const char *key;
		char **to;
		bool needed;
	} rows[] = {
		{"id", &p->id, true},
		{"state_dir", &p->state_dir, true},
		{"state_home", &p->state_home, true},
		{"store_dir", &p->store_dir, false},
		{"slug", &p->slug, true},
		{"home", &p->home, true},
		{"cwd", &p->cwd, true},
		{"uids_dir", &p->uids_dir, true},
		{"agent_name", &p->agent_name, false},
		{"netns_path", &p->netns_path, false},
		{"resolv_conf", &p->resolv_conf, false},
	};
	int r = 0;

	for (size_t i = 0; r >= 0 && i < ARRAY_LEN(rows); i++)
		r = rows[i].needed ? json_need_str(root, rows[i].key, rows[i].to, e)
				   : json_get_str(root, rows[i].key, rows[i].to, e);
	return r;
}

static int parse_slice(const struct json_at *root, const char *key, json_t **ret, struct err *e)
{
	struct json_at at;
	int r = json_member(root, key, JSON_OBJECT, &at, e);

	if (r == 0)
		return json_err(root, EINVAL, e, "'%s' is missing", key);
	if (r > 0)
		*ret = json_incref(at.j);
	return r;
}

static int parse(const struct json_at *root, struct monitor_plan *p, struct err *e)
{
	const struct json_list keys = {
		&p->deploy_keys, &p->n_deploy_keys, sizeof(*p->deploy_keys), plan_deploy_key_read};
	int64_t mode = PLAN_EGRESS_AUTO;
	int r = parse_strings(root, p, e);

	if (r >= 0)
		r = json_get_strv(root, "bottle_names", &p->bottle_names, e);
	if (r >= 0)
		r = json_get_int(root, "egress_mode", PLAN_EGRESS_AUTO, PLAN_EGRESS_NONE, &mode, e);
	p->egress_mode = (enum plan_egress_mode)mode;
	if (r >= 0)
		r = json_get_bool(root, "engine_network", &p->engine_network, e);
	if (r >= 0)
		r = parse_slice(root, "gate", &p->gate, e);
	if (r >= 0)
		r = parse_slice(root, "egress", &p->egress, e);
	if (r >= 0)
		r = monitor_plan_parse_secrets(root, &p->secrets, &p->n_secrets, e);
	if (r >= 0)
		r = json_get_list(root, "deploy_keys", &keys, e);
	return r < 0 ? r : 0;
}

int monitor_plan_parse(const char *text, size_t len, struct monitor_plan *ret, struct err *e)
{
	cleanup_json json_t *j = NULL;
	struct json_at root;
	int r;

	*ret = (struct monitor_plan){0};
	r = json_parse(text, len, "the monitor's plan", &j, e);
	if (r < 0)
		return r;
	root = json_root(j, "the monitor's plan");
	r = parse(&root, ret, e);
	if (r < 0)
		monitor_plan_done(ret);
	return r;
}

void monitor_plan_done(struct monitor_plan *p)
{
	char *const strings[] = {p->id, p->state_dir, p->state_home, p->store_dir, p->slug,
		p->agent_name, p->cwd, p->netns_path, p->resolv_conf, p->uids_dir};

	for (size_t i = 0; i < ARRAY_LEN(strings); i++)
		free(strings[i]);
	strv_free(p->bottle_names);
	json_decref(p->gate);
	json_decref(p->egress);
	monitor_secrets_free(p->secrets, p->n_secrets);
	for (size_t i = 0; i < p->n_deploy_keys; i++)
		plan_deploy_key_done(&p->deploy_keys[i]);
	free(p->deploy_keys);
	*p = (struct monitor_plan){0};
}
