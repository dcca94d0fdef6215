#ifndef BUNDLE_OCI_READ_H
#define BUNDLE_OCI_READ_H

#include "base/err.h"
#include "base/json.h"
#include "bundle/oci.h"

/*
 * The parts of config.json, a noun a file; private to oci*.c. Each reader fills a zeroed struct of
 * its caller, who frees it, also after a failure.
 */

/* Reads the object `key`, whose values are strings, as "member=value" entries. */
int oci_read_map(const struct json_at *at, const char *key, char ***ret, struct err *e);

/* An unsigned 32-bit member; uid_max leaves out 4294967295, which stands for "unchanged". */
int oci_read_u32(const struct json_at *at, const char *key, uint32_t *ret, struct err *e);
int oci_read_id(const struct json_at *at, const char *key, uint32_t *ret, struct err *e);

/* An optional bool or number with its has_ flag. */
int oci_read_has_u32(
	const struct json_at *at, const char *key, uint32_t *ret, bool *has, struct err *e);

int oci_read_id_maps(const struct json_at *at, const char *key, struct oci_id_map **ret, size_t *n,
	struct err *e);

int oci_read_process(const struct json_at *at, struct oci_process *ret, struct err *e);
int oci_read_mounts(const struct json_at *root, struct oci *oci, struct err *e);
void oci_free_mounts(struct oci *oci);
int oci_read_hooks(const struct json_at *root, struct oci *oci, struct err *e);
void oci_free_hooks(struct oci *oci);
int oci_read_linux(const struct json_at *at, struct oci *oci, struct err *e);
void oci_free_linux(struct oci *oci);
int oci_read_resources(const struct json_at *at, struct oci_resources *ret, struct err *e);
struct oci_resources *oci_resources_new(void);
int oci_read_seccomp(const struct json_at *at, struct oci_seccomp *ret, struct err *e);
void oci_seccomp_free(struct oci_seccomp *s);
int oci_read_schedule(const struct json_at *at, struct oci_process *p, struct err *e);
int oci_read_memory_policy(const struct json_at *at, struct oci *oci, struct err *e);
/* After the namespaces. */
int oci_read_net_devices(const struct json_at *at, struct oci *oci, struct err *e);
void oci_free_net_devices(struct oci *oci);
int oci_read_rdt(const struct json_at *at, struct oci *oci, struct err *e);
void oci_rdt_free(struct oci_rdt *rdt);

/* An optional list of numbers ("0-3,7"). */
int oci_read_ranges(const struct json_at *at, const char *key, struct ranges *ret, struct err *e);

/* PATH below the bundle, or PATH itself when it is absolute. New string or NULL. */
char *oci_absolute(const char *bundle, const char *path);

#endif
