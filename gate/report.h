#ifndef GATE_REPORT_H
#define GATE_REPORT_H

#include "gate/commands.h"
#include "gate/inspect.h"

/*
 * Tells the agent, on standard error (git's sideband), and the log what was found, if anything was:
 * for each finding, and warning, the ref, the commit, path and line, the rule, a redacted excerpt
 * and the codings it stood in; of findings, what to do. exclude: the "^OID" lines of what the
 * upstream has. job: as for git_run, without args and input.
 */
void report_findings(const struct inspection *in, const struct commands *cmds,
	const struct git_job *job, const char *exclude);

#endif
