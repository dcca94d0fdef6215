#ifndef GATE_RULES_H
#define GATE_RULES_H

#include <stdbool.h>

#include "base/err.h"
#include "gate/commands.h"
#include "gate/git.h"

/*
 * What the manifest lets pushes to a repository do (struct policy_push, bottle-manifest(5)),
 * against what one asks for.
 */
enum rule {
	RULE_NONE,
	RULE_ALLOW,  /* no pattern of `allow` fits */
	RULE_DENY,   /* one of `deny` does, in either case of its letters */
	RULE_FORCE,  /* a branch would lose commits, a tag its value */
	RULE_DELETE, /* a ref would go */
	RULE_CASE,   /* a new ref would differ from another in the case of letters only */
};

/*
 * Whether the pattern fits the whole name: "*" in it stands for any characters, also none; nothing
 * else is special. Takes time in proportion to both lengths. Folded: letters of ASCII are the same
 * in either case; true when memory ran out.
 */
bool rules_match(const char *pattern, const char *name);
bool rules_match_folded(const char *pattern, const char *name);

/*
 * The first rule that a command breaks, RULE_CASE left out. rewinds: its new value does not have
 * the old one in its history.
 */
enum rule rules_judge(const struct policy_push *p, const struct command *c, bool rewinds);

/*
 * The whole push. -EACCES when it breaks any: every violation was told on standard error, and in
 * the log. there: the refs that the repository has. job: as for git_run, without args and input.
 */
int rules_check(const struct git_job *job, const struct commands *c, const struct refs *there,
	struct err *e);

#endif
