#ifndef EGRESS_H2_H
#define EGRESS_H2_H

#include "base/http1_body.h"
#include "egress/exchange.h"
#include "egress/h2_head.h"
#include "egress/wire.h"

/*
 * One connection of HTTP/2 (RFC 9113), as server towards the agent or as client towards an
 * upstream, over the buffers of a wire.
 *
 * Theory of operation. nghttp2 does frames, HPACK and windows; what a message may be is decided
 * here (h2_head.h; its own checks are off, so that a refusal can be an answer). Nothing calls back:
 * what arrives waits in its stream, bounded by the stream's window, which opens as it is taken;
 * what is put into a stream waits there until the peer's windows let it go. h2_read and h2_write
 * move bytes between the wire's buffers and the streams; whoever owns the session calls them around
 * its steps.
 *
 * A stream lives until the session has closed it and its exchange has given it back (h2_release).
 * The session's end closes all of them; the session's memory goes with the last one.
 *
 * Against a hostile peer: at most H2_STREAMS_MAX streams; heads are bounded; frames that do no work
 * (resets, pings, settings, priorities, empty data, small windows, continuations) are paid out of a
 * purse that fills slowly, and whoever overdraws it gets GOAWAY with ENHANCE_YOUR_CALM; streams
 * that do not get on end with their exchange's deadline, or with H2_LINGER_MS after it.
 */
#define H2_STREAMS_MAX 100
#define H2_QUEUE_MAX   (64U << 10) /* of a stream, towards the peer */
#define H2_LINGER_MS   60000	   /* for what a finished exchange left in its stream */
#define H2_HEAD_MS     30000	   /* from a head's first frame to its last */
#define H2_DRAIN_MS    3000	   /* nothing more came of a request that was answered */
#define H2_DRAIN_MAX   (1U << 30)  /* … or too much did */

/* The preface of a client (RFC 9113 section 3.4), by which a plain connection shows that it is one.
 */
#define H2_PREFACE     "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
#define H2_PREFACE_LEN 24

enum h2_role { H2_SERVER, H2_CLIENT };

struct h2;
struct h2_stream;

/* Sends the settings with the first h2_write. The wire is borrowed and outlives the session. */
int h2_new(enum h2_role role, struct wire *w, struct h2 **ret, struct err *e);

/* Ends it without a word: streams that are still held tell TAKE_GONE. h may be NULL. */
void h2_free(struct h2 *h);

/* What the wire has received, as long as its queue for sending has room. Whether there was any. */
bool h2_read(struct h2 *h);

/* What waits to be sent, as far as the wire's queue has room. Whether there was any. */
bool h2_write(struct h2 *h);

/* Neither side has more to say: the connection is to be closed once all is sent. */
bool h2_is_over(const struct h2 *h);

/* What the peer did wrong, a constant text; NULL: nothing. */
const char *h2_fault(const struct h2 *h);

/* Says GOAWAY: no new streams; those that are there go on. */
void h2_shutdown(struct h2 *h);

/* Once a second; now_ms of the loop. */
void h2_tick(struct h2 *h, int64_t now_ms);

/* How many streams are open, or still held. */
size_t h2_streams(const struct h2 *h);

/* Client: whether one more request may be made. */
bool h2_takes_request(const struct h2 *h);

/* ---- streams */

/* Server: the next stream with a request's head, in the order of arrival; NULL: none. It is held
 * from now on. */
struct h2_stream *h2_accept(struct h2 *h);

/* Client: a new one, held. NULL when memory ran out or the session takes none. */
struct h2_stream *h2_request(struct h2 *h, const struct h2_list *head, bool end);

/* Gives it back: what was put and ended still goes out. */
void h2_release(struct h2_stream *s);

/* Ends it at once, in both directions; code of RFC 9113 section 7. */
void h2_reset(struct h2_stream *s, uint32_t code);

/* Ends it with that code when all that was put is out. */
void h2_cut(struct h2_stream *s, uint32_t code);

/* Received head: of a request (h2_accept), or of a response when TAKE_DATA. Borrowed; the caller
 * calls h2_head_request or h2_head_response on it. Interim responses are left out. */
struct h2_head *h2_stream_head(struct h2_stream *s);
enum take h2_take_head(struct h2_stream *s, const char **ret_what);

/* No body and no trailers come behind the head. */
bool h2_ended_with_head(const struct h2_stream *s);

/* How many bytes of payload the head announced: anything else is TAKE_BROKEN. */
void h2_expect(struct h2_stream *s, uint64_t length);

/* Payload that arrived; as front's and back's take. With TAKE_END trailers are in *trailers. */
enum take h2_take(
	struct h2_stream *s, size_t max, struct http1_piece *ret, struct http1_head *trailers);

/* Whether all that has arrived was taken. */
bool h2_is_drained(const struct h2_stream *s);

/* Server: a response's head. end: nothing follows. 0 or -ENOMEM. */
int h2_respond(struct h2_stream *s, const struct h2_list *head, bool end);
int h2_interim(struct h2_stream *s, const struct h2_list *head);

/* How much may be put now. */
size_t h2_room(const struct h2_stream *s);
int h2_put(struct h2_stream *s, const void *data, size_t len);

/* Nothing more is put; trailers (n_fields 0: none) are copied. */
int h2_end(struct h2_stream *s, const struct http1_head *trailers);

/* The peer, or a fault of the connection, ended it before both messages were whole. */
bool h2_is_gone(const struct h2_stream *s);
uint32_t h2_error(const struct h2_stream *s); /* its code */

/* Client: surely nothing was done with it: refused, beyond a GOAWAY's last stream, or the
 * connection ended without a word since. */
bool h2_is_untouched(const struct h2_stream *s);
/* … by the peer's own word. */
bool h2_is_refused(const struct h2_stream *s);

/* Client: it was not answered, since the server wants it in HTTP/1.1 (RFC 9113, section 7:
 * HTTP_1_1_REQUIRED). */
bool h2_wants_http1(const struct h2_stream *s);

#endif
