#ifndef TESTS_LIB_WAY_H
#define TESTS_LIB_WAY_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "egress/outgoing.h"

/*
 * A request of the agent's on its way to a.com, with all that it borrows from. The secrets that
 * were handed over are those of the test that includes it.
 */
struct way {
	struct policy_auth auth;
	struct credential *credential;
	struct http1_head head;
	struct target target;
	struct http1_length length;
	struct outgoing_request q;
	struct outgoing o;
	struct refusal why;
	char text[4096]; /* for what a test writes of it */
};

static struct component_boot way_boot;

/* 0, or -1 as a set-up of cmocka's. */
static int way_hand_over(const char *slot, const char *value)
{
	struct err e;

	way_boot.secrets[way_boot.n_secrets].name = strdup(slot);
	return secret_set(&way_boot.secrets[way_boot.n_secrets++].value, value, strlen(value), &e) <
			       0
		       ? -1
		       : 0;
}

/* A tear-down of cmocka's. */
static int way_take_back(void **state)
{
	(void)state;
	component_boot_done(&way_boot);
	return 0;
}

static void way_open(struct way *w, struct policy_auth auth, const char *request)
{
	const char *body = strstr(request, "\r\n\r\n") + 4, *what;
	struct err e;

	*w = (struct way){.auth = auth};
	assert_int_equal(credential_new(&w->auth, &way_boot, &w->credential, &e), 0);
	assert_int_equal(http1_parse_request((const unsigned char *)request,
				 (size_t)(body - request), &w->head, &what),
		0);
	assert_int_equal(target_parse(w->head.target, &w->target, &what), 0);
	assert_int_equal(http1_request_length(&w->head, &w->length, &what), 0);
	w->q = (struct outgoing_request){.credential = w->credential,
		.head = &w->head,
		.target = &w->target,
		.host = "a.com",
		.port = 443,
		.length = &w->length,
		.body = (const unsigned char *)body,
		.body_len = strlen(body),
		.whole = true};
}

/* Admits, checks and makes it: 0, or what the first of them said, with w->why. */
static int way_make(struct way *w)
{
	int r = outgoing_admit(&w->q, &w->target, &w->why);

	if (r == 0)
		r = outgoing_check(&w->q, &w->why);
	return r < 0 ? r : outgoing_make(&w->q, &w->o, &w->why);
}

static void way_close(struct way *w)
{
	outgoing_done(&w->o);
	credential_free(w->credential);
	http1_head_done(&w->head);
	target_done(&w->target);
}

#endif
