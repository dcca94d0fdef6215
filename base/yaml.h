#ifndef BASE_YAML_H
#define BASE_YAML_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/str.h"

/*
 * A strict view of one YAML document (libyaml's event parser), as a tree that knows its lines.
 * Duplicate keys, tabs in the indentation, anchors, aliases, tags and a second document are
 * problems; so is every key that nobody asked for (yaml_finish). A problem does not end the
 * reading: all of a file are collected and told at once.
 */

/* Where problems are collected: "FILE:LINE: KEY: TEXT\n" each. */
struct yaml_problems {
	const char *file; /* borrowed */
	struct str text;
	size_t n;
};

void yaml_problems_done(struct yaml_problems *p);
#define cleanup_yaml_problems __attribute__((cleanup(yaml_problems_done)))

/* A plain scalar has the type that its text suggests; a quoted one is always a string. */
enum yaml_type {
	YAML_NULL,
	YAML_BOOL,
	YAML_NUMBER,
	YAML_STRING,
	YAML_LIST,
	YAML_MAP,
};

struct yaml_node {
	enum yaml_type type;
	unsigned int line;
	char *key;  /* member of a map, or NULL */
	char *text; /* scalars; as it stood there */
	bool used;  /* asked for with yaml_get */
	size_t index;
	struct yaml_node *up, *next, *first, *last;
};

/*
 * Parses text, whose first line is line `first_line` of the file. The document must be a map, or
 * nothing (then the result is an empty map). NULL when it cannot be read further: then a problem
 * was told. At most 256 KiB, 16 levels, 20000 nodes. The caller frees.
 */
struct yaml_node *yaml_parse(
	const char *text, size_t len, unsigned int first_line, struct yaml_problems *p);
void yaml_tree_free(struct yaml_node *root); /* yaml_free is a function of libyaml */
static inline void yaml_cleanup(struct yaml_node **n)
{
	yaml_tree_free(*n);
}
#define cleanup_yaml __attribute__((cleanup(yaml_cleanup)))

/* "egress.routes[0].host" into buf. */
const char *yaml_path(const struct yaml_node *n, char *buf, size_t size);

/* Adds a problem at this node. */
void yaml_problem(struct yaml_problems *p, const struct yaml_node *n, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* A member of a map, marked as asked for; NULL when it is not there. Borrowed. */
struct yaml_node *yaml_get(struct yaml_node *map, const char *key);

/* As yaml_get, but its absence is a problem. */
struct yaml_node *yaml_need(struct yaml_problems *p, struct yaml_node *map, const char *key);

/* false, with a problem, when the node is of another type. */
bool yaml_is(struct yaml_problems *p, const struct yaml_node *n, enum yaml_type type);

/* Scalars of a node; n may be NULL (absent: false, no problem). Strings are borrowed. */
bool yaml_str(struct yaml_problems *p, const struct yaml_node *n, const char **ret);
bool yaml_bool(struct yaml_problems *p, const struct yaml_node *n, bool *ret);
bool yaml_int(struct yaml_problems *p, const struct yaml_node *n, long min, long max, long *ret);

/* A problem for each member of the map that nobody asked for; `allowed` is told. */
void yaml_finish(struct yaml_problems *p, const struct yaml_node *map, const char *allowed);

#endif
