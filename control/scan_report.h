#ifndef CONTROL_SCAN_REPORT_H
#define CONTROL_SCAN_REPORT_H

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

#include "scan/scan.h"

/* What `bottle scan` found, as a person, a program or a code host wants to read it. */
enum scan_format { SCAN_FORMAT_TEXT, SCAN_FORMAT_JSON, SCAN_FORMAT_SARIF };

struct scan_report {
	enum scan_format format;
	bool explain;
	const struct scan_rules *rules;
	FILE *to;
	json_t *list; /* of the findings, for the two formats of programs */
	size_t found, warned;
};

/* to: where it is written; rules: borrowed. 0 or -ENOMEM. */
int scan_report_open(struct scan_report *r, FILE *to, const struct scan_rules *rules);

/* One finding in the file (or "-"). As text it is written at once. 0 or -errno. */
int scan_report_add(struct scan_report *r, const char *file, const struct scan_finding *f);

/* Writes what is not written yet. 0 or -errno. */
int scan_report_close(struct scan_report *r);

#endif
