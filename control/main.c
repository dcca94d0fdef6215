#include <stdio.h>
#include <string.h>

#include "base/ptr.h"
#include "base/str.h"
#include "control/command.h"

static const struct command *const commands[] = {
	&cmd_run, &cmd_reload, &cmd_logs, &cmd_why, &cmd_scan, &cmd_cleanup};

static void print_help(FILE *to)
{
	fputs("usage: bottle COMMAND [options]\n\ncommands:\n", to);
	for (size_t i = 0; i < ARRAY_LEN(commands); i++)
		fprintf(to, "  %-10s %s\n", commands[i]->name, commands[i]->help);
	fputs("\n`bottle COMMAND --help` tells a command's options.\n", to);
}

static int run_command(const struct command *c, char **argv)
{
	cleanup_free char *name = str_format("bottle %s", c->name);
	struct err e = {0};
	int r;

	if (name)
		argv[0] = name; /* what getopt_long's complaints begin with */
	r = c->run(argv, &e);
	if (r >= 0)
		return r;
	fprintf(stderr, "bottle %s: %s\n", c->name, e.msg);
	return COMMAND_FAILED;
}

int main(int argc, char **argv)
{
	if (argc < 2) {
		print_help(stderr);
		return COMMAND_FAILED;
	}
	if (str_eq(argv[1], "--help") || str_eq(argv[1], "-h") || str_eq(argv[1], "help")) {
		print_help(stdout);
		return 0;
	}
	if (str_eq(argv[1], "--version")) {
		puts("bottle version " BOTTLE_VERSION);
		return 0;
	}
	for (size_t i = 0; i < ARRAY_LEN(commands); i++)
		if (str_eq(argv[1], commands[i]->name))
			return run_command(commands[i], argv + 1);
	fprintf(stderr, "bottle: no command '%s'; `bottle --help` lists them\n", argv[1]);
	return COMMAND_FAILED;
}
