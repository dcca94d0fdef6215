#ifndef FORGE_KEYPAIR_H
#define FORGE_KEYPAIR_H

#include "base/err.h"
#include "base/secret.h"

/* An ed25519 key pair for ssh, in the form of the files that ssh-keygen(1) makes. */
struct keypair {
	char *public_line;	    /* "ssh-ed25519 AAAA… COMMENT", no newline */
	struct secret private_text; /* OpenSSH's format (PROTOCOL.key), without a passphrase */
};

/* Made by OpenSSL; the caller ends it with keypair_done. The comment is one word. */
int keypair_make(const char *comment, struct keypair *ret, struct err *e);
void keypair_done(struct keypair *k);

#endif
