#ifndef EGRESS_SERVICE_H
#define EGRESS_SERVICE_H

#include <openssl/ssl.h>

#include "base/component.h"
#include "egress/ca.h"
#include "egress/loop.h"
#include "egress/names.h"
#include "egress/resolver.h"
#include "egress/rules.h"
#include "egress/scanners.h"
#include "egress/servers.h"
#include "egress/trust.h"

/*
 * What all connections share: made once by main, before the lock-down; only `rules` changes later
 * (reload). Connections borrow it.
 */
struct conn;
struct oauth;
struct journal_file;
struct metrics;

struct service {
	struct component_boot boot;    /* keeps the credentials for a reload */
	struct component_boot offered; /* secrets of the next policy, until it comes */
	struct journal_file *log;      /* borrowed: main opens it before all else */
	struct metrics *metrics;
	struct loop *loop;
	struct rules *rules;
	struct scanners *scanners;
	struct servers *servers;
	struct oauth *oauth;
	size_t held; /* bytes of bodies that wait (egress/held.h) */
	struct ca *ca;
	struct trust *trust;
	SSL_CTX *intercept;
	struct resolver *resolver;
	struct names *names;
	struct in_addr sidecar;
	sa_family_t family; /* of addresses that are dialled first: the one that answered */
	struct conn *conns; /* all that live */
	size_t n_conns;
	size_t n_exchanges; /* in all connections: up to EXCHANGES_MAX */
};

/* From the boot messages (moved into s): policy, CA, trust store, names, resolver. */
int service_open(
	struct component_boot *boot, struct journal_file *log, struct service *s, struct err *e);
void service_done(struct service *s);

/*
 * The name that an address of the pool stands for. One that a former process has given out is known
 * when it is the name of a route. NULL: nobody's. Borrowed, for the moment.
 */
const char *service_name_of(struct service *s, struct in_addr a);

/* A secret of the policy that comes next (component_take_secret). */
int service_offer(struct service *s, const struct msg *m, struct err *e);

/*
 * A new policy, with what was offered: in force at once for requests that begin, or refused with
 * the old one kept. What it no longer names is still looked for.
 */
int service_reload(struct service *s, const char *json, struct err *e);

#endif
