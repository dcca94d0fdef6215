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
	RULES_READY = 1, /* no body; one descriptor: the compiled rules (scan/cache.h) */
	RULES_FAILED,	 /* body: struct err */
};

#define RULES_TEXT_MAX (1U << 20)

#endif
