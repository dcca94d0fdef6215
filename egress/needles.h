#ifndef EGRESS_NEEDLES_H
#define EGRESS_NEEDLES_H

#include <stddef.h>
#include <stdint.h>

/*
 * Credentials in the spellings in which an upstream may echo them (egress/needles_spell.h). All are
 * looked for at once, in one pass (Aho and Corasick, 1975), however the text is cut.
 *
 * Built by needles_add, then needles_compile once; read only from there on.
 */
struct needles;

/* What is shorter is too likely to be something else. */
#define NEEDLE_MIN 8

struct needles *needles_new(void);    /* NULL when memory ran out; needles_free */
void needles_free(struct needles *n); /* wipes, when nobody else has it */

/* Another owner of the same; n may be NULL. */
struct needles *needles_ref(const struct needles *n);

/* One credential in all its spellings; a shorter one than NEEDLE_MIN is left out. 0 or -ENOMEM. */
int needles_add(struct needles *n, const char *value, size_t len);

/* After the last one, before the first text. 0 or -ENOMEM. */
int needles_compile(struct needles *n);

/*
 * Goes on in a text: p[0..len) of which p[0..held) was seen before. Every needle that ends here
 * becomes stars, of the same length. Returns how many bytes at the end may yet turn out to begin a
 * needle: they are to be held back, and stand in front of p at the next call (held). *state is 0 at
 * first. What was given away all the same (the end of a message) has no place in p any more; of a
 * needle that it began what is here becomes stars.
 */
size_t needles_star(
	const struct needles *n, uint32_t *state, unsigned char *p, size_t held, size_t len);

/*
 * The text has an end here, behind which it may go on elsewhere (the next message, a trailer):
 * what of p[0..len), the last bytes before it, begins a needle becomes stars, if with what was
 * given away before it is NEEDLE_PIECE bytes or more. state: as needles_star left it.
 */
#define NEEDLE_PIECE 12
void needles_star_end(const struct needles *n, uint32_t state, unsigned char *p, size_t len);

#endif
