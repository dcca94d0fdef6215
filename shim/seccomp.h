#ifndef SHIM_SECCOMP_H
#define SHIM_SECCOMP_H

#include <stdbool.h>
#include <stddef.h>

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
	bool notify;	    /* a listener is wanted: a rule asks, or an agent listens anyway */
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
 * For the calling thread, which has no_new_privs or CAP_SYS_ADMIN. *ret_listener: the listener's
 * descriptor (the caller's; close-on-exec; to be sent to oci_seccomp.listener_path), -1 when the
 * program has none. Makes one system call.
 */
int seccomp_install(const struct seccomp_program *p, int *ret_listener, struct err *e);

#endif
