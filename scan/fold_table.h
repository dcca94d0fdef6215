#ifndef SCAN_FOLD_TABLE_H
#define SCAN_FOLD_TABLE_H

#include <stddef.h>
#include <stdint.h>

/* The tables of scan/fold.c; scan/fold_table.py writes them. Each is sorted. */

/* One ASCII character for each of U+0080 … U+058F; a space: none. */
#define FOLD_LOW_FIRST 0x80
#define FOLD_LOW_END   0x590
extern const char fold_low[];

/* The same for len characters from `first` on. */
struct fold_segment {
	uint32_t first;
	uint32_t len;
	const char *text;
};
extern const struct fold_segment fold_segments[];
extern const size_t fold_n_segments;

/* Characters that stand for several. */
struct fold_long {
	uint32_t c;
	char text[12];
};
extern const struct fold_long fold_longs[];
extern const size_t fold_n_longs;

/* Combining marks: first to last. */
struct fold_range {
	uint32_t first, last;
};
extern const struct fold_range fold_marks[];
extern const size_t fold_n_marks;

#endif
