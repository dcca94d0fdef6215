#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/http1.h"

/* Heads that are made piece by piece. */

#define ROOM_MIN 1024

static const char *moved(const char *p, const char *from, char *to)
{
	return p ? to + (p - from) : NULL;
}

/* The head's texts into a larger place, where everything that points to them follows. */
static int move(struct http1_head *h, size_t room)
{
	char *to = malloc(room);

	if (!to)
		return -ENOMEM;
	if (h->text)
		memcpy(to, h->text, h->size);
	if (h->is_request) {
		h->method = moved(h->method, h->text, to);
		h->target = moved(h->target, h->text, to);
	} else {
		h->reason = moved(h->reason, h->text, to);
	}
	for (size_t i = 0; i < h->n_fields; i++) {
		h->fields[i].name = moved(h->fields[i].name, h->text, to);
		h->fields[i].value = moved(h->fields[i].value, h->text, to);
	}
	free(h->text);
	h->text = to;
	h->room = room;
	return 0;
}

static int grow(struct http1_head *h, size_t n)
{
	/* A parsed one ends with a NUL that is not counted. */
	size_t size = h->size + (h->text && h->room == 0);
	size_t room = h->room ? h->room : ROOM_MIN;

	if (size + n > HTTP1_HEAD_MAX)
		return -E2BIG;
	h->size = size;
	while (room < size + n)
		room *= 2;
	return room == h->room ? 0 : move(h, room);
}

static const char *put(struct http1_head *h, const struct http1_text *text)
{
	char *at = h->text + h->size;

	if (text->len > 0)
		memcpy(at, text->p, text->len);
	at[text->len] = '\0';
	h->size += text->len + 1;
	return at;
}

int http1_head_add(
	struct http1_head *h, const struct http1_text *name, const struct http1_text *value)
{
	int r;

	if (h->n_fields >= HTTP1_FIELDS_MAX || name->len > HTTP1_NAME_MAX ||
		value->len > HTTP1_HEAD_MAX)
		return -E2BIG;
	r = grow(h, name->len + value->len + 2);
	if (r < 0)
		return r;
	h->fields[h->n_fields].name = put(h, name);
	h->fields[h->n_fields++].value = put(h, value);
	return 0;
}

int http1_head_keep(struct http1_head *h, const char **at, const struct http1_text *text)
{
	int r = text->len > HTTP1_HEAD_MAX ? -E2BIG : grow(h, text->len + 1);

	if (r == 0)
		*at = put(h, text);
	return r;
}
