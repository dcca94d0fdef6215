#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "egress/back.h"
#include "egress/conn.h"
#include "egress/exchange_parts.h"
#include "egress/front.h"

/* An agent and an upstream of whom only is known how much they take now. */
static size_t front_room, back_room;

static size_t room_of_front(const struct exchange *x)
{
	(void)x;
	return front_room;
}

static size_t room_of_back(const struct exchange *x)
{
	(void)x;
	return back_room;
}

static const struct front front = {.room = room_of_front};
static const struct back back = {.room = room_of_back};
static struct service service;
static struct conn conn = {.service = &service};

static int set_up(void **state)
{
	static const char json[] =
		"{\"log\":1,\"slug\":\"t\",\"sidecar_address\":\"198.19.255.1\","
		"\"agent_address\":\"198.19.255.2\",\"agent_names\":[],\"limits\":{\"url\":100},"
		"\"routes\":[{\"host\":\"a.com\",\"limits\":{\"first_byte_s\":5,\"idle_s\":7,"
		"\"body\":1000,\"head\":2000}}]}";
	struct err e;

	(void)state;
	if (rules_new(json, &service.boot, &service.rules, &e) < 0)
		return -1;
	return loop_new(&service.loop, &e);
}

static int tear_down(void **state)
{
	(void)state;
	rules_unref(service.rules);
	loop_free(service.loop);
	return 0;
}

static struct exchange begun(enum exchange_stage stage)
{
	front_room = back_room = 1000;
	return (struct exchange){.conn = &conn,
		.front = &front,
		.back = &back,
		.stage = stage,
		.host = "a.com",
		.rules = service.rules,
		.rule = rules_find(service.rules, "a.com", 443)};
}

/* After how many seconds it is late; and for which limit. */
static long late_after(struct exchange *x, enum limit *ret)
{
	long s = 0;

	do {
		x->moved_ms = loop_now_ms(service.loop) - 1000 * s;
	} while (!exchange_is_late(x, ret) && ++s < 100000);
	return s;
}

#define late(x, want, seconds)                                                                     \
	do {                                                                                       \
		enum limit which;                                                                  \
		assert_int_equal(late_after(x, &which), seconds);                                  \
		assert_int_equal(which, want);                                                     \
	} while (0)

static void a_body_that_is_collected_must_keep_coming(void **state)
{
	struct exchange x = begun(EXCHANGE_HOLD);

	(void)state;
	late(&x, LIMIT_STALL_MS, 60);
}

static void an_agent_that_sends_must_go_on(void **state)
{
	struct exchange x = begun(EXCHANGE_STREAM);

	(void)state;
	late(&x, LIMIT_STALL_MS, 60);
	/* It cannot: the upstream does not take. */
	back_room = 0;
	late(&x, LIMIT_FIRST_BYTE_MS, 5);
}

static void an_upstream_that_was_asked_must_answer(void **state)
{
	struct exchange x = begun(EXCHANGE_STREAM);

	(void)state;
	x.up_ended = true;
	late(&x, LIMIT_FIRST_BYTE_MS, 5);
}

static void an_answer_may_pause_for_longer_than_an_agent(void **state)
{
	struct exchange x = begun(EXCHANGE_STREAM);

	(void)state;
	x.have_head = true;
	late(&x, LIMIT_IDLE_MS, 7);
	/* The request goes on, too, as a call of gRPC may: that is no stalled body. */
	assert_false(x.up_ended);
	front_room = 0;
	late(&x, LIMIT_STALL_MS, 60);
}

static void without_a_route_the_bottles_limits_hold(void **state)
{
	struct exchange x = begun(EXCHANGE_NEW);

	(void)state;
	assert_int_equal(exchange_limit(&x, LIMIT_URL_BYTES), 100);
	assert_int_equal(exchange_limit(&x, LIMIT_BODY_BYTES), 1000);
	x.rule = NULL;
	assert_int_equal(exchange_limit(&x, LIMIT_URL_BYTES), 100);
	assert_int_equal(exchange_limit(&x, LIMIT_BODY_BYTES), limits_row(LIMIT_BODY_BYTES)->value);
}

static void a_size_beyond_its_limit_has_its_own_status(void **state)
{
	char path[102];
	struct exchange x = begun(EXCHANGE_NEW);
	struct refusal why;

	(void)state;
	memset(path, 'x', sizeof(path));
	path[100] = '\0';
	x.target.text = path;
	x.request.size = 2000;
	x.length = (struct http1_length){.framing = HTTP1_LENGTH, .length = 1000};
	assert_int_equal(exchange_admit(&x, &why), 0);
	x.length.length = 1001;
	assert_int_equal(exchange_admit(&x, &why), -EACCES);
	assert_int_equal(why.status, 413);
	path[100] = 'x';
	path[101] = '\0';
	assert_int_equal(exchange_admit(&x, &why), -EACCES);
	assert_int_equal(why.status, 414);
	x.request.size = 2001;
	assert_int_equal(exchange_admit(&x, &why), -EACCES);
	assert_int_equal(why.status, 431);
	assert_non_null(strstr(why.reason, "limits: head"));
}

static void a_body_of_unknown_length_is_counted(void **state)
{
	struct exchange x = begun(EXCHANGE_STREAM);
	struct refusal why;

	(void)state;
	assert_int_equal(exchange_count_up(&x, 600, &why), 0);
	assert_int_equal(exchange_count_up(&x, 400, &why), 0);
	assert_int_equal(exchange_count_up(&x, 1, &why), -EACCES);
	assert_int_equal(why.status, 413);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_body_that_is_collected_must_keep_coming),
		cmocka_unit_test(an_agent_that_sends_must_go_on),
		cmocka_unit_test(an_upstream_that_was_asked_must_answer),
		cmocka_unit_test(an_answer_may_pause_for_longer_than_an_agent),
		cmocka_unit_test(without_a_route_the_bottles_limits_hold),
		cmocka_unit_test(a_size_beyond_its_limit_has_its_own_status),
		cmocka_unit_test(a_body_of_unknown_length_is_counted),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
