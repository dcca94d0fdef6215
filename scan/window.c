#include "scan/window.h"

#include <stdlib.h>

#include "scan/mcp.h"
#include "scan/split.h"

struct scan_window *scan_window_new(void)
{
	return calloc(1, sizeof(struct scan_window));
}

void scan_window_free(struct scan_window *w)
{
	if (!w)
		return;
	split_history_free(w->split);
	mcp_tools_free(w->tools);
	free(w);
}
