#ifndef GATE_PROTOCOL2_H
#define GATE_PROTOCOL2_H

#include "gate/session.h"

/*
 * upload-pack's side of protocol version 2 (gitprotocol-v2(5)). References are answered from what
 * the upstream says at that moment; objects are fetched from it when the agent asks for them, so
 * that the agent sees how far that is (sideband 2); packing is git's own upload-pack. An object is
 * given only when a reference of the upstream leads to it: git itself gives, in this version,
 * whatever it has.
 */

/* The capabilities, as the service begins on git:// and in answer to GET info/refs. */
int protocol2_advertise(const struct session *s, int out, struct err *e);

/*
 * Reads one command from `in` (a pipe or socket, blocking) and answers it. 1: done; 0: the agent
 * has no more (a flush or the end); -errno: it was told, when it could be (ERR packet). asked_ns:
 * how old what is served may be.
 */
int protocol2_command(const struct session *s, int in, int out, int64_t asked_ns, struct err *e);

#endif
