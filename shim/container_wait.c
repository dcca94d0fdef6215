#include "base/fd.h"
#include "shim/console.h"
#include "shim/container.h"
#include "shim/foreground.h"
#include "shim/scm.h"

static int wait_for_end(struct container *c, int *ret_status, struct err *e)
{
	cleanup_fd int master = -1;

	if (c->console < 0)
		return foreground_wait(&c->init, ret_status, e);
	master = scm_receive(c->console, e);
	return master < 0 ? master : console_relay(master, &c->init, ret_status, e);
}

int container_wait(struct container *c, struct err *e)
{
	int status = 0, r;

	/* It runs: others may pause, update and delete it now. */
	state_unlock(c->state);
	r = wait_for_end(c, &status, e);
	return r < 0 ? r : foreground_status(status);
}

int container_delete_after(struct container *c, int result, struct err *e)
{
	struct err deletion;

	if (container_delete_made(c, &deletion) < 0 && result >= 0) {
		*e = deletion;
		return -e->code;
	}
	return result;
}
