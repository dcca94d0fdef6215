/*
 * bottle-scan: reads texts for the bottle's other components and says what is in them. Started by
 * the monitor, which hands over the secrets to look for and the door (scan/serve_wire.h). It alone
 * of those who read what an agent wrote has the bottle's secrets together, so it has nothing else:
 * no network, no file, no key of its own, no word to anybody but who came through the door.
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/component.h"
#include "base/fd.h"
#include "base/log.h"
#include "scan/serve.h"
#include "scan/serve_lockdown.h"
#include "scan/serve_secrets.h"
#include "scan/serve_wire.h"

struct program {
	struct component_boot boot;
	struct scan_rules *rules;
	int door;
};

static int load_rules(struct program *p, struct err *e)
{
	cleanup_fd int cache = component_take_rules(&p->boot);
	struct scan_sources from = {.cache_fd = cache};
	struct serve_secrets known;
	int r = serve_secrets_of(&p->boot, &known, e);

	from.known = known.list;
	from.n_known = known.n;
	if (r == 0 && cache < 0)
		r = err_say(e, EPROTO, "no rules came");
	if (r == 0)
		r = scan_rules_new(&from, &p->rules, e);
	serve_secrets_done(&known);
	return r;
}

static int open_resources(struct program *p, struct err *e)
{
	int r = load_rules(p, e);

	p->door = component_take_listener(&p->boot, SERVE_DOOR_INSIDE);
	if (r == 0 && p->door < 0)
		r = err_say(e, EPROTO, "no listener '" SERVE_DOOR_INSIDE "' came");
	component_boot_done(&p->boot);
	return r;
}

static int run(struct program *p, struct err *e)
{
	pid_t parent = getppid();
	int r = component_boot(COMPONENT_CONTROL_FD, &p->boot, e);

	if (r == 0)
		r = open_resources(p, e);
	if (r == 0)
		r = serve_lockdown(parent, e);
	if (r == 0)
		r = component_ready(COMPONENT_CONTROL_FD, e);
	return r == 0 ? serve_run(p->rules, p->door, COMPONENT_CONTROL_FD, e) : r;
}

int main(void)
{
	static struct program p = {.door = -1};
	struct err e = {0};
	int r;

	signal(SIGPIPE, SIG_IGN);
	/* A log as long as it may be ends the lines, not the service. */
	signal(SIGXFSZ, SIG_IGN);
	r = run(&p, &e);
	if (r < 0) {
		log_error("%s", e.msg);
		component_failed(COMPONENT_CONTROL_FD, &e);
	}
	scan_rules_free(p.rules);
	fd_close(&p.door);
	return r < 0;
}
