#include "scan/known.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/secret.h"
#include "scan/known_set.h"

/*
 * Theory of operation. A piece of text is read in blocks: its letters and digits are gathered, in
 * lower case, behind the last ones of what came before, and looked through (scan/known_index.h).
 * Where in the text they stood is worked out only when something was found: by counting again from
 * the beginning of the piece, or, of those that came before it, from what the state remembers.
 */
#define BLOCK 512

struct known *known_new(void)
{
	struct known *k = calloc(1, sizeof(*k));

	if (k)
		known_keep_init(&k->keep);
	return k;
}

void known_free(struct known *k)
{
	if (!k)
		return;
	known_index_done(&k->codes);
	known_index_done(&k->bytes);
	free(k);
}

int known_compile(struct known *k)
{
	int r = known_index_build(&k->codes);

	return r < 0 ? r : known_index_build(&k->bytes);
}

/* One call of known_search: the piece, and how far its letters and digits were counted. */
struct reading {
	const struct known_state *state; /* as it was when the piece began */
	const unsigned char *text;
	size_t len;
	uint64_t block;	  /* letters and digits in front of the stretch that is looked at */
	size_t at;	  /* of the piece: … */
	uint64_t at_seen; /* … so many letters and digits stood in front of it */
	known_hit_fn *hit;
	void *arg;
};

static inline bool is_code(unsigned char c)
{
	unsigned char low = c | 0x20;

	return (low >= 'a' && low <= 'z') || (c >= '0' && c <= '9');
}

/* The offset in the piece of letter or digit `wanted`, from one that is no further. */
static size_t count_to(const struct reading *r, uint64_t wanted, size_t at, uint64_t seen)
{
	for (; at < r->len; at++) {
		if (!is_code(r->text[at]))
			continue;
		if (seen++ == wanted)
			break;
	}
	return at;
}

static uint64_t remembered(const struct known_state *s, uint64_t wanted)
{
	uint64_t oldest = s->seen < KNOWN_CARRY ? 0 : s->seen - KNOWN_CARRY;

	return s->at - s->back[wanted - oldest];
}

static int found_code(void *arg, unsigned int id, size_t start, size_t end)
{
	struct reading *r = arg;
	const struct known_state *s = r->state;
	uint64_t first = r->block + start, last = r->block + end - 1, from;

	/* They come nearly in order: count on from the last one. */
	if (first < r->at_seen) {
		r->at = 0;
		r->at_seen = s->seen;
	}
	if (first < s->seen) {
		from = remembered(s, first);
	} else {
		r->at = count_to(r, first, r->at, r->at_seen);
		r->at_seen = first;
		from = s->at + r->at;
	}
	return r->hit(r->arg, id, from, s->at + count_to(r, last, r->at, r->at_seen) + 1);
}

/* The last ones of p, n in all, are kept: *held of them were there before. */
static void carry(unsigned char kept[KNOWN_CARRY], const unsigned char *p, size_t n)
{
	size_t from = n < KNOWN_CARRY ? 0 : n - KNOWN_CARRY;

	memcpy(kept, p + from, n - from);
}

static size_t carried(uint64_t seen)
{
	return seen < KNOWN_CARRY ? (size_t)seen : KNOWN_CARRY;
}

/* Where the last codes stand, counted back from the end of the piece. */
static void remember(struct known_state *s, const unsigned char *text, size_t len, uint64_t before)
{
	size_t held = carried(s->seen), old = carried(before), fresh = held;
	uint32_t more = len < UINT32_MAX ? (uint32_t)len : UINT32_MAX;

	if (s->seen - before < held)
		fresh = (size_t)(s->seen - before);
	memmove(s->back, s->back + old - (held - fresh), (held - fresh) * sizeof(*s->back));
	for (size_t i = 0; i < KNOWN_CARRY; i++)
		s->back[i] = s->back[i] < UINT32_MAX - more ? s->back[i] + more : UINT32_MAX;
	for (size_t at = len; fresh > 0 && at-- > 0;)
		if (is_code(text[at])) {
			size_t back = len - at;

			s->back[--held] = back < UINT32_MAX ? (uint32_t)back : UINT32_MAX;
			fresh--;
		}
}

static int search_codes(const struct known *k, struct known_state *s, struct reading *r)
{
	unsigned char buf[KNOWN_CARRY + BLOCK + KNOWN_KEEP_SLACK] KNOWN_UNSET;
	size_t used = 0;
	int rc = 0;

	for (size_t at = 0; rc == 0 && at < r->len; at += BLOCK) {
		size_t len = r->len - at < BLOCK ? r->len - at : BLOCK;
		struct known_stretch in = {.p = buf, .fresh = carried(s->seen)};

		memcpy(buf, s->codes, KNOWN_CARRY);
		in.n = in.fresh + known_keep(&k->keep, buf + in.fresh, r->text + at, len);
		r->block = s->seen - in.fresh;
		used = used < in.n ? in.n : used;
		rc = known_index_look(&k->codes, &in, found_code, r);
		carry(s->codes, buf, in.n);
		s->seen += in.n - in.fresh;
	}
	secret_wipe(buf, used);
	return rc;
}

static int found_bytes(void *arg, unsigned int id, size_t start, size_t end)
{
	struct reading *r = arg;

	return r->hit(r->arg, id, r->block + start, r->block + end);
}

static int search_bytes(const struct known *k, struct known_state *s, struct reading *r)
{
	unsigned char buf[KNOWN_CARRY + BLOCK + KNOWN_KEEP_SLACK] KNOWN_UNSET;
	size_t used = 0;
	int rc = 0;

	for (size_t at = 0; rc == 0 && at < r->len; at += BLOCK) {
		size_t len = r->len - at < BLOCK ? r->len - at : BLOCK;
		struct known_stretch in = {.p = buf, .fresh = carried(r->state->at + at)};

		memcpy(buf, s->bytes, KNOWN_CARRY);
		memcpy(buf + in.fresh, r->text + at, len);
		in.n = in.fresh + len;
		r->block = r->state->at + at - in.fresh;
		used = used < in.n ? in.n : used;
		rc = known_index_look(&k->bytes, &in, found_bytes, r);
		carry(s->bytes, buf, in.n);
	}
	secret_wipe(buf, used);
	return rc;
}

int known_search(const struct known *k, struct known_state *state, const unsigned char *text,
	size_t len, known_hit_fn *hit, void *arg)
{
	const struct known_state begun = *state;
	struct reading r = {.state = &begun, .text = text, .len = len, .hit = hit, .arg = arg};
	int rc = 0;

	r.at_seen = begun.seen;
	if (k->codes.n > 0)
		rc = search_codes(k, state, &r);
	if (rc == 0 && k->bytes.n > 0)
		rc = search_bytes(k, state, &r);
	remember(state, text, len, begun.seen);
	state->at += len;
	return rc;
}
