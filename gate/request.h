#ifndef GATE_REQUEST_H
#define GATE_REQUEST_H

#include <stddef.h>

#include "base/err.h"
#include "gate/gate.h"

/*
 * The first packet of a git:// connection (gitprotocol-pack(5), "Git Transport"), read here and not
 * by `git daemon`: with an access hook that one resolves the host name which the agent wrote into
 * its request, so the agent's words would reach the name servers of the outside.
 */
enum request_service { REQUEST_UPLOAD_PACK, REQUEST_RECEIVE_PACK };

struct request {
	enum request_service service;
	const struct policy_repo *repo; /* borrowed from the gate */
	char protocol[16];		/* "version=2", or "" */
};

#define REQUEST_MAX 1500

/* Reads the packet's body, at most REQUEST_MAX bytes, within timeout_ms. The length or -errno. */
int request_read(int sock, char body[REQUEST_MAX + 1], int timeout_ms, struct err *e);

/*
 * Understands it. The host that the agent names is not looked at. -ENOENT with what there is when
 * the repository is unknown, -ENODATA when none is named; -EPROTO for what is no request for a
 * service that we give.
 */
int request_parse(
	const struct gate *g, const char *body, size_t len, struct request *ret, struct err *e);

/*
 * The repository of a path, "/NAME.git" or "NAME". -ENOENT with what there is when it is unknown,
 * -ENODATA when none is named.
 */
int request_repo(
	const struct gate *g, const char *path, const struct policy_repo **ret, struct err *e);

/* Sends "ERR reason" as the protocol has it, and sees to it that the other side can read it. */
void request_refuse(int sock, const char *reason);

#endif
