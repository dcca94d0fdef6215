/*
 * bottle-rules: compiled rules by descriptor, compiled first where DIR does not have them. A
 * program of its own because the compiler is large and needed once: what uses the rules links its
 * runtime.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/msg.h"
#include "base/ptr.h"
#include "base/str.h"
#include "scan/cache.h"
#include "scan/rules_wire.h"
#include "scan/ruleset.h"

/* The operator's rules are good, and what of them could not be taken as it is written. */
static int check_rules(
	const char *text, size_t len, const char *name, struct str *warnings, struct err *e)
{
	cleanup_ruleset struct ruleset rules = {0};
	int r = ruleset_read(
		&rules, ruleset_builtin, ruleset_builtin_len, "built-in rules", true, e);

	if (r == 0)
		r = ruleset_read(&rules, text, len, name, false, e);
	if (r == 0)
		r = ruleset_check(&rules, name, e);
	for (char **w = rules.warnings; r == 0 && w && *w; w++)
		if (warnings->len + strlen(*w) < RULES_WARNINGS_MAX)
			str_addf(warnings, "%s\n", *w);
	return r;
}

static int open_rules(int argc, char **argv, struct str *warnings, struct err *e)
{
	cleanup_free char *text = NULL;
	size_t len = 0;
	int r;

	if (argc == 2)
		return scan_cache_open(argv[1], NULL, 0, NULL, e);
	r = fd_read_all(STDIN_FILENO, argv[2], RULES_TEXT_MAX, &text, &len, e);
	if (r >= 0)
		r = check_rules(text, len, argv[2], warnings, e);
	return r < 0 ? r : scan_cache_open(argv[1], text, len, argv[2], e);
}

int main(int argc, char **argv)
{
	cleanup_str struct str warnings = {0};
	cleanup_fd int fd = -1;
	struct err e = {0}, gone;
	int r;

	if (argc < 2 || argc > 3 || fd_set_cloexec(RULES_FD, 1) < 0) {
		fprintf(stderr, "bottle-rules is started by bottle-shim\n");
		return 2;
	}
	fd = open_rules(argc, argv, &warnings, &e);
	if (fd < 0)
		r = msg_send(RULES_FD, RULES_FAILED, &e, sizeof(e), NULL, 0, &gone);
	else
		r = msg_send(RULES_FD, RULES_READY, warnings.s, warnings.len, &fd, 1, &gone);
	return fd < 0 || r < 0;
}
