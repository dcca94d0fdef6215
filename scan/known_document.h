#ifndef SCAN_KNOWN_DOCUMENT_H
#define SCAN_KNOWN_DOCUMENT_H

#include <stdbool.h>
#include <stddef.h>

/*
 * A secret that is a document, of JSON (a service account's file) or of lines (.netrc, .env, YAML):
 * the strings or words in it that are secrets. One is when its key says so ("password",
 * "private_key"), or when it is long and random; the others (project, addresses, kinds) are public,
 * as are the keys. A key in armour is no document.
 */
bool known_document_is(const unsigned char *p, size_t len);

/* Negative ends; p is borrowed. */
typedef int known_document_fn(void *arg, const unsigned char *p, size_t len);

/* 0, what fn returned, or -ENOMEM. *ret_n: how many there are; it may have none. */
int known_document_each(
	const unsigned char *p, size_t len, known_document_fn *fn, void *arg, size_t *ret_n);

#endif
