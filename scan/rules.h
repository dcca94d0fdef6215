#ifndef SCAN_RULES_H
#define SCAN_RULES_H

#include "scan/cache.h"
#include "scan/known.h"
#include "scan/matcher.h"
#include "scan/phrase.h"
#include "scan/scan.h"
#include "scan/verdict.h"

/* What is looked for, inside scan/ only. */
struct scan_rules {
	struct scan_cache cache;
	struct ruleset set;
	struct matcher *matcher;
	struct verdicts *verdicts;
	struct phrase_words *phrases;
	struct known *known;	       /* NULL: there are none */
	char **names;		       /* of the known secrets, by their numbers */
	const struct scan_rules *base; /* whose all but the known secrets is; NULL: its own */
};

#endif
