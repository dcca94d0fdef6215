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

#define FILLER SIZE_MAX /* instead of a step's bit */

static int add_step(struct phrase_words *w, uint16_t *set, size_t bit)
{
	if (*set == 0) {
		if (w->n_sets == SETS_MAX)
			return -1;
		*set = (uint16_t)w->n_sets++;
	}
	if (bit == FILLER)
		w->sets[*set].is_filler = true;
	else
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

static int add_all(struct phrase_words *w)
{
	int r = add_words(w, inbound_fillers, FILLER);

	for (size_t p = 0; p < inbound_table_len; p++)
		for (size_t s = 0; s < INBOUND_STEPS_MAX && inbound_table[p].steps[s]; s++)
			r |= add_words(w, inbound_table[p].steps[s], p * INBOUND_STEPS_MAX + s);
	return inbound_table_len <= PHRASES_MAX ? r : -1;
}

struct phrase_words *phrase_words_new(void)
{
	struct phrase_words *w = calloc(1, sizeof(*w));

	if (!w)
		return NULL;
	fill_letters(w->letter);
	w->n_nodes = ROOT + 1;
	w->n_sets = 1;
	if (add_all(w) == 0)
		return w;
	free(w);
	return NULL;
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

/* Whether the word that just ended is near enough to the one that met the step before. */
static bool follows(const struct phrase_walk *walk, const struct inbound_phrase *p, uint64_t before)
{
	uint64_t between = walk->words - before;

	if (before == 0)
		return false;
	if (p->gap >= INBOUND_ANY)
		return between <= p->gap - INBOUND_ANY;
	return between <= p->gap && walk->telling <= before;
}

/* The word that just ended is this step of the phrase. Whether it is the last one. */
static bool take_step(struct phrase_walk *walk, size_t phrase, size_t step, struct phrase_hit *hit)
{
	const struct inbound_phrase *p = &inbound_table[phrase];
	struct phrase_at *at = walk->at[phrase];
	uint64_t start = walk->word_start, from = walk->word_from;

	if (step > 0) {
		if (!follows(walk, p, at[step].word))
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

	for (size_t i = PHRASE_SETS; i-- > 0;)
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
	for (size_t i = 0; i < PHRASE_SETS; i++)
		walk->met.set[i] |= s->set[i];
	walk->met.is_filler |= s->is_filler;
	walk->is_met = true;
}

static bool end_word(const struct phrase_words *w, struct phrase_walk *walk, uint64_t place,
	struct phrase_hit ret[INBOUND_FAMILIES])
{
	const struct node_of *n = &w->nodes[walk->node];
	bool any = false;

	if (walk->node != NODE_NONE && n->exact)
		meet(walk, &w->sets[n->exact]);
	if (walk->is_met)
		any = take_word(walk, place, ret);
	if (!walk->is_met || !walk->met.is_filler)
		walk->telling = walk->words + 1;
	walk->words++;
	walk->in_word = walk->is_met = walk->met.is_filler = false;
	return any;
}

static void begin_word(struct phrase_walk *walk, uint64_t place)
{
	walk->in_word = true;
	walk->was_space = false;
	walk->node = ROOT;
	walk->word_start = walk->chars;
	walk->word_from = place;
}

/* Letters up to the word's end: how many. */
static size_t read_word(
	const struct phrase_words *w, struct phrase_walk *walk, const unsigned char *p, size_t len)
{
	unsigned int node = walk->node;
	size_t i = 0;

	for (; i < len && w->letter[p[i]] != LETTERS; i++) {
		node = w->nodes[node].next[w->letter[p[i]]];
		if (w->nodes[node].prefix)
			meet(walk, &w->sets[w->nodes[node].prefix]);
	}
	walk->node = node;
	walk->chars += i;
	return i;
}

static void count_separator(struct phrase_walk *walk, unsigned char c)
{
	bool space = c == ' ' || c == '\n' || c == '\t' || c == '\r';

	walk->chars += !space || !walk->was_space;
	walk->was_space = space;
}

size_t phrase_read(const struct phrase_words *w, struct phrase_walk *walk, const unsigned char *p,
	size_t len, uint64_t place, struct phrase_hit ret[INBOUND_FAMILIES])
{
	size_t i = 0;

	ret[INBOUND_DISCLOSURE].name = ret[INBOUND_JAILBREAK].name = NULL;
	while (i < len) {
		bool any;

		if (w->letter[p[i]] != LETTERS) {
			if (!walk->in_word)
				begin_word(walk, place + i);
			i += read_word(w, walk, p + i, len - i);
			continue;
		}
		any = walk->in_word && end_word(w, walk, place + i, ret);
		count_separator(walk, p[i++]);
		if (any)
			break;
	}
	return i;
}
