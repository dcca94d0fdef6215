#ifndef BUNDLE_POLICY_DLP_H
#define BUNDLE_POLICY_DLP_H

#include "base/json.h"
#include "bundle/policy.h"

/* `dlp` of a route, in the words of manifest and routes.yaml; private to bundle/. */

#define POLICY_OUTBOUND_WORDS "token_patterns, known_secrets, entropy"
#define POLICY_INBOUND_WORDS  "naive_injection_detection"
#define POLICY_ON_MATCH_WORDS "supervise, block, redact"

/* What holds where nothing is said: everything is looked for, and a match waits for the operator.
 */
extern const struct policy_dlp policy_dlp_default;

/* The detector of that name among those of `all`; 0: there is none. */
unsigned int policy_detector_parse(const char *name, unsigned int all);

/* false: no such word. */
bool policy_on_match_parse(const char *name, enum policy_on_match *ret);

/* New reference; NULL when memory ran out. */
json_t *policy_dlp_to_json(const struct policy_dlp *d);

/* The member "dlp" of a route; where it or a part of it is absent: the default. */
int policy_dlp_read(const struct json_at *route, struct policy_dlp *ret, struct err *e);

#endif
