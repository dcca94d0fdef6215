#ifndef SCAN_KNOWN_SET_H
#define SCAN_KNOWN_SET_H

#include "scan/known_index.h"
#include "scan/known_keep.h"

/* What known.c searches and known_add.c fills. */
struct known {
	struct known_keep keep;
	struct known_index codes; /* letters and digits in lower case */
	struct known_index bytes; /* bytes as they are: of secrets with few letters and digits */
};

#endif
