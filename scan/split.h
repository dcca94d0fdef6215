#ifndef SCAN_SPLIT_H
#define SCAN_SPLIT_H

#include <stddef.h>

#include "scan/known.h"

/*
 * Known secrets that are split over the values of a message, or over consecutive messages to a
 * host: values are joined in their order, and those whose names differ only in digits with each
 * other, and the joined ones are searched. Across messages by a window of bounded size: what a name
 * was last sent, the least recent one forgotten first.
 */
struct split;
struct scan_window;

/* w may be NULL. Owner: the caller. */
struct split *split_new(const struct known *k);
void split_free(struct split *s);

/* A message begins; w: the host's window, borrowed until the next one begins, or NULL. */
void split_message(struct split *s, struct scan_window *w);

/* A piece of a value of this name (digits in it do not count); 0 or what hit returned. The places
 * of a hit are not of any text. */
int split_value(struct split *s, const char *name, const unsigned char *p, size_t len,
	known_hit_fn *hit, void *arg);
/* The value is over. */
int split_end(struct split *s, known_hit_fn *hit, void *arg);

#endif
