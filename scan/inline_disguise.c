#include "scan/inline_disguise.h"

#include "scan/fold.h"
#include "scan/inline_letters.h"

/* Letters that make a word worth reading: of a suspicious one, of any other with a disguise. */
#define LEAST_STRANGE 6
#define LEAST_ANY     16
#define ACCENTS	      4 /* that make it suspicious, as does a gap of as many characters */
/* ASCII before a disguised character that is looked at. */
#define LOOK_BACK    32
#define HIDDEN_LEAST 8

void disguise_reset(struct disguise_reader *r)
{
	r->next = 0;
	r->word = (struct disguise_word){0};
	r->hidden_run = 0;
	if (r->span.open)
		span_drop(&r->span);
	if (r->hidden.open)
		span_drop(&r->hidden);
	r->span.coding = INLINE_FOLD;
	r->hidden.coding = INLINE_HIDDEN;
	r->span.to = 0;
}

static void read_letter(struct disguise_word *word, unsigned char c)
{
	word->letters++;
	word->ascii += letter_is_alnum(c);
	word->others += word->gap > 0;
	word->nuls += word->nul;
	word->nul = false;
	word->gap = word->marks = 0;
}

/* The word goes on with ASCII from i on; where it ends, or is long enough. */
static size_t read_on(
	struct disguise_word *word, const struct inline_window *w, size_t i, size_t end)
{
	size_t limit = end - i < LOOK_BACK ? end : i + LOOK_BACK;

	while (i < limit && letter_is_token(w->p[i]))
		read_letter(word, w->p[i++]);
	return i;
}

/* A word that begins in the ASCII of [from, end), behind which another character stands. */
static void read_back(
	struct disguise_word *word, const struct inline_window *w, size_t from, size_t end)
{
	size_t first = end;

	while (first > from && end - first < LOOK_BACK && letter_is_token(w->p[first - 1]))
		first--;
	*word = (struct disguise_word){.start = w->base + first};
	for (; first < end; first++)
		read_letter(word, w->p[first]);
}

/* A character that is dropped: a mark, or an invisible one. */
static void read_dropped(struct disguise_word *word, enum fold_kind kind)
{
	if (word->letters == 0 || word->nul)
		return;
	/* A mark is part of its letter; an invisible character counts when a letter follows. */
	if (kind == FOLD_MARK)
		word->accents++, word->marks++;
	else
		word->gap++;
}

static void read_folded(struct disguise_word *word, const struct folded *f)
{
	unsigned int letters = 0;

	for (unsigned int i = 0; i < f->len; i++)
		letters += letter_is_alnum(f->text[i]);
	word->letters += f->len;
	word->others += word->gap > 0;
	word->gap = word->marks = 0;
	if (letters == 0)
		return;
	if (f->kind == FOLD_ALIEN)
		word->aliens++;
	else if (f->kind == FOLD_ACCENT || f->len > 1)
		word->accents++;
	else
		word->others++;
}

/* The character at w->p[at], which is not ASCII, is the word's next one, or ends it. */
static void read_other(struct disguise_word *word, const struct folded *f, uint64_t at)
{
	if (f->kind == FOLD_MARK || f->kind == FOLD_DROP || f->kind == FOLD_HIDDEN) {
		read_dropped(word, f->kind);
		return;
	}
	if (f->kind == FOLD_SAME || f->kind == FOLD_SPACE || !letter_is_token(f->text[0])) {
		word->letters = 0;
		return;
	}
	if (word->letters == 0)
		*word = (struct disguise_word){.start = at};
	read_folded(word, f);
}

static bool is_suspicious(const struct disguise_word *word)
{
	if (word->letters == 0)
		return false;
	/* Strings in a table end by a NUL; a text with one behind each letter is another thing. */
	if (word->nuls >= LEAST_STRANGE && word->letters <= 2 * word->nuls)
		return true;
	if (word->gap >= ACCENTS || word->marks >= ACCENTS)
		return true;
	if (word->letters >= LEAST_ANY)
		return word->accents || word->aliens || word->others;
	return word->letters >= LEAST_STRANGE &&
	       (word->others || (word->aliens && word->ascii) || word->accents >= ACCENTS);
}

/* Bytes that hidden characters say one after the other. */
static int read_hidden(struct disguise_reader *r, const struct folded *f, size_t n, uint64_t at,
	const struct inline_out *out)
{
	if (f->kind == FOLD_HIDDEN) {
		if (!r->hidden.open)
			span_begin(&r->hidden, at);
		r->hidden_run++;
		return span_other(&r->hidden, n, &f->hidden, 1, out);
	}
	if (!r->hidden.open)
		return 0;
	if (r->hidden_run < HIDDEN_LEAST)
		span_drop(&r->hidden);
	r->hidden_run = 0;
	return span_end(&r->hidden, out);
}

static int write_other(struct disguise_reader *r, const struct folded *f, const unsigned char *p,
	size_t n, const struct inline_out *out)
{
	if (!r->span.open)
		return 0;
	if (f->kind == FOLD_SAME)
		return span_same(&r->span, p, n, out);
	return span_other(&r->span, n, f->text, f->len, out);
}

/* A span begins, or goes on. Where reading goes on: where the span begins. */
static size_t begin(struct disguise_reader *r, const struct inline_window *w, size_t at, size_t n)
{
	uint64_t start = r->word.start, from;

	r->span.until = w->base + at + n + INLINE_BEHIND;
	if (r->span.open)
		return at;
	start = start > INLINE_BEFORE ? start - INLINE_BEFORE : 0;
	from = start > w->base ? start : w->base;
	span_begin(&r->span, from > r->span.to ? from : r->span.to);
	r->word = (struct disguise_word){0};
	return window_at(w, r->span.to);
}

/* The character at i, which is not ASCII, of n bytes. Moves *i. */
static int read_one(struct disguise_reader *r, const struct inline_window *w, size_t *i,
	const struct folded *f, size_t n)
{
	bool was_open = r->span.open;
	int ret;

	read_other(&r->word, f, w->base + *i);
	if (is_suspicious(&r->word)) {
		*i = begin(r, w, *i, n);
		if (!was_open)
			return 0;
	}
	ret = read_hidden(r, f, n, w->base + *i, w->out);
	if (ret == 0)
		ret = write_other(r, f, w->p + *i, n, w->out);
	*i += n;
	return ret;
}

/* ASCII [*i, end) of the window. Moves *i to what is read, which may be further back. */
static int read_ascii(
	struct disguise_reader *r, const struct inline_window *w, size_t *i, size_t end)
{
	bool was_open = r->span.open, goes_on = r->word.letters > 0;
	size_t to = goes_on ? read_on(&r->word, w, *i, end) : *i;
	int ret;

	if (goes_on && is_suspicious(&r->word)) {
		*i = begin(r, w, to, 0);
		if (!was_open)
			return 0;
	}
	if (!goes_on || to < end)
		read_back(&r->word, w, to, end);
	*i = end;
	ret = read_hidden(r, &(struct folded){0}, 0, 0, w->out);
	return ret == 0 ? span_reach(&r->span, w, end) : ret;
}

/* ASCII up to the window's end: what may be part of a word is read again when more is there. */
static int read_tail(struct disguise_reader *r, const struct inline_window *w, size_t *i)
{
	struct disguise_word word = r->word;
	size_t to = word.letters > 0 ? read_on(&word, w, *i, w->end) : *i;

	if (word.letters > 0 && is_suspicious(&word)) {
		bool was_open = r->span.open;

		r->word = word;
		*i = begin(r, w, to, 0);
		if (!was_open)
			return 1;
		r->word = (struct disguise_word){0};
	} else if (to == w->end && !w->last) {
		return span_reach(&r->span, w, w->end);
	}
	if (to < w->end)
		r->word = (struct disguise_word){0};
	if (w->end - *i > LOOK_BACK)
		*i = w->end - LOOK_BACK;
	return span_reach(&r->span, w, w->end);
}

/* As fold_next, but that a NUL is nothing, too. */
static size_t next_char(
	struct disguise_reader *r, const struct inline_window *w, size_t i, struct folded *ret)
{
	if (w->p[i] != '\0')
		return fold_next(w->p + i, w->p + w->end, ret);
	*ret = (struct folded){.kind = FOLD_MARK, .text = w->p + i};
	if (r->word.nul)
		r->word.letters = 0;
	r->word.nul = r->word.letters > 0;
	return 1;
}

int disguise_scan(struct disguise_reader *r, const struct inline_window *w)
{
	const uint64_t *high = w->masks[CLASS_HIGH];
	size_t i = window_at(w, r->next), at, n;
	struct folded f;
	int ret = 0;

	do {
		ret = 0;
		while (ret == 0 && (at = bits_one(high, i, w->end)) < w->end) {
			if (at > i) {
				ret = read_ascii(r, w, &i, at);
				continue;
			}
			n = next_char(r, w, i, &f);
			if (n == 0 && !w->last)
				break;
			ret = read_one(r, w, &i, &f, n > 0 ? n : 1);
		}
		if (ret == 0 && at == w->end)
			ret = read_tail(r, w, &i);
	} while (ret == 1);
	r->next = w->base + i;
	if (ret == 0 && w->last)
		ret = span_write(&r->span, w->out);
	return ret == 0 && w->last ? read_hidden(r, &(struct folded){0}, 0, 0, w->out) : ret;
}
