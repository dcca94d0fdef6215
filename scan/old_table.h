#ifndef SCAN_OLD_TABLE_H
#define SCAN_OLD_TABLE_H

#include <stdbool.h>
#include <stddef.h>

/* No match is longer than this, nor looks further back than SCAN_BEHIND. */
#define SCAN_MATCH_MAX 1024
#define SCAN_BEHIND    16

/*
 * A rule: wherever one of the keywords stands (in either case), the pattern is tried at just that
 * place; so a pattern begins with its keyword. Group 1, or the whole match where there is none, is
 * the secret.
 */
struct scan_rule {
	const char *id;
	const char *what;
	const char *keywords[6]; /* lower case, NULL-terminated */
	const char *pattern;	 /* PCRE2, bytes */
	bool caseless;
	int entropy_floor; /* thousandths of a bit a character, of the secret; less is a placeholder
			    */
};

extern const struct scan_rule scan_table[];
extern const size_t scan_table_len;

#endif
