#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/ptr.h"
#include "base/str.h"
#include "bundle/policy.h"

/* The slice of a plan that the gate receives. */

static void repo_done(struct policy_repo *r)
{
	free(r->name);
	free(r->url);
	free(r->user);
	free(r->host);
	free(r->path);
	free(r->host_key);
	free(r->identity_slot);
	free(r->tls_ca);
	free(r->address);
	strv_free(r->push.allow);
	strv_free(r->push.deny);
	free(r->lfs.url);
	strv_free(r->lfs.hosts);
}

void policy_gate_done(struct policy_gate *p)
{
	free(p->slug);
	free(p->user_name);
	free(p->user_email);
	for (size_t i = 0; i < p->n_repos; i++)
		repo_done(&p->repos[i]);
	free(p->repos);
	*p = (struct policy_gate){0};
}

static json_t *push_to_json(const struct policy_push *p)
{
	cleanup_json json_t *j = json_pack("{s:b, s:b, s:I}", "force", p->force, "delete",
		p->delete, "max_pack", (json_int_t)p->max_pack);

	if (!j || (p->allow && json_object_set_new(j, "allow", json_from_strv(p->allow)) < 0) ||
		(p->deny && json_object_set_new(j, "deny", json_from_strv(p->deny)) < 0))
		return NULL;
	return steal_ptr(&j);
}

static json_t *lfs_to_json(const struct policy_lfs *l)
{
	cleanup_json json_t *j = json_pack("{s:b, s:s*, s:I}", "off", l->off, "url", l->url,
		"max_object", (json_int_t)l->max_object);

	if (!j || (l->hosts && json_object_set_new(j, "hosts", json_from_strv(l->hosts)) < 0))
		return NULL;
	return steal_ptr(&j);
}

static json_t *repo_to_json(const struct policy_repo *r)
{
	cleanup_json json_t *push = push_to_json(&r->push), *lfs = lfs_to_json(&r->lfs);

	if (!push || !lfs)
		return NULL;
	return json_pack(
		"{s:s, s:s, s:s, s:s*, s:s, s:i, s:s, s:s*, s:s*, s:s*, s:s*, s:b, s:O, s:O}",
		"name", r->name, "url", r->url, "transport",
		r->transport == POLICY_HTTPS ? "https" : "ssh", "user", r->user, "host", r->host,
		"port", (int)r->port, "path", r->path, "host_key", r->host_key, "identity_slot",
		r->identity_slot, "tls_ca", r->tls_ca, "address", r->address, "store", r->store,
		"push", push, "lfs", lfs);
}

static json_t *repos_to_json(const struct policy_gate *p)
{
	cleanup_json json_t *list = json_array();

	for (size_t i = 0; list && i < p->n_repos; i++)
		if (json_array_append_new(list, repo_to_json(&p->repos[i])) < 0)
			return NULL;
	return steal_ptr(&list);
}

json_t *policy_gate_to_json(const struct policy_gate *p)
{
	cleanup_json json_t *j = json_pack("{s:s*, s:s*, s:s*, s:i, s:i, s:i, s:i, s:I, s:b, s:b}",
		"slug", p->slug, "user_name", p->user_name, "user_email", p->user_email,
		"connect_timeout_s", p->connect_timeout_s, "idle_timeout_s", p->idle_timeout_s,
		"answer_timeout_s", p->answer_timeout_s, "agent_timeout_s", p->agent_timeout_s,
		"max_disk", (json_int_t)p->max_disk, "gitleaks", p->gitleaks, "unreadable_ok",
		p->unreadable_ok);

	if (!j || json_object_set_new(j, "repos", repos_to_json(p)) < 0)
		return NULL;
	return steal_ptr(&j);
}

static int read_push(const struct json_at *repo, struct policy_push *p, struct err *e)
{
	struct json_at at;
	int r;

	*p = (struct policy_push){.force = true, .delete = true, .max_pack = POLICY_PUSH_MAX};
	r = json_member(repo, "push", JSON_OBJECT, &at, e);
	if (r <= 0)
		return r;
	if (json_get_strv(&at, "allow", &p->allow, e) < 0 ||
		json_get_strv(&at, "deny", &p->deny, e) < 0 ||
		json_get_bool(&at, "force", &p->force, e) < 0 ||
		json_get_bool(&at, "delete", &p->delete, e) < 0 ||
		json_get_int(&at, "max_pack", 1, INT64_MAX / 16, &p->max_pack, e) < 0)
		return -e->code;
	return 0;
}

static int read_lfs(const struct json_at *repo, struct policy_lfs *l, struct err *e)
{
	struct json_at at;
	int r;

	*l = (struct policy_lfs){.max_object = POLICY_LFS_MAX};
	r = json_member(repo, "lfs", JSON_OBJECT, &at, e);
	if (r <= 0)
		return r;
	if (json_get_bool(&at, "off", &l->off, e) < 0 || json_get_str(&at, "url", &l->url, e) < 0 ||
		json_get_strv(&at, "hosts", &l->hosts, e) < 0 ||
		json_get_int(&at, "max_object", 1, INT64_MAX / 16, &l->max_object, e) < 0)
		return -e->code;
	return 0;
}

/* What only one of the two ways to an upstream has, and must have. */
static int read_transport(const struct json_at *at, struct policy_repo *r, struct err *e)
{
	cleanup_free char *word = NULL;
	int64_t port;

	if (json_get_str(at, "transport", &word, e) < 0)
		return -e->code;
	if (word && !str_eq(word, "ssh") && !str_eq(word, "https"))
		return json_err(at, EINVAL, e, "'%s' is no transport", word);
	r->transport = word && str_eq(word, "https") ? POLICY_HTTPS : POLICY_SSH;
	port = r->transport == POLICY_HTTPS ? 443 : 22;
	if (json_get_int(at, "port", 1, UINT16_MAX, &port, e) < 0)
		return -e->code;
	r->port = (uint16_t)port;
	if (r->transport == POLICY_HTTPS)
		return json_get_str(at, "user", &r->user, e) < 0 ||
				       json_get_str(at, "identity_slot", &r->identity_slot, e) < 0
			       ? -e->code
			       : 0;
	return json_need_str(at, "user", &r->user, e) < 0 ||
			       json_need_str(at, "host_key", &r->host_key, e) < 0 ||
			       json_need_str(at, "identity_slot", &r->identity_slot, e) < 0
		       ? -e->code
		       : 0;
}

static int read_repo(const struct json_at *at, void *item, struct err *e)
{
	struct policy_repo *r = item;

	if (json_need_str(at, "name", &r->name, e) < 0 ||
		json_need_str(at, "url", &r->url, e) < 0 ||
		json_need_str(at, "host", &r->host, e) < 0 ||
		json_need_str(at, "path", &r->path, e) < 0 ||
		json_get_str(at, "address", &r->address, e) < 0 ||
		json_get_str(at, "tls_ca", &r->tls_ca, e) < 0 ||
		json_get_bool(at, "store", &r->store, e) < 0)
		return -e->code;
	if (read_transport(at, r, e) < 0 || read_push(at, &r->push, e) < 0)
		return -e->code;
	return read_lfs(at, &r->lfs, e);
}

static int read_gate(const struct json_at *root, struct policy_gate *p, struct err *e)
{
	const struct json_list repos = {&p->repos, &p->n_repos, sizeof(*p->repos), read_repo};
	int64_t connect = 10, idle = 15, answer = 300, agent = POLICY_AGENT_S,
		disk = POLICY_DISK_MAX;

	if (!json_is_object(root->j))
		return json_err(root, EINVAL, e, "the document must be an object");
	if (json_get_str(root, "slug", &p->slug, e) < 0 ||
		json_get_str(root, "user_name", &p->user_name, e) < 0 ||
		json_get_str(root, "user_email", &p->user_email, e) < 0 ||
		json_get_int(root, "connect_timeout_s", 1, 3600, &connect, e) < 0 ||
		json_get_int(root, "idle_timeout_s", 1, 86400, &idle, e) < 0 ||
		json_get_int(root, "answer_timeout_s", 1, 86400, &answer, e) < 0 ||
		json_get_int(root, "agent_timeout_s", 1, 86400, &agent, e) < 0 ||
		json_get_int(root, "max_disk", 1, INT64_MAX, &disk, e) < 0 ||
		json_get_bool(root, "gitleaks", &p->gitleaks, e) < 0 ||
		json_get_bool(root, "unreadable_ok", &p->unreadable_ok, e) < 0 ||
		json_get_list(root, "repos", &repos, e) < 0)
		return -e->code;
	p->connect_timeout_s = (int)connect;
	p->idle_timeout_s = (int)idle;
	p->answer_timeout_s = (int)answer;
	p->agent_timeout_s = (int)agent;
	p->max_disk = disk;
	return 0;
}

int policy_gate_parse(const char *json, struct policy_gate *ret, struct err *e)
{
	cleanup_json json_t *j = NULL;
	struct policy_gate p = {0};
	struct json_at root;
	int r = json_parse(json, strlen(json), "gate policy", &j, e);

	if (r < 0)
		return r;
	root = json_root(j, "gate policy");
	r = read_gate(&root, &p, e);
	if (r < 0) {
		policy_gate_done(&p);
		return r;
	}
	*ret = p;
	return 0;
}
