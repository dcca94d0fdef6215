#include "scan/phrase.h"

#include <stdlib.h>
#include <string.h>

#include "base/ptr.h"

#define LETTERS	  36 /* a-z, 0-9 */
#define NODES_MAX 2048
#define SETS_MAX  1024
#define ROOT	  1
#define NODE_NONE 0

struct node_of {
	uint16_t next[LETTERS];
	uint16_t exact, prefix; /* numbers of sets; 0: the empty one */
};

struct phrase_words {
	struct node_of nodes[NODES_MAX];
	struct phrase_steps sets[SETS_MAX];
	unsigned int n_nodes, n_sets;
	unsigned char letter[256]; /* LETTERS: separates */
};

/* ---- the tree */

static void fill_letters(unsigned char letter[256])
{
	memset(letter, LETTERS, 256);
	for (unsigned char i = 0; i < 26; i++)
		letter['a' + i] = letter['A' + i] = i;
	for (unsigned char i = 0; i < 10; i++)
		letter['0' + i] = (unsigned char)(26 + i);
}

static int add_step(struct phrase_words *w, uint16_t *set, size_t bit)
{
	if (*set == 0) {
		if (w->n_sets == SETS_MAX)
			return -1;
		*set = (uint16_t)w->n_sets++;
	}
	w->sets[*set].set[bit / 64] |= (uint64_t)1 << bit % 64;
	return 0;
}

static int add_word(struct phrase_words *w, const char *word, size_t len, size_t bit)
{
	unsigned int node = ROOT;
	bool is_prefix = word[len - 1] == '*';

	for (size_t i = 0; i < len - is_prefix; i++) {
		uint16_t *next = &w->nodes[node].next[w->letter[(unsigned char)word[i]]];

		if (*next == NODE_NONE && w->n_nodes < NODES_MAX)
			*next = (uint16_t)w->n_nodes++;
		if (*next == NODE_NONE)
			return -1;
		node = *next;
	}
	return add_step(w, is_prefix ? &w->nodes[node].prefix : &w->nodes[node].exact, bit);
}

static int add_words(struct phrase_words *w, const char *list, size_t bit)
{
	while (*list) {
		size_t len = strcspn(list, "|");

		if (add_word(w, list, len, bit) < 0)
			return -1;
		list += len + (list[len] == '|');
	}
	return 0;
}

struct phrase_words *phrase_words_new(void)
{
	struct phrase_words *w = calloc(1, sizeof(*w));

	_Static_assert(PHRASES_MAX * INBOUND_STEPS_MAX % 64 == 0, "whole words of bits");
	if (!w)
		return NULL;
	fill_letters(w->letter);
	w->n_nodes = ROOT + 1;
	w->n_sets = 1;
	for (size_t p = 0; p < inbound_table_len && p < PHRASES_MAX; p++)
		for (size_t s = 0; s < INBOUND_STEPS_MAX && inbound_table[p].steps[s]; s++)
			if (add_words(w, inbound_table[p].steps[s], p * INBOUND_STEPS_MAX + s) <
				0) {
				free(w);
				return NULL;
			}
	return w;
}

void phrase_words_free(struct phrase_words *w)
{
	free(w);
}

/* ---- the walk */

static bool is_last(const struct inbound_phrase *p, size_t step)
{
	return step + 1 == INBOUND_STEPS_MAX || !p->steps[step + 1];
}

/* The word that just ended is this step of the phrase. Whether it is the last one. */
static bool take_step(struct phrase_walk *walk, size_t phrase, size_t step, struct phrase_hit *hit)
{
	const struct inbound_phrase *p = &inbound_table[phrase];
	struct phrase_at *at = walk->at[phrase];
	uint64_t start = walk->word_start, from = walk->word_from;

	if (step > 0) {
		if (at[step].word == 0 || walk->words + 1 - at[step].word > p->gap + 1)
			return false;
		start = at[step].start;
		from = at[step].from;
	}
	if (!is_last(p, step)) {
		at[step + 1] = (struct phrase_at){walk->words + 1, start, from};
		return false;
	}
	*hit = (struct phrase_hit){
		.name = p->name, .start = start, .end = walk->chars, .from = from};
	return true;
}

/* Steps are tried from the last one, so that one word is not two of them. */
static bool take_word(
	struct phrase_walk *walk, uint64_t place, struct phrase_hit ret[INBOUND_FAMILIES])
{
	bool any = false;

	for (size_t i = ARRAY_LEN(walk->met.set); i-- > 0;)
		while (walk->met.set[i]) {
			unsigned int bit = 63 - (unsigned int)__builtin_clzll(walk->met.set[i]);
			size_t n = i * 64 + bit, phrase = n / INBOUND_STEPS_MAX;
			struct phrase_hit hit = {.name = NULL};

			walk->met.set[i] &= ~((uint64_t)1 << bit);
			if (!take_step(walk, phrase, n % INBOUND_STEPS_MAX, &hit))
				continue;
			hit.to = place;
			ret[inbound_table[phrase].family] = hit;
			any = true;
		}
	return any;
}

static void meet(struct phrase_walk *walk, const struct phrase_steps *s)
{
	for (size_t i = 0; i < ARRAY_LEN(s->set); i++)
		walk->met.set[i] |= s->set[i];
}

static bool end_word(const struct phrase_words *w, struct phrase_walk *walk, uint64_t place,
	struct phrase_hit ret[INBOUND_FAMILIES])
{
	const struct node_of *n = &w->nodes[walk->node];
	bool any;

	if (walk->node != NODE_NONE && n->exact)
		meet(walk, &w->sets[n->exact]);
	any = take_word(walk, place, ret);
	walk->words++;
	walk->in_word = false;
	return any;
}

bool phrase_next(const struct phrase_words *w, struct phrase_walk *walk, unsigned char c,
	uint64_t place, struct phrase_hit ret[INBOUND_FAMILIES])
{
	unsigned char letter = w->letter[c];

	ret[INBOUND_DISCLOSURE].name = ret[INBOUND_JAILBREAK].name = NULL;
	if (letter == LETTERS) {
		bool any = walk->in_word && end_word(w, walk, place, ret);

		walk->chars += c != ' ' || !walk->was_space;
		walk->was_space = c == ' ';
		return any;
	}
	if (!walk->in_word) {
		walk->in_word = true;
		walk->node = ROOT;
		walk->word_start = walk->chars;
		walk->word_from = place;
	}
	walk->was_space = false;
	walk->chars++;
	walk->node = w->nodes[walk->node].next[letter];
	if (w->nodes[walk->node].prefix)
		meet(walk, &w->sets[w->nodes[walk->node].prefix]);
	return false;
}
