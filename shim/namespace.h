#ifndef SHIM_NAMESPACE_H
#define SHIM_NAMESPACE_H

#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"
#include "bundle/oci.h"
#include "shim/cgroup.h"

/* Which namespaces a container has, how its init gets into them, how a later process does. */

/* CLONE_NEW… of those that are to be made anew (path false) or joined by path (path true). */
uint64_t namespace_flags(const struct oci *oci, bool path);

struct namespace_birth {
	const struct oci *oci;
	struct cgroup *cgroup; /* to be born in (v2) or to join, or NULL */
	int netns;	       /* to be born in, instead of config.json's; -1: none */
	/* In the caller: what others could see of init, and what it has no use for. */
	int (*hide)(void *arg, struct err *e);
	void *arg;
};

/*
 * Clones init into its new namespaces, after joining those that config.json gives by path, and
 * into its cgroup. As fork: 0 in the child, its pid in the caller's namespace, or -errno; the child
 * is the caller's own also when a process in between had to do the joining. That one calls
 * hide: in a pid namespace that has others in it init is seen from its birth on. Else it is init's
 * to call. *ret_pidfd is the caller's. In the child e->code != 0 says that it could not join its
 * cgroup.
 */
pid_t namespace_clone(const struct namespace_birth *b, int *ret_pidfd, struct err *e);

/*
 * The process in between: a child that joins what cannot be left again and then clones the process
 * that is wanted, as the caller's child. As fork and as namespace_clone.
 */
struct namespace_way {
	int (*join)(void *arg, struct err *e); /* what it closes stays open in the caller */
	void *arg;
	uint64_t flags; /* CLONE_NEW… of the wanted process */
	int cgroup_fd;	/* v2 group to be born in, and for the helper that joins, or -1 */
};

pid_t namespace_clone_after(const struct namespace_way *way, int *ret_pidfd, struct err *e);

/* Joins the namespaces `flags` of the process behind pidfd, its user namespace with the others. */
int namespace_join(int pidfd, uint64_t flags, struct err *e);

/* Joins one that is open. what: for the error. */
int namespace_enter(int fd, int type, const char *what, struct err *e);

/*
 * Of `flags`, those in which the process behind `pid` is elsewhere than the caller, or may be: one
 * that cannot be looked at counts. The caller sees to it that the pid is still that process's.
 */
uint64_t namespace_differing(pid_t pid, uint64_t flags);

/* Sets up "lo" of the caller's network namespace. */
int namespace_loopback_up(struct err *e);

/* A descriptor of the network namespace that the caller is in (needs CAP_NET_ADMIN in it). */
int namespace_net_of_self(struct err *e);

#endif
