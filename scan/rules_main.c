/*
 * bottle-rules: compiled rules by descriptor, compiled first where DIR does not have them. A
 * program of its own because the compiler is large and needed once: what uses the rules links its
 * runtime.
 */
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/msg.h"
#include "base/ptr.h"
#include "scan/cache.h"
#include "scan/rules_wire.h"

static int open_rules(int argc, char **argv, struct err *e)
{
	cleanup_free char *text = NULL;
	size_t len = 0;
	int r;

	if (argc == 2)
		return scan_cache_open(argv[1], NULL, 0, NULL, e);
	r = fd_read_all(STDIN_FILENO, argv[2], RULES_TEXT_MAX, &text, &len, e);
	return r < 0 ? r : scan_cache_open(argv[1], text, len, argv[2], e);
}

int main(int argc, char **argv)
{
	cleanup_fd int fd = -1;
	struct err e = {0}, gone;
	int r;

	if (argc < 2 || argc > 3 || fd_set_cloexec(RULES_FD, 1) < 0) {
		fprintf(stderr, "bottle-rules is started by bottle-shim\n");
		return 2;
	}
	fd = open_rules(argc, argv, &e);
	if (fd < 0)
		r = msg_send(RULES_FD, RULES_FAILED, &e, sizeof(e), NULL, 0, &gone);
	else
		r = msg_send(RULES_FD, RULES_READY, NULL, 0, &fd, 1, &gone);
	return fd < 0 || r < 0;
}
