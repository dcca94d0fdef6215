#ifndef SCAN_WINDOW_H
#define SCAN_WINDOW_H

#include "scan/scan.h"

struct mcp_tools;
struct split_history;

/* What is remembered of a host between messages; each part is made by who first needs it. */
struct scan_window {
	struct split_history *split; /* scan/split.h: ends of what it was sent */
	struct mcp_tools *tools;     /* scan/mcp.h: what it said of its tools */
};

#endif
