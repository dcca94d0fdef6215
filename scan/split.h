#ifndef SCAN_SPLIT_H
#define SCAN_SPLIT_H

#include <stddef.h>

#include "scan/known.h"

/*
 * Known secrets that are split over the values of a message, or over consecutive messages to a
 * host. Values are joined in their order, and those whose names differ only in digits and case with
 * each other, these also from the last one to the first; what is told are runs that began in an
 * earlier value (those within one are found where they stand).
 *
 * Across messages by a window of bounded size: SPLIT_NAMES names, the one that was not used for the
 * longest time forgotten first. There, a value that was the same in the message before says nothing
 * new and does not part what stands around it; so headers that are always sent do not.
 *
 * Names are joined with names, each when it is new. Not found: parts in any other order; parts in
 * names that repeat; parts in texts of more than 512 bytes that have no values (prose, a program in
 * a string of JSON), or in names of files; parts of which each has a name of its own and that stand
 * among values that change with each message; parts farther apart than SPLIT_NAMES names.
 */
#define SPLIT_NAMES 64

struct split;
struct scan_window;

/* What a window remembers. Wiped when freed; NULL is fine. */
struct split_history;
void split_history_free(struct split_history *h);

/* Owner: the caller. NULL when memory ran out. */
struct split *split_new(const struct known *k);
void split_free(struct split *s);

/* A message begins; w: the host's window, borrowed until the next one begins, or NULL. */
void split_message(struct split *s, struct scan_window *w);

/*
 * A piece of a value of this name, and its end; 0 or what hit returned. The places of a hit are not
 * of any text. VALUES_NAMES (scan/values.h): what stands there is joined with its kind only.
 */
int split_value(struct split *s, const char *name, const unsigned char *p, size_t len,
	known_hit_fn *hit, void *arg);
int split_end(struct split *s, known_hit_fn *hit, void *arg);

#endif
