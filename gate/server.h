#ifndef GATE_SERVER_H
#define GATE_SERVER_H

#include "gate/gate.h"

/* Where agents come in, and what a connection's process does then (it takes both descriptors). */
struct server_door {
	int listener;
	void (*serve)(const struct gate *g, int sock, int channel) __attribute__((noreturn));
};
#define SERVER_DOORS 2

/*
 * Accepts on the listeners and forks a process a connection; follows the monitor's words. Takes the
 * listeners; control is borrowed. Returns 0 when it was told to stop and no push is open, -EPIPE
 * when the monitor is gone.
 */
int server_run(const struct gate *g, const struct server_door doors[SERVER_DOORS], int control,
	struct err *e);

#endif
