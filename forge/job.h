#ifndef FORGE_JOB_H
#define FORGE_JOB_H

#include "base/err.h"
#include "forge/http.h"
#include "forge/order.h"
#include "forge/wire.h"

/* One job of bottle-forge, over an http that is open already. Each sends its own answer. */

/* The key pair goes out first (PAIR); the request follows GO. */
int job_make(int sock, const struct order *o, struct http *h, struct err *e);

/* By its number, else by looking for the public key among the repository's. */
int job_revoke(int sock, const struct order *o, struct http *h, struct err *e);

#endif
