#include "gate/place.h"

#include <string.h>

#include "base/ptr.h"
#include "gate/changes.h"
#include "gate/refs.h"

/* A tag may stand for a tag. */
#define TAGS_MAX 10
/* Each costs a process or more, and only what is in no commit is looked for this way. */
#define REFS_ASKED_MAX 16

struct search {
	struct inspection *in;
	const struct commands *cmds;
	size_t n_commits;
};

static struct inspect_finding *finding(struct inspection *in, size_t i)
{
	if (i < in->found.n)
		return &in->found.list[i];
	i -= in->found.n;
	return i < in->warnings.n ? &in->warnings.list[i] : NULL;
}

static const char *ref_of(const struct commands *cmds, const char *tip)
{
	for (size_t i = 0; i < cmds->n; i++)
		if (str_eq(cmds->list[i].new, tip))
			return cmds->list[i].ref;
	return NULL;
}

/* The scanner tells the end of a path that is too long for it. */
static bool is_path(const char *said, const char *path)
{
	return strlen(said) < SERVE_PATH_MAX - 1 ? str_eq(said, path) : str_ends(path, said);
}

/* Whether this change is what the finding is in. */
static bool is_it(const struct inspect_finding *f, const struct change *c)
{
	switch (f->kind) {
	case INSPECT_COMMIT:
		return !*c->path && str_eq(f->oid, c->commit);
	case INSPECT_TREE:
	case INSPECT_LINKS:
		return str_eq(f->oid, c->oid);
	case INSPECT_BLOB:
		if (!*f->oid) /* another program's: it told the commit */
			return c->is_blob && str_eq(f->commit, c->commit) &&
			       is_path(f->said.path, c->path);
		return c->is_blob && str_eq(f->oid, c->oid) && is_path(f->said.path, c->path);
	default:
		return false;
	}
}

/* Newest first, so the last one to match is the oldest. */
static int see(void *arg, const struct change *c, struct err *e)
{
	struct search *s = arg;
	struct inspect_finding *f;

	(void)e;
	if (!*c->path)
		s->n_commits++;
	for (size_t i = 0; (f = finding(s->in, i)); i++) {
		if (!is_it(f, c))
			continue;
		f->age = s->n_commits - 1;
		f->ref = ref_of(s->cmds, c->tip);
		memcpy(f->commit, c->commit, strlen(c->commit) + 1);
		if (!*f->oid && f->kind == INSPECT_BLOB)
			memcpy(f->oid, c->oid, strlen(c->oid) + 1);
	}
	return 0;
}

/* ---- what is in no commit */

/* What a tag stands for: "object OID" is its first line. False: it is no tag. */
static bool tagged(const struct git_job *job, char oid[65])
{
	const char *const args[] = {"cat-file", "tag", oid, NULL};
	cleanup_git_result struct git_result res = {0};
	struct git_job ask = *job;
	struct err no_tag;
	size_t len;

	ask.args = args;
	if (git_run(&ask, &res, &no_tag) < 0 || res.status != 0 || !res.out.s ||
		!str_starts(res.out.s, "object "))
		return false;
	len = strcspn(res.out.s + 7, "\n");
	if (!refs_is_oid(res.out.s + 7, len))
		return false;
	memcpy(oid, res.out.s + 7, len);
	oid[len] = '\0';
	return true;
}

static void see_tagged(struct inspection *in, const char *oid, const char *ref)
{
	struct inspect_finding *f;

	for (size_t i = 0; (f = finding(in, i)); i++)
		if (!f->ref && *f->oid && str_eq(f->oid, oid))
			f->ref = ref;
}

static bool any_without_ref(struct inspection *in)
{
	struct inspect_finding *f;

	for (size_t i = 0; (f = finding(in, i)); i++)
		if (!f->ref && *f->oid)
			return true;
	return false;
}

static void follow_tags(
	struct inspection *in, const struct commands *cmds, const struct git_job *job)
{
	size_t asked = 0;

	for (size_t i = 0; i < cmds->n && asked < REFS_ASKED_MAX && any_without_ref(in); i++) {
		char oid[65];

		if (command_is_delete(&cmds->list[i]))
			continue;
		asked++;
		memcpy(oid, cmds->list[i].new, sizeof(oid));
		for (int depth = 0; depth < TAGS_MAX; depth++) {
			see_tagged(in, oid, cmds->list[i].ref);
			if (!tagged(job, oid))
				break;
		}
		see_tagged(in, oid, cmds->list[i].ref);
	}
}

/* Where only one ref is pushed, everything is pushed for it. */
static void take_only_ref(struct inspection *in, const struct commands *cmds)
{
	const char *only = NULL;
	struct inspect_finding *f;

	for (size_t i = 0; i < cmds->n; i++) {
		if (command_is_delete(&cmds->list[i]))
			continue;
		if (only)
			return;
		only = cmds->list[i].ref;
	}
	for (size_t i = 0; (f = finding(in, i)); i++)
		if (!f->ref && f->kind != INSPECT_REQUEST)
			f->ref = only;
}

int place_findings(struct inspection *in, const struct commands *cmds, const struct git_job *job,
	const struct str *revisions, struct err *e)
{
	cleanup_changes struct changes changes = CHANGES_NONE;
	struct search s = {.in = in, .cmds = cmds};
	int r = 0;

	if (in->found.n + in->warnings.n == 0)
		return 0;
	if (revisions->len > 0)
		r = changes_start(&changes, job, revisions, e);
	if (r == 0 && revisions->len > 0)
		r = changes_read(&changes, see, &s, e);
	if (r == 0)
		follow_tags(in, cmds, job);
	take_only_ref(in, cmds);
	return r;
}
