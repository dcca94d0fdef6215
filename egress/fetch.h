#ifndef EGRESS_FETCH_H
#define EGRESS_FETCH_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "egress/host.h"

/*
 * A request of our own: one POST over verified TLS, one bounded answer. The way out is a route's
 * (egress/upstream.h): its roots, and the special addresses that it names.
 */
#define FETCH_ANSWER_MAX 65536
#define FETCH_MS	 30000 /* for all of it */

struct fetch; /* one that is under way */
struct service;
struct rules;
struct rule;

/* "https://HOST[:PORT]/PATH": where it goes. */
struct fetch_url {
	char host[HOST_MAX];
	uint16_t port;
	char path[1024]; /* with its query */
};

/* 0, or -EINVAL: no such URL, and what is wrong with it. */
int fetch_url_parse(const char *url, struct fetch_url *ret, struct err *e);

struct fetch_request {
	struct fetch_url to;
	struct rules *rules;
	struct rule *rule;
	/* All of these are copied; the copies are wiped. */
	const char *type;   /* Content-Type */
	const char *fields; /* more lines of the head, each with its end; "" for none */
	const char *body;
	size_t len;
};

struct fetch_answer {
	int status; /* 0: there is none, and why is a sentence's end */
	const char *body;
	size_t len;
	const char *why;
};

/* It is gone when fn is called, which is never from within fetch_start; the answer is borrowed. */
struct fetch_done {
	void (*fn)(void *arg, const struct fetch_answer *a);
	void *arg;
};

/* NULL when memory ran out. */
struct fetch *fetch_start(
	struct service *s, const struct fetch_request *q, const struct fetch_done *done);

/* fn is not called any more. f may be NULL. */
void fetch_cancel(struct fetch *f);

/* Once a second. */
void fetch_tick(struct fetch *f);

#endif
