#ifndef SHIM_DURATION_H
#define SHIM_DURATION_H

#include <stdint.h>

/*
 * A span of time as Go's programs write it: "5s", "100ms", "1m30s", "1.5h"; units ns, us, ms, s, m,
 * h. Milliseconds, rounded up. 0, or -EINVAL for anything else (a bare number other than 0, too)
 * and for what does not fit.
 */
int duration_parse_ms(const char *text, int64_t *ret);

#endif
