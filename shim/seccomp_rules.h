#ifndef SHIM_SECCOMP_RULES_H
#define SHIM_SECCOMP_RULES_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "bundle/oci.h"

/*
 * linux.seccomp compiled to classic BPF by libseccomp: the rules as a binary tree, which the kernel
 * loads in a third of the time of a list.
 */

/* Whether any rule asks an agent (SCMP_ACT_NOTIFY). */
bool seccomp_rules_notify(const struct oci_seccomp *s);

/* Pure. *ret: struct sock_filter[], *ret_len in bytes; caller frees. */
int seccomp_rules_compile(const struct oci_seccomp *s, void **ret, size_t *ret_len, struct err *e);

/* All that the filter depends on, in one text: the key of the cache. Caller frees; NULL: ENOMEM. */
char *seccomp_rules_text(const struct oci_seccomp *s);

#endif
