#ifndef SHIM_GLOBALS_FILE_H
#define SHIM_GLOBALS_FILE_H

#include "base/err.h"
#include "shim/options.h"

/*
 * The runtime's file: YAML whose keys are the global options' names. It fills in what the command
 * line has left open; a switch that is on in the file is on. `owned` gets the strings (strv_free).
 * A missing file is none; one that others than root and the caller can write is refused; a key that
 * is no global option is an error.
 */
int globals_file_read(const char *path, const struct options *o, char ***owned, struct err *e);

#endif
