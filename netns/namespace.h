#ifndef NETNS_NAMESPACE_H
#define NETNS_NAMESPACE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

/*
 * Network namespaces, named by descriptors. The callers are single-threaded and privileged
 * (CAP_SYS_ADMIN over their own and the target namespace); nothing here executes a program.
 */

/*
 * Runs fn inside a network namespace and comes back; what fn returned is returned. fn may make
 * sockets and write net sysctls: both belong to the namespace in which that was done. A caller that
 * could not come back would act on the wrong network: where that is to be foreseen (an ordinary
 * user's monitor in the host's namespace) a child that shares memory and descriptors runs fn
 * instead; else it is aborted.
 */
int netns_run(int netns_fd, int (*fn)(void *arg, struct err *e), void *arg, struct err *e);

/*
 * A new network namespace, owned by the caller's user namespace, ready to be a sidecar's
 * (netns_sidecar_prepare was done). The caller owns *ret_fd; the namespace lives as long as a
 * descriptor or a process of it. The caller itself does not move.
 */
int netns_new(int *ret_fd, struct err *e);

/*
 * Makes a namespace fit to be a sidecar's, also one that an engine made and filled: forwarding,
 * route_localnet, source routing, redirects off; rp_filter 0 (the routing rules make the kernel
 * take every answer of the world for a forgery; the link alone has 1); IPv6 off on what is not yet
 * configured; lo up. A new namespace inherits such values from the host: each is written. Repeat it
 * after an engine has moved links in. -EPERM for the caller's own namespace: it is the host's.
 */
int netns_sidecar_prepare(int sidecar_fd, struct err *e);

/* The namespace that the caller is in. The caller owns *ret_fd. */
int netns_open_own(int *ret_fd, struct err *e);

/*
 * Whether the caller's namespace belongs to his user namespace or one below: root of another one
 * can make no link in it, and if he left it he could not come back.
 */
bool netns_is_administered(void);

/* socket(2) in another namespace, close-on-exec and non-blocking. The caller owns *ret_fd. */
int netns_socket(int netns_fd, int domain, int type, int *ret_fd, struct err *e);

/* Whether two descriptors are of the same namespace: 1, 0, or -errno. */
int netns_same(int a, int b, struct err *e);

#endif
