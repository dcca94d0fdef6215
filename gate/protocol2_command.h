#ifndef GATE_PROTOCOL2_COMMAND_H
#define GATE_PROTOCOL2_COMMAND_H

#include "gate/pktline.h"
#include "gate/session.h"

/* One command of an agent, as it came (gitprotocol-v2(5), "Command Request"). */
struct protocol2_command {
	char *name;	     /* "fetch" */
	char **capabilities; /* strv; "object-format=sha1" … */
	char **args;	     /* strv; "want OID" … */
};

/* A request has at most so many bytes: a million "have" lines. */
#define PROTOCOL2_REQUEST_MAX (64U << 20)

/* 1; 0: a flush or the end of file, there is no more; -EPROTO. */
int protocol2_command_read(struct pkt_reader *in, struct protocol2_command *ret, struct err *e);

/* The same packets again. */
void protocol2_command_print(const struct protocol2_command *c, struct str *out);

void protocol2_command_done(struct protocol2_command *c);
#define cleanup_protocol2_command __attribute__((cleanup(protocol2_command_done)))

/* What answers one: borrowed, all of it. */
struct protocol2_answer {
	const struct session *session;
	const struct protocol2_command *command;
	int out;
	int64_t asked_ns;
};

#endif
