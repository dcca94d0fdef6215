#include "gate/encoding.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/ptr.h"
#include "base/str.h"

#define HEADER "encoding "

/* How their names begin. UTF-16 and UTF-32 the scanner knows by itself. */
static const char *const readable[] = {"UTF-8", "UTF8", "UTF-16", "UTF16", "UTF-32", "UTF32", "UCS",
	"US-ASCII", "ASCII", "ISO-8859-", "ISO8859-", "ISO_8859-", "ISO88591", "LATIN", "L1",
	"WINDOWS-", "CP125", "CP437", "CP85", "CP866", "CP932", "CP936", "CP949", "CP950", "KOI8-",
	"EUC", "GB", "BIG5", "SHIFT_JIS", "SHIFT-JIS", "SJIS", "MAC", "TIS-620", "TIS620", "VISCII",
	"ARMSCII", "GEORGIAN"};

bool encoding_is_readable(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(readable); i++)
		if (strncasecmp(name, readable[i], strlen(readable[i])) == 0)
			return true;
	return false;
}

static void end_line(struct encoding *c)
{
	c->over = c->len == 0;
	c->line[c->len] = '\0';
	c->len = 0;
	if (!str_starts(c->line, HEADER))
		return;
	snprintf(c->name, sizeof(c->name), "%.*s", (int)sizeof(c->name) - 1,
		c->line + strlen(HEADER));
	c->odd = c->odd || !encoding_is_readable(c->name);
}

void encoding_feed(struct encoding *c, const char *bytes, size_t len)
{
	for (size_t i = 0; i < len && !c->over; i++) {
		if (bytes[i] == '\n')
			end_line(c);
		else if (c->len < sizeof(c->line) - 1)
			c->line[c->len++] = bytes[i];
	}
}
