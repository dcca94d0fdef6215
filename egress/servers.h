#ifndef EGRESS_SERVERS_H
#define EGRESS_SERVERS_H

#include "scan/scan.h"

/*
 * What servers of tools (MCP) said before, so that a description that changes is noticed: a window
 * for each host and path. Bounded; the one that was not used for longest is forgotten first.
 */
struct servers;
struct server_entry;

#define SERVERS_MAX 64

struct servers *servers_new(void); /* NULL when memory ran out */
void servers_free(struct servers *s);

/* In use until servers_done. name: host, port and path. NULL: no memory, or all are in use. */
struct server_entry *servers_take(struct servers *s, const char *name);
void servers_done(struct server_entry *e); /* e may be NULL */

struct scan_window *server_window(struct server_entry *e); /* NULL for NULL */

#endif
