#ifndef EGRESS_NEEDLES_SPELL_H
#define EGRESS_NEEDLES_SPELL_H

#include <stddef.h>

/*
 * How a server may write a value that it was sent: as it is; percent-encoded, with whichever signs
 * its language leaves alone, in either case; as a string in JSON; in HTML and XML; in hexadecimal;
 * in UTF-16; in base64 at all three offsets, standard and url-safe.
 */

/* One spelling; the text is valid during the call only. 0 or -errno, which ends it. */
typedef int needles_spelt_fn(void *arg, const unsigned char *text, size_t len);

/* Every spelling; some come more than once. 0, -ENOMEM, or what `spelt` returned. */
int needles_spell(const char *value, size_t len, needles_spelt_fn *spelt, void *arg);

#endif
