#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/ptr.h"
#include "base/str.h"
#include "shim/cmd.h"
#include "shim/install_daemon.h"
#include "shim/install_home.h"
#include "shim/install_probe.h"
#include "shim/options.h"
#include "shim/self.h"

#define DEFAULT_CONFIG "/etc/docker/daemon.json"

struct install {
	bool uninstall, dry_run;
	const char *config;  /* --config */
	const char *destdir; /* --destdir */
	const char *program; /* --program */
};

/* Names each part that the kernel lacks; their number. */
static int report_kernel(void)
{
	int missing = 0;

	for (const struct install_probe *p = install_probes; p->what; p++) {
		int r = install_probe_run(p);

		if (r == 0)
			continue;
		missing++;
		printf("this kernel lacks %s (%s): %s\n", p->what, strerror(-r), p->missing);
	}
	if (missing == 0)
		printf("this kernel has what bottles need\n");
	return missing;
}

static void report_next(void)
{
	printf("\nnext:\n"
	       "  systemctl reload docker                  # or: kill -HUP $(cat /run/docker.pid)\n"
	       "  docker run --rm -it --runtime=bottle debian:12 bash\n"
	       "\nwhat this bottle may reach is told in " INSTALL_HOME
	       "/bottles/default.md, see bottle-manifest(5)\n");
}

/* Owned by the caller; NULL when it cannot be told. */
static char *find_program(const struct install *in)
{
	cleanup_free char *dir = in->program ? NULL : self_directory();

	if (in->program)
		return strdup(in->program);
	return dir ? str_format("%s/bottle-shim", dir) : NULL;
}

static int show_or_write(const struct install *in, struct install_daemon *d, struct err *e)
{
	cleanup_free char *text = NULL;

	if (!in->dry_run)
		return install_daemon_write(d, e);
	text = install_daemon_text(d);
	if (!text)
		return err_set(e, ENOMEM, "%s", d->path);
	printf("would write %s:\n%s", d->path, text);
	return 0;
}

static int install_runtime(const struct install *in, struct install_daemon *d, struct err *e)
{
	cleanup_free char *program = find_program(in);
	int r;

	if (!program)
		return err_say(
			e, ENOENT, "cannot tell where this program lies; name it with --program");
	r = install_daemon_add(d, program, e);
	if (r > 0)
		r = show_or_write(in, d, e) < 0 ? -e->code : 1;
	if (r < 0)
		return r;
	printf("%s: runtime \"bottle\" %s\n", d->path,
		r == 0	      ? "is there already"
		: in->dry_run ? "would be added"
			      : "added");
	return 0;
}

static int install_home(const struct install *in, struct err *e)
{
	bool made = false;
	int r;

	if (in->dry_run) {
		printf("would make %s%s with a first bottle, where there is none\n", in->destdir,
			INSTALL_HOME);
		return 0;
	}
	r = install_home_make(in->destdir, &made, e);
	if (r == 0)
		printf("%s%s/bottles/default.md: %s\n", in->destdir, INSTALL_HOME,
			made ? "a first bottle, which may reach nothing yet" : "is there already");
	return r;
}

static int uninstall_runtime(const struct install *in, struct install_daemon *d, struct err *e)
{
	int r = install_daemon_remove(d, e);

	if (r == 0)
		printf("%s: there is no runtime \"bottle\"\n", d->path);
	if (r <= 0)
		return r;
	r = show_or_write(in, d, e);
	if (r < 0)
		return r;
	printf("%s: runtime \"bottle\" %s; bottles and secrets in %s stay\n", d->path,
		in->dry_run ? "would be removed" : "removed", INSTALL_HOME);
	printf("\nnext:\n  systemctl reload docker\n");
	return 0;
}

static int install(const struct install *in, struct err *e)
{
	cleanup_free char *config = str_format("%s%s", in->destdir, in->config);
	struct install_daemon d;
	int r;

	if (!config)
		return err_set(e, ENOMEM, "install");
	/* daemon.json first: a broken one must leave everything as it is. */
	r = install_daemon_read(config, &d, e);
	if (r == 0 && in->uninstall) {
		r = uninstall_runtime(in, &d, e);
	} else if (r == 0) {
		r = install_runtime(in, &d, e);
		if (r == 0)
			r = install_home(in, e);
		if (r == 0 && report_kernel() == 0)
			report_next();
	}
	install_daemon_done(&d);
	return r;
}

static int run(const struct globals *g, int argc, char **argv, struct err *e)
{
	struct install in = {.config = DEFAULT_CONFIG, .destdir = ""};
	const struct option_def defs[] = {
		{"uninstall", 0, OPTION_SWITCH, &in.uninstall, NULL, "take the runtime out again"},
		{"dry-run", 0, OPTION_SWITCH, &in.dry_run, NULL, "show it, change nothing"},
		{"config", 0, OPTION_STRING, &in.config, "FILE",
			"the engine's file (default: " DEFAULT_CONFIG ")"},
		{"destdir", 0, OPTION_STRING, &in.destdir, "DIR",
			"put in front of every file that is read or written"},
		{"program", 0, OPTION_STRING, &in.program, "PATH",
			"the runtime's path for the engine (default: this program)"},
	};
	const struct options o = {.program = "bottle-shim install",
		.usage = "[options]",
		.help = cmd_install.help,
		.defs = defs,
		.n_defs = ARRAY_LEN(defs)};
	int n = options_parse(&o, argc, argv, e);

	(void)g;
	if (n < 0 || (n = options_need(&o, n, 0, 0, e)) < 0)
		return n;
	return install(&in, e);
}

const struct command cmd_install = {
	.name = "install",
	.usage = "[options]",
	.help = "Add the runtime to Docker's configuration and make a first bottle.",
	.run = run,
};
