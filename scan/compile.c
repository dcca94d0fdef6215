#include "scan/compile.h"

#include <errno.h>
#include <hs/hs.h>
#include <stdlib.h>
#include <string.h>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "base/ptr.h"
#include "base/str.h"
#include "scan/candidate.h"
#include "scan/confirm.h"
#include "scan/image.h"
#include "scan/matcher.h"
#include "scan/pattern.h"
#include "scan/possess.h"
#include "scan/rewrite.h"
#include "scan/span.h"

/* The widths that candidates are tried with: a narrower one where Hyperscan refuses the wider. */
static const unsigned int widths[] = {160, 48, 16};

/* One expression for Hyperscan. */
struct expression {
	char *text;
	unsigned int flags;
	unsigned int level; /* of widths; ARRAY_LEN(widths): the whole pattern as a prefilter */
	struct image_expression is;
};

struct build {
	const struct ruleset *rules;
	struct err *e;
	struct image_rule *image_rules;
	struct str strings;
	struct expression *list;
	size_t n, cap;
	struct str spans;   /* of struct image_span */
	unsigned int width; /* of the widest candidate */
};

static void build_done(struct build *b)
{
	for (size_t i = 0; i < b->n; i++)
		free(b->list[i].text);
	free(b->list);
	free(b->image_rules);
	str_done(&b->strings);
	str_done(&b->spans);
}

static int add_expression(struct build *b, const struct expression *x)
{
	if (b->n == b->cap) {
		size_t cap = b->cap ? b->cap * 2 : 256;
		struct expression *list = reallocarray(b->list, cap, sizeof(*list));

		if (!list)
			return err_set(b->e, ENOMEM, "compiled rules");
		b->list = list;
		b->cap = cap;
	}
	b->list[b->n] = *x;
	b->list[b->n].text = strdup(x->text);
	if (!b->list[b->n].text)
		return err_set(b->e, ENOMEM, "compiled rules");
	b->n++;
	return 0;
}

static unsigned int least(unsigned int a, unsigned int b)
{
	return a < b ? a : b;
}

/* The whole pattern, as far as Hyperscan can express it: the last resort. */
static int add_prefilter(struct build *b, size_t rule)
{
	struct expression x = {.text = b->rules->rules[rule].pattern,
		.flags = HS_FLAG_PREFILTER,
		.level = ARRAY_LEN(widths),
		.is = {.rule = (uint32_t)rule, .left_min = 1, .left_max = MATCHER_OPEN_MAX}};

	b->width = MATCHER_OPEN_MAX;
	return add_expression(b, &x);
}

static int add_candidates(struct build *b, size_t rule, const struct pattern *p, unsigned int level)
{
	struct candidates c = {.n = 0};
	int r = candidates_of(p, widths[level], &c);

	for (size_t i = 0; i < c.n && r == 0; i++) {
		struct expression x = {.text = c.list[i].expression.s, .level = level};

		x.is.rule = (uint32_t)rule;
		x.is.left_min = least(c.list[i].left_min, MATCHER_OPEN_MAX);
		x.is.left_max = least(c.list[i].left_max, MATCHER_OPEN_MAX);
		if (c.list[i].width > b->width)
			b->width = c.list[i].width;
		r = add_expression(b, &x);
	}
	candidates_done(&c);
	return r;
}

static int add_span(struct build *b, size_t rule, const struct span *s)
{
	struct image_span x = {.rule = (uint32_t)rule, .is = *s};

	str_add_bytes(&b->spans, &x, sizeof(x));
	if (s->len > b->width)
		b->width = s->len;
	return b->spans.failed ? err_set(b->e, ENOMEM, "compiled rules") : 0;
}

/* The rule's expressions at a level; those it had are gone. */
static int express(struct build *b, size_t rule, unsigned int level)
{
	const char *text = b->rules->rules[rule].pattern;
	cleanup_pattern struct pattern p = {0};
	struct span span;
	struct err why;
	int r;

	if (level >= ARRAY_LEN(widths) || pattern_parse(text, &p, &why) < 0)
		return add_prefilter(b, rule);
	if (level == 0 && span_of(&p, &span) && span.left_max + span.len <= MATCHER_MAX)
		return add_span(b, rule, &span);
	r = add_candidates(b, rule, &p, level);
	if (r == -ENOTSUP)
		return err_say(b->e, EINVAL,
			"rule '%s': the pattern matches the empty text, so it matches everywhere; "
			"something in it must not be optional",
			b->rules->rules[rule].id);
	return r;
}

/* What PCRE2 will run; false: the pattern is one that is not followed here, and runs as it is. */
static bool write_pattern(
	struct str *to, const char *text, unsigned int *ret_width, struct rewrite_lead *ret_lead)
{
	cleanup_pattern struct pattern p = {0}, possessed = {0};
	cleanup_str struct str s = {0};
	struct err why;

	if (pattern_parse(text, &p, &why) < 0)
		return false;
	possess_pattern(&p, &s);
	if (s.failed || pattern_parse(s.s, &possessed, &why) < 0)
		return false;
	*ret_width = pattern_max(p.root);
	rewrite_pattern(&possessed, MATCHER_CONTEXT, to, ret_lead);
	return true;
}

/* The same, and how far it may reach. */
static int write_rule(struct build *b, size_t rule)
{
	struct image_rule *to = &b->image_rules[rule];
	const char *text = b->rules->rules[rule].pattern;
	struct rewrite_lead lead = {0};
	unsigned int width = PATTERN_INF;

	to->pattern_at = (uint32_t)b->strings.len;
	if (!write_pattern(&b->strings, text, &width, &lead))
		str_add(&b->strings, text);
	to->pattern_len = (uint32_t)(b->strings.len - to->pattern_at);
	str_add_bytes(&b->strings, "", 1);
	to->flags = width > MATCHER_MAX ? IMAGE_OPEN : 0;
	to->reach = least(width, MATCHER_OPEN_MAX) + MATCHER_CONTEXT;
	to->lead_max = lead.max;
	memcpy(to->lead_set, lead.set, sizeof(to->lead_set));
	if (b->strings.failed)
		return err_set(b->e, ENOMEM, "compiled rules");
	return confirm_check(
		b->strings.s + to->pattern_at, to->pattern_len, b->rules->rules[rule].id, b->e);
}

static size_t first_pattern(const struct build *b)
{
	size_t i = 0;

	while (b->image_rules[i].flags & IMAGE_NO_PATTERN)
		i++;
	return i;
}

static int write_rules(struct build *b)
{
	int r = 0;

	b->image_rules = calloc(b->rules->n + 1, sizeof(*b->image_rules));
	if (!b->image_rules)
		return err_set(b->e, ENOMEM, "compiled rules");
	for (size_t i = 0; i < b->rules->n && r == 0; i++) {
		const char *pattern = b->rules->rules[i].pattern;

		if (!pattern || !*pattern) {
			b->image_rules[i].flags = IMAGE_NO_PATTERN;
			continue;
		}
		r = write_rule(b, i);
		if (r == 0)
			r = express(b, i, 0);
	}
	/* Hyperscan takes no empty set. */
	if (r == 0 && !b->n && b->spans.len)
		r = express(b, first_pattern(b), 1);
	return r;
}

static int run_compiler(const struct build *b, hs_database_t **ret, hs_compile_error_t **ret_why)
{
	const char **texts = calloc(b->n + 1, sizeof(*texts));
	unsigned int *flags = calloc(b->n + 1, sizeof(*flags)),
		     *ids = calloc(b->n + 1, sizeof(*ids));
	int r = -ENOMEM;

	for (size_t i = 0; texts && flags && ids && i < b->n; i++) {
		texts[i] = b->list[i].text;
		flags[i] = b->list[i].flags;
		ids[i] = (unsigned int)i;
	}
	if (texts && flags && ids)
		r = hs_compile_multi(texts, flags, ids, (unsigned int)b->n, HS_MODE_BLOCK, NULL,
			    ret, ret_why) == HS_SUCCESS
			    ? 0
			    : -EINVAL;
	free(texts);
	free(flags);
	free(ids);
	return r;
}

/* A rule whose expression was refused gets a simpler one. */
static int simplify(struct build *b, const hs_compile_error_t *why)
{
	size_t at = why && why->expression >= 0 ? (size_t)why->expression : b->n, kept = 0;
	uint32_t rule;
	unsigned int level;

	if (at >= b->n)
		return err_say(b->e, EINVAL, "hyperscan refuses the rules: %s",
			why ? why->message : "no reason given");
	rule = b->list[at].is.rule;
	level = b->list[at].level;
	if (level >= ARRAY_LEN(widths))
		return err_say(b->e, EINVAL, "rule '%s': its pattern cannot be looked for: %s",
			b->rules->rules[rule].id, why->message);
	for (size_t i = 0; i < b->n; i++) {
		if (b->list[i].is.rule == rule)
			free(b->list[i].text);
		else
			b->list[kept++] = b->list[i];
	}
	b->n = kept;
	return express(b, rule, level + 1);
}

static int compile(struct build *b, hs_database_t **ret)
{
	hs_compile_error_t *why = NULL;
	int r;

	for (;;) {
		r = run_compiler(b, ret, &why);
		if (r == -ENOMEM)
			return err_set(b->e, ENOMEM, "compiled rules");
		if (r < 0)
			r = simplify(b, why);
		else
			return 0;
		hs_free_compile_error(why);
		why = NULL;
		if (r < 0)
			return r;
	}
}

static void fill_head(const struct build *b, struct image_head *h)
{
	*h = (struct image_head){.magic = IMAGE_MAGIC,
		.version = IMAGE_VERSION,
		.n_rules = (uint32_t)b->rules->n,
		.n_expressions = (uint32_t)b->n,
		.n_spans = (uint32_t)(b->spans.len / sizeof(struct image_span)),
		.strings_len = (uint32_t)b->strings.len,
		.overlap = b->width,
		.features = image_features(),
		.rules_digest = image_digest(b->rules)};
	for (size_t i = 0; i < b->rules->n; i++)
		if (b->image_rules[i].reach > h->reach)
			h->reach = b->image_rules[i].reach;
	for (size_t i = 0; i < b->n; i++)
		if (b->list[i].is.left_max > h->left)
			h->left = b->list[i].is.left_max;
	for (size_t i = 0; i < h->n_spans; i++) {
		struct image_span x;

		memcpy(&x, b->spans.s + i * sizeof(x), sizeof(x));
		if (x.is.left_max + x.is.len > h->left)
			h->left = x.is.left_max + x.is.len;
	}
}

/*
 * The database as it lies in memory: hs_deserialize_database_at aligns what it holds to 64 bytes
 * from its own address on, so an equally aligned copy is the same database.
 */
static int place_database(const struct build *b, const hs_database_t *db, char *at, size_t size)
{
	cleanup_free char *serial = NULL;
	size_t len = 0;
	hs_error_t r = hs_serialize_database(db, &serial, &len);

	if (r == HS_SUCCESS && ((uintptr_t)at % IMAGE_ALIGN || size == 0))
		r = HS_BAD_ALIGN;
	if (r == HS_SUCCESS)
		r = hs_deserialize_database_at(serial, len, (hs_database_t *)(void *)at);
	return r == HS_SUCCESS ? 0
			       : err_say(b->e, EINVAL, "hyperscan cannot write its rules: %d", r);
}

static int write_image(const struct build *b, const hs_database_t *db, void **ret, size_t *ret_len)
{
	struct image_head head;
	size_t rules_len = b->rules->n * sizeof(struct image_rule), size = 0, at, len;
	cleanup_free char *image = NULL;
	int r;

	fill_head(b, &head);
	if (hs_database_size(db, &size) != HS_SUCCESS)
		return err_say(b->e, EINVAL, "hyperscan cannot tell the size of its rules");
	at = sizeof(head) + b->spans.len + rules_len + b->n * sizeof(struct image_expression) +
	     b->strings.len;
	head.database_at = (at + IMAGE_ALIGN - 1) / IMAGE_ALIGN * IMAGE_ALIGN;
	head.database_len = size;
	len = (head.database_at + size + IMAGE_ALIGN - 1) / IMAGE_ALIGN * IMAGE_ALIGN;
	image = aligned_alloc(IMAGE_ALIGN, len);
	if (!image)
		return err_set(b->e, ENOMEM, "compiled rules");
	memset(image, 0, len);
	at = sizeof(head);
	memcpy(image, &head, sizeof(head));
	if (b->spans.len)
		memcpy(image + at, b->spans.s, b->spans.len);
	at += b->spans.len;
	memcpy(image + at, b->image_rules, rules_len);
	at += rules_len;
	for (size_t i = 0; i < b->n; i++, at += sizeof(struct image_expression))
		memcpy(image + at, &b->list[i].is, sizeof(struct image_expression));
	if (b->strings.len)
		memcpy(image + at, b->strings.s, b->strings.len);
	r = place_database(b, db, image + head.database_at, size);
	if (r < 0)
		return r;
	*ret = steal_ptr(&image);
	*ret_len = len;
	return 0;
}

int matcher_compile(const struct ruleset *rules, void **ret, size_t *ret_len, struct err *e)
{
	struct build b = {.rules = rules, .e = e};
	hs_database_t *db = NULL;
	int r = write_rules(&b);

	if (r == 0 && b.n)
		r = compile(&b, &db);
	else if (r == 0)
		r = err_say(e, EINVAL, "no rule has a pattern to look for");
	if (r == 0)
		r = write_image(&b, db, ret, ret_len);
	hs_free_database(db);
	build_done(&b);
	return r;
}
