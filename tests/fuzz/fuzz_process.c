#include "tests/fuzz/fuzz.h"

#include <stdlib.h>

#include "base/log.h"
#include "base/ptr.h"
#include "base/str.h"
#include "bundle/plan.h"
#include "shim/caps.h"
#include "shim/exec_options.h"
#include "tests/fuzz/json_mutator.h"
#include "tests/fuzz/models.h"

const char fuzz_model[] = MODEL_PROCESS;

/* `exec --process`: read, its capabilities resolved, checked and completed for a bottle. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char *bottle_env[] = {(char *)"HTTPS_PROXY=http://198.19.255.1:9099", NULL};
	struct oci_process *p = NULL;
	struct caps caps;
	struct err e;

	log_setup(-1, LOG_TEXT, LOG_ERROR);
	if (oci_process_parse((const char *)data, size, "process", &p, &e) < 0)
		return 0;
	caps_resolve(p, &caps, &e);
	plan_exec_check(p, bottle_env, &e);
	oci_process_free(p);
	return 0;
}
