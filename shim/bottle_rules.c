#include "shim/bottle_rules.h"

#include "base/fd.h"
#include "shim/libexec.h"

int bottle_rules_start(const struct plan_bottle *b, struct rules_job *ret, struct err *e)
{
	cleanup_fd int program = -1;
	struct rules_request q = {.dir = b->cache_dir, .text = b->rules, .name = b->rules_name};
	int r;

	*ret = RULES_JOB_NONE;
	r = libexec_open(RULES_PROGRAM, &program, e);
	q.program_fd = program;
	return r < 0 ? r : rules_job_start(&q, ret, e);
}
