#include "scan/rule_pattern.h"

#include <errno.h>
#include <string.h>

int rule_pattern_of_re2(const char *re2, char **ret, struct err *e)
{
	*ret = strdup(re2);
	return *ret ? 0 : err_set(e, ENOMEM, "rewrite a pattern");
}
