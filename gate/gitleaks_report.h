#ifndef GATE_GITLEAKS_REPORT_H
#define GATE_GITLEAKS_REPORT_H

#include <stddef.h>

#include "base/err.h"
#include "gate/inspect.h"

/*
 * What gitleaks has written: its report (JSON, an array of findings with the secrets as they are)
 * and its log.
 */

/* The findings' number, or -EPROTO. Adds each to the inspection, with an excerpt of ours. */
int gitleaks_report_add(struct inspection *in, const char *json, size_t len, struct err *e);

/* N of the line "… N commits scanned.", with or without colours. -EPROTO when there is none. */
int gitleaks_report_count(const char *log, size_t *ret, struct err *e);

#endif
