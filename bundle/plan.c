#include "bundle/plan.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/ptr.h"
#include "bundle/plan_parts.h"

void plan_bottle_free(struct plan_bottle *b)
{
	if (!b)
		return;
	free(b->slug);
	strv_free(b->bottle_names);
	free(b->agent_name);
	free(b->home);
	free(b->state_home);
	free(b->cache_dir);
	free(b->store_dir);
	free(b->rules);
	free(b->rules_name);
	policy_gate_done(&b->gate);
	policy_egress_done(&b->egress);
	free(b->netns_path);
	free(b->resolv_conf);
	strv_free(b->env);
	free(b->canary);
	for (size_t i = 0; i < b->n_files; i++) {
		free(b->files[i].path);
		free(b->files[i].fallback);
		free(b->files[i].env);
		free(b->files[i].text);
		free(b->files[i].roots);
	}
	free(b->files);
	for (size_t i = 0; i < b->n_secrets; i++) {
		free(b->secrets[i].slot);
		free(b->secrets[i].name);
		free(b->secrets[i].place);
	}
	free(b->secrets);
	for (size_t i = 0; i < b->n_deploy_keys; i++)
		plan_deploy_key_done(&b->deploy_keys[i]);
	free(b->deploy_keys);
	free(b);
}

void plan_free(struct plan *p)
{
	if (!p)
		return;
	oci_free(p->oci);
	plan_bottle_free(p->bottle);
	strv_free(p->notes);
	free(p);
}

int plan_note(struct plan *p, const char *fmt, ...)
{
	char *text;
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vasprintf(&text, fmt, ap);
	va_end(ap);
	return n < 0 ? -ENOMEM : strv_push(&p->notes, text);
}

/* Docker's ids are 64 hex digits; its own short form of them has 12. */
static char *slug_of(const char *id)
{
	size_t len = strlen(id);
	bool long_id = len == 64 && strspn(id, "0123456789abcdef") == len;

	return long_id ? strndup(id, 12) : strdup(id);
}

/* What `install` sets up keeps state apart from settings, as the FHS wants it. */
static char *keep_of(const char *home, const char *real, const char *what)
{
	return str_format(
		"%s/%s", str_eq(home, "/etc/bot-bottle") ? "/var/lib/bot-bottle" : real, what);
}

char *plan_cache_dir(const char *home)
{
	return keep_of(home, home, "cache");
}

char *plan_state_home(const char *home)
{
	cleanup_free char *real = realpath(home, NULL);

	return real ? keep_of(home, real, "state") : NULL;
}

static int new_bottle(struct plan *p, const struct plan_choice *c, const char *id,
	struct plan_selection *s, struct err *e)
{
	struct plan_bottle *b = p->bottle = calloc(1, sizeof(*b));

	if (!b)
		return err_set(e, ENOMEM, "plan the bottle");
	b->slug = slug_of(id);
	/* The monitor stands in another directory. */
	b->home = realpath(c->home, NULL);
	if (!b->home)
		return err_set(e, errno, "the operator's directory '%s'", c->home);
	b->state_home = keep_of(c->home, b->home, "state");
	b->cache_dir = keep_of(c->home, b->home, "cache");
	b->store_dir = keep_of(c->home, b->home, "store");
	b->bottle_names = steal_ptr(&s->bottles);
	b->agent_name = steal_ptr(&s->agent);
	return b->slug && b->home && b->state_home && b->cache_dir && b->store_dir
		       ? 0
		       : err_set(e, ENOMEM, "plan the bottle");
}

/* The agent's non-empty fields win over the bottle's. */
static void overlay_user(struct manifest *m, struct manifest_agent *a)
{
	if (a->user_name) {
		free(m->user_name);
		m->user_name = steal_ptr(&a->user_name);
	}
	if (a->user_email) {
		free(m->user_email);
		m->user_email = steal_ptr(&a->user_email);
	}
}

/* What the bottle changes in the container itself. */
static int change_container(struct plan *p, const struct plan_choice *c, struct err *e)
{
	int r;

	plan_take_mounts(p->oci, p->bottle);
	r = plan_seal(p->oci, e);
	if (r >= 0)
		r = plan_user_namespace(p->oci, e);
	if (r >= 0)
		r = plan_network(p, c->egress, e);
	if (r < 0)
		return r;
	if (plan_drop_net_raw(p->oci->process) &&
		plan_note(p, "CAP_NET_RAW was dropped: a bottle has no use for raw sockets") < 0)
		return err_set(e, ENOMEM, "plan the bottle");
	return 0;
}

static int fill_bottle(struct plan *p, const struct plan_choice *c, const char *id,
	struct manifest *m, struct err *e)
{
	int r;

	if ((r = plan_refuse(p->oci, e)) < 0 ||
		(r = plan_refuse_mounts(p->oci, p->bottle, c->root, e)) < 0 ||
		(r = change_container(p, c, e)) < 0 || (r = plan_env(p, m, id, e)) < 0 ||
		(r = plan_slices(p, m, e)) < 0 || (r = plan_files(p, e)) < 0 ||
		(r = plan_rules(p->bottle, e)) < 0)
		return r;
	if (plan_env_apply(p->oci->process, p->bottle->env) < 0)
		return err_set(e, ENOMEM, "plan the bottle");
	return 0;
}

/* An id is part of paths. */
static int check_id(const char *id, struct err *e)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789_+.-";

	if (!*id || str_eq(id, ".") || str_eq(id, "..") || strlen(id) > 255 ||
		id[strspn(id, allowed)])
		return err_say(e, EINVAL, "invalid container ID: '%s'", id);
	return 0;
}

static int build(struct plan *p, const struct plan_choice *c, const char *id,
	struct plan_selection *s, struct err *e)
{
	struct operator_home home = {.problems = c->problems};
	struct manifest m = {0};
	int r = check_id(id, e);

	/* An ordinary container needs no operator's directory, and none is looked at. */
	if (r >= 0)
		r = plan_select(c, p->oci, &home, s, e);
	if (r < 0 || !s->bottles)
		return r;
	r = operator_home_open(&home, c->home, e);
	if (r >= 0)
		r = manifest_resolve(&home, s->bottles, &m, e);
	overlay_user(&m, &s->who);
	if (r >= 0)
		r = new_bottle(p, c, id, s, e);
	if (r >= 0)
		r = fill_bottle(p, c, id, &m, e);
	manifest_done(&m);
	return r;
}

int plan_build(struct oci *oci, const struct plan_choice *choice, const char *id, struct plan **ret,
	struct err *e)
{
	struct plan_selection s = {0};
	struct plan *p = calloc(1, sizeof(*p));
	int r;

	if (!p) {
		oci_free(oci);
		return err_set(e, ENOMEM, "plan");
	}
	p->oci = oci;
	r = build(p, choice, id, &s, e);
	plan_selection_done(&s);
	if (r < 0) {
		plan_free(p);
		return r;
	}
	*ret = p;
	return 0;
}
