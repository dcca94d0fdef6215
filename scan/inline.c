#include "scan/inline.h"

#include <stdlib.h>
#include <string.h>

#include "base/ptr.h"
#include "base/secret.h"
#include "scan/inline_base58.h"
#include "scan/inline_base85.h"
#include "scan/inline_disguise.h"
#include "scan/inline_escape.h"
#include "scan/inline_list.h"
#include "scan/inline_run.h"
#include "scan/inline_window.h"

#define WORDS (WINDOW_SIZE / 64)

struct inline_reader {
	unsigned int codings;
	unsigned char text[WINDOW_SIZE + 64]; /* the last bytes, and zeros behind them */
	size_t len;
	size_t classified; /* words whose masks are there */
	uint64_t base;	   /* of text[0] */
	bool decided;	   /* nothing came since the last flush */
	bool is_read;	   /* the readers below have seen some of it */
	uint64_t masks[CLASSES][WORDS + 3];
	struct run_reader runs;
	struct escape_reader escapes, quoted;
	struct disguise_reader disguises;
	struct list_reader pairs, decimals;
	struct base58_reader base58;
	struct base85_reader base85;
};

const char *inline_name(enum inline_coding c)
{
	static const char *const names[] = {
		[INLINE_BASE64] = "base64",
		[INLINE_BASE32] = "base32",
		[INLINE_BASE58] = "base58",
		[INLINE_BASE85] = "base85",
		[INLINE_HEX] = "hex",
		[INLINE_ESCAPE] = "escapes",
		[INLINE_QUOTED] = "quoted-printable",
		[INLINE_FOLD] = "unicode",
		[INLINE_HIDDEN] = "hidden characters",
		[INLINE_ROT13] = "rot13",
	};

	return names[c];
}

static void reset_readers(struct inline_reader *r)
{
	r->is_read = false;
	run_reset(&r->runs);
	r->runs.codings =
		r->codings & (1U << INLINE_BASE64 | 1U << INLINE_BASE32 | 1U << INLINE_HEX);
	escape_reset(&r->escapes, INLINE_ESCAPE);
	escape_reset(&r->quoted, INLINE_QUOTED);
	disguise_reset(&r->disguises);
	list_reset(&r->pairs, false);
	list_reset(&r->decimals, true);
	r->base58.next = 0;
	base85_reset(&r->base85);
}

struct inline_reader *inline_open(unsigned int codings)
{
	struct inline_reader *r = calloc(1, sizeof(*r));

	if (!r)
		return NULL;
	r->codings = codings;
	r->decided = true;
	reset_readers(r);
	return r;
}

void inline_close(struct inline_reader *r)
{
	if (!r)
		return;
	secret_wipe(r, sizeof(*r));
	free(r);
}

void inline_reset(struct inline_reader *r)
{
	secret_wipe(r->text, r->len);
	r->len = r->classified = 0;
	r->base = 0;
	r->decided = true;
	if (r->is_read)
		reset_readers(r);
}

static bool is_on(const struct inline_reader *r, enum inline_coding c)
{
	return r->codings >> c & 1;
}

static int read_codings(struct inline_reader *r, const struct inline_window *w)
{
	int ret = run_scan(&r->runs, w);

	if (ret == 0 && is_on(r, INLINE_HEX))
		ret = list_scan(&r->pairs, w);
	if (ret == 0 && is_on(r, INLINE_HEX))
		ret = list_scan(&r->decimals, w);
	if (ret == 0 && is_on(r, INLINE_BASE58))
		ret = base58_scan(&r->base58, w);
	if (ret == 0 && is_on(r, INLINE_BASE85))
		ret = base85_scan(&r->base85, w);
	if (ret == 0 && is_on(r, INLINE_ESCAPE))
		ret = escape_scan(&r->escapes, w);
	if (ret == 0 && is_on(r, INLINE_QUOTED))
		ret = escape_scan(&r->quoted, w);
	return ret == 0 && is_on(r, INLINE_FOLD) ? disguise_scan(&r->disguises, w) : ret;
}

/*
 * Of a text of one word, as most headers are, whether it lacks what each coding has: a sign that
 * begins an escape, sixteen letters in a row, four pairs of digits.
 */
static bool is_plain(const struct inline_reader *r)
{
	uint64_t all = r->len < 64 ? ((uint64_t)1 << r->len) - 1 : ~(uint64_t)0;
	uint64_t marks = r->masks[CLASS_PERCENT][0] | r->masks[CLASS_AMP][0] |
			 r->masks[CLASS_PLUS][0] | r->masks[CLASS_HIGH][0];
	uint64_t run = bits_eight(r->masks[CLASS_RUN][0]);
	uint64_t visible = bits_eight(r->masks[CLASS_VISIBLE][0]);
	uint64_t numbers = bits_eight(r->masks[CLASS_NUMBERS][0]);
	uint64_t hex = r->masks[CLASS_HEX][0];

	return !(marks & all) && !(run & run >> 8) && !(visible & visible >> 8 & visible >> 12) &&
	       !(numbers & numbers >> 8 & numbers >> 16) &&
	       __builtin_popcountll(hex & hex >> 1) < 4;
}

/* Each reader goes on from where it stopped, as far as it can say. */
static int scan(struct inline_reader *r, bool last, const struct inline_out *out)
{
	struct inline_window w = {
		.p = r->text, .base = r->base, .end = r->len, .last = last, .out = out};
	size_t words = (r->len + 63) / 64;

	memset(r->text + r->len, 0, 64);
	for (int c = 0; c < CLASSES; c++) {
		w.masks[c] = r->masks[c];
		r->masks[c][words] = r->masks[c][words + 1] = 0;
	}
	inline_classify(r->text + r->classified * 64, words - r->classified,
		r->masks[0] + r->classified, ARRAY_LEN(r->masks[0]));
	/* The last word may still be filled. */
	r->classified = r->len / 64;
	if (!r->is_read && r->len <= 64 && is_plain(r))
		return 0;
	r->is_read = true;
	return read_codings(r, &w);
}

/* The window is full: room for more, behind what readers may still look back at. */
static void slide(struct inline_reader *r)
{
	size_t words = WINDOW_BACK / 64;

	memmove(r->text, r->text + WINDOW_SIZE - WINDOW_BACK, WINDOW_BACK);
	for (int c = 0; c < CLASSES; c++)
		memmove(r->masks[c], r->masks[c] + WORDS - words, words * sizeof(r->masks[c][0]));
	r->base += WINDOW_SIZE - WINDOW_BACK;
	r->len = WINDOW_BACK;
	r->classified = words;
}

int inline_feed(
	struct inline_reader *r, const unsigned char *p, size_t len, const struct inline_out *out)
{
	int ret = 0;

	while (ret == 0 && len > 0) {
		size_t some = WINDOW_SIZE - r->len;

		some = len < some ? len : some;
		memcpy(r->text + r->len, p, some);
		r->len += some;
		p += some;
		len -= some;
		r->decided = false;
		if (r->len < WINDOW_SIZE)
			break;
		ret = scan(r, false, out);
		slide(r);
	}
	return ret;
}

int inline_flush(struct inline_reader *r, const struct inline_out *out)
{
	if (r->decided)
		return 0;
	r->decided = true;
	return scan(r, true, out);
}

int inline_finish(struct inline_reader *r, const struct inline_out *out)
{
	return inline_flush(r, out);
}
