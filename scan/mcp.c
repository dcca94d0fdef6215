#include "scan/mcp.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

/*
 * Theory of operation. JSON is read byte by byte, as nested brackets and strings. In an array that
 * is the value of "tools" each object is a tool: all of it but white space between its tokens goes
 * into a hash, and the string that is its own "name" into another. The hashes are polynomials at a
 * random point modulo a prime, so a server cannot make two descriptions that are the same to us.
 */
#define PRIME	  ((1ULL << 61) - 1)
#define KEY_MAX	  16 /* of a key that is of interest: "tools", "name" */
#define DEPTH_MAX 64

struct mcp_tools {
	uint64_t point;
	size_t n;
	struct mcp_tool {
		uint64_t name, text;
	} list[MCP_TOOLS_MAX];
};

struct mcp_reader {
	struct mcp_tools *tools;
	uint64_t at;
	unsigned int depth; /* of brackets; beyond DEPTH_MAX nothing is looked for */
	bool is_array[DEPTH_MAX];
	bool string, escape, is_key;
	char key[KEY_MAX]; /* the last key, or the string being read; what is longer is cut */
	size_t key_len;
	unsigned int list; /* depth within the array of tools; 0: in none */
	bool in_tool, in_name;
	uint64_t name, text, start; /* of the tool being read */
};

struct mcp_tools *mcp_tools_new(void)
{
	struct mcp_tools *t = calloc(1, sizeof(*t));

	if (!t)
		return NULL;
	if (getrandom(&t->point, sizeof(t->point), 0) != sizeof(t->point)) {
		free(t);
		return NULL;
	}
	t->point = t->point % (PRIME - 2) + 2;
	return t;
}

void mcp_tools_free(struct mcp_tools *t)
{
	free(t);
}

struct mcp_reader *mcp_open(void)
{
	return calloc(1, sizeof(struct mcp_reader));
}

void mcp_close(struct mcp_reader *r)
{
	free(r);
}

void mcp_reset(struct mcp_reader *r, struct mcp_tools *tools)
{
	*r = (struct mcp_reader){.tools = tools};
}

static void add(const struct mcp_reader *r, uint64_t *hash, unsigned char c)
{
	unsigned __int128 next = (unsigned __int128)*hash * r->tools->point + c + 1;

	*hash = (uint64_t)(next % PRIME);
}

static int end_tool(struct mcp_reader *r, mcp_fn *fn, void *arg)
{
	struct mcp_tools *t = r->tools;

	r->in_tool = false;
	if (r->name == 0) /* it has none */
		return 0;
	for (size_t i = 0; i < t->n; i++)
		if (t->list[i].name == r->name)
			return t->list[i].text == r->text ? 0 : fn(arg, r->start, r->at + 1);
	if (t->n < MCP_TOOLS_MAX)
		t->list[t->n++] = (struct mcp_tool){r->name, r->text};
	return 0;
}

static bool key_is(const struct mcp_reader *r, const char *key)
{
	return r->key_len == strlen(key) && memcmp(r->key, key, r->key_len) == 0;
}

static void open_bracket(struct mcp_reader *r, bool is_array)
{
	if (is_array && r->list == 0 && key_is(r, "tools"))
		r->list = r->depth + 1;
	if (!is_array && r->list > 0 && r->depth == r->list && !r->in_tool) {
		r->in_tool = true;
		r->name = r->text = 0;
		r->start = r->at;
	}
	if (r->depth < DEPTH_MAX)
		r->is_array[r->depth] = is_array;
	r->depth++;
	r->is_key = !is_array;
	r->key_len = 0;
}

static int close_bracket(struct mcp_reader *r, mcp_fn *fn, void *arg)
{
	if (r->depth == 0)
		return 0;
	r->depth--;
	r->key_len = 0;
	r->is_key = false;
	if (r->list > 0 && r->depth + 1 == r->list)
		r->list = 0;
	return r->in_tool && r->depth == r->list ? end_tool(r, fn, arg) : 0;
}

static void begin_string(struct mcp_reader *r)
{
	r->string = true;
	r->in_name = r->in_tool && !r->is_key && r->depth == r->list + 1 && key_is(r, "name");
	if (r->is_key)
		r->key_len = 0;
}

static void string_byte(struct mcp_reader *r, unsigned char c)
{
	if (c == '"' && !r->escape) {
		r->string = r->in_name = false;
		return;
	}
	r->escape = c == '\\' && !r->escape;
	if (r->in_name)
		add(r, &r->name, c);
	if (r->is_key && r->key_len < KEY_MAX)
		r->key[r->key_len++] = (char)c;
}

static int token_byte(struct mcp_reader *r, unsigned char c, mcp_fn *fn, void *arg)
{
	switch (c) {
	case '{':
	case '[':
		open_bracket(r, c == '[');
		return 0;
	case '}':
	case ']':
		return close_bracket(r, fn, arg);
	case '"':
		begin_string(r);
		return 0;
	case ':':
		r->is_key = false;
		return 0;
	case ',':
		r->is_key = r->depth > 0 && r->depth <= DEPTH_MAX && !r->is_array[r->depth - 1];
		return 0;
	default:
		return 0;
	}
}

static bool is_space(unsigned char c)
{
	return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

int mcp_feed(struct mcp_reader *r, const unsigned char *p, size_t len, mcp_fn *fn, void *arg)
{
	int ret = 0;

	for (size_t i = 0; ret == 0 && i < len; i++, r->at++) {
		unsigned char c = p[i];

		if (r->in_tool && (r->string || !is_space(c)))
			add(r, &r->text, c);
		/* A quotation mark outside of any bracket begins no string: this is no JSON there.
		 */
		if (r->string)
			string_byte(r, c);
		else if (r->depth > 0 || c == '{' || c == '[')
			ret = token_byte(r, c, fn, arg);
	}
	return ret;
}
