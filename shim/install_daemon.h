#ifndef SHIM_INSTALL_DAEMON_H
#define SHIM_INSTALL_DAEMON_H

#include <jansson.h>
#include <stdbool.h>

#include "base/err.h"

/*
 * The engine's daemon.json (dockerd(8), "Daemon configuration file"), of which only
 * runtimes.bottle is ours. The rest keeps its order, its values and its indentation.
 */
struct install_daemon {
	char *path;    /* owned; symlinks resolved */
	char *text;    /* owned; as it was; NULL: there was no file */
	json_t *json;  /* owned; an object */
	unsigned mode; /* of the file; 0644 for a new one */
};

#define INSTALL_DAEMON_NONE ((struct install_daemon){.mode = 0644})

/*
 * Reads it. A missing or empty file is an empty object; anything that is no JSON object is an
 * error that names line and column. The caller ends with install_daemon_done, also on failure.
 */
int install_daemon_read(const char *path, struct install_daemon *ret, struct err *e);
void install_daemon_done(struct install_daemon *d);

/* Puts our runtime in, with `program` as its path. 1: changed; 0: it stood there already. */
int install_daemon_add(struct install_daemon *d, const char *program, struct err *e);

/*
 * Takes it out. 1: changed; 0: there was none. Refused while "default-runtime" names it: the
 * daemon would not start any more.
 */
int install_daemon_remove(struct install_daemon *d, struct err *e);

/* The document as it would be written, indented as the file was. Caller frees; NULL: no memory. */
char *install_daemon_text(const struct install_daemon *d);

/* Writes it by a rename, the old one beside it as FILE.before-bottle. Makes the directory. */
int install_daemon_write(const struct install_daemon *d, struct err *e);

#endif
