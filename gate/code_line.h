#ifndef GATE_CODE_LINE_H
#define GATE_CODE_LINE_H

#include <stdint.h>

#include "base/err.h"
#include "gate/git.h"
#include "gate/inspect.h"

/*
 * The line of a file that a finding stands in, with whatever was found in it replaced by stars, fit
 * for a terminal: for people who decide about it. Where it is not known which bytes were found,
 * every word that could be a secret is. Owned by the caller. -ENODATA when the finding stands in no
 * line of a file, -EFBIG when the line is longer than 1 MiB. job: as for git_run, without args.
 */
int code_line(const struct git_job *job, const struct inspection *in,
	const struct inspect_finding *f, char **ret, struct err *e);

/* Replaces what was found in a line that begins at offset `at` of the blob. Changes line. */
void code_line_redact(const struct inspection *in, const struct inspect_finding *f, char *line,
	size_t len, uint64_t at);

#endif
