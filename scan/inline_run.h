#ifndef SCAN_INLINE_RUN_H
#define SCAN_INLINE_RUN_H

#include "scan/inline_text.h"
#include "scan/inline_window.h"

/*
 * Runs of base64, base32 and hexadecimal: they share their letters, so one sweep finds the runs,
 * and each is decoded in every way it may be meant. A run goes on over line ends, indentation,
 * "\n" as JSON writes it, and from the end of a quoted string to the next one.
 */
#define RUN_BACK  64
#define RUN_PART  1024 /* characters that are decoded at once */
#define RUN_AHEAD 24   /* so that all phases see whole groups; and room to fill the last one */
#define RUN_ROOM  (RUN_BACK + 8 + RUN_PART + RUN_AHEAD + 8)
#define RUN_LANES (4 + 2 + 8)

struct run_reader {
	unsigned int codings; /* of 1 << INLINE_BASE64, _BASE32, _HEX */
	uint64_t next;	      /* read up to this place */
	bool open;	      /* a run goes on there */

	/* The run's characters, without what stood between, and where each stands. */
	unsigned char chars[RUN_ROOM];
	uint64_t at[RUN_ROOM];
	size_t n;
	size_t part;	     /* up to here it is decoded; as many as lanes' groups fit into */
	bool start;	     /* nothing is decoded yet */
	unsigned int narrow; /* lines that were shorter than a run must be */
	unsigned int seen, seen_before; /* codings whose letters this part and the last are of */
	struct text_lane lanes[RUN_LANES];
};

void run_reset(struct run_reader *r);
/* 0, or what out returned. */
int run_scan(struct run_reader *r, const struct inline_window *w);

#endif
