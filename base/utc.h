#ifndef BASE_UTC_H
#define BASE_UTC_H

#include <time.h>

/* For any year that a long can hold, as the compiler reckons. */
#define UTC_SIZE 128

/*
 * RFC 3339 in UTC without its end: "2024-02-29T12:00:00"; the caller adds fractions and the Z. Not
 * by gmtime_r(3): its first call reads /etc/localtime, which a component's allow-list answers with
 * death, and which costs a quick command six system calls.
 */
void utc_format(time_t t, char out[UTC_SIZE]);

#endif
