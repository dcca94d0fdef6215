#ifndef BUNDLE_OCI_READ_H
#define BUNDLE_OCI_READ_H

#include "base/err.h"
#include "base/json.h"
#include "bundle/oci.h"

/*
 * The parts of config.json, a noun a file; private to oci*.c. Each reader fills a zeroed struct of
 * its caller, who frees it, also after a failure.
 */

/* Bound for every list of config.json: far above what engines write, far below what hurts. */
#define OCI_LIST_MAX 16384

/* A list of structs that is to be read: `list` points to the pointer that will own it. */
struct oci_list {
	void *list;
	size_t *n;
	size_t item_size;
	int (*read)(const struct json_at *at, void *item, struct err *e);
};

/* Reads the array `key` of the object `at`, if it is there: 1, 0 or -errno. */
int oci_read_list(
	const struct json_at *at, const char *key, const struct oci_list *how, struct err *e);

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

/* PATH below the bundle, or PATH itself when it is absolute. New string or NULL. */
char *oci_absolute(const char *bundle, const char *path);

#endif
