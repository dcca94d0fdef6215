#ifndef BASE_JSON_H
#define BASE_JSON_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

/*
 * Views into a JSON document that know where they are, so that an error names the path:
 * "config.json: process.args[0]: expected a string, found a number". A view borrows the document.
 */
struct json_at {
	json_t *j;		  /* borrowed; never NULL in a view that was returned as present */
	const struct json_at *up; /* NULL at the root */
	const char *key;	  /* member name; the file's name at the root; NULL in an array */
	size_t index;		  /* in an array */
};

static inline void json_cleanup(json_t **j)
{
	json_decref(*j);
}
#define cleanup_json __attribute__((cleanup(json_cleanup)))

/*
 * Parses text: at most 16 MiB, nested at most 2048 deep (jansson's bound), no member twice in one
 * object. What is wrong with it is told with its path, line and column.
 */
int json_parse(const char *text, size_t len, const char *file, json_t **ret, struct err *e);

/*
 * From here on what JSON documents held is wiped when it is freed: a process that reads secrets in
 * JSON calls it first of all.
 */
void json_wipe_freed(void);

struct json_at json_root(json_t *j, const char *file);

/* "process.args[0]" into buf. */
const char *json_path(const struct json_at *at, char *buf, size_t size);

/* err_say with "FILE: PATH: " in front. */
int json_err(const struct json_at *at, int errnum, struct err *e, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

/*
 * A member of the object `at`. 1: present and of that type; 0: absent or null; -EINVAL: another
 * type. `type` is a jansson type; JSON_TRUE stands for either boolean.
 */
int json_member(const struct json_at *at, const char *key, json_type type, struct json_at *ret,
	struct err *e);

/* An element of the array `at`, which must have that type. */
int json_element(
	const struct json_at *at, size_t index, json_type type, struct json_at *ret, struct err *e);

size_t json_count(const struct json_at *at);

/* Scalars of an object. Absent: 0 and *ret untouched; present: 1. Strings are copied. */
int json_get_str(const struct json_at *at, const char *key, char **ret, struct err *e);
int json_get_bool(const struct json_at *at, const char *key, bool *ret, struct err *e);
int json_get_int(const struct json_at *at, const char *key, int64_t min, int64_t max, int64_t *ret,
	struct err *e);
int json_get_u64(const struct json_at *at, const char *key, uint64_t *ret, struct err *e);
int json_get_strv(const struct json_at *at, const char *key, char ***ret, struct err *e);

/*
 * A list of structs: `list` is the address of the pointer that will own the zeroed items, `read`
 * fills one from an object. After a failure the owner frees what was read so far.
 */
#define JSON_LIST_MAX 16384 /* entries: far above what engines write, far below what hurts */

struct json_list {
	void *list;
	size_t *n;
	size_t item_size;
	int (*read)(const struct json_at *at, void *item, struct err *e);
};

int json_get_list(
	const struct json_at *at, const char *key, const struct json_list *how, struct err *e);

/* An array of these strings (empty for NULL). New reference; NULL when memory ran out. */
json_t *json_from_strv(char *const *v);

/*
 * -EINVAL for a member of the object whose name is not among `known` (which ends with NULL): for
 * documents in which a member that nobody reads would have restricted something.
 */
int json_only(const struct json_at *at, const char *const *known, struct err *e);

/* As above, but absence is an error that says so. */
int json_need_str(const struct json_at *at, const char *key, char **ret, struct err *e);

#endif
