#ifndef GATE_PKTLINE_H
#define GATE_PKTLINE_H

#include <stddef.h>

#include "base/err.h"
#include "base/str.h"

/* Packets of git's protocols (gitprotocol-common(5), "pkt-line Format"). */

enum pkt {
	PKT_END, /* of file */
	PKT_FLUSH,
	PKT_DELIM,
	PKT_RESPONSE_END,
	PKT_DATA,
};

#define PKT_MAX 65516 /* bytes in one packet (LARGE_PACKET_DATA_MAX) */

/* Reads packets of a pipe or socket, and nothing beyond the last one asked for that it keeps. */
struct pkt_reader {
	int fd;		/* borrowed, blocking */
	int timeout_ms; /* without a byte; -1: for ever */
	size_t pos, len;
	char buf[PKT_MAX + 4];
	char body[PKT_MAX + 1];
};

void pkt_reader_init(struct pkt_reader *r, int fd, int timeout_ms);

/*
 * The next packet: one of enum pkt. *ret: the body of PKT_DATA with a NUL behind it, until the next
 * call; the newline at its end, if there is one, is not told. -EPROTO for what is no packet,
 * -ENOLINK for one that ends early, -ETIMEDOUT.
 */
int pkt_read(struct pkt_reader *r, const char **ret, size_t *ret_len, struct err *e);

/* Writing: into a string. At most PKT_MAX bytes. */
void pkt_add(struct str *out, const void *data, size_t len);
void pkt_addf(struct str *out, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void pkt_add_flush(struct str *out);
void pkt_add_delim(struct str *out);

/* As a sideband has it: 1 data, 2 progress, 3 the reason of the end. Any length: several packets.
 */
void pkt_add_band(struct str *out, int band, const char *data, size_t len);

#endif
