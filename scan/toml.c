#include "scan/toml.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/ptr.h"
#include "scan/toml_reader.h"

/*
 * Theory of operation. The text is copied once, strings are unescaped in that copy, everything else
 * comes from chunks of memory that the document owns. What TOML forbids about tables depends only
 * on how each one came to be, which `origin` remembers.
 */
enum origin {
	ORIGIN_IMPLIED, /* [a.b] made a: [a] may still come */
	ORIGIN_HEADER,	/* [a], or one of [[a]] */
	ORIGIN_DOTTED,	/* a.b = 1 made a: more of a.… may come, [a] may not */
	ORIGIN_CLOSED,	/* {…}, […]: nothing may be added */
	ORIGIN_LIST,	/* the array of [[a]]'s */
};

#define CHUNK_SIZE (16U << 10)

struct chunk {
	struct chunk *next;
	size_t used, size;
	max_align_t bytes[];
};

struct toml_doc {
	struct toml root;
	struct chunk *chunks;
	char *text;
};

struct key {
	struct key_part {
		const char *s;
		size_t len;
	} parts[TOML_DEPTH_MAX];
	size_t n;
};

void *toml_alloc(struct toml_doc *d, size_t size)
{
	struct chunk *c = d->chunks;
	void *p;

	size = (size + sizeof(max_align_t) - 1) / sizeof(max_align_t) * sizeof(max_align_t);
	if (!c || c->size - c->used < size) {
		size_t room = size > CHUNK_SIZE ? size : CHUNK_SIZE;

		c = malloc(sizeof(*c) + room);
		if (!c)
			return NULL;
		c->next = d->chunks;
		c->used = 0;
		c->size = room;
		d->chunks = c;
	}
	p = (char *)c->bytes + c->used;
	c->used += size;
	return memset(p, 0, size);
}

int toml_wrong(struct toml_reader *r, const char *fmt, ...)
{
	char what[sizeof(r->e->msg)];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);
	return err_say(r->e, EINVAL, "%s:%u: %s", r->name, r->line, what);
}

const char *toml_type_name(const struct toml *v)
{
	static const char *const names[] = {"a string", "a whole number", "a number with a point",
		"true or false", "a date", "an array", "a table"};

	return v->type == TOML_ARRAY && v->origin == ORIGIN_LIST ? "an array of tables"
								 : names[v->type];
}

/* ---- tables */

static const struct toml *find(const struct toml *table, const char *key, size_t len)
{
	for (const struct toml *v = table->first; v; v = v->next)
		if (v->key_len == len && memcmp(v->key, key, len) == 0)
			return v;
	return NULL;
}

/* An empty value at the end of a table or an array; part: NULL in an array. */
static int add(
	struct toml_reader *r, struct toml *to, const struct key_part *part, struct toml **ret)
{
	struct toml *v;

	if (part && to->n >= TOML_KEYS_MAX)
		return toml_wrong(r, "a table has at most %d keys", TOML_KEYS_MAX);
	v = toml_alloc(r->doc, sizeof(*v));
	if (!v)
		return err_set(r->e, ENOMEM, "%s", r->name);
	v->line = r->line;
	if (part) {
		v->key = part->s;
		v->key_len = part->len;
	}
	if (to->last)
		to->last->next = v;
	else
		to->first = v;
	to->last = v;
	to->n++;
	*ret = v;
	return 0;
}

static int add_container(struct toml_reader *r, struct toml *to, const struct key_part *part,
	enum origin origin, struct toml **ret)
{
	int rc = add(r, to, part, ret);

	if (rc < 0)
		return rc;
	(*ret)->type = origin == ORIGIN_LIST ? TOML_ARRAY : TOML_TABLE;
	(*ret)->origin = (unsigned char)origin;
	return 0;
}

static struct toml *find_part(struct toml *table, const struct key_part *part)
{
	return (struct toml *)find(table, part->s, part->len);
}

static int twice(struct toml_reader *r, const struct toml *v)
{
	return toml_wrong(
		r, "'%s' stands here twice, first in line %u", v->key ? v->key : "", v->line);
}

/* ---- keys */

static void skip_blanks(struct toml_reader *r)
{
	while (*r->p == ' ' || *r->p == '\t')
		r->p++;
}

static bool is_bare(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '_' || c == '-';
}

static int read_key_part(struct toml_reader *r, struct key_part *part)
{
	char *start = r->p, *copy;

	if (*r->p == '"' || *r->p == '\'')
		return toml_read_string(r, false, &part->s, &part->len);
	while (is_bare(*r->p))
		r->p++;
	part->len = (size_t)(r->p - start);
	if (part->len == 0)
		return toml_wrong(
			r, "a key is missing: letters, digits, _ and -, or a string in quotes");
	copy = toml_alloc(r->doc, part->len + 1);
	if (!copy)
		return err_set(r->e, ENOMEM, "%s", r->name);
	memcpy(copy, start, part->len);
	part->s = copy;
	return 0;
}

/* a.b."c d" up to what follows it. */
static int read_key(struct toml_reader *r, struct key *key)
{
	int rc;

	key->n = 0;
	for (;;) {
		if (key->n == ARRAY_LEN(key->parts))
			return toml_wrong(r, "a key has at most %d parts", TOML_DEPTH_MAX);
		skip_blanks(r);
		rc = read_key_part(r, &key->parts[key->n]);
		if (rc < 0)
			return rc;
		key->n++;
		skip_blanks(r);
		if (*r->p != '.')
			return 0;
		r->p++;
	}
}

/* ---- values */

static int read_value(struct toml_reader *r, struct toml *v);

/* key = value, into a table. */
static int read_pair(struct toml_reader *r, struct toml *table)
{
	struct toml *v = NULL;
	struct key key;
	int rc = read_key(r, &key);

	for (size_t i = 0; rc == 0 && i + 1 < key.n; i++) {
		v = find_part(table, &key.parts[i]);
		if (!v)
			rc = add_container(r, table, &key.parts[i], ORIGIN_DOTTED, &v);
		else if (v->type != TOML_TABLE || v->origin != ORIGIN_DOTTED)
			return twice(r, v);
		table = v;
	}
	if (rc < 0)
		return rc;
	if (*r->p != '=')
		return toml_wrong(r, "'=' is missing behind the key '%s'", key.parts[key.n - 1].s);
	r->p++;
	skip_blanks(r);
	v = find_part(table, &key.parts[key.n - 1]);
	if (v)
		return twice(r, v);
	rc = add(r, table, &key.parts[key.n - 1], &v);
	return rc < 0 ? rc : read_value(r, v);
}

static void skip_comment(struct toml_reader *r)
{
	if (*r->p == '#')
		r->p += strcspn(r->p, "\r\n");
}

static void skip_space(struct toml_reader *r)
{
	do {
		skip_blanks(r);
		skip_comment(r);
	} while (toml_newline(r));
}

static int read_array(struct toml_reader *r, struct toml *array)
{
	struct toml *v;
	int rc;

	array->type = TOML_ARRAY;
	array->origin = ORIGIN_CLOSED;
	r->p++;
	for (;;) {
		skip_space(r);
		if (*r->p == ']')
			break;
		rc = add(r, array, NULL, &v);
		if (rc == 0)
			rc = read_value(r, v);
		if (rc < 0)
			return rc;
		skip_space(r);
		if (*r->p == ']')
			break;
		if (*r->p != ',')
			return toml_wrong(r,
				"',' or ']' is missing in the array that began in "
				"line %u",
				array->line);
		r->p++;
	}
	r->p++;
	return 0;
}

/* On one line, and complete: nothing is added to it, nor to the tables that its keys made. */
static int read_inline_table(struct toml_reader *r, struct toml *table)
{
	int rc = 0;

	table->type = TOML_TABLE;
	table->origin = ORIGIN_CLOSED;
	r->p++;
	skip_blanks(r);
	while (*r->p != '}') {
		rc = read_pair(r, table);
		if (rc < 0)
			return rc;
		skip_blanks(r);
		if (*r->p == '}')
			break;
		if (*r->p != ',')
			return toml_wrong(r,
				"',' or '}' is missing in the table that began in "
				"line %u and must end there",
				table->line);
		r->p++;
		skip_blanks(r);
		if (*r->p == '}')
			return toml_wrong(r, "no ',' before '}'");
	}
	r->p++;
	return 0;
}

static int read_value(struct toml_reader *r, struct toml *v)
{
	int rc;

	if (*r->p == '"' || *r->p == '\'') {
		v->type = TOML_STRING;
		return toml_read_string(r, true, &v->s, &v->len);
	}
	if (*r->p != '[' && *r->p != '{')
		return toml_read_scalar(r, v);
	if (r->depth == TOML_DEPTH_MAX)
		return toml_wrong(r, "values are nested at most %d deep", TOML_DEPTH_MAX);
	r->depth++;
	rc = *r->p == '[' ? read_array(r, v) : read_inline_table(r, v);
	r->depth--;
	return rc;
}

/* ---- headers */

/* The table that a header's last part is put into. */
static int descend(
	struct toml_reader *r, const struct key *key, struct toml *from, struct toml **ret)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i + 1 < key->n; i++) {
		struct toml *v = find_part(from, &key->parts[i]);

		if (!v)
			rc = add_container(r, from, &key->parts[i], ORIGIN_IMPLIED, &v);
		else if (v->origin == ORIGIN_LIST)
			v = v->last;
		else if (v->type != TOML_TABLE || v->origin == ORIGIN_CLOSED)
			return toml_wrong(r, "'%s' is %s since line %u, nothing can be added to it",
				v->key, toml_type_name(v), v->line);
		from = v;
	}
	*ret = from;
	return rc;
}

/* [[a.b]]: one more of them. */
static int open_element(
	struct toml_reader *r, const struct key_part *part, struct toml *in, struct toml **ret)
{
	struct toml *list = find_part(in, part);
	int rc = 0;

	if (!list)
		rc = add_container(r, in, part, ORIGIN_LIST, &list);
	else if (list->origin != ORIGIN_LIST || list->type != TOML_ARRAY)
		return twice(r, list);
	return rc < 0 ? rc : add_container(r, list, NULL, ORIGIN_HEADER, ret);
}

/* [a.b] */
static int open_table(
	struct toml_reader *r, const struct key_part *part, struct toml *in, struct toml **ret)
{
	struct toml *v = find_part(in, part);

	if (!v)
		return add_container(r, in, part, ORIGIN_HEADER, ret);
	if (v->type != TOML_TABLE || v->origin != ORIGIN_IMPLIED)
		return twice(r, v);
	v->origin = ORIGIN_HEADER;
	v->line = r->line;
	*ret = v;
	return 0;
}

static int read_header(struct toml_reader *r, struct toml *root, struct toml **ret)
{
	bool element = r->p[1] == '[';
	struct toml *in = root;
	struct key key;
	int rc;

	r->p += element ? 2 : 1;
	rc = read_key(r, &key);
	if (rc < 0)
		return rc;
	if (*r->p != ']' || (element && r->p[1] != ']'))
		return toml_wrong(
			r, "'%s' is missing at the end of a header", element ? "]]" : "]");
	r->p += element ? 2 : 1;
	rc = descend(r, &key, in, &in);
	if (rc < 0)
		return rc;
	return element ? open_element(r, &key.parts[key.n - 1], in, ret)
		       : open_table(r, &key.parts[key.n - 1], in, ret);
}

static int read_document(struct toml_reader *r, struct toml *root)
{
	struct toml *current = root;
	int rc = toml_check_text(r);

	while (rc == 0) {
		skip_space(r);
		if (r->p >= r->end)
			return 0;
		rc = *r->p == '[' ? read_header(r, root, &current) : read_pair(r, current);
		if (rc < 0)
			return rc;
		skip_blanks(r);
		skip_comment(r);
		if (r->p < r->end && !toml_newline(r))
			return toml_wrong(r, "something stands behind the value or header: a new "
					     "line must begin");
	}
	return rc;
}

int toml_parse(const char *text, size_t len, const char *name, struct toml_doc **ret, struct err *e)
{
	cleanup_toml struct toml_doc *d = NULL;
	struct toml_reader r = {.line = 1, .name = name, .e = e};
	int rc;

	if (len > TOML_TEXT_MAX)
		return err_say(
			e, E2BIG, "%s: %zu bytes; at most %u are read", name, len, TOML_TEXT_MAX);
	d = calloc(1, sizeof(*d));
	if (d)
		d->text = malloc(len + 1);
	if (!d || !d->text)
		return err_set(e, ENOMEM, "%s", name);
	memcpy(d->text, text, len);
	d->text[len] = '\0';
	d->root.type = TOML_TABLE;
	d->root.origin = ORIGIN_HEADER;
	d->root.line = 1;
	r.doc = d;
	r.p = d->text;
	r.end = d->text + len;
	rc = read_document(&r, &d->root);
	if (rc == 0)
		*ret = steal_ptr(&d);
	return rc;
}

const struct toml *toml_root(const struct toml_doc *d)
{
	return &d->root;
}

void toml_free(struct toml_doc *d)
{
	if (!d)
		return;
	for (struct chunk *c = d->chunks, *next; c; c = next) {
		next = c->next;
		free(c);
	}
	free(d->text);
	free(d);
}
