#ifndef SCAN_RULESET_EDIT_H
#define SCAN_RULESET_EDIT_H

#include "scan/ruleset.h"
#include "scan/toml.h"

/* How a ruleset is put together; inside scan/ruleset*.c only. */

void rule_done(struct rule *r);
void rule_allow_done(struct rule_allow *a);

/* One text being read. Errors and warnings are gathered, so that all are told at once. */
struct ruleset_reading {
	struct ruleset *to;
	const char *name;
	bool builtin;
	bool extends;	/* extend.useDefault */
	bool elsewhere; /* extend.path, extend.url */
	size_t own;	/* rules from this index on are of this text */
	char *errors;	/* joined; NULL: none */
	size_t n_errors;
	bool no_memory;
};

/* "NAME:LINE: …" of the value; a line of 0 is left out. */
void ruleset_wrong(struct ruleset_reading *rd, unsigned int line, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
void ruleset_warn(struct ruleset_reading *rd, unsigned int line, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* At its end: frees what was gathered; -ENOMEM, -EINVAL with all the errors, or 0. */
int ruleset_reading_end(struct ruleset_reading *rd, struct err *e);

/* Copies; false (and no_memory) when memory ran out. */
bool ruleset_copy(struct ruleset_reading *rd, const char *s, char **ret);

/* ---- ruleset_allow.c */

/* An allowlist as it was read: of a rule, of all, or of the rules that `targets` names. */
struct allow_draft {
	struct rule_allow allow;
	char **targets;
	bool commits; /* there were some */
	unsigned int line;
};

/* Adds those of a value (a table, or an array of tables) to the rule. */
void ruleset_read_allows(struct ruleset_reading *rd, struct rule *rule, const struct toml *v);
/* The same at the top of a file, where targetRules may stand. After the rules. */
void ruleset_read_global_allows(struct ruleset_reading *rd, const struct toml *v);

/* ---- keys, by tables */

struct ruleset_key {
	const char *name;
	enum toml_type type; /* a float may be whole; an array of strings may be one string */
	bool own;	     /* of built-in rules only */
	size_t offset;	     /* where a string or an array of strings is copied to */
	void (*read)(struct ruleset_reading *rd, void *to, const struct toml *v); /* or this */
};

/* Each key of the table by its row; unknown ones are a warning. of: "rule", for messages. */
void ruleset_read_keys(struct ruleset_reading *rd, const struct ruleset_key *keys,
	const struct toml *table, void *to, const char *of);
const struct ruleset_key *ruleset_find_key(const struct ruleset_key *keys, const char *name);
/* One value by its row. */
void ruleset_read_key(
	struct ruleset_reading *rd, const struct ruleset_key *key, const struct toml *v, void *to);
/* A row's read for what is accepted and not used. */
void ruleset_read_nothing(struct ruleset_reading *rd, void *to, const struct toml *v);
/* A key in either case, as gitleaks reads them; NULL: none. */
const struct toml *ruleset_get(const struct toml *table, const char *key);
/* Each pattern of the list becomes what PCRE2 reads. */
void ruleset_rewrite(struct ruleset_reading *rd, char **patterns, unsigned int line);

#endif
