#ifndef EGRESS_JOURNAL_FILE_H
#define EGRESS_JOURNAL_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/chain.h"
#include "base/err.h"
#include "egress/journal_line.h"

/*
 * egress.log itself: a chain of lines (base/chain.h), each written with one write(2). A line that
 * the file does not take (a full disk, a quota, the longest file) waits here, and so do some that
 * come after it; what does not fit any more is counted, and the count is written as soon as
 * something can be. Nothing is ever rewritten: of a line of which a part was taken, the rest
 * follows.
 */
struct journal_file;

#define JOURNAL_QUEUE_MAX (1U << 20) /* bytes of lines that wait */

/*
 * Goes on behind what is there: `from` is the text of COMPONENT_LOG, {"seq", "chain", "torn"}, or
 * NULL: a file of which nothing is known. The descriptor is borrowed. Caller: journal_file_free.
 */
int journal_file_new(int fd, const char *from, struct journal_file **ret, struct err *e);
void journal_file_free(struct journal_file *f);

/* The members that every line begins with: seq, time, level, event; the first one of this segment
 * also seed, after and torn. */
void journal_file_begin(
	struct journal_file *f, struct journal_line *l, const char *level, const char *event);

/* Ends the line and writes it, or keeps it. Of a line without memory the loss is counted. */
void journal_file_add(struct journal_file *f, struct journal_line *l);

/* Whether all that was added is in the file; tries once more when it is not. */
bool journal_file_flush(struct journal_file *f);

/* Lines of the whole file, and bytes of those that wait. */
uint64_t journal_file_lines(const struct journal_file *f);
size_t journal_file_waiting(const struct journal_file *f);

/* Something was refused because nothing can be written. */
void journal_file_refused(struct journal_file *f);

#endif
