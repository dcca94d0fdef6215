#ifndef SCAN_CONTAINER_TRIAL_H
#define SCAN_CONTAINER_TRIAL_H

#include <stddef.h>

#include "scan/container.h"

/*
 * Compressions without a magic number, bare deflate and brotli: what begins as something else than
 * text, and decodes to text or to the beginning of an archive, is taken for one. p: the first bytes
 * of a text, len at most CONTAINER_SNIFF; fewer: all of it.
 */
enum container container_trial(const unsigned char *p, size_t len);

/* Looks at what was decoded, as container_sniff does but for trials. */
enum container container_sniff_magic(const unsigned char *p, size_t len, const char **ret_what);

#endif
