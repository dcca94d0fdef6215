#ifndef SCAN_PLACEHOLDER_H
#define SCAN_PLACEHOLDER_H

#include <stdbool.h>
#include <stddef.h>

/*
 * What stands where a secret would stand and is none. Neither can be used to hide one: a
 * placeholder's characters are for the larger part words, repetitions and sequences.
 */

/* "your_api_key_here", "xxxxxxxx", "0123456789abcdef", AWS's "AKIA…EXAMPLE", "changeme". */
bool placeholder_is(const unsigned char *s, size_t len);

/*
 * The name of a value instead of the value: "process.env.TOKEN", "${TOKEN}", "$(cat f)",
 * "{{ token }}", "%TOKEN%", "os.environ['TOKEN']", "secrets.TOKEN"; text[start, end) with what
 * stands around it in text[0, len).
 */
bool placeholder_refers(const unsigned char *text, size_t len, size_t start, size_t end);

#endif
