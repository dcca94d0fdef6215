#ifndef FORGE_ANSWER_H
#define FORGE_ANSWER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/secret.h"
#include "bundle/deploy_key.h"
#include "forge/wire.h"

/*
 * What a forge has answered, bounded and hostile: its words reach the operator in one line, without
 * control characters and without the token.
 */
#define ANSWER_MAX (1U << 20)

struct answer {
	long status; /* of HTTP */
	const char *body;
	size_t len;
	long retry_after_s; /* Retry-After in seconds; -1: none */
	bool limit_used_up; /* X-RateLimit-Remaining (GitHub), RateLimit-Remaining (GitLab): 0 */
};

/* Whose answer it is, for the words of a failure. */
struct answer_to {
	const struct plan_deploy_key *key;
	const struct secret *token;
	int64_t id; /* of the key that is to be revoked; 0: not known */
};

/* To the creation: 0 and the forge's number of the key, or -errno and *ret_failure. */
int answer_made(const struct answer *a, const struct answer_to *to, int64_t *ret_id,
	struct forge_failure *ret_failure);

/* To a deletion: 0 when the key is gone (*ret_was_gone: before already), or as above. */
int answer_deleted(const struct answer *a, const struct answer_to *to, bool *ret_was_gone,
	struct forge_failure *ret_failure);

/*
 * To the request for one page of the list: how many keys are on it (0: it was the last, or the
 * repository is gone), and in *ret_id the number of the one with this public key, else 0. A
 * failure as above.
 */
int answer_page(const struct answer *a, const struct answer_to *to, const char *public_line,
	int64_t *ret_id, struct forge_failure *ret_failure);

/* No answer: the connection failed, for the reason `why`, and another try may fare better. */
void answer_none(const struct answer_to *to, const char *why, struct forge_failure *ret);

#endif
