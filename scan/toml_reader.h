#ifndef SCAN_TOML_READER_H
#define SCAN_TOML_READER_H

#include <stdbool.h>

#include "scan/toml.h"

/* Where the reader of a TOML text stands; inside scan/toml*.c only. */
struct toml_reader {
	char *p, *end; /* a copy of the text: strings are unescaped where they stand; NUL behind */
	unsigned int line;
	unsigned int depth;
	const char *name;
	struct toml_doc *doc; /* gives memory */
	struct err *e;
};

/* Zeroed memory that lives as long as the document; NULL when memory ran out. */
void *toml_alloc(struct toml_doc *d, size_t size);

/* err_say with "NAME:LINE: " in front; -EINVAL. */
int toml_wrong(struct toml_reader *r, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/*
 * The whole text is UTF-8 without control characters but tab, LF and CR LF: checked once, relied on
 * afterwards. 0 or -EINVAL.
 */
int toml_check_text(struct toml_reader *r);

/* Consumes LF or CR LF; false when there is none. */
bool toml_newline(struct toml_reader *r);

/* The reader stands at a quote. *ret is NUL-terminated, in the text. */
int toml_read_string(struct toml_reader *r, bool multiline_ok, const char **ret, size_t *ret_len);

/* Boolean, number, date or time. */
int toml_read_scalar(struct toml_reader *r, struct toml *v);

#endif
