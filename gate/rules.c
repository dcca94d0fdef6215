#include "gate/rules.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/log.h"
#include "base/ptr.h"
#include "base/str.h"
#include "gate/sanitize.h"

#define TOLD_MAX 100

/* ---- patterns */

bool rules_match(const char *pattern, const char *name)
{
	size_t part = strcspn(pattern, "*"), left = strlen(name);

	if (!pattern[part])
		return str_eq(pattern, name);
	if (part > left || memcmp(pattern, name, part) != 0)
		return false;
	/* Each part where it stands first leaves most to the next; the last must be the end. */
	for (;;) {
		const char *at;

		name += part;
		left -= part;
		pattern += part + 1;
		part = strcspn(pattern, "*");
		if (!pattern[part])
			return part <= left && memcmp(pattern, name + left - part, part) == 0;
		at = memmem(name, left, pattern, part);
		if (!at)
			return false;
		left -= (size_t)(at - name);
		name = at;
	}
}

static char *lowered(const char *text)
{
	char *copy = strdup(text);

	/* ASCII only: what file systems do to other letters differs between them. */
	for (char *p = copy; p && *p; p++)
		*p += *p >= 'A' && *p <= 'Z' ? 'a' - 'A' : 0;
	return copy;
}

bool rules_match_folded(const char *pattern, const char *name)
{
	cleanup_free char *p = lowered(pattern), *n = lowered(name);

	return !p || !n || rules_match(p, n);
}

typedef bool match_fn(const char *pattern, const char *name);

static const char *matching(char *const *patterns, const char *name, match_fn *match)
{
	for (char *const *p = patterns; p && *p; p++)
		if (match(*p, name))
			return *p;
	return NULL;
}

/* ---- one command */

static bool is_new(const struct command *c)
{
	return refs_is_zero(c->old);
}

static bool is_tag(const struct command *c)
{
	return str_starts(c->ref, "refs/tags/");
}

/* Only when `force` forbids it does somebody have to look for rewinds. */
static bool may_rewind(const struct policy_push *p, const struct command *c)
{
	return !p->force && !is_new(c) && !command_is_delete(c) && !is_tag(c);
}

enum rule rules_judge(const struct policy_push *p, const struct command *c, bool rewinds)
{
	if (matching(p->deny, c->ref, rules_match_folded))
		return RULE_DENY;
	if (p->allow && !matching(p->allow, c->ref, rules_match))
		return RULE_ALLOW;
	if (command_is_delete(c))
		return p->delete ? RULE_NONE : RULE_DELETE;
	if (p->force || is_new(c))
		return RULE_NONE;
	return is_tag(c) || rewinds ? RULE_FORCE : RULE_NONE;
}

/* What is no commit has no history that it could lose nothing of. */
static int ask_rewinds(const struct git_job *job, const struct command *c, bool *ret, struct err *e)
{
	const char *const args[] = {"merge-base", "--is-ancestor", c->old, c->new, NULL};
	struct git_job ask = *job;
	cleanup_git_result struct git_result res = {0};
	int r;

	ask.args = args;
	r = git_run(&ask, &res, e);
	*ret = res.status != 0;
	return r;
}

/* ---- refs that differ in case only */

struct name {
	const char *name;	       /* borrowed */
	const struct command *creates; /* or NULL: it is there */
};

static int by_folded(const void *a, const void *b)
{
	const struct name *x = a, *y = b;
	int r = strcasecmp(x->name, y->name);

	return r ? r : strcmp(x->name, y->name);
}

/* All that will be there, those together that differ in case only. Owner: the caller (free). */
static struct name *list_names(const struct commands *c, const struct refs *there, size_t *ret_n)
{
	struct name *all = calloc(c->n + there->n + 1, sizeof(*all));

	*ret_n = 0;
	for (size_t i = 0; all && i < there->n; i++)
		all[(*ret_n)++].name = there->list[i].name;
	for (size_t i = 0; all && i < c->n; i++)
		if (is_new(&c->list[i]) && !command_is_delete(&c->list[i]))
			all[(*ret_n)++] = (struct name){c->list[i].ref, &c->list[i]};
	if (all)
		qsort(all, *ret_n, sizeof(*all), by_folded);
	return all;
}

/* ---- the report */

struct report {
	const struct policy_push *policy;
	struct str broken, warnings;
	size_t n_broken, n_warnings;
};

static void add_clean(struct str *out, const char *text)
{
	cleanup_free char *clean = sanitize_line(text, strlen(text));

	str_add(out, clean ? clean : "");
}

static void add_violation(struct report *r, enum rule rule, const char *ref, const char *other)
{
	static const struct {
		const char *before, *behind;
	} words[] = {
		[RULE_ALLOW] = {"is not among what may be pushed", ""},
		[RULE_DENY] = {"may not be pushed (deny: ", ")"},
		[RULE_FORCE] = {"would lose what it has now (force: false)", ""},
		[RULE_DELETE] = {"may not be deleted (delete: false)", ""},
		[RULE_CASE] = {"differs only in the case of letters from ", ""},
	};

	if (++r->n_broken > TOLD_MAX)
		return;
	str_add(&r->broken, "  ");
	add_clean(&r->broken, ref);
	str_addf(&r->broken, "  %s", words[rule].before);
	add_clean(&r->broken, other);
	str_addf(&r->broken, "%s\n", words[rule].behind);
}

static int check_commands(
	struct report *r, const struct git_job *job, const struct commands *c, struct err *e)
{
	for (size_t i = 0; i < c->n; i++) {
		const struct command *cmd = &c->list[i];
		bool rewinds = false;
		enum rule rule = rules_judge(r->policy, cmd, false);
		const char *deny = matching(r->policy->deny, cmd->ref, rules_match_folded);

		if (rule == RULE_NONE && may_rewind(r->policy, cmd)) {
			if (ask_rewinds(job, cmd, &rewinds, e) < 0)
				return -e->code;
			rule = rules_judge(r->policy, cmd, rewinds);
		}
		if (rule != RULE_NONE)
			add_violation(r, rule, cmd->ref, rule == RULE_DENY ? deny : "");
	}
	return 0;
}

/*
 * On an upstream whose file system does not know case, refs/heads/Main is refs/heads/main: where
 * anything is forbidden, that would be a way round it. Elsewhere it is the agent's own trouble.
 */
static int check_case(
	struct report *r, const struct commands *c, const struct refs *there, struct err *e)
{
	const struct policy_push *p = r->policy;
	bool confined = p->allow || p->deny || !p->force || !p->delete;
	size_t n;
	cleanup_free struct name *all = list_names(c, there, &n);

	if (!all)
		return err_set(e, ENOMEM, "compare the names of refs");
	for (size_t i = 1; i < n; i++) {
		const struct name *a = &all[i - 1], *b = &all[i];

		if (strcasecmp(a->name, b->name) != 0 || (!a->creates && !b->creates))
			continue;
		if (!b->creates) {
			a = b;
			b = &all[i - 1];
		}
		if (confined)
			add_violation(r, RULE_CASE, b->name, a->name);
		else if (r->n_warnings++ < TOLD_MAX) {
			str_add(&r->warnings, "  ");
			add_clean(&r->warnings, b->name);
			str_add(&r->warnings, " beside ");
			add_clean(&r->warnings, a->name);
			str_add_char(&r->warnings, '\n');
		}
	}
	return 0;
}

static void tell_allowed(struct str *out, const struct policy_push *p)
{
	if (!p->allow)
		return;
	str_add(out, *p->allow ? "What may be pushed:" : "Nothing may be pushed.");
	for (char *const *a = p->allow; *a; a++) {
		str_add_char(out, ' ');
		add_clean(out, *a);
	}
	str_add_char(out, '\n');
}

static void tell(const struct report *r, const struct policy_repo *repo)
{
	cleanup_str struct str out = {0};

	if (r->n_warnings > 0)
		str_addf(&out,
			"\nWarning: refs that differ only in the case of letters; where case does "
			"not count, only one of them can be had:\n%s\n",
			r->warnings.s ? r->warnings.s : "");
	if (r->n_broken > 0) {
		str_addf(&out,
			"\nPush refused by this bottle's rules for '%s'. Nothing was sent "
			"upstream.\n%s",
			repo->name, r->broken.s ? r->broken.s : "");
		if (r->n_broken > TOLD_MAX)
			str_addf(&out, "  … and %zu more\n", r->n_broken - TOLD_MAX);
		tell_allowed(&out, r->policy);
		str_addf(&out,
			"If it must be, ask the operator of this bottle to change "
			"git-gate.repos.%s.push in its manifest.\n\n",
			repo->name);
		log_warning(
			"rules of '%s' broken:\n%s", repo->name, r->broken.s ? r->broken.s : "");
	}
	if (out.len > 0)
		fputs(out.failed ? "Push refused by this bottle's rules.\n" : out.s, stderr);
}

int rules_check(const struct git_job *job, const struct commands *c, const struct refs *there,
	struct err *e)
{
	struct report report = {.policy = &job->repo->push};
	int r = check_commands(&report, job, c, e);

	if (r == 0)
		r = check_case(&report, c, there, e);
	if (r == 0)
		tell(&report, job->repo);
	str_done(&report.broken);
	str_done(&report.warnings);
	if (r < 0)
		return err_wrap(e, "the rules for pushes could not be looked at");
	return report.n_broken == 0 ? 0 : err_say(e, EACCES, "rules: %zu", report.n_broken);
}
