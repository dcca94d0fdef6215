#include "scan/matcher.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "scan/matcher_impl.h"

static int broken(struct err *e, const char *what)
{
	return err_say(e, EINVAL, "compiled rules: %s; they must be made again", what);
}

static int read_head(const char *image, size_t len, struct image_head *h, struct err *e)
{
	if (len < sizeof(*h) || (uintptr_t)image % IMAGE_ALIGN)
		return broken(e, "too short, or not aligned");
	memcpy(h, image, sizeof(*h));
	if (h->magic != IMAGE_MAGIC || h->version != IMAGE_VERSION)
		return broken(e, "of another kind or version");
	if (image_features() != h->features)
		return err_say(e, ENOTSUP, "compiled rules: made for another processor");
	return 0;
}

/* Every length, before anything is read by it. */
static int check_layout(const struct matcher *m, size_t len, struct err *e)
{
	const struct image_head *h = &m->head;
	uint64_t at = sizeof(*h) + (uint64_t)h->n_spans * sizeof(struct image_span) +
		      (uint64_t)h->n_rules * sizeof(struct image_rule) +
		      (uint64_t)h->n_expressions * sizeof(struct image_expression) + h->strings_len;

	if (at > h->database_at || h->database_at % IMAGE_ALIGN || h->database_at > len ||
		h->database_len > len - h->database_at || h->database_len < IMAGE_ALIGN)
		return broken(e, "its parts are not where they should be");
	if (h->overlap > MATCHER_OPEN_MAX || h->left > MATCHER_OPEN_MAX ||
		h->reach > MATCHER_OPEN_MAX + MATCHER_CONTEXT)
		return broken(e, "a rule reaches too far");
	return 0;
}

static int check_parts(const struct matcher *m, struct err *e)
{
	const struct image_head *h = &m->head;

	for (uint32_t i = 0; i < h->n_rules; i++) {
		const struct image_rule *r = &m->image_rules[i];

		if (r->pattern_at > h->strings_len ||
			r->pattern_len > h->strings_len - r->pattern_at || r->reach > h->reach ||
			r->lead_max > MATCHER_CONTEXT)
			return broken(e, "a rule is out of its bounds");
	}
	for (uint32_t i = 0; i < h->n_expressions; i++) {
		const struct image_expression *x = &m->expressions[i];

		if (x->rule >= h->n_rules || x->left_max > h->left || x->left_min > x->left_max)
			return broken(e, "an expression is out of its bounds");
	}
	for (uint32_t i = 0; i < h->n_spans; i++) {
		const struct image_span *x = &m->spans[i];

		if (x->rule >= h->n_rules || x->is.len < SPAN_MIN || x->is.len > SPAN_MAX ||
			x->is.len > h->overlap || x->is.left_max > h->left ||
			x->is.left_min > x->is.left_max)
			return broken(e, "a span is out of its bounds");
	}
	return 0;
}

static int take_image(struct matcher *m, const char *image, size_t len, struct err *e)
{
	size_t size = 0;
	int r = read_head(image, len, &m->head, e);

	if (r == 0)
		r = check_layout(m, len, e);
	if (r < 0)
		return r;
	m->spans = (const void *)(image + sizeof(m->head));
	m->image_rules = (const void *)(m->spans + m->head.n_spans);
	m->expressions = (const void *)(m->image_rules + m->head.n_rules);
	m->strings = (const char *)(m->expressions + m->head.n_expressions);
	m->database = (const void *)(image + m->head.database_at);
	if (m->head.n_rules != m->rules->n || m->head.rules_digest != image_digest(m->rules))
		return broken(e, "made of other rules");
	if (hs_database_size(m->database, &size) != HS_SUCCESS || size != m->head.database_len)
		return broken(e, "hyperscan does not know its database");
	return check_parts(m, e);
}

static int group_spans(struct matcher *m, struct err *e)
{
	m->groups = calloc(m->head.n_spans + 1, sizeof(*m->groups));
	m->group_of = calloc(m->head.n_spans + 1, sizeof(*m->group_of));
	m->probes = calloc(m->head.n_spans + 1, sizeof(*m->probes));
	if (!m->groups || !m->group_of || !m->probes)
		return err_set(e, ENOMEM, "compiled rules");
	for (uint32_t i = 0; i < m->head.n_spans; i++) {
		uint32_t k = 0;

		while (!span_group_add(&m->groups[k], &m->spans[i].is))
			k++;
		m->group_of[i] = k;
		span_probe_of(&m->spans[i].is, &m->probes[i]);
		m->n_groups = k < m->n_groups ? m->n_groups : k + 1;
	}
	return 0;
}

int matcher_new(const struct ruleset *rules, const void *compiled, size_t len, struct matcher **ret,
	struct err *e)
{
	struct matcher *m = calloc(1, sizeof(*m));
	int r;

	if (!m)
		return err_set(e, ENOMEM, "compiled rules");
	m->rules = rules;
	r = take_image(m, compiled, len, e);
	if (r == 0)
		r = group_spans(m, e);
	if (r < 0)
		matcher_free(m);
	else
		*ret = m;
	return r;
}

void matcher_free(struct matcher *m)
{
	if (!m)
		return;
	free(m->groups);
	free(m->group_of);
	free(m->probes);
	free(m);
}

int matcher_scratch_new(const struct matcher *m, struct matcher_scratch **ret, struct err *e)
{
	struct matcher_scratch *s = calloc(1, sizeof(*s));
	hs_error_t r = HS_NOMEM;

	if (s) {
		s->m = m;
		s->room = confirm_room_new();
		s->confirms = calloc(m->head.n_rules + 1, sizeof(struct confirm *));
		if (s->room && s->confirms)
			r = hs_alloc_scratch(m->database, &s->hs);
	}
	if (r == HS_SUCCESS) {
		*ret = s;
		return 0;
	}
	matcher_scratch_free(s);
	if (r == HS_NOMEM)
		return err_set(e, ENOMEM, "compiled rules");
	return broken(e, "hyperscan does not take its database");
}

void matcher_scratch_free(struct matcher_scratch *s)
{
	if (!s)
		return;
	for (uint32_t i = 0; s->confirms && i < s->m->head.n_rules; i++)
		confirm_free(s->confirms[i]);
	free(s->confirms);
	confirm_room_free(s->room);
	hs_free_scratch(s->hs);
	free(s);
}

int matcher_confirm(struct matcher_scratch *s, uint32_t rule, struct confirm **ret)
{
	const struct image_rule *from = &s->m->image_rules[rule];
	struct err e;
	int r = 0;

	/* It compiled when the image was made: here only memory can run out. */
	if (!s->confirms[rule])
		r = confirm_new(s->m->strings + from->pattern_at, from->pattern_len,
			s->m->rules->rules[rule].id, &s->confirms[rule], &e);
	*ret = s->confirms[rule];
	return r;
}
