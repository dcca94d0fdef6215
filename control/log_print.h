#ifndef CONTROL_LOG_PRINT_H
#define CONTROL_LOG_PRINT_H

#include <stdbool.h>

#include "control/bottle_dir.h"
#include "control/log_show.h"

/* The logs of one bottle, one after the other by their times, on standard output. */
struct log_print {
	const char *component; /* of log_components, or "all" */
	const char *since;     /* as log_time has it; "": from the beginning */
	const char *id;	       /* only lines of this request; or NULL */
	bool follow;	       /* until it is interrupted */
	bool json, colour;
};

/* NULL-terminated. */
extern const char *const log_components[];

/* How many lines were shown, or -errno. */
int log_print(const struct bottle_dir *d, const struct log_print *how, struct err *e);

#endif
