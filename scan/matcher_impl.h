#ifndef SCAN_MATCHER_IMPL_H
#define SCAN_MATCHER_IMPL_H

#include <hs/hs_runtime.h>

#include "scan/confirm.h"
#include "scan/image.h"
#include "scan/matcher.h"
#include "scan/span_group.h"

/* Between scan/matcher.c, scan/matcher_stream.c and scan/matcher_decide.c. */

struct matcher {
	const struct ruleset *rules;
	struct image_head head;
	const struct image_span *spans;
	const struct image_rule *image_rules;
	const struct image_expression *expressions;
	const char *strings;
	const hs_database_t *database; /* within the image */
	struct span_group *groups;
	uint32_t n_groups;
	uint32_t *group_of; /* each span's */
	struct span_probe *probes;
};

struct matcher_scratch {
	const struct matcher *m;
	hs_scratch_t *hs;
	struct confirm_room *room;
	struct confirm **confirms; /* by rule; NULL: not needed so far */
};

/* The rule's pattern, compiled when it is first needed. */
int matcher_confirm(struct matcher_scratch *s, uint32_t rule, struct confirm **ret);

/* Bytes in front of a match that are held, for its line. */
#define MATCHER_LINE 256

/* Places in the stream where a match of the rule may begin: [lo, hi]. */
struct pending {
	uint32_t rule;
	uint32_t before; /* 1 + the index of the rule's entry before this one; 0: none */
	uint64_t lo, hi;
};

struct rule_state {
	uint64_t from; /* all places in front of this are decided */
	uint64_t end;  /* of the last match */
	uint32_t last; /* 1 + the index of its last pending entry; 0: none */
};

struct matcher_stream {
	const struct matcher *m;
	struct matcher_scratch *scratch;
	unsigned char *text; /* bytes [base, base + len) of the stream */
	size_t len, cap, used;
	uint64_t base;
	uint64_t scanned; /* Hyperscan has seen all in front of this */
	/* Of the rules that had a candidate in this text; made at the first one. */
	struct rule_state *states;
	bool touched;
	/* The entries of a rule are disjoint and in their order. */
	struct pending *pending;
	size_t n_pending, pending_cap;
	uint64_t patience; /* how often a pattern needed many steps */
	int failed;
};

static inline uint64_t matcher_fed(const struct matcher_stream *s)
{
	return s->base + s->len;
}

enum matcher_until {
	MATCHER_GOES_ON, /* what needs more text waits */
	MATCHER_FLUSH,	 /* as if the text ended; what more of it could change stays open */
	MATCHER_END,
};

/* Decides what is pending; what fn returned, or -EIO. */
int matcher_decide(struct matcher_stream *s, enum matcher_until until, match_fn *fn, void *arg);

#endif
