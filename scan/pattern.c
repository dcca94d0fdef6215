#include "scan/pattern.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "scan/pattern_impl.h"

/* Groups in groups: the parser's own stack. */
#define DEPTH_MAX  100
#define REPEAT_MAX 65535

void pattern_done(struct pattern *p)
{
	for (struct pattern_node *n = p->all, *next; n; n = next) {
		next = n->all;
		free(n);
	}
	*p = (struct pattern){0};
}

struct pattern_node *pattern_node(struct parser *p, enum pattern_kind kind, size_t at)
{
	struct pattern_node *n = calloc(1, sizeof(*n));

	if (!n) {
		p->failed = -ENOMEM;
		return NULL;
	}
	*n = (struct pattern_node){.kind = kind, .all = p->all, .at = at, .end = p->at};
	p->all = n;
	return n;
}

int pattern_fail(struct parser *p, int code, const char *why)
{
	if (!p->failed)
		p->failed = err_say(p->e, -code, "at %zu: %s", p->at, why);
	return p->failed;
}

static bool taken(struct parser *p, const char *word)
{
	size_t len = strlen(word);

	if (strncmp(p->text + p->at, word, len) != 0)
		return false;
	p->at += len;
	return true;
}

static struct pattern_node *assertion(struct parser *p, enum pattern_assert kind, size_t at)
{
	struct pattern_node *n = pattern_node(p, PATTERN_ASSERT, at);

	if (n)
		n->assert = kind;
	return n;
}

/* Flags of "(?i-s)" and "(?i:"; the mark behind them stays. */
static void read_flags(struct parser *p, struct pattern_flags *f)
{
	bool on = true;

	for (;; p->at++) {
		switch (p->text[p->at]) {
		case '-':
			on = false;
			break;
		case 'i':
			f->caseless = on;
			break;
		case 's':
			f->dotall = on;
			break;
		case 'm':
			break;
		case 'U':
			f->ungreedy = on;
			break;
		default:
			return;
		}
	}
}

static struct pattern_node *alternatives(struct parser *p, struct pattern_flags flags);

static struct pattern_node *inside(
	struct parser *p, struct pattern_flags flags, enum pattern_kind kind, size_t at)
{
	struct pattern_node *n, *child = alternatives(p, flags);

	if (p->failed || !taken(p, ")")) {
		pattern_fail(p, -EINVAL, "a parenthesis is not closed");
		return NULL;
	}
	if (kind == PATTERN_CAT)
		return child;
	n = pattern_node(p, kind, at);
	if (n)
		n->child = child;
	return n;
}

/* A look around: what is in it is not followed. */
static struct pattern_node *look(
	struct parser *p, struct pattern_flags flags, enum pattern_assert kind, size_t at)
{
	struct pattern_node *n = inside(p, flags, PATTERN_ASSERT, at);

	if (n) {
		n->assert = kind;
		n->child = NULL;
	}
	return n;
}

static struct pattern_node *named(struct parser *p, struct pattern_flags flags, size_t at)
{
	const char *close = strchr(p->text + p->at, '>');

	if (!close) {
		pattern_fail(p, -EINVAL, "a group's name is not closed by '>'");
		return NULL;
	}
	p->at = (size_t)(close - p->text) + 1;
	return inside(p, flags, PATTERN_GROUP, at);
}

/* Behind "(?". */
static struct pattern_node *special(struct parser *p, struct pattern_flags *flags, size_t at)
{
	struct pattern_flags own = *flags;

	if (taken(p, "=") || taken(p, "!") || taken(p, "<="))
		return look(p, own, PATTERN_OTHER, at);
	if (taken(p, "<!"))
		return look(p, own, PATTERN_NOT_BEHIND, at);
	if (taken(p, "P<") || taken(p, "<"))
		return named(p, own, at);
	if (taken(p, ">"))
		return inside(p, own, PATTERN_CAT, at);
	read_flags(p, &own);
	if (taken(p, ":"))
		return inside(p, own, PATTERN_CAT, at);
	if (!taken(p, ")")) {
		pattern_fail(p, -ENOTSUP, "this kind of group is not known here");
		return NULL;
	}
	*flags = own; /* to the end of the group around */
	return pattern_node(p, PATTERN_CAT, at);
}

static struct pattern_node *group(struct parser *p, struct pattern_flags *flags, size_t at)
{
	struct pattern_node *n = NULL;

	if (p->text[p->at] == '*')
		pattern_fail(p, -ENOTSUP, "verbs are not known here");
	else if (++p->depth > DEPTH_MAX)
		pattern_fail(p, -ENOTSUP, "groups are nested too deep");
	else if (taken(p, "?"))
		n = special(p, flags, at);
	else
		n = inside(p, *flags, PATTERN_GROUP, at);
	p->depth--;
	return n;
}

static struct pattern_node *dot(struct parser *p, const struct pattern_flags *flags, size_t at)
{
	struct pattern_node *n = pattern_node(p, PATTERN_SET, at);

	if (n) {
		memset(n->set, 0xff, sizeof(n->set));
		if (!flags->dotall)
			n->set[0] &= ~(UINT64_C(1) << '\n');
	}
	return n;
}

static struct pattern_node *atom(struct parser *p, struct pattern_flags *flags)
{
	size_t at = p->at;
	unsigned char c = (unsigned char)p->text[p->at++];

	switch (c) {
	case '(':
		return group(p, flags, at);
	case '[':
		return pattern_class(p, flags, at);
	case '\\':
		return pattern_escape(p, flags, at);
	case '.':
		return dot(p, flags, at);
	case '^':
		return assertion(p, PATTERN_BEGIN, at);
	case '$':
		return assertion(p, PATTERN_OTHER, at);
	case '*':
	case '+':
	case '?':
		pattern_fail(p, -EINVAL, "nothing to repeat");
		return NULL;
	default:
		return pattern_byte(p, flags, c, at);
	}
}

static bool number(const char **s, unsigned int *ret)
{
	const char *from = *s;

	for (*ret = 0; **s >= '0' && **s <= '9' && *ret <= REPEAT_MAX; (*s)++)
		*ret = *ret * 10 + (unsigned int)(**s - '0');
	return *s > from;
}

/* "{n}", "{n,}", "{n,m}"; anything else is no quantifier. */
static bool counted(struct parser *p, unsigned int *min, unsigned int *max)
{
	const char *s = p->text + p->at + 1;

	if (!number(&s, min))
		return false;
	*max = *min;
	if (*s == ',' && s++ && !number(&s, max))
		*max = PATTERN_INF;
	if (*s != '}')
		return false;
	if (*min > REPEAT_MAX || (*max > REPEAT_MAX && *max != PATTERN_INF) || *max < *min)
		pattern_fail(p, -EINVAL, "a count that is no range");
	p->at = (size_t)(s - p->text) + 1;
	return true;
}

static bool quantifier(struct parser *p, unsigned int *min, unsigned int *max)
{
	char c = p->text[p->at];

	if (c == '{')
		return counted(p, min, max);
	if (c != '*' && c != '+' && c != '?')
		return false;
	p->at++;
	*min = c == '+';
	*max = c == '?' ? 1 : PATTERN_INF;
	return true;
}

/* An atom with its quantifiers. */
static struct pattern_node *piece(struct parser *p, struct pattern_flags *flags)
{
	struct pattern_node *n = atom(p, flags), *repeat;
	size_t at = n ? n->at : 0;
	unsigned int min, max;

	while (n && !p->failed && quantifier(p, &min, &max)) {
		bool lazy = flags->ungreedy;

		if (taken(p, "?"))
			lazy = !lazy;
		else
			taken(p, "+");
		repeat = pattern_node(p, PATTERN_REPEAT, at);
		if (!repeat)
			return NULL;
		repeat->child = n;
		repeat->min = min;
		repeat->max = max;
		repeat->lazy = lazy;
		n = repeat;
	}
	return n;
}

/* "\Q…\E" */
static void quoted(struct parser *p, const struct pattern_flags *flags, struct pattern_node ***tail)
{
	while (p->text[p->at] && !taken(p, "\\E")) {
		size_t at = p->at++;

		**tail = pattern_byte(p, flags, (unsigned char)p->text[at], at);
		if (!**tail)
			return;
		*tail = &(**tail)->next;
	}
}

static struct pattern_node *sequence(struct parser *p, struct pattern_flags *flags)
{
	struct pattern_node *n = pattern_node(p, PATTERN_CAT, p->at), **tail;

	if (!n)
		return NULL;
	tail = &n->child;
	while (!p->failed && p->text[p->at] && p->text[p->at] != '|' && p->text[p->at] != ')') {
		if (taken(p, "\\Q")) {
			quoted(p, flags, &tail);
			continue;
		}
		*tail = piece(p, flags);
		if (!*tail)
			return NULL;
		tail = &(*tail)->next;
	}
	n->end = p->at;
	return n;
}

static struct pattern_node *alternatives(struct parser *p, struct pattern_flags flags)
{
	size_t at = p->at;
	struct pattern_node *n, *first = sequence(p, &flags), **tail;

	if (!first || p->text[p->at] != '|')
		return first;
	n = pattern_node(p, PATTERN_ALT, at);
	if (!n)
		return NULL;
	n->child = first;
	tail = &first->next;
	while (!p->failed && taken(p, "|")) {
		*tail = sequence(p, &flags);
		if (!*tail)
			return NULL;
		tail = &(*tail)->next;
	}
	n->end = p->at;
	return n;
}

int pattern_parse(const char *text, struct pattern *ret, struct err *e)
{
	struct parser p = {.text = text, .e = e};
	struct pattern_node *root = alternatives(&p, (struct pattern_flags){0});

	if (!p.failed && text[p.at])
		pattern_fail(&p, -EINVAL, "a parenthesis too many");
	*ret = (struct pattern){.text = text, .root = root, .all = p.all};
	if (p.failed == -ENOMEM)
		err_set(e, ENOMEM, "a pattern");
	if (p.failed)
		pattern_done(ret);
	return p.failed;
}
