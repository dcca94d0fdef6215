#ifndef SHIM_BOTTLE_RULES_H
#define SHIM_BOTTLE_RULES_H

#include "bundle/plan.h"
#include "scan/rules_job.h"

/* Begins to have the rules of this bottle's scanner compiled (scan/rules_job.h). 0 or -errno. */
int bottle_rules_start(const struct plan_bottle *b, struct rules_job *ret, struct err *e);

#endif
