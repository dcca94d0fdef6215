#ifndef SHIM_CGROUP_H
#define SHIM_CGROUP_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"
#include "base/json.h"
#include "bundle/oci.h"

/*
 * The cgroups of one container, over v1, v2 and the hybrid layout (v1 hierarchies beside a unified
 * tree), made by ourselves or by systemd. Sources: cgroups(7), the kernel's
 * Documentation/admin-guide/cgroup-v1 and cgroup-v2.rst, runtime-spec config-linux.md ("Control
 * groups"). Only groups that were made here are ever changed or removed.
 */
struct cgroup;

enum cgroup_manager { CGROUP_FS, CGROUP_SYSTEMD, CGROUP_DISABLED };

/* What a container's group is to be; all borrowed. */
struct cgroup_spec {
	enum cgroup_manager manager;
	/*
	 * Absolute, or relative to the runtime's own group; NULL: "/ID". For systemd
	 * "slice:prefix:name", any part empty.
	 */
	const char *path;
	const char *id;
	const struct oci_resources *res;
	/*
	 * "key=value", may be NULL; for systemd: org.systemd.property.NAME (runc),
	 * run.oci.systemd.subgroup and run.oci.delegate-cgroup (crun).
	 */
	char *const *annotations;
};

/*
 * Makes the container's group in every hierarchy and sets its limits; on failure nothing is left.
 * -EBUSY when the group has processes already or is frozen. Where the caller may not make groups
 * (not root) and asked for none, the result is empty: all calls succeed.
 */
int cgroup_create(const struct cgroup_spec *spec, struct cgroup **ret, struct err *e);

/*
 * Whom the group is to belong to: the host's number of process.user.uid, where the container has a
 * cgroup namespace and a writable /sys/fs/cgroup. false: nobody.
 */
bool cgroup_owner(const struct oci *oci, uid_t *ret);

/*
 * Gives the group to a user, who may then divide it (runtime-spec config-linux.md, "Cgroup
 * ownership"); nothing to do on v1, where that is not safe.
 */
int cgroup_give_to(const struct cgroup *cg, uid_t uid, struct err *e);

/*
 * After init has made its cgroup namespace: moves it into the group of run.oci.delegate-cgroup,
 * where there is one.
 */
int cgroup_delegate(struct cgroup *cg, pid_t init, struct err *e);

/* Whether no group was made: there was no right to, or none was wanted. */
bool cgroup_is_none(const struct cgroup *cg);

/*
 * A group next to the container's ("PATH" + suffix; under systemd a scope of its own in the same
 * slice), for what watches it. Limits in bytes and processes, -1: none. A controller that is not
 * there is no error. -EEXIST is none either: an earlier one of that name is used again.
 */
int cgroup_create_beside(const struct cgroup *container, const char *suffix, int64_t memory_max,
	int64_t pids_max, struct cgroup **ret, struct err *e);

/* The same group as it is called, made or not: to be remembered before it is made. */
int cgroup_name_beside(
	const struct cgroup *container, const char *suffix, struct cgroup **ret, struct err *e);

/*
 * Directory of the v2 group, for CLONE_INTO_CGROUP (proc_fork, proc_spec.cgroup_fd), or -1 where
 * there is no v2 tree. Borrowed.
 */
int cgroup_clone_fd(const struct cgroup *cg);

/*
 * Called by the single-threaded child that was cloned with cgroup_clone_fd: joins the v1
 * hierarchies through descriptors which the parent opened, so it may be in its own user namespace
 * and without any capability. Nothing to do on pure v2.
 */
int cgroup_join_self(struct cgroup *cg, struct err *e);

/*
 * After the first process has joined and has made its last helper: ends the placeholder that
 * systemd needed to make the scope, and sets a limit of one process, which would have left no room.
 */
int cgroup_settle(struct cgroup *cg, struct err *e);

/*
 * For exec: where the container has divided its v2 group (so that it holds no processes itself),
 * cgroup_clone_fd is from now on the group of `init`.
 */
int cgroup_follow(struct cgroup *cg, pid_t init, struct err *e);

/*
 * For exec --cgroup [CONTROLLER,…:]PATH: cgroup_clone_fd and cgroup_join_self are from now on the
 * group `path` below the container's, which must be there; on v1 in those hierarchies that have it
 * (or that the controllers name). -EINVAL for a path that leads out.
 */
int cgroup_select(struct cgroup *cg, const char *path, struct err *e);

/* Moves any process into every hierarchy: slow (7 to 15 ms each on v1), for processes of others. */
int cgroup_add_pid(struct cgroup *cg, pid_t pid, struct err *e);

/* Sets the limits that stand in res, nothing else (update). The error names file and value. */
int cgroup_apply(struct cgroup *cg, const struct oci_resources *res, struct err *e);

/*
 * As cgroup_apply, for an update: `merged` are all limits after it, for those values that depend on
 * one another.
 */
int cgroup_update(struct cgroup *cg, const struct oci_resources *wanted,
	const struct oci_resources *merged, struct err *e);
/* After a failed update: the limits that `before` has, or that a new group has, for all wanted. */
int cgroup_revert(struct cgroup *cg, const struct oci_resources *wanted,
	const struct oci_resources *before, struct err *e);

/* What state.json keeps. New reference; NULL when memory ran out. */
json_t *cgroup_to_json(const struct cgroup *cg);
int cgroup_from_json(const struct json_at *at, struct cgroup **ret, struct err *e);

/* Freezes or thaws all processes and waits until it is so. -ENOTSUP without a freezer. */
int cgroup_freeze(struct cgroup *cg, bool on, struct err *e);
/* 1 frozen, 0 not (also when the group is gone), -errno. */
int cgroup_frozen(const struct cgroup *cg, struct err *e);

/*
 * So that a SIGKILL arrives: the group and, on v1, whatever is frozen below it. What cannot be
 * thawed is logged.
 */
void cgroup_thaw(struct cgroup *cg);

/* After a thaw. -EBUSY: the process sits in a v1 group that somebody else keeps frozen. */
int cgroup_check_mortal(const struct cgroup *cg, pid_t pid, struct err *e);

/* Sends sig to each process of the group and the groups below; none there is no error. */
int cgroup_signal_all(struct cgroup *cg, int sig, struct err *e);

/* All processes of the group and the groups below, in the caller's pid namespace; caller frees. */
int cgroup_pids(const struct cgroup *cg, pid_t **ret, size_t *n, struct err *e);

/*
 * What the group has used and may use, as the member `data` of runc's "stats" events: a JSON
 * object's text, which the caller frees.
 */
int cgroup_stats(struct cgroup *cg, char **ret, struct err *e);

/*
 * Kills what is left, waits for its end, removes the group, the groups below it, and those parents
 * that were made for it and are empty. Goes on through errors and returns the first. Idempotent.
 */
int cgroup_destroy(struct cgroup *cg, struct err *e);

void cgroup_free(struct cgroup *cg);
static inline void cgroup_cleanup(struct cgroup **cg)
{
	cgroup_free(*cg);
}
#define cleanup_cgroup __attribute__((cleanup(cgroup_cleanup)))

/* ---- what mounting type "cgroup" needs */

/*
 * One hierarchy. All strings are borrowed from the group. `name` is the directory's under
 * /sys/fs/cgroup in the container ("cpu,cpuacct", "systemd"); where several controllers share a
 * hierarchy each of them is customarily a symlink to it. `data` is the mount data for a cgroup
 * namespace of one's own ("cpu,cpuacct", "none,name=systemd"). On pure v2 there is one entry, v2
 * set, and name and data are "".
 */
struct cgroup_mount {
	bool v2;
	const char *name;
	const char *data;
	const char *dir; /* the container's own group on the host, absolute */
};

/* The v1 hierarchies, or the v2 tree where there is no v1. The caller frees the list only. */
int cgroup_mounts(const struct cgroup *cg, struct cgroup_mount **ret, size_t *n_ret, struct err *e);

#endif
