#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/ptr.h"
#include "bundle/plan_parts.h"

/*
 * Which bottle a container is to run in. The caller's flags decide; the container's own words
 * (annotations, and with --select-from-env its environment, both of which an image can carry) may
 * only pick among the names that the caller listed.
 */

static const char how_to_choose[] =
	"choose one with the annotation dev.bottle.bottles=NAME, with --bottle NAME or "
	"--default-bottle NAME in runtimeArgs, or with bottle: in the agent's manifest";

void plan_selection_done(struct plan_selection *s)
{
	strv_free(s->bottles);
	free(s->agent);
	manifest_agent_done(&s->who);
}

/* "a, b" into a list; empty names are left out. */
static int split(const char *text, char ***ret, struct err *e)
{
	cleanup_free char *copy = strdup(text);
	char *rest = copy, *name;

	while (copy && (name = strsep(&rest, ","))) {
		size_t len;

		name += strspn(name, " \t");
		len = strcspn(name, " \t");
		name[len] = '\0';
		if (len > 0 && strv_add(ret, name) < 0)
			return err_set(e, ENOMEM, "read '%s'", text);
	}
	return copy ? 0 : err_set(e, ENOMEM, "read '%s'", text);
}

static int refuse_name(
	const struct plan_choice *c, const char *source, const char *name, struct err *e)
{
	cleanup_str struct str s = {0};

	for (size_t i = 0; c->selectable && c->selectable[i]; i++)
		str_addf(&s, "%s%s", i ? ", " : "", c->selectable[i]);
	return err_say(e, EPERM, "%s asks for '%s', which --selectable does not list; listed: %s",
		source, name, s.s ? s.s : "(none)");
}

/* The container's own wish: NULL or a comma-separated list; *source tells where it stood. */
static const char *wish(
	const struct plan_choice *c, const struct oci *oci, bool agent, const char **source)
{
	const char *text;

	*source = agent ? "the annotation dev.bottle.agent" : "the annotation dev.bottle.bottles";
	text = oci_annotation(oci, agent ? "dev.bottle.agent" : "dev.bottle.bottles");
	if ((!text || !*text) && c->select_from_env && oci->process) {
		*source = agent ? "the variable BOTTLE_AGENT" : "the variable BOTTLE";
		text = env_get(oci->process->env, agent ? "BOTTLE_AGENT" : "BOTTLE");
	}
	return text && *text ? text : NULL;
}

static int pick_agent(
	const struct plan_choice *c, const struct oci *oci, struct plan_selection *s, struct err *e)
{
	const char *source, *text = wish(c, oci, true, &source);

	if (c->agent) {
		if (text && !str_eq(text, c->agent))
			return err_say(e, EPERM, "%s asks for '%s', but --agent locks it to '%s'",
				source, text, c->agent);
		text = c->agent;
	} else if (text && !strv_has(c->selectable, text)) {
		return refuse_name(c, source, text, e);
	}
	if (text && !(s->agent = strdup(text)))
		return err_set(e, ENOMEM, "choose an agent");
	return 0;
}

static bool same_list(char *const *a, char *const *b)
{
	size_t n = strv_len(a);

	if (n != strv_len(b))
		return false;
	for (size_t i = 0; i < n; i++)
		if (!str_eq(a[i], b[i]))
			return false;
	return true;
}

/* --bottle is a lock: a wish for the same is no harm, for another an error. */
static int pick_locked(const struct plan_choice *c, const char *text, const char *source,
	struct plan_selection *s, struct err *e)
{
	cleanup_strv char **wanted = NULL;

	if (text && split(text, &wanted, e) < 0)
		return -e->code;
	if (wanted && !same_list(wanted, c->bottles))
		return err_say(e, EPERM, "%s asks for '%s', but --bottle locks it to '%s'%s",
			source, text, c->bottles[0], c->bottles[1] ? " and others" : "");
	s->bottles = strv_copy(c->bottles);
	return s->bottles ? 0 : err_set(e, ENOMEM, "choose a bottle");
}

static int pick_wish(const struct plan_choice *c, const char *text, const char *source,
	struct plan_selection *s, struct err *e)
{
	int r = split(text, &s->bottles, e);

	for (size_t i = 0; r >= 0 && s->bottles && s->bottles[i]; i++)
		if (!strv_has(c->selectable, s->bottles[i]))
			return refuse_name(c, source, s->bottles[i], e);
	return r;
}

static int load_agent(const struct plan_choice *c, struct operator_home *home,
	struct plan_selection *s, struct err *e)
{
	int r = 0;

	if (!s->agent)
		return 0;
	r = operator_home_open(home, c->home, e);
	return r < 0 ? r : manifest_agent_load(home, s->agent, &s->who, e);
}

int plan_select(const struct plan_choice *c, const struct oci *oci, struct operator_home *home,
	struct plan_selection *s, struct err *e)
{
	const char *source, *text = wish(c, oci, false, &source);
	int r = pick_agent(c, oci, s, e);

	if (r >= 0)
		r = load_agent(c, home, s, e);
	if (r < 0)
		return r;
	if (c->bottles && c->bottles[0])
		return pick_locked(c, text, source, s, e);
	if (text)
		r = pick_wish(c, text, source, s, e);
	if (r < 0 || s->bottles)
		return r;
	text = s->who.bottle ? s->who.bottle : c->default_bottle;
	if (text)
		return strv_add(&s->bottles, text) < 0 ? err_set(e, ENOMEM, "choose a bottle") : 0;
	if (s->agent)
		return err_say(e, EINVAL, "agent '%s' names no bottle, and none was chosen; %s",
			s->agent, how_to_choose);
	if (c->require_bottle)
		return err_say(e, EPERM, "no bottle was chosen, and --require-bottle is set; %s",
			how_to_choose);
	return 0;
}
