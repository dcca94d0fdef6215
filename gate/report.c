#include "gate/report.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/ptr.h"
#include "gate/refs.h"
#include "gate/sanitize.h"

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

static void add_where(struct str *out, const struct inspect_finding *f)
{
	cleanup_free char *path = sanitize_line(f->path, strlen(f->path));
	const char *p = path ? path : "";

	switch (f->kind) {
	case INSPECT_COMMIT:
		str_add(out, "message or names of the commit");
		break;
	case INSPECT_TAG:
		str_add(out, "message or tagger of the tag");
		break;
	case INSPECT_TREE:
		str_addf(out, "a file name in %s", *p ? p : "the top directory");
		break;
	case INSPECT_PATH:
		str_add(out, "a path");
		break;
	case INSPECT_BLOB:
		str_addf(out, "%s:%zu", *p ? p : "a file", f->line);
		break;
	case INSPECT_REQUEST:
	case INSPECT_KINDS:
		str_add(out, p);
		break;
	}
}

static void add_finding(struct str *out, const struct inspect_finding *f, const struct place *at)
{
	cleanup_free char *ref = at->ref ? sanitize_line(at->ref, strlen(at->ref)) : NULL;

	if (ref)
		str_addf(out, "%s  ", ref);
	if (*at->commit)
		str_addf(out, "%.12s  ", at->commit);
	add_where(out, f);
	str_addf(out, "  %s: %s  %s", f->rule, f->what, f->excerpt);
}

void report_findings(const struct inspection *in, const struct commands *cmds,
	const struct git_job *job, const char *exclude)
{
	size_t told = in->n_found < INSPECT_TOLD_MAX ? in->n_found : INSPECT_TOLD_MAX;
	cleanup_str struct str out = {0};

	str_addf(&out,
		"\nPush refused: %zu secret%s in what it would publish. Nothing was sent "
		"upstream.\n",
		in->n_found, in->n_found == 1 ? "" : "s");
	for (size_t i = 0; i < told; i++) {
		cleanup_str struct str line = {0};
		struct place at;

		find_place(&in->told[i], cmds, job, exclude, &at);
		add_finding(&line, &in->told[i], &at);
		log_warning("found: %s", line.failed ? in->told[i].rule : line.s);
		str_addf(&out, "  %s\n", line.failed ? in->told[i].rule : line.s);
	}
	if (told < in->n_found)
		str_addf(&out, "  … and %zu more\n", in->n_found - told);
	str_add(&out,
		"Take each one out of the commit that brings it (git commit --amend, git rebase "
		"-i):\n"
		"a later commit that removes it does not help, the history is published as well.\n"
		"If it is no secret, ask the operator of this bottle.\n\n");
	fputs(out.failed ? "Push refused: secrets were found.\n" : out.s, stderr);
}
