#ifndef GATE_VEIL_H
#define GATE_VEIL_H

#include "base/secret.h"
#include "base/str.h"
#include "gate/gate.h"

/*
 * What an upstream over https says may hold the token that it was shown: an error page that repeats
 * the request, a hook that prints its environment. The agent reads these words, and so does the
 * log: the token goes out of them as they pass, as it is and as HTTP's basic authentication has it.
 */
struct veil {
	struct secret words[2];
	size_t n;
	struct str held; /* the beginning of a word, perhaps */
};

/* Nothing is hidden for an upstream without a token. Owner: the caller (veil_done). */
int veil_init(struct veil *v, const struct gate *g, const struct policy_repo *repo, struct err *e);
void veil_done(struct veil *v);
#define cleanup_veil __attribute__((cleanup(veil_done)))

/* Adds another word to be hidden; it is copied. */
int veil_hide(struct veil *v, const void *bytes, size_t len, struct err *e);

/*
 * Adds to *out what may be shown, with stars for what may not; the beginning of a word waits for
 * the next piece. len 0: there is none, and what waits is shown.
 */
void veil_pass(struct veil *v, const char *bytes, size_t len, struct str *out);

#endif
