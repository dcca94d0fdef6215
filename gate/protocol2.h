#ifndef GATE_PROTOCOL2_H
#define GATE_PROTOCOL2_H

#include "gate/session.h"

/*
 * upload-pack's side of protocol version 2 (gitprotocol-v2(5)). References are answered from what
 * the upstream says at that moment; objects are fetched from it when the agent asks for them, so
 * that the agent sees how far that is (sideband 2); packing is git's own upload-pack. An object is
 * given only when a reference of the upstream leads to it: git itself gives, in this version,
 * whatever it has.
 *
 * asked_ns: what is served is what the upstream had then (mirror_now_ns), or later.
 */

/*
 * A connection of git://: the capabilities, then commands until the agent has no more. -ECANCELED:
 * the agent was told why; any other failure is the caller's to tell.
 */
int protocol2_serve(const struct session *s, int sock, int64_t asked_ns, struct err *e);

/* HTTP, GET info/refs: the capabilities. */
int protocol2_advertise(const struct session *s, int out, int64_t asked_ns, struct err *e);

/* HTTP, POST git-upload-pack: one command. A failure was told to the agent as an ERR packet. */
int protocol2_command(const struct session *s, int in, int out, int64_t asked_ns, struct err *e);

#endif
