#ifndef FORGE_ORDER_H
#define FORGE_ORDER_H

#include <stdint.h>

#include "base/err.h"
#include "base/secret.h"
#include "bundle/deploy_key.h"

/* What bottle-forge is to do (forge/wire.h). */
struct order {
	uint32_t what; /* FORGE_MAKE or FORGE_REVOKE */
	struct plan_deploy_key key;
	struct secret token;
	char *public_line; /* REVOKE */
	int64_t id;	   /* REVOKE: 0: not known */
};

/* Reads it from the socket: who gives it is trusted. The caller ends *ret, also on failure. */
int order_receive(int sock, struct order *ret, struct err *e);
void order_done(struct order *o);

/* Sends one, for the other side; borrowed. */
int order_send(int sock, const struct order *o, struct err *e);

#endif
