#include "base/yaml.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <yaml.h>

#include "base/ptr.h"

#define TEXT_MAX  (256U << 10)
#define DEPTH_MAX 16
#define NODES_MAX 20000

void yaml_problems_done(struct yaml_problems *p)
{
	str_done(&p->text);
	p->n = 0;
}

void yaml_tree_free(struct yaml_node *n)
{
	if (!n)
		return;
	for (struct yaml_node *c = n->first, *next; c; c = next) {
		next = c->next;
		yaml_tree_free(c);
	}
	free(n->key);
	free(n->text);
	free(n);
}

static size_t add_path(const struct yaml_node *n, char *buf, size_t size, size_t used)
{
	int len;

	if (!n->up)
		return used;
	used = add_path(n->up, buf, size, used);
	if (n->key)
		len = snprintf(buf + used, size - used, "%s%s", n->up->up ? "." : "", n->key);
	else
		len = snprintf(buf + used, size - used, "[%zu]", n->index);
	return len < 0 || used + (size_t)len >= size ? size - 1 : used + (size_t)len;
}

const char *yaml_path(const struct yaml_node *n, char *buf, size_t size)
{
	buf[0] = '\0';
	add_path(n, buf, size, 0);
	return buf;
}

static void problem_at(struct yaml_problems *p, unsigned int line, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
static void problem_at(struct yaml_problems *p, unsigned int line, const char *fmt, ...)
{
	char text[400];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	str_addf(&p->text, "%s:%u: %s\n", p->file, line, text);
	p->n++;
}

void yaml_problem(struct yaml_problems *p, const struct yaml_node *n, const char *fmt, ...)
{
	char path[200], text[400];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	yaml_path(n, path, sizeof(path));
	problem_at(p, n->line, "%s%s%s", path, *path ? ": " : "", text);
}

/* ---- from events to a tree */

struct builder {
	struct yaml_problems *p;
	unsigned int first_line;
	struct yaml_node *root, *at; /* at: the open list or map */
	char *key;		     /* the member whose value comes next */
	unsigned int depth, documents;
	size_t nodes;
	bool failed;
};

static void fail(struct builder *b, unsigned int line, const char *what)
{
	problem_at(b->p, line, "%s", what);
	b->failed = true;
}

static bool is_one_of(const char *text, const char *const *words)
{
	for (; *words; words++)
		if (strcasecmp(text, *words) == 0)
			return true;
	return false;
}

/* What the text of a plain scalar means in YAML 1.1, which most tools write. */
static enum yaml_type type_of_plain(const char *text)
{
	static const char *const nothing[] = {"", "~", "null", NULL};
	static const char *const boolean[] = {"true", "false", "yes", "no", "on", "off", NULL};
	static const char *const odd[] = {".inf", "-.inf", "+.inf", ".nan", NULL};
	char *end;

	if (is_one_of(text, nothing))
		return YAML_NULL;
	if (is_one_of(text, boolean))
		return YAML_BOOL;
	if (is_one_of(text, odd))
		return YAML_NUMBER;
	if (!strchr("+-.0123456789", *text))
		return YAML_STRING;
	(void)strtod(text, &end);
	return *end ? YAML_STRING : YAML_NUMBER;
}

static struct yaml_node *add_node(struct builder *b, enum yaml_type type, unsigned int line)
{
	struct yaml_node *n = NULL;

	if (++b->nodes > NODES_MAX) {
		fail(b, line, "more than 20000 values in one document");
		return NULL;
	}
	n = calloc(1, sizeof(*n));
	if (!n) {
		fail(b, line, "out of memory");
		return NULL;
	}
	n->type = type;
	n->line = line;
	n->key = steal_ptr(&b->key);
	n->up = b->at;
	if (!b->at) {
		b->root = n;
		return n;
	}
	n->index = b->at->last ? b->at->last->index + 1 : 0;
	if (b->at->last)
		b->at->last->next = n;
	else
		b->at->first = n;
	b->at->last = n;
	return n;
}

static struct yaml_node *find(const struct yaml_node *map, const char *key)
{
	for (struct yaml_node *c = map->first; c; c = c->next)
		if (str_eq(c->key, key))
			return c;
	return NULL;
}

/* In a map every other scalar is a key. */
static bool key_is_next(const struct builder *b)
{
	return b->at && b->at->type == YAML_MAP && !b->key;
}

static void take_key(struct builder *b, const char *text, size_t len, unsigned int line)
{
	const struct yaml_node *earlier;

	b->key = strdup(text);
	if (!b->key) {
		fail(b, line, "out of memory");
		return;
	}
	if (strlen(text) != len)
		fail(b, line, "a NUL byte in a key");
	earlier = find(b->at, text);
	if (earlier)
		problem_at(b->p, line, "%s: this key stands there twice, first in line %u", text,
			earlier->line);
}

static void on_scalar(struct builder *b, const yaml_event_t *ev, unsigned int line)
{
	const char *text = (const char *)ev->data.scalar.value;
	size_t len = ev->data.scalar.length;
	bool plain = ev->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
	struct yaml_node *n;

	if (ev->data.scalar.anchor)
		problem_at(b->p, line, "anchors (&%s) are not allowed; write the value again",
			(const char *)ev->data.scalar.anchor);
	if (ev->data.scalar.tag)
		problem_at(
			b->p, line, "tags (%s) are not allowed", (const char *)ev->data.scalar.tag);
	if (key_is_next(b)) {
		take_key(b, text, len, line);
		return;
	}
	n = add_node(b, plain ? type_of_plain(text) : YAML_STRING, line);
	if (!n)
		return;
	n->text = strdup(text);
	if (!n->text)
		fail(b, line, "out of memory");
	else if (strlen(text) != len)
		yaml_problem(b->p, n, "a NUL byte in a value");
}

static void on_open(struct builder *b, enum yaml_type type, const char *anchor, unsigned int line)
{
	struct yaml_node *n;

	if (anchor)
		problem_at(
			b->p, line, "anchors (&%s) are not allowed; write the value again", anchor);
	if (key_is_next(b)) {
		fail(b, line, "a key must be a plain word");
		return;
	}
	if (++b->depth > DEPTH_MAX) {
		fail(b, line, "nested deeper than 16 levels");
		return;
	}
	n = add_node(b, type, line);
	if (n)
		b->at = n;
}

static void on_close(struct builder *b)
{
	b->depth--;
	b->at = b->at->up;
}

static void on_event(struct builder *b, const yaml_event_t *ev)
{
	unsigned int line = b->first_line + (unsigned int)ev->start_mark.line;

	switch (ev->type) {
	case YAML_DOCUMENT_START_EVENT:
		if (++b->documents > 1)
			fail(b, line, "a second document; one is allowed");
		break;
	case YAML_ALIAS_EVENT:
		fail(b, line, "aliases (*name) are not allowed; write the value again");
		break;
	case YAML_SCALAR_EVENT:
		on_scalar(b, ev, line);
		break;
	case YAML_SEQUENCE_START_EVENT:
		on_open(b, YAML_LIST, (const char *)ev->data.sequence_start.anchor, line);
		break;
	case YAML_MAPPING_START_EVENT:
		on_open(b, YAML_MAP, (const char *)ev->data.mapping_start.anchor, line);
		break;
	case YAML_SEQUENCE_END_EVENT:
	case YAML_MAPPING_END_EVENT:
		on_close(b);
		break;
	default:
		break;
	}
}

static void run_parser(struct builder *b, yaml_parser_t *parser)
{
	bool end = false;
	yaml_event_t ev;

	while (!end && !b->failed) {
		if (!yaml_parser_parse(parser, &ev)) {
			problem_at(b->p, b->first_line + (unsigned int)parser->problem_mark.line,
				"not YAML: %s", parser->problem ? parser->problem : "unreadable");
			b->failed = true;
			return;
		}
		on_event(b, &ev);
		end = ev.type == YAML_STREAM_END_EVENT;
		yaml_event_delete(&ev);
	}
}

/* Tabs look like the blanks that carry the structure, and editors show them at any width. */
static bool tabs_in_indentation(
	const char *text, size_t len, unsigned int first_line, struct yaml_problems *p)
{
	bool found = false, indentation = true;
	unsigned int line = first_line;

	for (size_t i = 0; i < len; i++) {
		if (text[i] == '\n') {
			line++;
			indentation = true;
		} else if (indentation && text[i] == '\t') {
			problem_at(p, line, "a tab in the indentation; use blanks");
			found = true;
			indentation = false;
		} else if (text[i] != ' ') {
			indentation = false;
		}
	}
	return found;
}

/* A document without a value is an empty map; another root than a map is a problem. */
static struct yaml_node *check_root(struct builder *b)
{
	if (!b->root)
		add_node(b, YAML_MAP, b->first_line);
	else if (b->root->type == YAML_NULL)
		b->root->type = YAML_MAP;
	else if (b->root->type != YAML_MAP)
		fail(b, b->root->line, "expected a map of keys and values");
	if (b->failed) {
		yaml_tree_free(b->root);
		b->root = NULL;
	}
	return b->root;
}

struct yaml_node *yaml_parse(
	const char *text, size_t len, unsigned int first_line, struct yaml_problems *p)
{
	struct builder b = {.p = p, .first_line = first_line};
	yaml_parser_t parser;

	if (len > TEXT_MAX) {
		problem_at(p, first_line, "longer than 256 KiB");
		return NULL;
	}
	if (tabs_in_indentation(text, len, first_line, p))
		return NULL;
	if (!yaml_parser_initialize(&parser)) {
		problem_at(p, first_line, "out of memory");
		return NULL;
	}
	yaml_parser_set_input_string(&parser, (const unsigned char *)text, len);
	run_parser(&b, &parser);
	yaml_parser_delete(&parser);
	free(b.key);
	return check_root(&b);
}

/* ---- reading the tree */

static const char *type_name(enum yaml_type type)
{
	static const char *const names[] = {
		[YAML_NULL] = "nothing",
		[YAML_BOOL] = "a boolean",
		[YAML_NUMBER] = "a number",
		[YAML_STRING] = "a string",
		[YAML_LIST] = "a list",
		[YAML_MAP] = "a map",
	};

	return names[type];
}

struct yaml_node *yaml_get(struct yaml_node *map, const char *key)
{
	struct yaml_node *n = find(map, key);

	if (n)
		n->used = true;
	return n;
}

struct yaml_node *yaml_need(struct yaml_problems *p, struct yaml_node *map, const char *key)
{
	struct yaml_node *n = yaml_get(map, key);

	if (!n)
		yaml_problem(p, map, "the key '%s' is missing", key);
	return n;
}

bool yaml_is(struct yaml_problems *p, const struct yaml_node *n, enum yaml_type type)
{
	if (n->type == type)
		return true;
	if (type == YAML_STRING && (n->type == YAML_NUMBER || n->type == YAML_BOOL))
		yaml_problem(
			p, n, "expected a string, found %s; put it in quotes", type_name(n->type));
	else
		yaml_problem(p, n, "expected %s, found %s", type_name(type), type_name(n->type));
	return false;
}

bool yaml_str(struct yaml_problems *p, const struct yaml_node *n, const char **ret)
{
	if (!n || !yaml_is(p, n, YAML_STRING))
		return false;
	*ret = n->text;
	return true;
}

bool yaml_bool(struct yaml_problems *p, const struct yaml_node *n, bool *ret)
{
	static const char *const yes[] = {"true", "yes", "on", NULL};

	if (!n || !yaml_is(p, n, YAML_BOOL))
		return false;
	*ret = is_one_of(n->text, yes);
	return true;
}

bool yaml_int(struct yaml_problems *p, const struct yaml_node *n, long min, long max, long *ret)
{
	if (!n || !yaml_is(p, n, YAML_NUMBER))
		return false;
	if (str_to_long(n->text, min, max, ret))
		return true;
	yaml_problem(p, n, "expected a whole number from %ld to %ld, found %s", min, max, n->text);
	return false;
}

void yaml_finish(struct yaml_problems *p, const struct yaml_node *map, const char *allowed)
{
	/* A key that stands there twice was told already. */
	for (const struct yaml_node *c = map->first; c; c = c->next)
		if (!c->used && find(map, c->key) == c)
			yaml_problem(p, c, "unknown key; allowed here: %s", allowed);
}
