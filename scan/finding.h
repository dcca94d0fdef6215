#ifndef SCAN_FINDING_H
#define SCAN_FINDING_H

#include "scan/node.h"

/* What a node's readers found, on its way to the caller: inside scan/ only. */
struct finding_raw {
	const char *rule, *what;
	enum scan_confidence confidence;
	uint64_t start, end;	     /* in the node's text; both 0: not known */
	const unsigned char *secret; /* for the excerpt and to tell two apart; NULL: no excerpt */
	size_t secret_len;
};

/* The last ones of a text, so that what several readers find is told once. */
#define FINDINGS_BACK 32

struct findings {
	struct findings_told {
		const char *rule;
		uint64_t hash, start, end;
		bool exact; /* the place is what was found, not a coding around it */
	} told[FINDINGS_BACK];
	size_t n;
};

/* Places are carried to the outermost text; 0, or what the scan's found returned. */
int finding_tell(struct node *n, const struct finding_raw *f);

/* The text cannot be read, because of `what` (static storage). */
int finding_unreadable(struct node *n, const char *what);

#endif
