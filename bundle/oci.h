#ifndef BUNDLE_OCI_H
#define BUNDLE_OCI_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include <jansson.h>

#include "base/err.h"
#include "base/ranges.h"

/*
 * config.json of an OCI bundle (runtime-spec, config.md and config-linux.md) as one typed model.
 * Everything is owned by struct oci and freed by oci_free. Lists of strings are NULL-terminated,
 * NULL when absent. Numbers that may be absent have a has_ beside them or an OCI_UNSET value.
 */
#define OCI_UNSET INT64_MIN

/* Of the specification whose members are read; later ones of 1.x are let through. */
#define OCI_VERSION_MAX "1.3.0"

enum oci_ns {
	OCI_NS_MOUNT,
	OCI_NS_PID,
	OCI_NS_NET,
	OCI_NS_IPC,
	OCI_NS_UTS,
	OCI_NS_USER,
	OCI_NS_CGROUP,
	OCI_NS_TIME,
	OCI_NS_COUNT
};

struct oci_namespace {
	bool present;
	char *path; /* NULL: a new one */
};

struct oci_id_map {
	uint32_t container_id;
	uint32_t host_id;
	uint32_t size;
};

struct oci_mount {
	char *destination; /* absolute in the container */
	char *type;	   /* NULL for a bind mount without a type */
	char *source;	   /* NULL when absent; absolute (the bundle is prepended) for binds */
	char **options;
	struct oci_id_map *uid_maps, *gid_maps;
	size_t n_uid_maps, n_gid_maps;
};

struct oci_rlimit {
	int resource; /* RLIMIT_… of getrlimit(2) */
	uint64_t soft, hard;
};

enum oci_cap_set {
	OCI_CAP_BOUNDING,
	OCI_CAP_EFFECTIVE,
	OCI_CAP_INHERITABLE,
	OCI_CAP_PERMITTED,
	OCI_CAP_AMBIENT,
	OCI_CAP_SETS
};

/* As sched_setattr(2) takes them. */
struct oci_scheduler {
	uint32_t policy; /* SCHED_… of <linux/sched.h> */
	uint64_t flags;	 /* SCHED_FLAG_… */
	int32_t nice;
	uint32_t priority;
	uint64_t runtime, deadline, period; /* ns; SCHED_DEADLINE only; period may be 0 */
};

struct oci_process {
	bool terminal;
	bool has_console_size;
	uint16_t console_height, console_width;
	char *cwd;
	char **env;
	char **args; /* at least one */
	uint32_t uid, gid;
	bool has_umask;
	uint32_t umask;
	uint32_t *additional_gids;
	size_t n_additional_gids;
	bool has_caps;		   /* process.capabilities stood there */
	char **caps[OCI_CAP_SETS]; /* "CAP_CHOWN"; unknown names are warned about and skipped */
	struct oci_rlimit *rlimits;
	size_t n_rlimits;
	bool no_new_privileges;
	char *apparmor_profile;
	char *selinux_label;
	bool has_oom_score_adj;
	int oom_score_adj;
	struct oci_scheduler *scheduler; /* or NULL */
	bool has_io_priority;
	int io_priority; /* as ioprio_set(2) takes it: class and level */
	/* execCPUAffinity: before and after the cgroup is joined; only of `exec` */
	struct ranges exec_cpus_initial, exec_cpus_final;
};

struct oci_hook {
	char *path;
	char **args;
	char **env;
	int timeout; /* seconds; 0: none */
};

enum oci_hook_kind {
	OCI_HOOK_PRESTART,
	OCI_HOOK_CREATE_RUNTIME,
	OCI_HOOK_CREATE_CONTAINER,
	OCI_HOOK_START_CONTAINER,
	OCI_HOOK_POSTSTART,
	OCI_HOOK_POSTSTOP,
	OCI_HOOK_KINDS
};

struct oci_hooks {
	struct oci_hook *list;
	size_t n;
};

struct oci_device {
	char *path;
	char type; /* 'c', 'b', 'u' or 'p' */
	int64_t major, minor;
	uint32_t mode; /* with a default of 0666 */
	uint32_t uid, gid;
};

struct oci_device_rule {
	bool allow;
	char type;	      /* 'a', 'c' or 'b' */
	int64_t major, minor; /* -1: any */
	char access[4];	      /* of "rwm" */
};

struct oci_named_rate {
	int64_t major, minor;
	uint64_t rate; /* or weight */
};

struct oci_hugepage_limit {
	char *page_size;
	uint64_t limit;
};

struct oci_net_prio {
	char *name;
	uint32_t priority;
};

struct oci_rdma {
	char *device;
	bool has_handles, has_objects;
	uint32_t handles, objects;
};

struct oci_resources {
	struct oci_device_rule *devices;
	size_t n_devices;
	/* memory, bytes; OCI_UNSET when absent, -1 unlimited */
	int64_t memory_limit, memory_reservation, memory_swap, memory_kernel, memory_kernel_tcp;
	int64_t memory_swappiness;
	bool has_disable_oom_killer, disable_oom_killer;
	bool memory_use_hierarchy, memory_check_before_update;
	/* cpu; OCI_UNSET when absent; microseconds */
	int64_t cpu_shares, cpu_quota, cpu_burst, cpu_period, cpu_rt_runtime, cpu_rt_period,
		cpu_idle;
	char *cpus, *mems;
	int64_t pids_limit; /* OCI_UNSET when absent */
	/* blockIO */
	int64_t blkio_weight, blkio_leaf_weight;
	struct oci_named_rate *blkio_weight_device, *blkio_read_bps, *blkio_write_bps,
		*blkio_read_iops, *blkio_write_iops;
	size_t n_blkio_weight_device, n_blkio_read_bps, n_blkio_write_bps, n_blkio_read_iops,
		n_blkio_write_iops;
	struct oci_hugepage_limit *hugepages;
	size_t n_hugepages;
	int64_t net_class_id; /* OCI_UNSET when absent */
	struct oci_net_prio *net_prio;
	size_t n_net_prio;
	struct oci_rdma *rdma;
	size_t n_rdma;
	char **unified; /* "memory.high=…" entries, key before the first '=' */
};

struct oci_seccomp_arg {
	uint32_t index;
	uint64_t value, value_two;
	char *op; /* "SCMP_CMP_EQ" */
};

struct oci_seccomp_rule {
	char **names;
	char *action;
	bool has_errno;
	uint32_t errno_ret;
	struct oci_seccomp_arg *args;
	size_t n_args;
};

struct oci_seccomp {
	char *default_action;
	bool has_default_errno;
	uint32_t default_errno;
	char **architectures;
	char **flags;
	char *listener_path, *listener_metadata;
	struct oci_seccomp_rule *rules;
	size_t n_rules;
	bool fail_unknown; /* a system call that is not known is an error, not left out */
};

struct oci_time_offset {
	char *clock; /* "monotonic" or "boottime" */
	int64_t secs;
	uint32_t nanosecs;
};

/* As set_mempolicy(2) takes them. */
struct oci_memory_policy {
	uint64_t mode;	/* MPOL_… */
	uint64_t flags; /* MPOL_F_… */
	struct ranges nodes;
};

struct oci_net_device {
	char *host; /* its name on the host */
	char *name; /* in the container; may hold one "%d" */
};

struct oci_rdt {
	char *clos_id;	       /* NULL: the container's id; "/": resctrl's root */
	char *l3_cache_schema; /* NULL: none */
	char *mem_bw_schema;   /* NULL: none */
	char **schemata;       /* NULL: none; a line each */
	bool monitoring;
};

struct oci {
	char *oci_version;
	char *bundle;	 /* absolute path of the bundle */
	char *root_path; /* absolute */
	bool root_readonly;
	char *hostname, *domainname;
	struct oci_process *process; /* NULL when absent: only allowed for create without start */
	struct oci_mount *mounts;
	size_t n_mounts;
	struct oci_hooks hooks[OCI_HOOK_KINDS];
	char **annotations; /* "key=value" entries, key before the first '=' */

	/* linux */
	struct oci_namespace ns[OCI_NS_COUNT];
	struct oci_id_map *uid_maps, *gid_maps;
	size_t n_uid_maps, n_gid_maps;
	struct oci_time_offset *time_offsets;
	size_t n_time_offsets;
	struct oci_device *devices;
	size_t n_devices;
	char *cgroups_path;		 /* NULL when absent */
	struct oci_resources *resources; /* never NULL after oci_load */
	char **sysctl;			 /* "net.ipv4.…=1" */
	struct oci_seccomp *seccomp;	 /* NULL: none */
	char *rootfs_propagation;
	char **masked_paths, **readonly_paths;
	char *mount_label;
	int64_t personality; /* OCI_UNSET when absent; PER_LINUX32 or PER_LINUX */
	struct oci_memory_policy *memory_policy; /* NULL: none */
	struct oci_net_device *net_devices;
	size_t n_net_devices;
	struct oci_rdt *rdt; /* NULL: none */

	json_t *json; /* the document itself: kept for state and hooks */
};

/*
 * Loads and checks BUNDLE/config.json (or `file`, when not NULL). Unknown members are ignored, as
 * the spec demands; wrong types and missing members are errors that name the JSON path.
 */
int oci_load(const char *bundle, const char *file, struct oci **ret, struct err *e);
int oci_parse(const char *text, size_t len, const char *bundle, struct oci **ret, struct err *e);
void oci_free(struct oci *oci);
#define cleanup_oci __attribute__((cleanup(oci_cleanup)))
static inline void oci_cleanup(struct oci **oci)
{
	oci_free(*oci);
}

/* A process document by itself, as `exec --process FILE` gives it. */
int oci_process_parse(
	const char *text, size_t len, const char *file, struct oci_process **ret, struct err *e);
void oci_process_free(struct oci_process *p);

/* A resources document by itself, as `update -r FILE` gives it. */
int oci_resources_parse(
	const char *text, size_t len, const char *file, struct oci_resources **ret, struct err *e);
void oci_resources_free(struct oci_resources *r);

/*
 * The words that the reader takes (runtime-spec, features.md), from the very tables by which it
 * takes them. New references or NULL.
 */
json_t *oci_hook_names(void);
json_t *oci_namespace_names(void);
json_t *oci_memory_policy_modes(void);
json_t *oci_memory_policy_flags(void);

/* For errors: "RLIMIT_NOFILE", "SCHED_FIFO", "MPOL_BIND". */
const char *oci_rlimit_name(const struct oci_rlimit *l);
const char *oci_scheduler_policy_name(const struct oci_scheduler *s);
const char *oci_memory_policy_name(const struct oci_memory_policy *m);

/* Value of an annotation, or NULL. Borrowed. */
const char *oci_annotation(const struct oci *oci, const char *key);

#endif
