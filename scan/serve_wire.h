#ifndef SCAN_SERVE_WIRE_H
#define SCAN_SERVE_WIRE_H

#include <stdint.h>

#include "base/err.h"

/*
 * What bottle-scan and those who have texts scanned say to each other. Nobody shares a connection:
 * who wants one makes a pair of stream sockets and sends one end through the door, a socket that
 *the monitor has given to both sides (SERVE_CONNECT, base/msg.h). On the stream, records:
 *
 *	client → scanner	(BEGIN DATA… END)… FINISH
 *	scanner → client	FINDING…, then DONE (after FINISH) or FAILED
 *
 * Findings come when they come. Anything unknown, early or short, from either side, ends the
 * connection; a client that did not get a DONE with the counts it expects knows nothing of any
 *text.
 */
#define SERVE_CONNECT 1 /* through the door: no body, one descriptor */

/* Names under which the monitor hands the door's two ends out (COMPONENT_LISTENER). */
#define SERVE_DOOR_INSIDE  "texts"   /* the scanner's */
#define SERVE_DOOR_OUTSIDE "scanner" /* its client's */

enum serve_type {
	SERVE_BEGIN = 1, /* body: struct serve_text */
	SERVE_DATA,	 /* body: bytes of the text */
	SERVE_END,	 /* no body */
	SERVE_FINISH,	 /* no body; nothing follows */
	SERVE_FINDING = 64,
	SERVE_DONE,
	SERVE_FAILED, /* body: struct err */
};

struct serve_head {
	uint32_t type;
	uint32_t len; /* of the body */
};

#define SERVE_DATA_MAX (1U << 20)
#define SERVE_TAG_MAX  96
#define SERVE_PATH_MAX 1024

/* Strings end with NUL. */
struct serve_text {
	char tag[SERVE_TAG_MAX];   /* the client's own words, told back with each finding */
	char path[SERVE_PATH_MAX]; /* of a file, for rules with a path condition; "": none */
};

struct serve_finding {
	char tag[SERVE_TAG_MAX];
	char path[SERVE_PATH_MAX];
	char rule[64];
	char what[192];
	char via[96]; /* codings from the outside in, or "" */
	char excerpt[16];
	uint64_t line;	     /* 0: not known */
	uint64_t start, end; /* of the text, what hides it; both 0: not known */
	uint32_t warning;    /* 1: worth a word, nothing is refused for it */
	uint32_t reserved;
};

/* Findings of each count beyond these are counted only: they fit a socket's buffer. */
#define SERVE_TOLD_MAX 24

struct serve_done {
	uint64_t texts, bytes; /* that were read whole */
	uint64_t found, warnings;
	uint64_t unreadable; /* SCAN_RULE_UNREADABLE; not among the two others */
};

#endif
