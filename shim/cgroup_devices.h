#ifndef SHIM_CGROUP_DEVICES_H
#define SHIM_CGROUP_DEVICES_H

#include <stddef.h>

#include "base/err.h"
#include "bundle/oci.h"

/*
 * Which device nodes a container may make and open: the rules of config.json, behind a first one
 * that refuses everything, before those that every container has (the null device and its like,
 * terminals, making any node). A later rule wins.
 */
struct device_rules {
	struct oci_device_rule *list; /* owned; the first one is "all of it" */
	size_t n;
};

int device_rules_make(const struct oci_resources *res, struct device_rules *ret, struct err *e);
void device_rules_done(struct device_rules *r);

/* What the rules say of one access; tests compare the compiled program with it. */
bool device_rules_allow(
	const struct device_rules *r, char type, int64_t major, int64_t minor, const char *access);

/*
 * The rules as an eBPF program of type BPF_PROG_TYPE_CGROUP_DEVICE (linux/bpf.h); caller frees.
 * The number of instructions, or -errno.
 */
struct bpf_insn;
int device_program_make(const struct device_rules *r, struct bpf_insn **ret, struct err *e);

#endif
