#ifndef SCAN_KNOWN_VALUE_H
#define SCAN_KNOWN_VALUE_H

#include <stdbool.h>
#include <stddef.h>

enum known_mark { KNOWN_PUBLIC = 1, KNOWN_RANDOM = 2 };

/*
 * What of a secret is secret. Public is what many share: a vendor's prefix, the header of a JWT,
 * scheme and host of a URL, the armour of a key and how every key of its kind begins. Of the rest,
 * words say nothing: rows in which most pairs of letters are common ones of English, or digits
 * count on. A stretch that is random by itself may hold such a row by chance; it is none.
 */
struct known_value {
	const unsigned char *bytes; /* borrowed */
	size_t len;
	unsigned char *marks; /* of enum known_mark, one a byte */
};

/* 0 or -ENOMEM. */
int known_value_init(struct known_value *v, const unsigned char *bytes, size_t len);
void known_value_done(struct known_value *v);
#define cleanup_known_value __attribute__((cleanup(known_value_done)))

/* At least so many bytes of a needle are not public. */
#define KNOWN_PRIVATE_MIN 6

/* Whether [first, last] has enough that is not public (of a short one: all of it) … */
bool known_value_is_private(const struct known_value *v, size_t first, size_t last);
/* … and is no row of words. */
bool known_value_is_random(const struct known_value *v, size_t first, size_t last);

#endif
