#ifndef GATE_GITLEAKS_H
#define GATE_GITLEAKS_H

#include "base/err.h"
#include "base/str.h"
#include "gate/git.h"
#include "gate/inspect.h"

/*
 * Has the installed gitleaks (https://github.com/gitleaks/gitleaks; from 8.19 on `gitleaks git`,
 * before `gitleaks detect`) read what each commit of a push brings, with its own rules. Nothing of
 * the pushed tree has a say: no configuration, ignore file, comment or attribute. What it finds is
 * added to the inspection's findings as rules "gitleaks:RULE".
 *
 * revisions: as for objects_read; job: as for git_run, without args and input; n_changing: commits
 * that bring something to be read, more than 0. -errno when it is not installed, did not end well
 * or in time, said what it should not, or read no commit: nothing may be published then.
 */
int gitleaks_read(struct inspection *in, const struct git_job *job, const struct str *revisions,
	size_t n_changing, struct err *e);

#endif
