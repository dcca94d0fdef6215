#include "control/scan_cache.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/libexec.h"
#include "base/ptr.h"
#include "base/str.h"
#include "bundle/plan.h"
#include "control/home.h"
#include "control/runtime.h"
#include "scan/rules_job.h"

/* bottle-rules compiles what is not in the cache yet. */
static int ask(const struct plan_bottle *b, int *ret_fd, struct err *e)
{
	cleanup_free char *beside = runtime_find();
	cleanup_fd int program = -1;
	cleanup_rules_job struct rules_job job = RULES_JOB_NONE;
	struct rules_request q = {.dir = b->cache_dir, .text = b->rules, .name = b->rules_name};
	int r;

	if (beside)
		*strrchr(beside, '/') = '\0';
	r = libexec_open_beside(beside, RULES_PROGRAM, &program, e);
	q.program_fd = program;
	if (r == 0)
		r = rules_job_start(&q, &job, e);
	return r == 0 ? rules_job_finish(&job, ret_fd, e) : r;
}

/* The engine's is root's to write; an ordinary user without a directory of his own has a cache. */
static char *dir_of(const char *home)
{
	const char *user = getenv("HOME");

	return geteuid() != 0 && str_eq(home, HOME_OF_ENGINE) && user
		       ? str_format("%s/.cache/bottle-shim", user)
		       : plan_cache_dir(home);
}

int scan_cache_of(const char *home, struct err *e)
{
	struct plan_bottle b = {.home = (char *)home, .cache_dir = dir_of(home)};
	int fd = -1, r;

	r = b.cache_dir ? plan_rules(&b, e) : err_set(e, ENOMEM, "the scanner's rules");
	if (r == 0)
		r = ask(&b, &fd, e);
	free(b.cache_dir);
	free(b.rules);
	free(b.rules_name);
	return r < 0 ? r : fd;
}
