#include "gate/report.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/ptr.h"
#include "gate/refs.h"
#include "gate/sanitize.h"
#include "scan/words.h"

/* Each costs a walk through its history, for each finding. */
#define REFS_ASKED_MAX 32

struct place {
	const char *ref; /* borrowed */
	char commit[65];
};

/* The newest commit of this ref that brings the object (or is it); "" when none does. */
static void find_commit(const struct inspect_finding *f, const struct command *cmd,
	const struct git_job *job, const char *exclude, char ret[65])
{
	cleanup_free char *object = str_format("--find-object=%s", f->oid);
	cleanup_free char *input = str_format("%s\n%s", cmd->new, exclude);
	const char *const by_object[] = {
		"log", "-1", "-m", "-t", "--format=%H", object, "--stdin", NULL};
	const char *const is_ancestor[] = {"merge-base", "--is-ancestor", f->oid, cmd->new, NULL};
	bool is_commit = f->kind == INSPECT_COMMIT;
	cleanup_git_result struct git_result res = {0};
	struct git_job ask = *job;
	struct err ignored;

	ret[0] = '\0';
	if (!object || !input)
		return;
	ask.args = is_commit ? is_ancestor : by_object;
	ask.input = is_commit ? NULL : input;
	ask.input_len = strlen(input);
	if (git_run(&ask, &res, &ignored) < 0 || res.status != 0)
		return;
	if (is_commit)
		snprintf(ret, 65, "%s", f->oid);
	else if (res.out.s && refs_is_oid(res.out.s, strcspn(res.out.s, "\n")))
		snprintf(ret, 65, "%.*s", (int)strcspn(res.out.s, "\n"), res.out.s);
}

static void find_place(const struct inspect_finding *f, const struct commands *cmds,
	const struct git_job *job, const char *exclude, struct place *ret)
{
	*ret = (struct place){0};
	for (size_t i = 0; i < cmds->n && i < REFS_ASKED_MAX && !ret->ref && *f->oid; i++) {
		const struct command *cmd = &cmds->list[i];

		if (command_is_delete(cmd))
			continue;
		if (f->kind == INSPECT_TAG) {
			if (str_eq(cmd->new, f->oid))
				ret->ref = cmd->ref;
			continue;
		}
		find_commit(f, cmd, job, exclude, ret->commit);
		if (*ret->commit)
			ret->ref = cmd->ref;
	}
}

/* What the scanner and the agent wrote, for a terminal. */
static void add_clean(struct str *out, const char *before, const char *text, const char *behind)
{
	cleanup_free char *clean = sanitize_line(text, strlen(text));

	if (*text)
		str_addf(out, "%s%s%s", before, clean ? clean : "", behind);
}

static void add_where(struct str *out, const struct inspect_finding *f)
{
	const char *path = f->said.path;

	switch (f->kind) {
	case INSPECT_COMMIT:
		str_add(out, "message or names of the commit");
		break;
	case INSPECT_TAG:
		str_add(out, "message or tagger of the tag");
		break;
	case INSPECT_TREE:
		add_clean(out, "a file name in ", *path ? path : "the top directory", "");
		break;
	case INSPECT_PATH:
		str_add(out, "a path");
		break;
	case INSPECT_BLOB:
		add_clean(out, "", *path ? path : "a file", "");
		if (f->said.line > 0)
			str_addf(out, ":%llu", (unsigned long long)f->said.line);
		break;
	case INSPECT_REQUEST:
	case INSPECT_KINDS:
		add_clean(out, "", path, "");
		break;
	}
}

/* As everybody tells a finding (scan/words.h). */
static void add_words(struct str *out, const struct inspect_finding *f)
{
	cleanup_str struct str where = {0};
	struct scan_finding said = {.rule = f->said.rule, .what = f->said.what};
	char words[SCAN_WORDS_MAX];

	add_where(&where, f);
	said.place = where.s ? where.s : "";
	snprintf(said.via, sizeof(said.via), "%s", f->said.via);
	snprintf(said.excerpt, sizeof(said.excerpt), "%s", f->said.excerpt);
	add_clean(out, "", scan_words(&said, words, sizeof(words)), "");
}

static void add_finding(struct str *out, const struct inspect_finding *f, const struct place *at)
{
	if (at->ref)
		add_clean(out, "", at->ref, "  ");
	if (*at->commit)
		str_addf(out, "%.12s  ", at->commit);
	add_words(out, f);
}

/* What every finding is looked up in. */
struct report {
	const struct commands *cmds;
	const struct git_job *job;
	const char *exclude;
	struct str out;
};

static void add_all(struct report *r, const struct inspect_told *told, size_t n, const char *kind)
{
	for (size_t i = 0; i < told->n; i++) {
		cleanup_str struct str line = {0};
		struct place at;

		find_place(&told->list[i], r->cmds, r->job, r->exclude, &at);
		add_finding(&line, &told->list[i], &at);
		log_warning("%s: %s", kind, line.failed ? told->list[i].said.rule : line.s);
		str_addf(&r->out, "  %s\n", line.failed ? told->list[i].said.rule : line.s);
	}
	if (told->n < n)
		str_addf(&r->out, "  … and %zu more\n", n - told->n);
}

static bool has_unreadable(const struct inspect_told *told)
{
	for (size_t i = 0; i < told->n; i++)
		if (str_eq(told->list[i].said.rule, SCAN_RULE_UNREADABLE))
			return true;
	return false;
}

static void add_refusal(struct report *r, const struct inspection *in)
{
	str_addf(&r->out,
		"\nPush refused: %zu finding%s in what it would publish. Nothing was sent "
		"upstream.\n",
		in->n_found, in->n_found == 1 ? "" : "s");
	add_all(r, &in->found, in->n_found, "found");
	str_add(&r->out,
		"Take each one out of the commit that brings it (git commit --amend, git rebase "
		"-i):\n"
		"a later commit that removes it does not help, the history is published as "
		"well.\n");
	if (has_unreadable(&in->found))
		str_add(&r->out,
			"What is unreadable could hide anything: push it in a form that can be "
			"read.\n");
	str_add(&r->out, "If it is no secret, ask the operator of this bottle.\n\n");
}

static void add_warnings(struct report *r, const struct inspection *in)
{
	str_addf(&r->out,
		"\nWarning: %zu thing%s in what this push publishes may be secret; it is not "
		"refused for that.\n",
		in->n_warnings, in->n_warnings == 1 ? "" : "s");
	add_all(r, &in->warnings, in->n_warnings, "warning");
	str_add_char(&r->out, '\n');
}

void report_findings(const struct inspection *in, const struct commands *cmds,
	const struct git_job *job, const char *exclude)
{
	struct report r = {cmds, job, exclude, {0}};

	if (in->n_warnings > 0)
		add_warnings(&r, in);
	if (in->n_found > 0)
		add_refusal(&r, in);
	if (r.out.failed)
		fputs("Things were found in what this push would publish.\n", stderr);
	else if (r.out.len > 0)
		fputs(r.out.s, stderr);
	str_done(&r.out);
}
