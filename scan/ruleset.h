#ifndef SCAN_RULESET_H
#define SCAN_RULESET_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "scan/scan.h"

/*
 * Rules as they are written, read from TOML: our own (scan/rules, all built in) and the operator's.
 * One reader for both: gitleaks' keys mean what they mean there (config/gitleaks.toml: [extend],
 * [[rules]] id, description, regex, path, secretGroup, entropy, keywords, tags,
 * [[rules.allowlists]] / [rules.allowlist], [[allowlists]] / [allowlist] with description,
 * condition, commits, paths, regexTarget, regexes, stopwords); our own rules have further keys
 * (doc, confidence, validator, example, near), which only built-in rules may have.
 */
struct rule_allow {
	char **regexes, **stopwords, **paths; /* NULL-terminated */
	enum rule_target { RULE_TARGET_SECRET, RULE_TARGET_MATCH, RULE_TARGET_LINE } target;
	bool all; /* condition AND */
};

/* What of a match can be computed (scan/validator.h). */
enum rule_validator {
	RULE_VALID_NONE,
	RULE_VALID_GITHUB, /* CRC-32 in base62: GitHub, npm */
	RULE_VALID_LUHN,
	RULE_VALID_IBAN,
	RULE_VALID_JWT,
	RULE_VALID_BIP39,
	RULE_VALID_AWS,
};

struct rule {
	char *id;
	char *what;
	char *pattern; /* RE2's syntax, which PCRE2 understands but for what the reader rewrites */
	char *path;    /* of the file; NULL: any */
	unsigned int secret_group;  /* 0: the first group that took part, else the whole match */
	unsigned int entropy_floor; /* thousandths of a bit a character; 0: none */
	char **keywords;	    /* lower case; one must stand in the text; empty: none needed */
	struct rule_allow *allows;
	size_t n_allows;
	enum rule_validator validator;
	enum scan_confidence confidence;
	bool builtin; /* and not changed by the operator */
	bool spares;  /* placeholders and references are no findings: built-in, or useDefault */
	/* For tests and --explain: the vendor's document; templates of what matches and what not.
	 */
	char *doc;
	char **examples, **near;
	char **also;	   /* ids of rules that may find the examples, too */
	unsigned int line; /* of the file it was read from */
};

struct ruleset {
	struct rule *rules;
	size_t n;
	struct rule_allow *allows; /* of all rules */
	size_t n_allows;
	char **warnings; /* what could not be expressed, each with its line: told at load */
};

/* The built-in rules' text. */
extern const char ruleset_builtin[];
extern const size_t ruleset_builtin_len;

/*
 * Adds the rules of a text to *to (start with {0}); the operator's comes after the built-in one. A
 * later rule of the same id takes the place of the earlier one, or, where the file says
 * extend.useDefault, changes it as gitleaks does: what it gives counts, keywords and allowlists
 * are added. name: for messages "NAME:LINE: …". builtin: our own keys are allowed and doc and
 * examples required. All errors of a file are told at once (-EINVAL), as far as they have room.
 * Patterns are rewritten (scan/rule_pattern.h), not compiled: a start must take no time for that;
 * ruleset_check does it once.
 */
int ruleset_read(struct ruleset *to, const char *text, size_t len, const char *name, bool builtin,
	struct err *e);
void ruleset_done(struct ruleset *r);

/*
 * What costs more than a start may: that PCRE2 takes every pattern of the operator's rules (those
 * that are not built in, and those that changed a built-in one), that the secret's group is there.
 * Adds warnings of what could match more than the matcher looks at. name as above; -EINVAL.
 */
int ruleset_check(struct ruleset *r, const char *name, struct err *e);

/* The index of the rule of that id, or r->n. */
size_t ruleset_find(const struct ruleset *r, const char *id);
#define cleanup_ruleset __attribute__((cleanup(ruleset_done)))

#endif
