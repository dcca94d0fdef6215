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
	uint64_t hash;
	uint64_t used, message;
	unsigned int nth; /* value of this name in the message */
	uint32_t before[SPLIT_REPEATS];
	struct split_line forward[KINDS], backward[KINDS];
};

struct split_history {
	uint64_t clock, message;
	struct split_line all[KINDS];
	struct split_name names[SPLIT_NAMES];
	size_t n;
	unsigned char hints[128]; /* where a name of this hash was last seen */
};

struct split {
	const struct known *known;
	struct split_history *now; /* the window's, or own */
	struct split_history own;
	bool is_open;	      /* a value was begun */
	uint64_t name, names; /* hashes: of the value's name, of VALUES_NAMES */
	struct split_part parts[KINDS];
};

void split_history_free(struct split_history *h)
{
	if (!h)
		return;
	secret_wipe(h, sizeof(*h));
	free(h);
}

static uint64_t hash_name(const char *name)
{
	uint64_t h = 0;

	for (; *name; name++)
		if (*name < '0' || *name > '9')
			h = (h << 7 | h >> 57) + ((unsigned char)*name | 0x20);
	return h * 0x9e3779b97f4a7c15ULL;
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

/* The last ones of p, behind those there are. */
static void put_last(struct split_part *part, const unsigned char *p, size_t n)
{
	if (n >= KNOWN_CARRY) {
		memcpy(part->last, p + n - KNOWN_CARRY, KNOWN_CARRY);
		return;
	}
	memmove(part->last, part->last + n, KNOWN_CARRY - n);
	memcpy(part->last + KNOWN_CARRY - n, p, n);
}

static void put(struct split_part *part, const unsigned char *p, size_t n)
{
	size_t room = part->n < SPLIT_ENDS ? SPLIT_ENDS - part->n : 0;

	memcpy(part->first + (SPLIT_ENDS - room), p, n < room ? n : room);
	put_last(part, p, n);
	part->n += n;
}

/* What is longer than this is looked at from its ends. */
#define PIECE 128

static void read_codes(
	struct split *s, const unsigned char *p, size_t len, size_t max, struct split_part *part)
{
	while (len > 0 && part->n < max) {
		unsigned char codes[PIECE + KNOWN_KEEP_SLACK];
		size_t some = len < PIECE ? len : PIECE;

		put(part, codes, known_keep(&s->known->keep, codes, p, some));
		secret_wipe(codes, some);
		p += some;
		len -= some;
	}
}

/* Of a long piece, the beginning and as much of the end as holds the last ones. */
static void read_long(struct split *s, const unsigned char *p, size_t len)
{
	struct split_part *part = &s->parts[CODES], before = *part, end;
	size_t back = 0, n;

	read_codes(s, p, len, SPLIT_ENDS, part);
	if (part->n < SPLIT_ENDS)
		return;
	do {
		back = back + PIECE < len ? back + PIECE : len;
		end = (struct split_part){0};
		read_codes(s, p + len - back, back, SIZE_MAX, &end);
	} while (end.n < KNOWN_CARRY && back < len);
	n = end.n < KNOWN_CARRY ? end.n : KNOWN_CARRY;
	memcpy(part->last, before.last, KNOWN_CARRY);
	put_last(part, end.last + KNOWN_CARRY - n, n);
	/* There may be more of them than were counted. */
	part->n++;
	secret_wipe(&before, sizeof(before));
	secret_wipe(&end, sizeof(end));
}

static uint64_t hash_part(const struct split_part *part)
{
	uint64_t h = part->n, word;

	for (size_t i = 0; i < SPLIT_ENDS && i < part->n; i += sizeof(word)) {
		memcpy(&word, part->first + i, sizeof(word));
		h = (h ^ h >> 29 ^ word) * 0x9e3779b97f4a7c15ULL;
	}
	return h;
}

int split_value(struct split *s, const char *name, const unsigned char *p, size_t len,
	known_hit_fn *hit, void *arg)
{
	(void)hit;
	(void)arg;
	if (!s->is_open) {
		s->is_open = true;
		s->name = hash_name(name);
		memset(s->parts[CODES].first, 0, SPLIT_ENDS);
		memset(s->parts[BYTES].first, 0, SPLIT_ENDS);
		s->parts[CODES].n = s->parts[BYTES].n = 0;
	}
	if (len > 2 * PIECE)
		read_long(s, p, len);
	else
		read_codes(s, p, len, SIZE_MAX, &s->parts[CODES]);
	if (s->known->bytes.n > 0)
		put(&s->parts[BYTES], p, len);
	return 0;
}

/* ---- names */

static struct split_name *oldest(struct split_history *h)
{
	struct split_name *found = &h->names[0];

	if (h->n < SPLIT_NAMES)
		return &h->names[h->n++];
	for (size_t i = 1; i < h->n; i++)
		if (h->names[i].used < found->used)
			found = &h->names[i];
	return found;
}

static struct split_name *name_of(struct split_history *h, uint64_t hash)
{
	unsigned char *hint = &h->hints[hash % sizeof(h->hints)];
	struct split_name *found = *hint < h->n ? &h->names[*hint] : NULL;

	for (size_t i = 0; (!found || found->hash != hash) && i < h->n; i++)
		found = &h->names[i];
	if (!found || found->hash != hash) {
		found = oldest(h);
		*found = (struct split_name){.hash = hash};
	}
	*hint = (unsigned char)(found - h->names);
	found->used = ++h->clock;
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

int split_end(struct split *s, known_hit_fn *hit, void *arg)
{
	struct split_name *name;
	bool is_repeat;
	int r;

	if (!s->is_open)
		return 0;
	s->is_open = false;
	name = name_of(s->now, s->name);
	is_repeat = is_repeated(name, hash_part(&s->parts[CODES]) + hash_part(&s->parts[BYTES]));
	r = join(s, name->forward, SPLIT_FORWARD, hit, arg);
	if (r == 0)
		r = join(s, name->backward, SPLIT_BACKWARD, hit, arg);
	if (r == 0 && !is_repeat && s->name != s->names)
		r = join(s, s->now->all, SPLIT_FORWARD, hit, arg);
	return r;
}
