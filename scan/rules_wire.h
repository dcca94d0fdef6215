#ifndef SCAN_RULES_WIRE_H
#define SCAN_RULES_WIRE_H

/*
 * How bottle-rules, which has the rules compiled, is asked: `bottle-rules DIR [NAME]`, with the
 * operator's rules on standard input where there is a NAME (for messages). It answers with one
 * message (base/msg.h) on descriptor 3.
 */
#define RULES_PROGRAM "bottle-rules"
#define RULES_FD      3

enum rules_answer {
	/* Body: warnings about the operator's rules, a line each. One descriptor: the compiled
	   rules (scan/cache.h). */
	RULES_READY = 1,
	RULES_FAILED, /* body: struct err */
};

#define RULES_TEXT_MAX	   (1U << 20)
#define RULES_WARNINGS_MAX (64U << 10) /* bytes; what is beyond is left out */

#endif
