#include "shim/duration.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/ptr.h"

/* A longer name stands before the one that it begins with. */
static const struct {
	const char *name;
	double ms;
} units[] = {
	{"ns", 1e-6},
	{"us", 1e-3},
	{"ms", 1},
	{"s", 1000},
	{"m", 60000},
	{"h", 3600000},
};

/* One "NUMBER UNIT", from *text on, which is moved behind it. Milliseconds, or a negative number.
 */
static double one_part(const char **text)
{
	size_t digits = strspn(*text, "0123456789.");
	const char *unit = *text + digits;
	char *end;
	double v = digits ? strtod(*text, &end) : -1;

	if (v < 0 || end != unit)
		return -1;
	for (size_t i = 0; i < ARRAY_LEN(units); i++) {
		size_t n = strlen(units[i].name);

		if (strncmp(unit, units[i].name, n) == 0) {
			*text = unit + n;
			return v * units[i].ms;
		}
	}
	return -1;
}

int duration_parse_ms(const char *text, int64_t *ret)
{
	double sum = 0;

	if (strcmp(text, "0") == 0) {
		*ret = 0;
		return 0;
	}
	if (!*text)
		return -EINVAL;
	while (*text) {
		double part = one_part(&text);

		if (part < 0)
			return -EINVAL;
		sum += part;
	}
	if (sum > 1e15)
		return -EINVAL;
	*ret = (int64_t)ceil(sum);
	return 0;
}
