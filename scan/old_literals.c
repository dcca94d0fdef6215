#include "scan/old_literals.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/ptr.h"

#define NONE UINT32_MAX
/* In a state's number in the table: words end here. */
#define ENDS 0x80000000U

struct word {
	unsigned char bytes[255]; /* lower case */
	unsigned char len;
	uint32_t same_end; /* next word that ends in the same state, or NONE */
};

struct literals {
	struct word *words;
	size_t n_words;
	unsigned char column[256]; /* of a byte; 0: in no word */
	unsigned int n_columns;
	uint32_t *next;	 /* state × column → state | ENDS */
	uint32_t *first; /* state → first word that ends here, or NONE */
	uint32_t *also;	 /* state → nearest shorter state in which words end, or 0 */
	size_t n_states;
};

static unsigned char lower(unsigned char c)
{
	return c >= 'A' && c <= 'Z' ? c | 0x20 : c;
}

struct literals *literals_new(void)
{
	return calloc(1, sizeof(struct literals));
}

void literals_free(struct literals *l)
{
	if (!l)
		return;
	free(l->words);
	free(l->next);
	free(l->first);
	free(l->also);
	free(l);
}

int literals_add(struct literals *l, const char *word, size_t len)
{
	struct word *grown;

	if (len == 0 || len > sizeof(grown->bytes))
		return -EINVAL;
	grown = reallocarray(l->words, l->n_words + 1, sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	l->words = grown;
	grown[l->n_words] = (struct word){.len = (unsigned char)len, .same_end = NONE};
	for (size_t i = 0; i < len; i++)
		grown[l->n_words].bytes[i] = lower((unsigned char)word[i]);
	return (int)l->n_words++;
}

static size_t assign_columns(struct literals *l)
{
	size_t total = 1;

	l->n_columns = 1;
	memset(l->column, 0, sizeof(l->column));
	for (size_t i = 0; i < l->n_words; i++) {
		total += l->words[i].len;
		for (size_t j = 0; j < l->words[i].len; j++)
			if (!l->column[l->words[i].bytes[j]])
				l->column[l->words[i].bytes[j]] = (unsigned char)l->n_columns++;
	}
	for (int c = 'A'; c <= 'Z'; c++)
		l->column[c] = l->column[c | 0x20];
	return total;
}

static void plant(struct literals *l, size_t i)
{
	struct word *w = &l->words[i];
	uint32_t at = 0;

	for (size_t j = 0; j < w->len; j++) {
		uint32_t *to = &l->next[(size_t)at * l->n_columns + l->column[w->bytes[j]]];

		if (!*to) {
			*to = (uint32_t)l->n_states;
			l->first[l->n_states++] = NONE;
		}
		at = *to;
	}
	w->same_end = l->first[at];
	l->first[at] = (uint32_t)i;
}

/* Breadth first: a state's missing ways are those of its longest proper suffix. */
static void close_ways(struct literals *l, uint32_t *queue, uint32_t *suffix)
{
	size_t head = 0, tail = 0;

	queue[tail++] = 0;
	while (head < tail) {
		uint32_t s = queue[head++];

		for (unsigned int c = 0; c < l->n_columns; c++) {
			uint32_t *to = &l->next[(size_t)s * l->n_columns + c];
			uint32_t by = s ? l->next[(size_t)suffix[s] * l->n_columns + c] : 0;

			if (!*to) {
				*to = by;
				continue;
			}
			suffix[*to] = by;
			l->also[*to] = l->first[by] != NONE ? by : l->also[by];
			queue[tail++] = *to;
		}
	}
}

int literals_compile(struct literals *l)
{
	size_t max = assign_columns(l);
	cleanup_free uint32_t *queue = calloc(max, sizeof(*queue));
	cleanup_free uint32_t *suffix = calloc(max, sizeof(*suffix));

	l->next = calloc(max * l->n_columns, sizeof(*l->next));
	l->first = calloc(max, sizeof(*l->first));
	l->also = calloc(max, sizeof(*l->also));
	if (!queue || !suffix || !l->next || !l->first || !l->also)
		return -ENOMEM;
	l->n_states = 1;
	l->first[0] = NONE;
	for (size_t i = 0; i < l->n_words; i++)
		plant(l, i);
	close_ways(l, queue, suffix);
	for (size_t i = 0; i < l->n_states * l->n_columns; i++)
		if (l->first[l->next[i]] != NONE || l->also[l->next[i]])
			l->next[i] |= ENDS;
	return 0;
}

static int report(
	const struct literals *l, uint32_t state, size_t end, literals_hit_fn *hit, void *arg)
{
	int r = 0;

	for (; state && r >= 0; state = l->also[state])
		for (uint32_t w = l->first[state]; w != NONE && r >= 0; w = l->words[w].same_end)
			r = hit(arg, w, end - l->words[w].len);
	return r;
}

int literals_search(const struct literals *l, const unsigned char *text, size_t len,
	literals_hit_fn *hit, void *arg)
{
	uint32_t state = 0;

	for (size_t i = 0; i < len; i++) {
		state = l->next[(size_t)state * l->n_columns + l->column[text[i]]];
		if (state & ENDS) {
			int r;

			state &= ~ENDS;
			r = report(l, state, i + 1, hit, arg);
			if (r < 0)
				return r;
		}
	}
	return 0;
}
