#ifndef BASE_JSON_AT_H
#define BASE_JSON_AT_H

#include <stddef.h>

/*
 * Where in a JSON document a byte stands: "process.args[0]" for one in, or directly behind, that
 * value, "" for the document itself. Made for documents that do not parse: goes by brackets, commas
 * and strings alone and takes anything. Names are as they are written, without their quotes;
 * what is nested more than 64 deep has the path of its 64th ancestor.
 */
const char *json_at_byte(const char *text, size_t len, size_t byte, char *buf, size_t size);

/* The length of the string token at text, with its quotes; up to the end if it does not end. */
size_t json_token_length(const char *text, size_t len);

#endif
