#ifndef GATE_ALLOW_H
#define GATE_ALLOW_H

#include <stdbool.h>

#include "base/err.h"
#include "base/str.h"
#include "gate/git.h"
#include "gate/inspect.h"

/*
 * Code lines that say `gitleaks:allow`. The mark passes nothing by itself: when every finding of a
 * push stands on such a line of a file, the operator is asked.
 */
#define ALLOW_MARK "gitleaks:allow"

/*
 * Whether that is so. 1: *ret is what the operator is shown, the ref, file, line, rule and commit
 * of each finding and its code line without the secret; 0: it is not so; -errno. Places of findings
 * are known (gate/place.h). job: as for git_run, without args and input.
 */
int allow_collect(
	const struct inspection *in, const struct git_job *job, struct str *ret, struct err *e);

/*
 * Proposes it and waits for the answer. 0: approved; -EACCES: another answer, or none in time, or
 * nobody who could answer. What is going on is told on standard error.
 */
int allow_ask(const struct policy_gate *policy, const struct policy_repo *repo, const char *text,
	struct err *e);

/* Whether all that was found in `now` was found in `approved`, too. */
bool allow_covers(const struct inspection *approved, const struct inspection *now);

/*
 * Whether nothing else was found in the line of this finding: else to take this one out of it would
 * leave the other.
 */
bool allow_is_alone(const struct inspection *in, const struct inspect_finding *f);

/*
 * The code line without what was found in it: from the first place where the excerpt's beginning
 * stands to the last of its end; the whole line where these are not known. Appends at most about
 * 300 bytes, for a terminal.
 */
void allow_redact(const char *line, size_t len, const struct serve_finding *f, struct str *out);

#endif
