#ifndef EGRESS_SESSION_H
#define EGRESS_SESSION_H

#include <stdint.h>

#include <openssl/ssl.h>

/*
 * TLS sessions of upstreams that were verified, to be resumed: a resumed handshake proves that the
 * peer is the one that was verified then, for a third of the cost. They belong to one rule, and so
 * to one set of roots, and to one host and port; a reload forgets them all.
 */
#define SESSIONS_MAX 8

struct session_entry {
	char *host;
	uint16_t port;
	SSL_SESSION *session;
};

struct sessions {
	struct session_entry list[SESSIONS_MAX];
	unsigned int next; /* to be given up when all are taken */
};

void sessions_done(struct sessions *s);

/* Takes the session; the last one of a host and port replaces the one before. */
void sessions_keep(struct sessions *s, const char *host, uint16_t port, SSL_SESSION *session);

/* Borrowed; NULL when there is none that can be resumed, or it is older than an hour. */
SSL_SESSION *sessions_find(const struct sessions *s, const char *host, uint16_t port);

#endif
