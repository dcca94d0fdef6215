#include "shim/reload.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/log.h"
#include "base/ptr.h"
#include "bundle/frontmatter.h"
#include "bundle/plan.h"
#include "shim/monitor_boot.h"
#include "shim/monitor_plan.h"
#include "shim/sidecar_impl.h"
#include "shim/userns.h"

/* What the monitor tells of its bottle. */
struct told {
	char *home, *slug;
	char **bottles, **agent_names;
	struct plan_secret *secrets;
	size_t n_secrets;
};

static void told_done(struct told *t)
{
	free(t->home);
	free(t->slug);
	strv_free(t->bottles);
	strv_free(t->agent_names);
	for (size_t i = 0; i < t->n_secrets; i++) {
		free(t->secrets[i].slot);
		free(t->secrets[i].name);
	}
	free(t->secrets);
	*t = (struct told){0};
}

static int read_secret(const struct json_at *at, void *item, struct err *e)
{
	struct plan_secret *s = item;

	if (json_need_str(at, "slot", &s->slot, e) < 0 ||
		json_need_str(at, "name", &s->name, e) < 0 ||
		json_get_bool(at, "is_file", &s->is_file, e) < 0 ||
		json_get_bool(at, "is_login", &s->is_login, e) < 0 ||
		json_get_bool(at, "egress", &s->to_egress, e) < 0 ||
		json_get_bool(at, "scan", &s->to_scan, e) < 0)
		return -e->code;
	return 0;
}

static int read_told(const char *text, struct told *t, struct err *e)
{
	const struct json_list secrets = {
		&t->secrets, &t->n_secrets, sizeof(*t->secrets), read_secret};
	cleanup_json json_t *j = NULL;
	struct json_at root, egress;
	int r = json_parse(text, strlen(text), "the monitor's status", &j, e);

	if (r < 0)
		return r;
	root = json_root(j, "the monitor's status");
	if (json_need_str(&root, "home", &t->home, e) < 0 ||
		json_need_str(&root, "slug", &t->slug, e) < 0 ||
		json_get_strv(&root, "bottles", &t->bottles, e) < 0 ||
		json_get_list(&root, "secrets", &secrets, e) < 0)
		return -e->code;
	r = json_member(&root, "egress", JSON_OBJECT, &egress, e);
	if (r > 0)
		r = json_get_strv(&egress, "agent_names", &t->agent_names, e);
	return r < 0 ? r : 0;
}

static int ask(struct sidecar *s, struct told *t, struct err *e)
{
	cleanup_free char *text = NULL;
	int r = sidecar_status(s, &text, e);

	return r < 0 ? r : read_told(text, t, e);
}

/* One that is known and no longer to be found stays what it was. */
static int offer_secrets(
	struct sidecar *s, struct plan_bottle *b, size_t n_known, bool with_env, struct err *e)
{
	for (size_t i = 0; i < b->n_secrets; i++) {
		cleanup_secret struct secret value = {0};
		struct plan_secret *one = &b->secrets[i];
		int r;

		if (!plan_reload_wants(b, one, i < n_known))
			continue;
		r = plan_secret_find(b, one, with_env, &value, e);
		if (r >= 0)
			one->place = plan_secret_place(b, one, with_env);
		if (r == -ENOENT && i < n_known)
			continue;
		if (r >= 0)
			r = sidecar_offer(s, one->slot, &value, e);
		if (r < 0)
			return r;
	}
	return 0;
}

static int bring(struct sidecar *s, const struct plan_bottle *b, struct err *e)
{
	cleanup_json json_t *j = json_pack("{s:o, s:o}", "egress",
		policy_egress_to_json(&b->egress), "secrets", monitor_plan_secrets(b));
	cleanup_free char *text = j ? json_dumps(j, JSON_COMPACT) : NULL;

	return text ? sidecar_reload(s, text, e) : err_set(e, ENOMEM, "a new policy");
}

static int run(struct sidecar *s, bool with_env, struct str *problems, struct err *e)
{
	struct told told = {0};
	struct plan_bottle *b = NULL;
	int r = ask(s, &told, e);

	if (r >= 0) {
		const struct plan_reload from = {told.home, told.slug, told.bottles,
			told.agent_names, told.secrets, told.n_secrets};

		r = plan_reload(&from, problems, &b, e);
	}
	if (r >= 0)
		r = offer_secrets(s, b, told.n_secrets, with_env, e);
	if (r >= 0)
		r = bring(s, b, e);
	plan_bottle_free(b);
	told_done(&told);
	if (r >= 0)
		return 0;
	frontmatter_several(problems, e);
	return err_wrap(e, "the old policy stays in force");
}

int reload_run(const char *state_dir, bool with_env, struct str *problems, struct err *e)
{
	cleanup_sidecar struct sidecar *s = NULL;
	int r = sidecar_connect(state_dir, &s, e);

	return r < 0 ? r : run(s, with_env, problems, e);
}

int reload_serve(const char *state_dir)
{
	cleanup_str struct str problems = {0};
	char *save = NULL, *line;
	struct err e = {0};
	int r = monitor_boot_harden(&e);

	/* From inside nobody owns the directories above the operator's. */
	if (r == 0 && userns_is_rootless())
		r = err_say(&e, EPERM,
			"the old policy stays in force: in a bottle of an ordinary user SIGHUP "
			"reads "
			"nothing; use `bottle reload`");
	if (r == 0)
		r = reload_run(state_dir, false, &problems, &e);
	line = r < 0 && problems.len > 0 ? strtok_r(problems.s, "\n", &save) : NULL;
	for (; line; line = strtok_r(NULL, "\n", &save))
		log_error("%s", line);
	if (r < 0)
		log_error("%s", e.msg);
	return r < 0;
}
