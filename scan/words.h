#ifndef SCAN_WORDS_H
#define SCAN_WORDS_H

#include <stddef.h>

#include "scan/scan.h"

/* A finding as a sentence without its end, the same in both planes and for the operator: "header
 * X-Note holds a GitLab token (rule gitlab-pat, in gzip > base64): gl…yz". */
#define SCAN_WORDS_MAX 400

/* Into buf, cut where it is too small. Returns buf. */
const char *scan_words(const struct scan_finding *f, char *buf, size_t size);

#endif
