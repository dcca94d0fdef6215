#ifndef SHIM_CGROUP_IMPL_H
#define SHIM_CGROUP_IMPL_H

#include "base/proc.h"
#include "shim/cgroup.h"

/* What the cgroup_*.c files share; nobody else includes it. */

#define CGROUP_HIERS_MAX 20

/* One hierarchy and the container's group in it. */
struct cgroup_hier {
	bool v2;
	char *names;	   /* "cpu,cpuacct", "name=systemd"; "" on v2 */
	char *mount;	   /* mount point, absolute */
	char *root;	   /* what of the hierarchy is mounted there ("/" but in containers) */
	char *path;	   /* the group, below the mount point: "/docker/ID" */
	unsigned int made; /* how many of the last parts of path were made for this group */
	char *dir, *data;  /* for cgroup_mounts; NULL until asked for */
	int dirfd;	   /* owned; opened by cgroup_create, else -1 */
	int join_fd;	   /* v1: `tasks`, open for writing; else -1 */
};

struct cgroup {
	enum cgroup_manager manager;
	struct cgroup_hier h[CGROUP_HIERS_MAX];
	size_t n;
	char *unit;  /* systemd: "docker-ID.scope" */
	char *slice; /* systemd: "system.slice" */
	/* Below the container's group, for its processes alone, with no limits of ours. */
	char *delegated;
	/* Between create and settle under systemd: bottle-systemd, which holds the placeholder. */
	struct proc helper;
	int helper_in;	       /* its standard input; closing it ends the placeholder */
	pid_t placeholder;     /* 0: none */
	int64_t pids_deferred; /* for cgroup_settle; OCI_UNSET: nothing */
};

/* ---- cgroup.c */

struct cgroup *cgroup_new(enum cgroup_manager m);
/* Makes h[].path in every hierarchy. On failure the caller calls cgroup_remove_groups. */
int cgroup_make_groups(struct cgroup *cg, struct err *e);
void cgroup_remove_groups(struct cgroup *cg);
/* The group is none: of no hierarchy. */
void cgroup_forget_hiers(struct cgroup *cg);
/* -EPERM with the reason: there is no group, and res has limits. */
int cgroup_check_no_limits(const struct oci_resources *res, struct err *e);
/* -EINVAL: memory.checkBeforeUpdate was asked for, and more is in use than the new limit. */
int cgroup_check_usage(struct cgroup *cg, const struct oci_resources *res, struct err *e);
/* v1: opens h's `tasks`. */
int cgroup_open_join(struct cgroup_hier *h, struct err *e);

/* ---- cgroup_layout.c: what is mounted */

/*
 * All hierarchies that the mount table (text as /proc/self/mountinfo) names, each once; path is
 * NULL. Fills cg->h. A pure v1 machine has no v2 entry, a pure v2 machine only that.
 */
int cgroup_layout_parse(const char *mountinfo, struct cgroup *cg, struct err *e);
int cgroup_layout_read(struct cgroup *cg, struct err *e);

/*
 * cgroup_covered.c: whether something else is mounted over the hierarchy, which the mount table
 * (text as /proc/self/mountinfo) goes on to list.
 */
bool cgroup_is_covered(const struct cgroup_hier *h, const char *mountinfo);

/* Whether the comma-separated list has that name. */
bool cgroup_names_has(const char *names, const char *name);

/* The hierarchy that has a controller on v1, the v2 one (may be NULL). Borrowed. */
struct cgroup_hier *cgroup_find_v1(const struct cgroup *cg, const char *controller);
struct cgroup_hier *cgroup_find_v2(const struct cgroup *cg);

/* Whether there is no v1 hierarchy. */
bool cgroup_is_pure_v2(const struct cgroup *cg);

/* ---- cgroup_path.c: where the group is to be */

/* "a//b/../c/" → "/a/c"; nothing leads above "/". New string or NULL. */
char *cgroup_path_clean(const char *path);

/* Fills h[].path for the cgroupfs manager. own: text of /proc/self/cgroup. */
int cgroup_path_fill(struct cgroup *cg, const char *cgroups_path, const char *id, const char *own,
	struct err *e);

/* Where a process is in h, below its mount point; text: of /proc/PID/cgroup. New string or NULL. */
char *cgroup_path_in(const struct cgroup_hier *h, const char *text);

/* "a-b.slice" → "/a.slice/a-b.slice", "-.slice" → "". */
int cgroup_path_of_slice(const char *slice, char **ret, struct err *e);

/* "slice:prefix:name" (or NULL) to the names of slice and scope. New strings. */
int cgroup_path_systemd(const char *cgroups_path, const char *id, bool rootless, char **ret_slice,
	char **ret_unit, struct err *e);

/* The container's directory: mount + path. New string or NULL. */
char *cgroup_hier_dir(const struct cgroup_hier *h);

/* ---- cgroup_tree.c: directories */

/* Makes h's group, counting what was made, and opens it. */
int cgroup_tree_make(struct cgroup_hier *h, struct err *e);
/* Makes the groups of a relative path below h's, which is open. *ret: the last one; caller closes.
 */
int cgroup_tree_make_below(struct cgroup_hier *h, const char *path, int *ret, struct err *e);
/* Opens h's group where it is not open yet. -ENOENT: it is gone. */
int cgroup_tree_open(struct cgroup_hier *h, struct err *e);
/* Removes the groups below, the group, and empty parents that were made. Gone: success. */
int cgroup_tree_remove(struct cgroup_hier *h, struct err *e);
/*
 * Calls visit for each group below h's, children first, until it does not return 0. A group that is
 * gone has none below.
 */
int cgroup_tree_walk(const struct cgroup_hier *h,
	int (*visit)(int parent, const char *name, void *arg), void *arg);
/* Appends the pids of the group and those below. A group that is gone has none. */
int cgroup_tree_pids(const struct cgroup_hier *h, pid_t **pids, size_t *n, struct err *e);

/* One file of the group. The errors name file and value. write: -ENOENT etc. as the kernel says. */
int cgroup_write(struct cgroup_hier *h, const char *file, const char *text, struct err *e);
int cgroup_writef(struct cgroup_hier *h, const char *file, struct err *e, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
int cgroup_read(struct cgroup_hier *h, const char *file, char **ret, struct err *e);
bool cgroup_has_file(struct cgroup_hier *h, const char *file);

/* ---- cgroup_v1.c, cgroup_v2.c: limits */

/* One controller: how its limits are set. res decides by itself whether there is anything to do. */
struct cgroup_controller {
	const char *name;
	bool (*asked)(const struct oci_resources *res);
	int (*v1)(struct cgroup_hier *h, const struct oci_resources *res, struct err *e);
	int (*v2)(struct cgroup_hier *h, const struct oci_resources *res, struct err *e);
};

int cgroup_v1_memory(struct cgroup_hier *h, const struct oci_resources *res, struct err *e);
int cgroup_v1_cpu(struct cgroup_hier *h, const struct oci_resources *res, struct err *e);
int cgroup_v1_cpuset(struct cgroup_hier *h, const struct oci_resources *res, struct err *e);
int cgroup_v1_blkio(struct cgroup_hier *h, const struct oci_resources *res, struct err *e);
int cgroup_v1_hugetlb(struct cgroup_hier *h, const struct oci_resources *res, struct err *e);
int cgroup_v1_net_cls(struct cgroup_hier *h, const struct oci_resources *res, struct err *e);
int cgroup_v1_net_prio(struct cgroup_hier *h, const struct oci_resources *res, struct err *e);
int cgroup_v1_devices(struct cgroup_hier *h, const struct oci_resources *res, struct err *e);
int cgroup_v1_freeze(struct cgroup_hier *h, bool on, struct err *e);
int cgroup_v1_frozen(struct cgroup_hier *h, struct err *e);

int cgroup_v2_memory(struct cgroup_hier *h, const struct oci_resources *res, struct err *e);
int cgroup_v2_cpu(struct cgroup_hier *h, const struct oci_resources *res, struct err *e);
int cgroup_v2_cpuset(struct cgroup_hier *h, const struct oci_resources *res, struct err *e);
int cgroup_v2_io(struct cgroup_hier *h, const struct oci_resources *res, struct err *e);
int cgroup_v2_hugetlb(struct cgroup_hier *h, const struct oci_resources *res, struct err *e);
int cgroup_v2_devices(struct cgroup_hier *h, const struct oci_resources *res, struct err *e);
int cgroup_v2_freeze(struct cgroup_hier *h, bool on, struct err *e);
int cgroup_v2_frozen(struct cgroup_hier *h, struct err *e);
/* The files of res->unified. */
int cgroup_v2_unified(struct cgroup_hier *h, const struct oci_resources *res, struct err *e);
/* Enables controllers in every group above h's: all there are (names NULL), or the one named. */
int cgroup_v2_enable(struct cgroup_hier *h, const char *name, struct err *e);
/*
 * A new group below a threaded one, or one with processes, is of no use until it is made threaded,
 * too, which a container without limits of whole processes can be (cgroup-v2.rst, "Threads").
 */
int cgroup_v2_check_type(struct cgroup_hier *h, const struct oci_resources *res, struct err *e);
/* Whether the tree offers that controller at its root. */
bool cgroup_v2_offers(const struct cgroup_hier *h, const char *controller);

/* pids.max and rdma.max are the same on both. */
int cgroup_pids_max(struct cgroup_hier *h, const struct oci_resources *res, struct err *e);
int cgroup_rdma(struct cgroup_hier *h, const struct oci_resources *res, struct err *e);

/* Conversions that runc and crun share, for tests. */
uint64_t cgroup_v2_cpu_weight(uint64_t shares);
uint64_t cgroup_v2_io_weight(uint64_t blkio_weight);

/* ---- cgroup_limits.c: the table of controllers, applied */
extern const struct oci_resources cgroup_no_limits;

/* Whether there is a limit among them; rules about devices are none. */
bool cgroup_asks_limits(const struct oci_resources *res);
int cgroup_limits_apply(struct cgroup *cg, const struct oci_resources *res, struct err *e);
/* For a new group: as above, and without device rules those of every container are set. */
int cgroup_limits_fresh(struct cgroup *cg, const struct oci_resources *res, struct err *e);

/* ---- cgroup_kill.c */
int cgroup_kill_all(struct cgroup *cg, struct err *e);

/* ---- cgroup_systemd.c */
int cgroup_systemd_start(struct cgroup *cg, const struct oci_resources *res,
	char *const *annotations, struct err *e);
int cgroup_systemd_stop(struct cgroup *cg, struct err *e);
int cgroup_systemd_update(struct cgroup *cg, const struct oci_resources *res, struct err *e);
/* Ends the placeholder, if there is one. */
void cgroup_systemd_release(struct cgroup *cg);

#endif
