#ifndef BASE_ERR_H
#define BASE_ERR_H

#include <stddef.h>

/*
 * The error object: owned by the caller, passed last, no pointers inside, so that a child process
 * can write it whole to its parent. Functions return 0 or more on success and -errno on failure;
 * on failure `e` holds the same number (positive) and one sentence that names the thing, what was
 * wrong with it, and what would be right.
 */
struct err {
	int code; /* errno value, positive; 0: no error */
	char msg[508];
};

/*
 * Sets "MESSAGE: reason", where reason is the text of errnum in lower case ("no such file or
 * directory": engines match these words). Returns -errnum; errnum 0 counts as EINVAL.
 */
int err_set(struct err *e, int errnum, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* As err_set, without the reason: for errors that are not the kernel's. Returns -errnum. */
int err_say(struct err *e, int errnum, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* Puts "CONTEXT: " in front of an error that is set already. Returns -e->code. */
int err_wrap(struct err *e, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* The reason text of an errno value, lower case, static storage or in buf. */
const char *err_reason(int errnum, char *buf, size_t size);

#endif
