#ifndef SCAN_INBOUND_H
#define SCAN_INBOUND_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/*
 * Prompt injection in what comes in: two families of phrases, disclosure ("system prompt" …) and
 * jailbreak ("ignore previous …"), looked for in the text's words: invisible and disguised
 * characters undone, markup between words dropped, case and white space levelled. One of each
 * within INBOUND_NEAR characters is a refusal, else a warning. One sweep, linear.
 */
#define INBOUND_NEAR 500

enum inbound_verdict { INBOUND_CLEAN, INBOUND_WARN, INBOUND_REFUSE };

struct inbound_hit {
	enum inbound_verdict verdict;
	const char *disclosure, *jailbreak; /* the phrases; NULL: none of that family */
	uint64_t start, end;		    /* of the pair (or the one) in the text */
};

struct inbound_reader;
struct phrase_words;
/* words: phrase_words_new (scan/phrase.h), shared, borrowed. NULL when memory ran out. */
struct inbound_reader *inbound_open(const struct phrase_words *words);
void inbound_close(struct inbound_reader *r);
void inbound_reset(struct inbound_reader *r);
typedef int inbound_fn(void *arg, const struct inbound_hit *h);
int inbound_feed(
	struct inbound_reader *r, const unsigned char *p, size_t len, inbound_fn *fn, void *arg);
int inbound_finish(struct inbound_reader *r, inbound_fn *fn, void *arg);

#endif
