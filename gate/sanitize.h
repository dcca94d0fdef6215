#ifndef GATE_SANITIZE_H
#define GATE_SANITIZE_H

#include <stddef.h>

/*
 * Text from an upstream or an agent, made fit for the other side's terminal or our log: control
 * characters (ESC among them) become '?', bytes from 0x80 on stay only as valid UTF-8 that is no
 * C1 control and does not change the direction of writing. At most 400 bytes. Owned by the caller;
 * NULL when memory ran out.
 */
char *sanitize_line(const char *text, size_t len);

/* As above, with at most max bytes (and what is left of the last letter). */
char *sanitize_text(const char *text, size_t len, size_t max);

#endif
