#ifndef GATE_REPORT_H
#define GATE_REPORT_H

#include "base/str.h"
#include "gate/inspect.h"

/*
 * Tells the agent, on standard error (git's sideband), and the log what was found, if anything was:
 * by ref and commit, path and line, the rule, a redacted excerpt and the codings it stood in; of
 * findings, what to do. Places are known (place_findings).
 */
void report_findings(struct inspection *in);

/* The same text, not yet told. Appends; sorts what is told. */
void report_write(struct inspection *in, struct str *out);

#endif
