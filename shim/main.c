#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <poll.h>
#include <seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include <jansson.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/ptr.h"
#include "base/str.h"
#include "bundle/oci.h"
#include "shim/cmd.h"
#include "shim/globals.h"
#include "shim/self.h"

static const struct command *const commands[] = {
	&cmd_create,
	&cmd_run,
	&cmd_start,
	&cmd_state,
	&cmd_kill,
	&cmd_delete,
	&cmd_exec,
	&cmd_list,
	&cmd_ps,
	&cmd_spec,
	&cmd_features,
	&cmd_pause,
	&cmd_resume,
	&cmd_update,
	&cmd_events,
	&cmd_checkpoint,
	&cmd_restore,
	&cmd_plan,
	&cmd_reload,
	&cmd_install,
};

static const struct command *find_command(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(commands); i++)
		if (strcmp(commands[i]->name, name) == 0)
			return commands[i];
	return NULL;
}

/* The words that dockerd and containerd take apart: "NAME version X", "spec: X". */
static int print_version(void)
{
	const struct scmp_version *v = seccomp_version();

	printf("bottle-shim version %s\nspec: %s\nlibseccomp: %u.%u.%u\n", BOTTLE_VERSION,
		OCI_VERSION_MAX, v->major, v->minor, v->micro);
	return EXIT_SUCCESS;
}

static int print_help(const struct globals_line *line)
{
	/* With --help the options stand there already. */
	if (!line->help)
		globals_print_help();
	printf("\ncommands:\n");
	for (size_t i = 0; i < ARRAY_LEN(commands); i++)
		printf("  %-10s %s\n", commands[i]->name, commands[i]->help);
	printf("  %-10s %s\n", "help, h", "Show this, or with a COMMAND its options.");
	return EXIT_SUCCESS;
}

#define EXIT_NO_TOPIC 3 /* as runc's */

static int no_topic(const char *name)
{
	fprintf(stderr, "No help topic for '%s'\n", name);
	return EXIT_NO_TOPIC;
}

static bool is_help(const char *name)
{
	return strcmp(name, "help") == 0 || strcmp(name, "h") == 0;
}

/* `help` alone, and `help COMMAND`, which is `COMMAND --help`. */
static int run_help(const struct globals_line *line)
{
	static char option[] = "--help";
	char *topic = line->command[1];
	const struct command *c = topic ? find_command(topic) : NULL;
	char *argv[] = {topic, option, NULL};
	struct err ignored;

	if (!topic || is_help(topic))
		return print_help(line);
	return c && c->run(&line->globals, 2, argv, &ignored) == OPTIONS_HELP ? EXIT_SUCCESS
									      : no_topic(topic);
}

static int run_command(const struct command *c, struct globals *g, char **argv, struct err *e)
{
	int argc = 0;

	while (argv[argc])
		argc++;
	return c->run(g, argc, argv, e);
}

/*
 * Before anything else is done, so that it is done once: a word that names a command which enters
 * containers is most likely that command, and where it is not nothing is lost but time.
 */
static int protect_early(char **argv, struct err *e)
{
	for (char **word = argv + 1; *argv && *word; word++) {
		const struct command *c = find_command(*word);

		if (c && c->enters_container)
			return self_protect(argv, e);
	}
	return 0;
}

/* A descriptor of ours in the place of a closed standard one would be written on, or handed on. */
static int hold_standard_descriptors(void)
{
	struct pollfd standard[] = {{.fd = 0}, {.fd = 1}, {.fd = 2}};

	if (poll(standard, ARRAY_LEN(standard), 0) < 0)
		return -1;
	for (int fd = 0; fd <= STDERR_FILENO; fd++)
		if ((standard[fd].revents & POLLNVAL) && open("/dev/null", O_RDWR) != fd)
			return -1;
	return 0;
}

/*
 * The heap grows in few large steps, which cost nothing until they are used; and jansson need not
 * open, read and close /dev/urandom.
 */
static void prepare_libraries(void)
{
	size_t seed;

	mallopt(M_TOP_PAD, 1 << 20);
	mallopt(M_TRIM_THRESHOLD, 4 << 20);
	if (getrandom(&seed, sizeof(seed), GRND_NONBLOCK) == (ssize_t)sizeof(seed))
		json_object_seed(seed);
}

int main(int argc, char **argv)
{
	const struct command *c = NULL;
	struct globals_line line;
	struct err e = {0}, unprotected = {0};
	int r, failure = EXIT_FAILURE;

	protect_early(argv, &unprotected);
	if (hold_standard_descriptors() < 0)
		return EXIT_FAILURE;
	prepare_libraries();
	r = globals_parse(argc, argv, &line, &e);
	if (r == 0 && line.version)
		return print_version();
	if (r == 0 && (line.help || !line.command || !*line.command[0]))
		return print_help(&line);
	if (r == 0 && is_help(line.command[0]))
		return run_help(&line);
	if (r == 0) {
		c = find_command(line.command[0]);
		if (!c)
			return no_topic(line.command[0]);
		failure = c->failure_status ? c->failure_status : EXIT_FAILURE;
		r = globals_open_log(&line.globals, &e);
	}
	if (r == 0 && unprotected.code) {
		e = unprotected;
		r = -e.code;
	}
	if (r == 0)
		r = run_command(c, &line.globals, line.command, &e);
	if (r == OPTIONS_HELP)
		r = EXIT_SUCCESS;
	if (r < 0)
		log_error("%s", e.msg);
	globals_done(&line.globals);
	if (r == OPTIONS_WRONG)
		return EXIT_FAILURE;
	return r < 0 ? failure : r;
}
