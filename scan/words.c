#include "scan/words.h"

#include <stdio.h>
#include <stdbool.h>
#include <string.h>

static int say_what(const struct scan_finding *f, const char *place, char *buf, size_t size)
{
	if (strcmp(f->rule, SCAN_RULE_UNREADABLE) == 0)
		return snprintf(buf, size, "%s cannot be read: %s", place, f->what);
	if (strcmp(f->rule, SCAN_RULE_KNOWN) == 0)
		return snprintf(buf, size, "%s holds the secret '%s'", place, f->what);
	/* Its rule says it with its article: "a GitLab token". */
	return snprintf(buf, size, "%s holds %s", place, f->what);
}

const char *scan_words(const struct scan_finding *f, char *buf, size_t size)
{
	char via[SCAN_VIA_MAX + 8] = "";
	bool shows = strcmp(f->rule, SCAN_RULE_KNOWN) != 0 && f->excerpt[0];
	int n = say_what(f, f->place && *f->place ? f->place : "the text", buf, size);

	if (f->via[0])
		snprintf(via, sizeof(via), ", in %s", f->via);
	if (n >= 0 && (size_t)n < size)
		snprintf(buf + n, size - (size_t)n, " (rule %s%s)%s%s", f->rule, via,
			shows ? ": " : "", shows ? f->excerpt : "");
	return buf;
}
