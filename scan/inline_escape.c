#include "scan/inline_escape.h"

#include <string.h>

#include "scan/fold.h"
#include "scan/inline_letters.h"
#include "scan/inline_reference.h"

/* Bytes between two escapes of quoted-printable that count together. */
#define QUOTED_NEAR 8
/* What a backslash that an escape says may begin an escape with. */
#define BEHIND_BACKSLASH "uUx0123"

void escape_reset(struct escape_reader *r, enum inline_coding coding)
{
	r->next = r->last = 0;
	r->span.coding = coding;
	r->span.to = 0;
	if (r->span.open)
		span_drop(&r->span);
}

/*
 * Of numbers in a list each is followed by the same escape, of n bytes, that stands in front of
 * this place: 103%2C104%2C, 67%3A68%3A, 103,\n 104,\n.
 */
static bool is_between_numbers(const unsigned char *behind, size_t n, const unsigned char *end)
{
	const unsigned char *p = behind;
	size_t digits = 0;

	while (p < end && p - behind < 2 && (*p == ' ' || *p == '+'))
		p++;
	for (; p < end && digits <= 4 && (letter_is_hex(*p) || *p == 'x'); p++)
		digits++;
	if (p < end && *p == ',' && behind[-1] == 'n')
		p++;
	return digits > 0 && digits <= 4 && (size_t)(end - p) >= n && memcmp(p, behind - n, n) == 0;
}

/* A line of a dump begins: seven or eight digits of an offset, and a colon or blank. */
static bool is_dump_line(const unsigned char *p, const unsigned char *end)
{
	size_t digits = 0;

	while (p < end && digits < 9 && letter_is_hex(*p)) {
		digits++;
		p++;
	}
	return (digits == 7 || digits == 8) && p < end && (*p == ':' || *p == ' ');
}

/* What an escape says may be part of a token, or of another escape with what follows it. */
static bool says_token(const unsigned char *says, size_t len, const unsigned char *behind,
	const unsigned char *end)
{
	struct folded f;

	/* Two strings, of which each may be a part of a token. */
	if (len == 0)
		return behind < end && letter_is_token(*behind);
	if (*says == '%')
		return end - behind > 1 && letter_is_hex(behind[0]) && letter_is_hex(behind[1]);
	if (*says == '&')
		return behind < end &&
		       (*behind == '#' || *behind == '%' || letter_is_alnum(*behind));
	if (*says == '\\')
		return behind < end && *behind && strchr(BEHIND_BACKSLASH, *behind);
	if (*says < 0x80)
		return letter_is_token(*says);
	/* A byte of a character, or one in disguise. */
	if (len == 1 || fold_next(says, says + len, &f) == 0)
		return true;
	return f.kind != FOLD_SAME && f.kind != FOLD_SPACE;
}

/* Two close by say it, or one that is no decimal number, which = often precedes, or a line's end
 * within a word. */
static bool begins_quoted(struct escape_reader *r, const struct inline_window *w, size_t at,
	size_t behind, unsigned char says, size_t len)
{
	uint64_t last = r->last;

	if (len == 0)
		return at > 0 && letter_is_base64(w->p[at - 1]) && behind < w->end &&
		       letter_is_base64(w->p[behind]);
	if (!says_token(&says, 1, w->p + behind, w->p + w->end))
		return false;
	r->last = w->base + behind;
	return w->p[at + 2] > '9' || (last > 0 && w->base + at - last <= QUOTED_NEAR);
}

/* The quote at which two strings are joined by the + at this place, or the place. */
static size_t join_at(const struct inline_window *w, size_t plus)
{
	size_t i = plus > 0 && w->p[plus - 1] == ' ' ? plus - 1 : plus;

	return i > 0 && (w->p[i - 1] == '"' || w->p[i - 1] == '\'') ? i - 1 : plus;
}

/* The next byte from i on, before end, at which a join may begin. */
static size_t next_join(const struct inline_window *w, size_t i, size_t end)
{
	for (size_t at = i; (at = bits_one(w->masks[CLASS_PLUS], at, end)) < end; at++) {
		size_t join = join_at(w, at);

		if (join != at && join >= i)
			return join;
	}
	return end;
}

/* The next byte at which an escape may begin. */
static size_t next_place(const struct escape_reader *r, const struct inline_window *w, size_t i)
{
	const uint64_t *percent = w->masks[CLASS_PERCENT], *amp = w->masks[CLASS_AMP];
	const uint64_t *hex = w->masks[CLASS_HEX], *run = w->masks[CLASS_RUN];
	bool quoted = r->span.coding == INLINE_QUOTED;

	for (size_t at = i / 64; at * 64 < w->end; at++) {
		uint64_t follows = hex[at] >> 1 | hex[at + 1] << 63, places;

		if (!(percent[at] | amp[at]))
			continue;
		if (quoted) /* also a line's end, which is of no base64 */
			places = percent[at] & (run[at] >> 1 | run[at + 1] << 63);
		else
			places = (percent[at] & (follows | 1ULL << 63 | run[at] >> 1)) | amp[at];
		/* The window's last bytes are looked at whatever follows. */
		if (w->end - at * 64 <= 64)
			places |= percent[at];
		if (at == i / 64)
			places &= ~0ULL << i % 64;
		for (; places; places &= places - 1) {
			size_t place = at * 64 + (size_t)__builtin_ctzll(places);

			if ((w->p[place] == '=') == quoted)
				return place < w->end ? place : w->end;
		}
	}
	return w->end;
}

struct escape {
	size_t at, behind; /* in the window */
	size_t join;	   /* the next join, if it is not before the place that is looked at */
	unsigned char says[REFERENCE_SAYS];
	size_t len;
	bool begins; /* a span */
};

/* What a letter behind a backslash says is no part of a token, and most escapes are such. */
static bool is_plain(const struct inline_window *w, size_t i)
{
	const unsigned char *behind, *end = w->p + w->end;

	if (w->p[i] != '\\' || i + 1 == w->end)
		return false;
	switch (w->p[i + 1]) {
	case 'n':
		behind = w->p + i + 2;
		return (w->last || w->end - i >= REFERENCE_MAX) && !is_dump_line(behind, end) &&
		       !is_between_numbers(behind, 2, end);
	case 'r':
	case 't':
	case 'b':
	case 'f':
	case 'v':
	case '"':
	case '\'':
		return true;
	case '\\': /* another escape may begin behind it */
		return i + 2 < w->end && w->p[i + 2] && !strchr(BEHIND_BACKSLASH, w->p[i + 2]);
	default:
		return false;
	}
}

/* It says a part of a token, or separates what may be numbers, of which a token may be. */
static bool begins_span(
	const struct escape *e, const unsigned char *behind, const unsigned char *end)
{
	size_t n = e->behind - e->at;

	if (says_token(e->says, e->len, behind, end))
		return true;
	if (e->len != 1 || n > 3)
		return false;
	return is_between_numbers(behind, n, end) ||
	       (e->says[0] == '\n' && is_dump_line(behind, end));
}

/* The next escape from i on. 1; 0: none is before *stop, up to which is decided. */
static int next_escape(struct escape_reader *r, const struct inline_window *w, size_t i,
	struct escape *ret, size_t *stop)
{
	bool quoted = r->span.coding == INLINE_QUOTED;
	const unsigned char *end = w->p + w->end;
	size_t first = i;

	for (;; i++) {
		size_t place = next_place(r, w, i);
		int n;

		if (ret->join < i)
			ret->join = quoted ? w->end : next_join(w, i, w->end);
		i = place < ret->join ? place : ret->join;
		if (i >= w->end)
			break;
		if (!r->span.open && is_plain(w, i)) {
			i++;
			continue;
		}
		n = (quoted ? reference_read_quoted : reference_read)(
			w->p + i, end, ret->says, &ret->len);

		*stop = i;
		if ((n < 0 || w->end - i < REFERENCE_MAX) && !w->last)
			return 0;
		if (n <= 0)
			continue;
		ret->at = i;
		ret->behind = i + (size_t)n;
		ret->begins = quoted ? begins_quoted(r, w, i, ret->behind, ret->says[0], ret->len)
				     : begins_span(ret, w->p + ret->behind, end);
		return 1;
	}
	/* A quote and a blank at the end may begin a join. */
	*stop = quoted || w->last ? w->end : w->end - first > 2 ? w->end - 2 : first;
	return 0;
}

int escape_scan(struct escape_reader *r, const struct inline_window *w)
{
	size_t i = window_at(w, r->next), stop = i;
	struct escape e = {.join = 0};
	int ret = 0;

	while (ret == 0 && next_escape(r, w, i, &e, &stop)) {
		i = e.behind;
		ret = span_reach(&r->span, w, e.at);
		if (ret == 0 && e.begins) {
			r->span.until = w->base + e.behind + INLINE_BEHIND;
			if (!r->span.open) {
				/* No further than where the span before ended. */
				uint64_t from =
					w->base + (e.at > INLINE_BEFORE ? e.at - INLINE_BEFORE : 0);

				/* From there on the others are undone, too. */
				span_begin(&r->span, from > r->span.to ? from : r->span.to);
				i = window_at(w, r->span.to);
				e.join = 0;
				continue;
			}
		}
		if (ret == 0 && r->span.open)
			ret = span_other(&r->span, e.behind - e.at, e.says, e.len, w->out);
		r->next = w->base + e.behind;
	}
	if (ret == 0)
		ret = span_reach(&r->span, w, stop);
	r->next = w->base + stop;
	return ret == 0 && w->last ? span_write(&r->span, w->out) : ret;
}
