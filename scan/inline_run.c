#include "scan/inline_run.h"

#include <string.h>

#include "base/ptr.h"
#include "base/secret.h"
#include "scan/inline_groups.h"
#include "scan/inline_pairs.h"

#define LEAST	   16 /* characters */
#define NARROW	   48 /* … in three lines or more that are each shorter than that */
#define JOINER_MAX 96
/* Of so many no container can be said, and only of ASCII is there enough to be written. */
#define SHORT 32

/* ---- decoding */

#define LANE(c, n, m, at)                                                                          \
	{                                                                                          \
		.coding = (c), .chars = (n), .bytes = (m), .phase = (at)                           \
	}

static const struct text_lane lanes[RUN_LANES] = {
	LANE(INLINE_BASE64, 4, 3, 0),
	LANE(INLINE_BASE64, 4, 3, 1),
	LANE(INLINE_BASE64, 4, 3, 2),
	LANE(INLINE_BASE64, 4, 3, 3),
	LANE(INLINE_HEX, 2, 1, 0),
	LANE(INLINE_HEX, 2, 1, 1),
	LANE(INLINE_BASE32, 8, 5, 0),
	LANE(INLINE_BASE32, 8, 5, 1),
	LANE(INLINE_BASE32, 8, 5, 2),
	LANE(INLINE_BASE32, 8, 5, 3),
	LANE(INLINE_BASE32, 8, 5, 4),
	LANE(INLINE_BASE32, 8, 5, 5),
	LANE(INLINE_BASE32, 8, 5, 6),
	LANE(INLINE_BASE32, 8, 5, 7),
};

static void begin(struct run_reader *r)
{
	memcpy(r->lanes, lanes, sizeof(lanes));
	r->n = r->part = r->narrow = r->seen = r->seen_before = 0;
	r->start = r->open = true;
}

static void decode(const struct text_lane *l, const unsigned char *c, size_t n, unsigned char *to)
{
	if (l->coding == INLINE_BASE64)
		base64_decode(c, n, to);
	else if (l->coding == INLINE_BASE32)
		base32_decode(c, n, to);
	else
		hex_decode(c, n, to);
}

/* The first group of the lane that begins at or behind character c. */
static size_t group_from(const struct run_reader *r, const struct text_lane *l, size_t c)
{
	size_t phase = (r->part + l->phase) % l->chars;

	return c + (phase + l->chars - c % l->chars) % l->chars;
}

/* Decodes what ends before `end`; with `final` also an incomplete group. */
static int take_lane(struct run_reader *r, struct text_lane *l, size_t end, bool final,
	unsigned int least, const struct inline_out *out)
{
	unsigned char bytes[TEXT_MAX + 64] __attribute__((uninitialized));
	size_t back = r->part > RUN_BACK ? r->part - RUN_BACK : 0;
	size_t first = group_from(r, l, l->open || l->binary || l->done > back ? l->done : back);
	size_t groups = end > first ? (end - first + (final ? 0 : l->chars - 1)) / l->chars : 0;
	size_t rest = final && end > first ? (end - first) % l->chars : 0;
	struct text_bytes b = {.p = bytes,
		.n = groups * l->bytes + rest * l->bytes / l->chars,
		.first = first,
		.at = r->at,
		.start = r->start,
		.final = final,
		.least = least};
	int ret;

	if (b.n == 0)
		return 0;
	decode(l, r->chars + first, groups + (rest > 0), bytes);
	memset(bytes + b.n, 1, 64);
	ret = text_take(l, &b, out);
	secret_wipe(bytes, b.n);
	if (l->open || l->binary)
		l->done = first + groups * l->chars;
	return ret;
}

/* The codings of which lanes may have to write something, as bits. */
static unsigned int may_say(const struct run_reader *r, size_t end)
{
	size_t back = r->part > RUN_BACK ? r->part - RUN_BACK : 0;
	unsigned int ret = r->seen | r->seen_before;

	if (ret & 1U << INLINE_BASE32 && !base32_may_say(r->chars + back, end - back))
		ret &= ~(1U << INLINE_BASE32);
	if (r->codings & 1U << INLINE_BASE64 &&
		base64_may_say(r->chars + back, end - back, r->start))
		ret |= 1U << INLINE_BASE64;
	return ret;
}

/*
 * A stretch that goes on from one part to the next stays one span only if nothing else of its
 * coding is written between: what the other lanes say meanwhile must be longer to be believed.
 */
static int take_lanes(struct run_reader *r, size_t end, bool final, const struct inline_out *out)
{
	size_t known = final ? end : end + RUN_AHEAD < r->n ? end + RUN_AHEAD : r->n;
	unsigned int least = TEXT_LEAST, codings = may_say(r, known);
	bool was_open[RUN_LANES];
	int ret = 0;

	for (size_t i = 0; i < RUN_LANES; i++)
		was_open[i] = r->lanes[i].open;
	for (size_t i = 0; ret == 0 && i < RUN_LANES; i++) {
		if (was_open[i])
			ret = take_lane(r, &r->lanes[i], end, final, TEXT_LEAST, out);
		if (was_open[i] && r->lanes[i].open)
			least = r->lanes[i].stretch > 4 * TEXT_LEAST
					? (unsigned int)r->lanes[i].stretch
					: 4 * TEXT_LEAST;
	}
	for (size_t i = 0, own = least; ret == 0 && i < RUN_LANES; i++) {
		struct text_lane *l = &r->lanes[i];

		if (i > 0 && l->coding != r->lanes[i - 1].coding)
			own = least;
		if (!was_open[i] && (l->binary || codings >> l->coding & 1))
			ret = take_lane(r, l, end, final, (unsigned int)own, out);
		if (l->open && l->stretch >= 4 * TEXT_LEAST)
			own = l->stretch;
	}
	return ret;
}

/* All up to `end` is decoded; keeps what lanes look back at. The parts begin at multiples of 8. */
static void slide(struct run_reader *r, size_t end)
{
	size_t by = end > RUN_BACK ? end - RUN_BACK : 0;

	by &= ~(size_t)7;
	memmove(r->chars, r->chars + by, r->n - by);
	memmove(r->at, r->at + by, (r->n - by) * sizeof(r->at[0]));
	r->n -= by;
	r->part = end - by;
	r->seen_before = r->seen;
	r->seen = 0;
	r->start = false;
	for (size_t i = 0; i < RUN_LANES; i++)
		r->lanes[i].done = r->lanes[i].done > by ? r->lanes[i].done - by : 0;
}

static int take_part(struct run_reader *r, const struct inline_out *out)
{
	size_t end = r->part + RUN_PART;
	int ret = take_lanes(r, end, false, out);

	slide(r, end);
	return ret;
}

/* What came so far, also the group that is not complete; it is decoded again when more comes. */
static int take_rest(struct run_reader *r, const struct inline_out *out)
{
	size_t whole = r->part + ((r->n - r->part) & ~(size_t)7);
	int ret;

	/* Of every alphabet and either case; it says nothing of a whole byte. */
	memset(r->chars + r->n, '2', 8);
	ret = take_lanes(r, r->n, true, out);
	slide(r, whole);
	return ret;
}

/* ---- gathering */

static void look_at_letters(
	struct run_reader *r, const struct inline_window *w, size_t from, size_t end)
{
	static const struct {
		enum inline_class class;
		enum inline_coding coding;
	} letters[] = {{CLASS_HEX, INLINE_HEX}, {CLASS_UPPER, INLINE_BASE32},
		{CLASS_LOWER, INLINE_BASE32}};

	for (size_t i = 0; i < ARRAY_LEN(letters); i++)
		if (r->narrow > 2 || bits_run(w->masks[letters[i].class], from, end, LEAST) < end)
			r->seen |= 1U << letters[i].coding & r->codings;
}

/* Characters [from, end) of the window, which follow each other. */
static int add_chars(struct run_reader *r, const struct inline_window *w, size_t from, size_t end)
{
	size_t first = from;
	int ret = 0;

	while (ret == 0 && from < end) {
		size_t room = r->part + RUN_PART + RUN_AHEAD - 8 - r->n;
		size_t some = end - from < room ? end - from : room;

		memcpy(r->chars + r->n, w->p + from, some);
		for (size_t i = 0; i < some; i++)
			r->at[r->n + i] = w->base + from + i;
		r->n += some;
		look_at_letters(r, w, from - first < LEAST ? first : from - LEAST, from + some);
		from += some;
		if (some == room)
			ret = take_part(r, w->out);
	}
	return ret;
}

/* Letters and line ends [from, end). */
static int add_lines(struct run_reader *r, const struct inline_window *w, size_t from, size_t end)
{
	int ret = 0;

	while (ret == 0 && (from = bits_one(w->masks[CLASS_BASE64], from, end)) < end) {
		size_t to = bits_zero(w->masks[CLASS_BASE64], from, end);

		r->narrow += to - from < LEAST;
		ret = add_chars(r, w, from, to);
		from = to;
	}
	return ret;
}

/* ---- what may stand within a run */

static bool is_line_end(unsigned char c)
{
	return c == '\n' || c == '\r';
}

/* White space with a line end in it or before it, and marks of quoting and comments behind one. */
static size_t skip_indent(const struct inline_window *w, size_t i, size_t end)
{
	bool line = i > 0 && is_line_end(w->p[i - 1]);
	size_t from = i;

	for (; i < end && w->p[i] && strchr(line ? " \t\r\n#>*|;" : " \t\r\n", w->p[i]); i++)
		line = line || is_line_end(w->p[i]);
	return line || i == end ? i : from;
}

/* "\n", "\r\n", also escaped once more, as JSON and C write line ends. */
static size_t skip_escapes(const struct inline_window *w, size_t i, size_t end)
{
	size_t from = i;

	while (i < end && w->p[i] == '\\') {
		while (i < end && w->p[i] == '\\')
			i++;
		if (i < end && w->p[i] != 'n' && w->p[i] != 'r' && !is_line_end(w->p[i]))
			return from;
		i += i < end;
	}
	return i;
}

/* From the end of a quoted string to the beginning of the next one. */
static size_t skip_quotes(const struct inline_window *w, size_t i, size_t end)
{
	unsigned char quote = w->p[i];
	size_t from = i++;

	while (i < end && w->p[i] != quote && w->p[i] && strchr(" \t\r\n+.,&\\()", w->p[i]))
		i++;
	if (i == end)
		return i;
	return w->p[i] == quote ? i + 1 : from;
}

/*
 * Where the run goes on that stopped at i; i: it does not; w->end: that is not known yet.
 */
static size_t skip_joiner(const struct inline_window *w, size_t i)
{
	size_t end = i + JOINER_MAX < w->end ? i + JOINER_MAX : w->end, to = i;

	if (i == end)
		return w->end;
	/* What mostly stands behind a word. */
	if (end - i > 1 && w->p[i] == ' ' && w->p[i + 1] > ' ' && !is_line_end(w->p[i - 1]))
		return i;
	if (w->p[i] == '"' || w->p[i] == '\'')
		to = skip_quotes(w, i, end);
	else if (w->p[i] == '\\')
		to = skip_escapes(w, i, end);
	if (to < end && (to == i || w->p[i] == '\\'))
		to = skip_indent(w, to, end);
	if (to == end)
		return end == w->end && !w->last ? w->end : i;
	return bits_at(w->masks[CLASS_BASE64], to) ? to : i;
}

/* ---- finding */

static bool is_run(const struct inline_window *w, size_t from, size_t end)
{
	const uint64_t *letters = w->masks[CLASS_BASE64];

	if (bits_run(letters, from, end, LEAST) < end)
		return true;
	return end - from >= NARROW && end - from - bits_count(letters, from, end) >= 3;
}

/* The run goes on from i; where it stops, and in r->open whether it may go on behind. */
static int go_on(struct run_reader *r, const struct inline_window *w, size_t *i)
{
	int ret = 0;

	while (ret == 0) {
		size_t end = bits_zero(w->masks[CLASS_RUN], *i, w->end), to;

		if (end > *i)
			ret = add_lines(r, w, *i, end);
		*i = end;
		if (end == w->end)
			return ret;
		to = skip_joiner(w, end);
		if (to == w->end)
			return ret;
		r->open = to != end;
		if (!r->open)
			return ret == 0 ? take_rest(r, w->out) : ret;
		*i = to;
	}
	return ret;
}

/* Whether LEAST of these in a row are there. */
static inline bool has_least(uint64_t x)
{
	x = bits_eight(x);
	return (x & x >> (LEAST - 8)) != 0;
}

/* The characters of the short run [from, end), without line ends, and zeros; how many there are. */
static size_t gather(
	const struct inline_window *w, size_t from, size_t end, unsigned char chars[64])
{
	size_t n = 0;

	while ((from = bits_one(w->masks[CLASS_BASE64], from, end)) < end) {
		size_t to = bits_zero(w->masks[CLASS_BASE64], from, end);

		memcpy(chars + n, w->p + from, to - from);
		n += to - from;
		from = to;
	}
	memset(chars + n, 0, 64 - n);
	return n;
}

/* Nothing can be written of the short run [from, end), behind which another byte stands. */
static bool says_nothing(const struct inline_window *w, size_t from, size_t end)
{
	unsigned char chars[64] __attribute__((uninitialized));
	uint64_t mine, letters;
	size_t n = end - from;

	if (n >= 64 || end == w->end)
		return false;
	mine = (1ULL << n) - 1;
	letters = bits_from(w->masks[CLASS_BASE64], from) & mine;
	if (letters == mine) {
		if (base64_pairs(w->p + from, n) != 0)
			return false;
		if (n > SHORT && base64_may_say(w->p + from, n, true))
			return false;
	} else {
		n = gather(w, from, end, chars);
		if (base64_pairs(chars, n) != 0 || (n > SHORT && base64_may_say(chars, n, true)))
			return false;
	}
	return !has_least(bits_from(w->masks[CLASS_HEX], from) & mine) &&
	       !has_least(bits_from(w->masks[CLASS_UPPER], from) & mine) &&
	       !has_least(bits_from(w->masks[CLASS_LOWER], from) & mine) &&
	       skip_joiner(w, end) == end;
}

int run_scan(struct run_reader *r, const struct inline_window *w)
{
	const uint64_t *mask = w->masks[CLASS_RUN];
	size_t i = window_at(w, r->next), end;
	int ret = 0;

	if (!r->codings)
		return 0;
	while (ret == 0) {
		if (r->open) {
			ret = go_on(r, w, &i);
			if (r->open)
				break;
			continue;
		}
		end = bits_run(mask, i, w->end, LEAST);
		if (end == w->end) {
			/* The last ones may be the beginning of a run. */
			for (i = end; i > window_at(w, r->next) && bits_at(mask, i - 1);)
				i--;
			break;
		}
		i = end;
		end = bits_zero(mask, i, w->end);
		if (!is_run(w, i, end)) {
			if (end == w->end)
				break;
			i = end;
		} else if (says_nothing(w, i, end)) {
			i = end;
		} else {
			begin(r);
		}
	}
	r->next = w->base + i;
	return ret == 0 && r->open && w->last ? take_rest(r, w->out) : ret;
}

void run_reset(struct run_reader *r)
{
	secret_wipe(r->chars, r->n);
	r->n = 0;
	r->next = 0;
	r->open = false;
}
