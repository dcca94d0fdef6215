#ifndef EGRESS_WIRE_H
#define EGRESS_WIRE_H

#include <stdbool.h>
#include <stdint.h>

#include <openssl/ssl.h>

#include "base/buf.h"
#include "base/err.h"
#include "egress/loop.h"

/*
 * TLS 1.3's suites (RFC 8446 appendix B.4), the cheapest of equal worth first: a handshake hashes
 * some forty times, and processors have instructions for SHA-256, not for SHA-384.
 */
#define WIRE_TLS13_SUITES                                                                          \
	"TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256"

/*
 * One connection's byte stream, plain or TLS, non-blocking: what was received waits in `in`, what
 * is to be sent waits in `out`.
 *
 * The descriptor is watched edge-triggered from birth to end, with no change in between: `readable`
 * and `writable` mean that a call may succeed; they are cleared by the call that would block (or
 * that emptied the socket), and set by the next edge.
 */
#define WIRE_IN_MAX  (64U << 10) /* input that waits: more is not read */
#define WIRE_OUT_MAX (64U << 10) /* output that waits: whoever feeds it stops there */

struct wire {
	int fd;	    /* owned; -1: none */
	SSL *ssl;   /* NULL: plain */
	SSL *outer; /* TLS around it: of the network's proxy; NULL: none */
	struct buf in, out;
	size_t secret_len; /* bytes of out's memory that hold a credential until they are sent */
	struct buf early;  /* read in plain before TLS began: TLS reads it first */
	bool readable, writable;
	const char *tls_why; /* why TLS ended by itself, constant; NULL: it did not, or without a
				word */
	bool tls_more;	     /* TLS may hold bytes that it has read but not given */
	bool hup;	     /* the peer closed or reset: read on until that shows */
	bool eof;	     /* the peer sends no more */
	bool dead;	     /* nothing can be sent or received any more */
	/*
	 * An upstream's: when it takes no more, what it said before that is still read (an early
	 * answer, why TLS ended), and what is sent is thrown away until it is `dead`.
	 */
	bool last_words;
	bool mute; /* … which is the case */
	bool shut; /* our side is closed for sending */
};

void wire_init(struct wire *w);
void wire_done(struct wire *w); /* closes without ceremony */

/* An edge came. */
void wire_note(struct wire *w, uint32_t epoll_events);

/* Reads once into `in`, if there is room. Whether anything changed (bytes, eof, dead). */
bool wire_read(struct wire *w);

/* Sends from `out` until it is empty or would block. Whether anything changed. */
bool wire_write(struct wire *w);

/*
 * Begins TLS over the descriptor with what `in` holds as its first bytes, or, where there is TLS
 * already, inside of it; then `in` is empty. Takes ssl.
 */
int wire_start_tls(struct wire *w, SSL *ssl, struct err *e);

enum wire_tls { WIRE_TLS_DONE, WIRE_TLS_AGAIN, WIRE_TLS_FAILED };

/* Goes on with the handshake. On failure err holds the reason in plain words. */
enum wire_tls wire_handshake(struct wire *w, struct err *e);

/* What waits in `out` holds a credential: it is wiped when all of it is out. */
void wire_mark_secret(struct wire *w);

/* No more will be sent: close_notify, then FIN, once `out` is empty. */
void wire_shut(struct wire *w);

/*
 * The kernel finds out when the peer is gone although nothing passes (tcp(7)): after a minute it
 * asks, four times, every 15 s. What was sent and not acknowledged has its own time-out;
 * TCP_USER_TIMEOUT, which would shorten it, also ends a peer that is there and does not read for a
 * while.
 */
void wire_keep_alive(struct wire *w);

/* Closing will send RST: the peer must not take what it got for whole. */
void wire_reset(struct wire *w);

/* Makes the BIO method; at start, once. */
int wire_setup(struct err *e);

#endif
