#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/component.h"
#include "base/json.h"
#include "egress/journal.h"
#include "egress/lockdown.h"
#include "egress/server.h"
#include "egress/why.h"

/*
 * bottle-egress: the proxy and name service of one bottle. Started by the monitor, which hands over
 * policy, secrets and listeners on descriptor 3; see base/component.h. It reads no file of its
 * own and leaves none behind.
 */
static int fail(struct journal_file *log, const struct err *e)
{
	journal_error(log, e);
	component_failed(COMPONENT_CONTROL_FD, e);
	return EXIT_FAILURE;
}

/*
 * Reading the host's roots takes longer than all the rest of the start. The monitor's probes come
 * right after READY and need none: roots are read in the first quiet moment, or by the first
 * connection to an upstream, which reports what is wrong with them.
 */
struct roots {
	struct loop_task task;
	struct trust *trust;
	struct journal_file *log;
};

static void read_roots(struct loop_task *t)
{
	struct roots *roots = (struct roots *)((char *)t - offsetof(struct roots, task));
	struct err e;

	if (trust_load(roots->trust, &e) < 0)
		journal_error(roots->log, &e);
}

#define QUIET_MS 10

static int serve(struct component_boot *boot, struct journal_file *log, pid_t parent, struct err *e)
{
	struct service service;
	struct server server;
	struct roots roots = {.task = {.fn = read_roots}, .log = log};
	int r = service_open(boot, log, &service, e);

	if (r < 0)
		return r;
	roots.trust = service.trust;
	r = server_open(&service, COMPONENT_CONTROL_FD, &server, e);
	if (r == 0)
		r = lockdown(parent, e);
	if (r == 0)
		r = component_ready(COMPONENT_CONTROL_FD, e);
	if (r == 0) {
		journal_boot(&service);
		loop_when_quiet(service.loop, QUIET_MS, &roots.task);
	}
	if (r == 0)
		r = server_run(&server, e);
	server_done(&server);
	service_done(&service);
	return r;
}

int main(int argc, char **argv)
{
	struct component_boot boot = {0};
	struct journal_file *log = NULL;
	struct err e = {0};
	pid_t parent = getppid();

	json_wipe_freed();
	if (argc == 2 && strcmp(argv[1], "why") == 0)
		return why_main();
	signal(SIGPIPE, SIG_IGN);
	/* A log as long as it may be ends the lines, not the service. */
	signal(SIGXFSZ, SIG_IGN);
	/* No configuration file and no engine of the host's OpenSSL. */
	OPENSSL_init_ssl(OPENSSL_INIT_NO_LOAD_CONFIG, NULL);
	if (component_boot(COMPONENT_CONTROL_FD, &boot, &e) < 0 ||
		journal_file_new(STDERR_FILENO, boot.log, &log, &e) < 0 ||
		serve(&boot, log, parent, &e) < 0)
		return fail(log, &e);
	journal_file_free(log);
	return EXIT_SUCCESS;
}
