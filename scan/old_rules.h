#ifndef SCAN_OLD_RULES_H
#define SCAN_OLD_RULES_H

#include <stdbool.h>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "scan/old_known.h"
#include "scan/old_literals.h"
#include "scan/old_scan.h"
#include "scan/old_table.h"

/* What is looked for, compiled; inside scan/ only. Read only once it is made. */
struct scan_rules {
	pcre2_code **codes; /* one a row of scan_table */
	struct literals *literals;
	struct rules_literal {
		unsigned int rule; /* row of scan_table; or … */
		int known;	   /* … >= 0: this known secret, byte by byte */
	} * owners;		   /* one a literal */
	size_t n_owners;
	struct old_known *known;
	struct rules_secret {
		char *name, *value;
		size_t len;
	} * secrets;
	size_t n_secrets;
};

/* Whether the secret is random enough for the rule's floor. */
bool rules_is_random(const struct scan_rule *rule, const unsigned char *secret, size_t len);

/* "ab…yz" for long ones, "…" for what would tell too much. */
void rules_excerpt(const unsigned char *secret, size_t len, char ret[8]);

#endif
