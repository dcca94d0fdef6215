#ifndef CONTROL_LOG_SHOW_H
#define CONTROL_LOG_SHOW_H

#include <stdbool.h>
#include <stdio.h>

#include "control/log_reader.h"

/*
 * A line of a log as a person wants to read it. Nothing in it commands a terminal: control
 * characters, and those that turn or hide text, are written as \u{…}.
 */
enum log_kind {
	LOG_CHAIN, /* egress.log: JSON */
	LOG_WORDS, /* of the others: time="…" level=… msg="…", or anything */
};

struct log_form {
	bool json;   /* as it stands; of LOG_WORDS an object with component, time and text */
	bool colour; /* for a terminal */
	const char *component; /* to stand in front; NULL: there is one only */
};

void log_show(FILE *to, const struct log_line *l, enum log_kind kind, const struct log_form *form);

/* When it was written: "2026-01-31T12:00:00", UTC, into ret; false: it does not say. */
bool log_time(const struct log_line *l, char ret[20]);

/* Text that is safe on a terminal. */
void log_put_safe(FILE *to, const char *text, size_t len);

#endif
