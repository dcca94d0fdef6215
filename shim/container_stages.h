#ifndef SHIM_CONTAINER_STAGES_H
#define SHIM_CONTAINER_STAGES_H

#include "base/err.h"
#include "shim/container.h"

/*
 * What create and its init do for each other, in the order of shim/init.h, over c->sync: from the
 * clone to the state `created`. The error of either side is returned; nothing is undone here.
 */
int container_run_stages(struct container *c, struct err *e);

/*
 * With start_at_once the state is `created` then, but init still waits for the word. Gives it; on
 * success the user's process has been executed.
 */
int container_release(struct container *c, struct err *e);

/* prestart and createRuntime hooks; c->state->pid is the first process. */
int container_runtime_hooks(struct container *c, struct err *e);

#endif
