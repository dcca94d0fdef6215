#ifndef SCAN_STATE_H
#define SCAN_STATE_H

#include "scan/finding.h"
#include "scan/lines.h"
#include "scan/mcp.h"
#include "scan/node.h"
#include "scan/rules.h"
#include "scan/split.h"
#include "scan/window.h"

/* A scan from within, for the files of scan/ that share it. */
struct scan {
	const struct scan_rules *rules;
	unsigned int sets;
	scan_found_fn *found;
	void *arg;
	struct matcher_scratch *scratch;
	struct split *split;	    /* NULL: no known secrets */
	struct scan_window *window; /* of the host that the message goes to, or comes from */
	struct mcp_reader *mcp;	    /* NULL: nothing is looked for in what comes in */

	unsigned int ratio_max; /* of containers */
	struct node *root;	/* of the text that is being read; NULL: none is */
	struct node *pool;
	size_t n_nodes;	  /* in use */
	uint64_t fed;	  /* bytes of the text and of what containers in it held */
	uint64_t work;	  /* bytes that all nodes read */
	bool told_random; /* of this text, that it looks so */
	uint64_t flushed; /* bytes of the text up to which all is decided by a flush */

	const char *place, *path, *type; /* of the text, as declared; NULL: was not */
	struct scan_kept {
		char *s;
		size_t size;
	} kept[3];	 /* where they stand */
	uint64_t prefix; /* bytes in front of the text that we put there */
	struct findings findings;
	struct lines lines;
};

#endif
