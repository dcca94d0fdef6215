#ifndef SHIM_SIDECAR_IMPL_H
#define SHIM_SIDECAR_IMPL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/msg.h"
#include "shim/sidecar.h"

/* What sidecar.c (requests), sidecar_boot.c and sidecar_cleanup.c share; for nobody else. */
struct sidecar {
	int sock;      /* boot socket, or a connection to monitor.sock */
	int netns_fd;  /* the sidecar's; -1 when connected later */
	int pidfd;     /* the monitor's */
	pid_t monitor; /* for people */
	char *ca_pem;
	char *state_dir;
	int ready_ms;	  /* how long it may take to get ready */
	bool booted_here; /* and not committed yet: the end of `sock` is the end of the bottle */
};

/* Empty; NULL when memory ran out. */
struct sidecar *sidecar_new(const char *state_dir);

static inline void sidecar_cleanup_ptr(struct sidecar **s)
{
	sidecar_free(*s);
}
#define cleanup_sidecar __attribute__((cleanup(sidecar_cleanup_ptr)))

/*
 * The answer to what was sent before: OK into *ret, or the monitor's error as the caller's.
 * -ETIMEDOUT after timeout_ms: it is stopped or stuck.
 */
int sidecar_receive(const struct sidecar *s, int timeout_ms, struct msg *ret, struct err *e);

/*
 * Executes bottle-monitor as nobody's child, s->sock becoming the other end of its boot socket.
 * verb: its only argument, or NULL. cg: the groups in which it is born, or NULL.
 */
int sidecar_spawn(struct sidecar *s, const char *verb, struct cgroup *cg, struct err *e);

#endif
