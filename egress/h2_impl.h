#ifndef EGRESS_H2_IMPL_H
#define EGRESS_H2_IMPL_H

#include "egress/h2.h"

/* What h2.c (the connection) and h2_stream.c (its streams) share. */

struct h2 {
	nghttp2_session *ng; /* NULL: it has ended */
	enum h2_role role;
	struct wire *wire;
	struct h2_stream *streams;
	struct h2_stream *ready, **ready_end; /* heads to be accepted */
	size_t n_streams;
	uint64_t bytes_in;
	size_t unread; /* payload that waits in all streams */
	size_t owed;   /* of it, what the connection's window was not given back for */
	int purse;     /* see h2.h; below 0: an attacker */
	const char *fault;
	uint32_t said; /* code of the peer's GOAWAY */
	bool freed;    /* by its owner: goes with its last stream */
	bool shut;     /* GOAWAY was said */
	bool failed;   /* nothing is read any more */
};

/* What of its peer alone a stream waits for: nothing, its head's end, that it takes what was put,
 * that it ends what was answered. */
enum h2_wait { WAIT_NONE, WAIT_HEAD, WAIT_TAKEN, WAIT_DRAIN };

struct h2_stream {
	struct h2 *session;
	struct h2_stream *next, **at;
	struct h2_stream *next_ready;
	int32_t id;
	bool held;	    /* by an exchange */
	bool is_ready;	    /* in the list of those to be accepted */
	bool closed;	    /* nghttp2 knows it no more */
	bool was_reset;	    /* by us */
	enum h2_wait waits; /* as the tick saw it, since … */
	int64_t since_ms;

	/* What comes. */
	struct h2_head *coming; /* head or trailers, as far as they are here; NULL: none */
	struct h2_head *head;	/* whole; NULL: not there yet, or an interim one */
	bool have_head;
	unsigned int interim;
	bool in_end;	    /* all of it has come */
	bool ended_at_once; /* with its head */
	bool end_given;
	bool bounded; /* `expected` counts */
	uint64_t expected, received;
	struct buf in;
	struct http1_head trailers;
	const char *broken; /* it is no message: why */

	/* What goes. */
	struct buf out;
	struct http1_head *trailers_out; /* NULL: none */
	bool cut;			 /* it ends with cut_code, behind what was put */
	uint32_t cut_code;
	bool out_end;  /* nothing more is put */
	bool out_done; /* … and its end was sent */
	bool deferred; /* nghttp2 does not ask for more by itself */

	uint32_t error; /* it was closed with */
	bool refused;	/* the peer did nothing with it */
	uint64_t heard; /* the session's bytes_in when it was made */
};

struct h2_stream *h2_stream_new(struct h2 *h, int32_t id);

/* Out of all lists, freed; the session, too, if that was all that kept it. */
void h2_stream_free(struct h2_stream *s);

/* nghttp2 has closed it. */
void h2_stream_closed(struct h2_stream *s, uint32_t code);

/* What nghttp2 asks for when the stream's turn has come. */
nghttp2_data_provider h2_stream_provider(struct h2_stream *s);

/* A head or trailers begin, or are there. False, -ENOMEM: memory ran out. */
bool h2_stream_head_begin(struct h2_stream *s);
void h2_stream_head_end(struct h2_stream *s, bool last);

/* The payload of a DATA frame. 0 or -ENOMEM. */
int h2_stream_data(struct h2_stream *s, const uint8_t *data, size_t len);
void h2_stream_end(struct h2_stream *s);

/* len bytes of payload were taken: windows may open. */
void h2_taken(struct h2_stream *s, size_t len);

#endif
