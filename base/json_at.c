#include "base/json_at.h"

#include <stdbool.h>
#include <stdio.h>

#define LEVELS 64

/* An object or an array that is open at the byte in question. */
struct level {
	bool object;
	bool at_name;	  /* of an object: what comes next is a member's name */
	const char *name; /* of the member that is being read; NULL before the first */
	size_t name_len;
	size_t index; /* of an array */
};

struct place {
	struct level levels[LEVELS];
	size_t depth; /* may be more than there are levels */
};

static struct level *innermost(struct place *p)
{
	return p->depth > 0 && p->depth <= LEVELS ? &p->levels[p->depth - 1] : NULL;
}

static void enter(struct place *p, bool object)
{
	if (p->depth < LEVELS)
		p->levels[p->depth] = (struct level){.object = object, .at_name = object};
	p->depth++;
}

static void take(struct place *p, char c)
{
	struct level *l = innermost(p);

	if (c == '{' || c == '[')
		enter(p, c == '{');
	else if ((c == '}' || c == ']') && p->depth > 0)
		p->depth--;
	else if (c == ',' && l && l->object)
		*l = (struct level){.object = true, .at_name = true};
	else if (c == ',' && l)
		l->index++;
	else if (c == ':' && l)
		l->at_name = false;
}

size_t json_token_length(const char *text, size_t len)
{
	size_t i = 1;

	while (i < len && text[i] != '"')
		i += text[i] == '\\' ? 2 : 1;
	return i < len ? i + 1 : len;
}

static void find(struct place *p, const char *text, size_t len, size_t byte)
{
	for (size_t i = 0; i < len && i < byte; i++) {
		struct level *l = innermost(p);
		size_t n;

		if (text[i] != '"') {
			take(p, text[i]);
			continue;
		}
		n = json_token_length(text + i, len - i);
		if (l && l->at_name) {
			bool ends = n > 1 && text[i + n - 1] == '"';

			l->name = text + i + 1;
			l->name_len = n - 1 - ends;
		}
		i += n - 1;
	}
}

/* What a terminal or a log could take for something else is left out of a name. */
static size_t add_name(const struct level *l, char *buf, size_t size, size_t used)
{
	for (size_t i = 0; i < l->name_len && used + 1 < size; i++)
		if ((unsigned char)l->name[i] > ' ' && l->name[i] != '\x7f')
			buf[used++] = l->name[i];
	return used;
}

const char *json_at_byte(const char *text, size_t len, size_t byte, char *buf, size_t size)
{
	struct place p = {.depth = 0};
	size_t used = 0;

	find(&p, text, len, byte);
	for (size_t i = 0; i < p.depth && i < LEVELS && used + 1 < size; i++) {
		const struct level *l = &p.levels[i];

		if (l->object && !l->name)
			break;
		if (l->object && used > 0)
			buf[used++] = '.';
		if (l->object)
			used = add_name(l, buf, size, used);
		else
			used += (size_t)snprintf(buf + used, size - used, "[%zu]", l->index);
		if (used >= size)
			used = size - 1;
	}
	buf[used] = '\0';
	return buf;
}
