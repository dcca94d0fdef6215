#ifndef SCAN_INLINE_LIST_H
#define SCAN_INLINE_LIST_H

#include "scan/inline_text.h"
#include "scan/inline_window.h"

/*
 * Bytes that stand apart: pairs of hexadecimal digits with a separator (61:62, 61 62, 0x61, 0x62),
 * dumps (offsets and the column of text are left out), and lists of decimal numbers. From
 * LIST_LEAST bytes with the same separators on.
 */
#define LIST_LEAST 8
#define LIST_PART  256 /* elements that are taken at once */

struct list_reader {
	uint64_t next;
	bool open; /* a list goes on there */
	bool decimal;
	char before[4]; /* each element: "0x" */
	char between[4];
	struct text_lane lane;
	unsigned char bytes[LIST_PART + 64];
	uint64_t at[2 * LIST_PART]; /* where each begins and ends */
	size_t n;
	bool taken; /* some were */
};

void list_reset(struct list_reader *r, bool decimal);
int list_scan(struct list_reader *r, const struct inline_window *w);

#endif
