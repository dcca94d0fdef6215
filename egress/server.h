#ifndef EGRESS_SERVER_H
#define EGRESS_SERVER_H

#include "egress/metrics_server.h"
#include "egress/service.h"

/*
 * The sockets that were handed over: "proxy" (TCP, every port of every address on the link arrives
 * there), "dns" (UDP 53), "metrics" (egress/metrics_server.h; there need be none), and the
 * monitor's control socket.
 */
struct server {
	struct loop_watch proxy_watch, dns_watch, control_watch;
	struct service *service;
	struct metrics_server *metrics; /* NULL: there is no such listener */
	int proxy, dns, control;	/* owned, but for control */
	int spare; /* given up to accept, and close, when there are no descriptors left */
	bool stopped;
};

/* Takes the listeners out of service->boot and watches them. */
int server_open(struct service *s, int control, struct server *ret, struct err *e);

/* Serves until STOP (0) or until the monitor is gone (-EPIPE) or talks nonsense (-EPROTO). */
int server_run(struct server *v, struct err *e);

void server_done(struct server *v);

#endif
