#ifndef CONTROL_EGRESS_JOB_H
#define CONTROL_EGRESS_JOB_H

#include <jansson.h>

#include "base/err.h"

/*
 * Asks `bottle-egress why` (egress/why.h), which decides by the code of the proxy itself. It gets
 * no environment and no descriptor but the question and the answer. *ret: new reference. What it
 * could not answer is -EINVAL with its words.
 */
int egress_job_ask(const json_t *question, json_t **ret, struct err *e);

#endif
