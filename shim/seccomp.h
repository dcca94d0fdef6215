#ifndef SHIM_SECCOMP_H
#define SHIM_SECCOMP_H

#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>

#include "base/err.h"
#include "bundle/oci.h"

/*
 * The container's system call filter: compiled by the parent (libseccomp, rules as a binary tree),
 * loaded by the child with seccomp(2). The parent caches compiled filters by their content.
 */
struct seccomp_program {
	void *filter; /* struct sock_filter[], or NULL: no filter asked for */
	size_t n_insns;
	unsigned int flags; /* SECCOMP_FILTER_FLAG_… */
	bool notify;	    /* a listener is wanted */
};

/*
 * cache_dir: a directory of root's own, made if it is missing, or NULL for no cache. Names of
 * system calls that libseccomp does not know are skipped, as runc does; an unknown action, operator
 * or architecture is an error. s may be NULL (no filter).
 */
int seccomp_compile(const struct oci_seccomp *s, const char *cache_dir, struct seccomp_program *ret,
	struct err *e);
void seccomp_program_done(struct seccomp_program *p);

/*
 * In the child, as late as can be: with no_new_privs after it, without it (needs CAP_SYS_ADMIN)
 * before the capabilities are dropped. *ret_listener: the listener's descriptor (the caller's;
 * close-on-exec; to be sent to oci_seccomp.listener_path), -1 when the program has none.
 */
int seccomp_install(const struct seccomp_program *p, int *ret_listener, struct err *e);

/* Names for `features`: {"enabled", "actions", "operators", "archs", "knownFlags", …}. */
json_t *seccomp_features(void);

#endif
