#ifndef SHIM_PROBE_H
#define SHIM_PROBE_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/*
 * One real request to one listener of the sidecar, made from the agent's namespace, as the agent
 * would make it. A probe never blocks: its owner polls probe.fd.
 *
 *	PROBE_PROXY	GET http://_egress.local/allowlist, answered 200
 *	PROBE_DNS	the A record of "egress", answered with an address
 *	PROBE_GIT	git-upload-pack of no repository, answered with any pkt-line (an ERR)
 *	PROBE_GIT_HTTP	GET /, which names no repository either, answered 404
 */
enum probe_kind { PROBE_PROXY, PROBE_DNS, PROBE_GIT, PROBE_GIT_HTTP, PROBE_KINDS };

struct probe {
	enum probe_kind kind;
	int fd;	      /* owned; -1: none */
	short events; /* to poll for */
	size_t got;
	char answer[64]; /* its beginning */
};

#define PROBE_NONE ((struct probe){.fd = -1})

/* Sends the request as far as that goes at once. The caller is privileged over the namespace. */
int probe_start(enum probe_kind kind, int agent_netns_fd, struct probe *ret, struct err *e);

/* When fd is ready. 1: answered as it should be (fd is closed); 0: not yet; -errno: wrong. */
int probe_step(struct probe *p, struct err *e);

void probe_done(struct probe *p);

/* "the proxy on tcp 9099" */
const char *probe_name(enum probe_kind kind);

#endif
