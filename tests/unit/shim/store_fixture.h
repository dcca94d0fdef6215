#ifndef TESTS_UNIT_SHIM_STORE_FIXTURE_H
#define TESTS_UNIT_SHIM_STORE_FIXTURE_H

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/path.h"
#include "base/proc.h"
#include "base/ptr.h"
#include "base/str.h"

/*
 * What tests of a store share: a directory of their own, with an upstream "up" of two commits, and
 * a shell in which git is nobody's but the test's.
 */
static char dir[64];

static inline int run(const char *script)
{
	char *const argv[] = {(char *)"sh", (char *)"-ec", (char *)script, NULL};
	cleanup_free char *home = str_format("HOME=%s", dir);
	cleanup_free char *here = str_format("D=%s", dir);
	char *const envp[] = {(char *)"PATH=/usr/bin:/bin", home, here,
		(char *)"GIT_CONFIG_NOSYSTEM=1", (char *)"GIT_AUTHOR_NAME=a",
		(char *)"GIT_AUTHOR_EMAIL=a@example.com", (char *)"GIT_COMMITTER_NAME=a",
		(char *)"GIT_COMMITTER_EMAIL=a@example.com", NULL};
	const struct proc_fd fds[] = {{2, 1}, {2, 2}};
	const struct proc_spec spec = {
		.path = "/bin/sh", .argv = argv, .envp = envp, .fds = fds, .n_fds = 2};
	struct proc p;
	struct err e;
	int status = -1;

	if (!home || !here || proc_spawn(&spec, &p, &e) < 0 || proc_wait(&p, -1, &status, &e) < 0)
		return -1;
	return status;
}

/* $D/up.git, whose branch is `main`; $D/pack and $D/refs: all of it, as a gate offers it. */
#define OFFER                                                                                      \
	"cd $D; git -C up.git for-each-ref --format='%(objectname) %(refname)' >refs;"             \
	"git -C up.git for-each-ref --format='%(objectname)' |"                                    \
	" git -C up.git pack-objects -q --revs --stdout >pack;"

static inline int make_world(void **state)
{
	(void)state;
	snprintf(dir, sizeof(dir), "/tmp/test-store-XXXXXX");
	if (!mkdtemp(dir))
		return -1;
	return run(
		"cd $D; git init -q --bare -b main up.git; git init -q -b main w; cd w;"
		"for i in 1 2; do seq $i 1000 >f; echo $i >g$i; git add .; git commit -qm $i; done;"
		"git push -q ../up.git main;" OFFER);
}

static inline int remove_world(void **state)
{
	struct err e;

	(void)state;
	return path_remove_tree(AT_FDCWD, dir, &e);
}

static inline int open_in(const char *name)
{
	cleanup_free char *path = str_format("%s/%s", dir, name);

	return open(path, O_RDONLY | O_CLOEXEC);
}

#endif
