#ifndef CONTROL_SECCOMP_H
#define CONTROL_SECCOMP_H

#include <jansson.h>

/*
 * The seccomp profile of `bottle run` as config.json has it (runtime-spec, config-linux.md,
 * "Seccomp"): an allow-list for the machine's own architecture; everything else is EPERM. New
 * reference; NULL when memory ran out.
 */
json_t *seccomp_profile(void);

#endif
