#ifndef SCAN_BIP39_H
#define SCAN_BIP39_H

#include <stdbool.h>
#include <stddef.h>

/*
 * BIP-39 (github.com/bitcoin/bips, bip-0039): phrases of 12 to 24 words from which a wallet's keys
 * are made. The words stand in scan/bip39.words, sorted; the English list, which wallets use.
 */
#define BIP39_WORDS    2048
#define BIP39_WORD_MAX 8

/* The i-th word (0 to 2047), of `*len` letters; not NUL-terminated. */
const char *bip39_word(size_t i, size_t *len);

/*
 * Whether there stand 12, 15, 18, 21 or 24 words of the list in a row in the text, in either case
 * and with anything but letters between them, whose checksum is right.
 */
bool bip39_has_phrase(const unsigned char *text, size_t len);

#endif
