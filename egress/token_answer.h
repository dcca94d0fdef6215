#ifndef EGRESS_TOKEN_ANSWER_H
#define EGRESS_TOKEN_ANSWER_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "bundle/login.h"

/*
 * What a token endpoint answered (RFC 6749 section 5). The answer is another's: bounded, and
 * nothing of it but what section 5.2 calls an error is told, without what could be a secret.
 */
#define TOKEN_ANSWER_MAX 65536

enum token_verdict {
	TOKEN_GIVEN,
	TOKEN_REFUSED, /* for good: another try with the same credential ends alike */
	TOKEN_LATER,   /* the server is in trouble, or wants less of us */
};

struct token_answer {
	enum token_verdict verdict;
	struct login_tokens tokens; /* TOKEN_GIVEN: expires_ms 0, the time is the caller's */
	int64_t expires_in_s;	    /* -1: not told */
	char why[200];		    /* else: a sentence's end */
};
void token_answer_done(struct token_answer *a);
#define cleanup_token_answer __attribute__((cleanup(token_answer_done)))

/* Never fails: what is no answer is one that is refused. */
void token_answer_read(int status, const char *body, size_t len, struct token_answer *ret);

#endif
