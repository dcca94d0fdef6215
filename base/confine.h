#ifndef BASE_CONFINE_H
#define BASE_CONFINE_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"

/*
 * A component's last steps before it serves. The monitor has set uid, namespaces and mounts; these
 * are what only the process itself can do. Called in this order, from main.
 */

/* SIGKILL when the parent dies; fails when it is already another than `parent`. */
int confine_die_with_parent(pid_t parent, struct err *e);

/* No capability in any set, no_new_privs, not dumpable, no core file. */
int confine_privileges(struct err *e);

/*
 * One row a system call, with the reason it is needed. Conditions: on one argument, optional.
 * CONFINE_ENOSYS is answered with ENOSYS: for clone3, whose flags no filter can read, so that libc
 * and proc_fork take clone instead, whose flags a row can.
 */
enum confine_cond { CONFINE_ANY, CONFINE_ARG_EQ, CONFINE_ARG_MASKED_EQ, CONFINE_ENOSYS };

struct confine_row {
	const char *name; /* system call */
	const char *why;
	enum confine_cond cond;
	unsigned int arg;
	uint64_t mask; /* for MASKED_EQ */
	uint64_t value;
};

/* Allow-list; anything else kills the process (and is logged by the kernel). Not to be undone. */
int confine_syscalls(const struct confine_row *rows, size_t n_rows, struct err *e);

#endif
