#ifndef SHIM_STORE_GIT_H
#define SHIM_STORE_GIT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/str.h"

/* git in a writer's own repository: its configuration is ours, its environment too. */
struct store_git {
	const char *git_dir;
	const char *const *args; /* behind `git --git-dir=DIR` */
	int in_fd;		 /* its standard input; -1: `input` */
	const struct str *input;
	/* Called for each line that it prints, without the newline; NULL: it prints to nobody. */
	void (*line)(void *arg, const char *line);
	void *arg;
};

/*
 * Makes git_dir, a bare repository that borrows from `borrowed` (directories of objects; NULL at
 * the end).
 */
int store_git_init(const char *git_dir, bool sha256, const char *const *borrowed, struct err *e);

/* Runs it to its end. An exit status other than 0 is -EIO and git's last line. */
int store_git_run(const struct store_git *job, struct err *e);

#endif
