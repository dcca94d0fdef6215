#ifndef EGRESS_WEBSOCKET_SIDE_H
#define EGRESS_WEBSOCKET_SIDE_H

#include "base/http1_body.h"
#include "egress/held.h"
#include "egress/websocket_frame.h"
#include "egress/websocket_inflate.h"

/*
 * One direction of a WebSocket: frames come in, are put together to messages, read by a judge, and
 * go on in frames of our own, so that what was read is all that is sent.
 *
 * Theory of operation. Bytes are put in when there is room for them, then moved: from `in` by way
 * of a frame's payload and, if it is compressed, of the inflater to `held`. A message of up to
 * HELD_BODY_MAX bytes waits there until it is whole, is judged, and goes on as one frame. A longer
 * one goes on in fragments, each behind its reading; so does one that its sender does not finish
 * (websocket_side_pause). What is decided becomes output: `head`, and so many bytes of `held` as
 * are `ready`. While there is output nothing is taken in, so a reader that is slow slows its
 * sender, and memory is bounded.
 *
 * Never passed on: compression (both sides must take messages without it: RFC 7692, section 6),
 * masks and fragments as they came, lengths written in other ways. These could tell things that
 * nobody reads.
 */
struct websocket_side;

/* What a judge is asked about. */
enum websocket_kind {
	WEBSOCKET_KIND_TEXT,
	WEBSOCKET_KIND_BINARY,
	WEBSOCKET_KIND_CONTROL, /* what a ping or a pong holds, or the reason of a close */
};

/* Who reads a direction. All return 0, or -EACCES, after which nothing more goes on. */
struct websocket_judge {
	/* A message begins. Control frames may come amid one. */
	int (*begin)(void *arg, enum websocket_kind kind);
	/* p[0..len) is all that is held of it, the last `fresh` bytes are new. Bytes that are held
	 * may be changed, as long as they keep their number and, of a text, stay UTF-8. */
	int (*take)(void *arg, unsigned char *p, size_t len, size_t fresh);
	/* All that came so far is to go on as far as it can. */
	int (*flush)(void *arg, unsigned char *p, size_t len);
	/* How many bytes at the end of what is held may not go on yet. */
	size_t (*undecided)(void *arg);
	/* The message is over. whole: nothing of it went on yet. */
	int (*end)(void *arg, unsigned char *p, size_t len, bool whole);
	/* What a control frame holds, all of it. */
	int (*control)(void *arg, unsigned char *p, size_t len);
};

/* By what a side is made; borrowed members must outlive it. */
struct websocket_side_options {
	bool from_agent; /* frames come masked, and go on with masks of ours */
	bool deflate;	 /* compressed messages may come */
	bool forgets;	 /* … each by itself */
	uint64_t ratio;	 /* as websocket_inflate.h */
	size_t *all;	 /* as held.h */
	const struct websocket_judge *judge;
	void *arg;
};

/* What comes next of what has arrived. */
enum websocket_stage {
	WEBSOCKET_HEAD,	   /* of a frame */
	WEBSOCKET_PAYLOAD, /* of the present frame */
	WEBSOCKET_INFLATE, /* what the inflater makes of some of it */
	WEBSOCKET_END,	   /* of the message */
};

struct websocket_side {
	struct websocket_side_options o;
	enum websocket_stage stage;
	struct buf in;
	size_t lent;		      /* bytes of it that the inflater reads */
	struct websocket_frame frame; /* the present one */
	uint64_t at;		      /* bytes of its payload so far */
	unsigned char control[WEBSOCKET_CONTROL_MAX];

	uint64_t messages; /* that are over */
	bool in_message;
	enum websocket_opcode opcode; /* of the message */
	bool compressed;
	bool passing; /* some of the message has gone on */
	struct websocket_utf8 utf8;
	struct websocket_inflate inflate;
	struct held held;

	struct buf head; /* control frames, and the head of the next fragment */
	size_t ready;	 /* bytes of held that follow it */
	size_t given;	 /* of what was handed out last, to be consumed first */
	bool given_head;
	bool closed; /* a close frame has gone on, or was put there; nothing comes behind it */

	const char *why;   /* of a failure */
	unsigned int code; /* … for a close frame */
};

/* 0 or -ENOMEM. */
int websocket_side_open(struct websocket_side *s, const struct websocket_side_options *o);
void websocket_side_done(struct websocket_side *s); /* wipes */

/* Whether bytes can be put in now. */
bool websocket_side_wants(const struct websocket_side *s);
/* At most WEBSOCKET_PUT_MAX. 0 or -ENOMEM. */
#define WEBSOCKET_PUT_MAX 16384
int websocket_side_put(struct websocket_side *s, const void *p, size_t len);

/*
 * As far as it goes. 0; -EACCES: the judge refused; -EPROTO: what came is no WebSocket's, s->why
 * and s->code tell; -ENOBUFS: too much waits in all connections; -ENOMEM.
 */
int websocket_side_move(struct websocket_side *s);

/* Nothing has come for a while: what is held of an unfinished message need not wait for its end.
 * As above. */
int websocket_side_pause(struct websocket_side *s);

/* What goes on next, at most `max` bytes; len 0: nothing. Valid until the next call. */
void websocket_side_give(struct websocket_side *s, size_t max, struct http1_piece *ret);

/* Ends the direction with a close frame of ours, behind what is ready; all else is dropped. 0 or
 * -ENOMEM. The reason is cut to what fits. */
int websocket_side_close(struct websocket_side *s, unsigned int code, const char *reason);

/* A close frame was the last thing, and all was given. */
bool websocket_side_is_over(const struct websocket_side *s);

#endif
