#include "scan/bip39.h"

#include <stdint.h>
#include <string.h>

#include "base/secret.h"
#include "base/sha256.h"

#define PHRASE_MAX 24
#define WORD_BITS  11

/* Padded with NULs; a word of eight letters has none. */
static const char words[BIP39_WORDS][BIP39_WORD_MAX] = {
#include "scan/bip39.inc"
};

const char *bip39_word(size_t i, size_t *len)
{
	*len = strnlen(words[i], BIP39_WORD_MAX);
	return words[i];
}

/* The word's number, -1 if it is not of the list. */
static int find(const char word[BIP39_WORD_MAX])
{
	size_t low = 0, high = BIP39_WORDS;

	while (low < high) {
		size_t mid = (low + high) / 2;
		int order = memcmp(word, words[mid], BIP39_WORD_MAX);

		if (order == 0)
			return (int)mid;
		if (order < 0)
			high = mid;
		else
			low = mid + 1;
	}
	return -1;
}

/* n words are n * 11 bits: 32/33 of them a random number, the rest the beginning of its digest. */
static bool checksum_is_right(const uint16_t *numbers, size_t n)
{
	unsigned char bits[PHRASE_MAX * WORD_BITS / 8 + 1] = {0}, digest[SHA256_SIZE];
	size_t total = n * WORD_BITS, check = total / 33, random = (total - check) / 8;
	bool right;

	for (size_t i = 0; i < total; i++)
		if (numbers[i / WORD_BITS] >> (WORD_BITS - 1 - i % WORD_BITS) & 1)
			bits[i / 8] |= (unsigned char)(0x80 >> i % 8);
	sha256(bits, random, digest);
	/* At most eight bits, which begin at a byte. */
	right = (bits[random] ^ digest[0]) >> (8 - check) == 0;
	secret_wipe(bits, sizeof(bits));
	return right;
}

/* Whether the last words of the run, 12 to 24 of them, are a phrase. */
static bool run_ends_phrase(const uint16_t *run, size_t n)
{
	for (size_t take = 12; take <= n; take += 3)
		if (checksum_is_right(run + n - take, take))
			return true;
	return false;
}

static bool is_letter(unsigned char c)
{
	return (c | 0x20) >= 'a' && (c | 0x20) <= 'z';
}

/* The next word, lower case; false at the end. A longer one than any of the list comes as "". */
static bool next_word(const unsigned char **p, const unsigned char *end, char word[BIP39_WORD_MAX])
{
	size_t n = 0;

	memset(word, 0, BIP39_WORD_MAX);
	while (*p < end && !is_letter(**p))
		(*p)++;
	if (*p == end)
		return false;
	for (; *p < end && is_letter(**p); (*p)++, n++)
		if (n < BIP39_WORD_MAX)
			word[n] = (char)(**p | 0x20);
	if (n > BIP39_WORD_MAX)
		memset(word, 0, BIP39_WORD_MAX);
	return true;
}

bool bip39_has_phrase(const unsigned char *text, size_t len)
{
	const unsigned char *p = text, *end = text + len;
	uint16_t run[PHRASE_MAX];
	char word[BIP39_WORD_MAX];
	bool found = false;
	size_t n = 0;

	while (!found && next_word(&p, end, word)) {
		int number = find(word);

		if (number < 0) {
			n = 0;
			continue;
		}
		if (n == PHRASE_MAX)
			memmove(run, run + 1, --n * sizeof(*run));
		run[n++] = (uint16_t)number;
		found = run_ends_phrase(run, n);
	}
	secret_wipe(run, sizeof(run));
	secret_wipe(word, sizeof(word));
	return found;
}
