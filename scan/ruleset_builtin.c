#include "scan/ruleset.h"

/* All of scan/rules, as the Makefile joins it. */
const char ruleset_builtin[] = {
#include "scan/rules.inc"
};

const size_t ruleset_builtin_len = sizeof(ruleset_builtin);
