#include "scan/split.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/secret.h"
#include "scan/known_set.h"
#include "scan/split_line.h"
#include "scan/values.h"
#include "scan/window.h"

/*
 * Theory of operation. Of a value only its ends are kept while it is read (scan/split_line.h); at
 * its end they are joined to three lines: that of all values, and of its name forward and backward.
 * Each line is there twice, for the two kinds of needles (scan/known_set.h).
 */
enum { CODES, BYTES, KINDS };

/* The values of a name in the message before, by their order in it, that are compared. */
#define SPLIT_REPEATS 8

struct split_name {
	uint64_t message;
	unsigned int nth; /* value of this name in the message */
	uint32_t before[SPLIT_REPEATS];
	struct split_line forward[KINDS], backward[KINDS];
};

struct split_history {
	uint64_t message;
	struct split_line all[KINDS];
	size_t n;
	unsigned char hints[128]; /* where a name of this hash was last seen */
	uint32_t keys[256];	  /* hashes of names that were values lately */
	/* Of names[i], beside one another, as all are looked through: its hash, and when it was
	 * last used. */
	uint32_t hashes[SPLIT_NAMES], used[SPLIT_NAMES], clock;
	struct split_name names[SPLIT_NAMES];
};

struct split {
	const struct known *known;
	struct split_history *now; /* the window's, or own */
	struct split_history own;
	bool is_open;	      /* a value was begun */
	uint32_t name, names; /* hashes: of the value's name, of VALUES_NAMES */
	struct split_part parts[KINDS];
};

void split_history_free(struct split_history *h)
{
	if (!h)
		return;
	secret_wipe(h, sizeof(*h));
	free(h);
}

static uint32_t hash_name(const char *name)
{
	uint64_t h = 0;

	for (; *name; name++)
		if (*name < '0' || *name > '9')
			h = (h << 7 | h >> 57) + ((unsigned char)*name | 0x20);
	return (uint32_t)(h * 0x9e3779b97f4a7c15ULL >> 32);
}

struct split *split_new(const struct known *k)
{
	struct split *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->known = k;
	s->now = &s->own;
	s->names = hash_name(VALUES_NAMES);
	return s;
}

void split_free(struct split *s)
{
	if (!s)
		return;
	secret_wipe(s, sizeof(*s));
	free(s);
}

void split_message(struct split *s, struct scan_window *w)
{
	/* Names are only added, so the first ones are all there is to forget. */
	secret_wipe(
		&s->own, offsetof(struct split_history, names) + s->own.n * sizeof(*s->own.names));
	s->own.n = 0;
	if (w && !w->split)
		w->split = calloc(1, sizeof(*w->split));
	/* Without memory for a window, a message is still looked at by itself. */
	s->now = w && w->split ? w->split : &s->own;
	s->now->message++;
	s->is_open = false;
}

/* ---- a value's ends */

/* What is longer than this is looked at from its ends. */
#define PIECE 128

static void read_codes(
	struct split *s, const unsigned char *p, size_t len, size_t max, struct split_part *part)
{
	while (len > 0 && part->n < max) {
		unsigned char codes[PIECE + KNOWN_KEEP_SLACK] KNOWN_UNSET;
		size_t some = len < PIECE ? len : PIECE;

		split_part_add(part, codes, known_keep(&s->known->keep, codes, p, some));
		secret_wipe(codes, some);
		p += some;
		len -= some;
	}
}

/* Of a long piece, the beginning and as much of the end as holds the last ones. */
static void read_long(struct split *s, const unsigned char *p, size_t len)
{
	struct split_part *part = &s->parts[CODES], end = {0};
	const unsigned char *last = end.last;
	size_t back = 0;

	while (end.n < KNOWN_CARRY && back < len) {
		back = back + PIECE < len ? back + PIECE : len;
		end.n = 0;
		read_codes(s, p + len - back, back, SIZE_MAX, &end);
	}
	/* So few, that all of it was read. */
	if (end.n < KNOWN_CARRY) {
		split_part_add(part, end.first, end.n);
	} else {
		read_codes(s, p, len, SPLIT_ENDS + 1, part);
		if (end.n <= SPLIT_ENDS)
			last = end.first + end.n - KNOWN_CARRY;
		if (part->n > SPLIT_ENDS)
			split_part_add_last(part, last, KNOWN_CARRY);
	}
	secret_wipe(&end, sizeof(end));
}

int split_value(struct split *s, const char *name, const unsigned char *p, size_t len,
	known_hit_fn *hit, void *arg)
{
	struct split_part *codes = &s->parts[CODES];

	(void)hit;
	(void)arg;
	if (!s->is_open) {
		s->is_open = true;
		s->name = hash_name(name);
		s->parts[CODES].n = s->parts[BYTES].n = 0;
	}
	if (len > 2 * PIECE)
		read_long(s, p, len);
	else if (len + codes->n <= SPLIT_ENDS)
		codes->n += known_keep(&s->known->keep, codes->first + codes->n, p, len);
	else
		read_codes(s, p, len, SIZE_MAX, codes);
	if (s->known->bytes.n > 0)
		split_part_add(&s->parts[BYTES], p, len);
	return 0;
}

/* ---- names */

static size_t oldest(struct split_history *h)
{
	uint32_t most = 0;
	size_t found = 0;

	if (h->n < SPLIT_NAMES)
		return h->n++;
	/* The clock may run over: what counts is how long ago it was. */
	for (size_t i = 0; i < SPLIT_NAMES; i++)
		most = h->clock - h->used[i] > most ? h->clock - h->used[i] : most;
	while (h->clock - h->used[found] != most)
		found++;
	return found;
}

static size_t place_of(struct split_history *h, uint32_t hash)
{
	unsigned char *hint = &h->hints[hash % sizeof(h->hints)];
	size_t found = *hint;

	if (found < h->n && h->hashes[found] == hash)
		return found;
	for (found = 0; found < h->n && h->hashes[found] != hash;)
		found++;
	if (found == h->n) {
		found = oldest(h);
		h->names[found] = (struct split_name){0};
		h->hashes[found] = hash;
	}
	*hint = (unsigned char)found;
	return found;
}

static struct split_name *name_of(struct split_history *h, uint32_t hash)
{
	size_t i = place_of(h, hash);
	struct split_name *found = &h->names[i];

	h->used[i] = ++h->clock;
	if (found->message != h->message) {
		found->message = h->message;
		found->nth = 0;
	}
	return found;
}

/* Whether the message before had the same value here; remembers it for the next one. */
static bool is_repeated(struct split_name *name, uint64_t content)
{
	uint32_t *before, now = (uint32_t)(content >> 32 ^ content) | 1;
	bool same;

	if (name->nth >= SPLIT_REPEATS)
		return false;
	before = &name->before[name->nth++];
	same = *before == now;
	*before = now;
	return same;
}

/* ---- joining */

static int join(struct split *s, struct split_line lines[KINDS], enum split_order order,
	known_hit_fn *hit, void *arg)
{
	int r = split_line_join(&lines[CODES], &s->known->codes, &s->parts[CODES], order, hit, arg);

	return r < 0 ? r
		     : split_line_join(
			       &lines[BYTES], &s->known->bytes, &s->parts[BYTES], order, hit, arg);
}

/* Names say something when they are new: a document's keys are the same over and over. */
static int end_name(struct split *s, known_hit_fn *hit, void *arg)
{
	uint32_t hash = (uint32_t)(split_part_hash(&s->parts[CODES]) >> 32) | 1;
	uint32_t *seen = &s->now->keys[hash >> 24];

	if (*seen == hash)
		return 0;
	*seen = hash;
	return join(s, name_of(s->now, s->name)->forward, SPLIT_FORWARD, hit, arg);
}

int split_end(struct split *s, known_hit_fn *hit, void *arg)
{
	struct split_name *name;
	bool is_repeat;
	int r;

	if (!s->is_open)
		return 0;
	s->is_open = false;
	if (s->name == s->names)
		return end_name(s, hit, arg);
	name = name_of(s->now, s->name);
	is_repeat = is_repeated(
		name, split_part_hash(&s->parts[CODES]) + split_part_hash(&s->parts[BYTES]));
	r = join(s, name->forward, SPLIT_FORWARD, hit, arg);
	if (r == 0)
		r = join(s, name->backward, SPLIT_BACKWARD, hit, arg);
	return r < 0 || is_repeat ? r : join(s, s->now->all, SPLIT_FORWARD, hit, arg);
}
