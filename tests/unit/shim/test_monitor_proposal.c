#include "shim/monitor_proposal.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/component.h"
#include "base/log.h"
#include "base/str.h"

#define GOOD                                                                                       \
	"{\"id\":7,\"tool\":\"gitleaks-allow\",\"proposed_file\":\"a\\nb\",\"justification\":"     \
	"\"c\"}"

static struct monitor m;
static int theirs;

static struct monitor_part *gate(void)
{
	return &m.parts[COMPONENT_GATE];
}

static int set_up(void **state)
{
	int pair[2];
	struct err e;

	(void)state;
	log_to_stderr(0);
	monitor_init(&m);
	if (msg_pair(pair, &e) < 0)
		return -1;
	gate()->c.control = pair[0];
	gate()->ready = true;
	theirs = pair[1];
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	close(gate()->c.control);
	gate()->c.control = -1;
	return close(theirs);
}

static int propose(struct monitor_part *p, const char *body)
{
	struct msg msg = {.len = strlen(body), .body = strdup(body)};
	struct err e;
	int r = monitor_proposal_take(p, &msg, &e);

	free(msg.body);
	return r;
}

static void a_proposal_is_rejected_since_nobody_can_answer(void **state)
{
	struct msg answer;
	struct err e;

	(void)state;
	assert_int_equal(propose(gate(), GOOD), 0);
	assert_int_equal(msg_recv(theirs, &answer, &e), 1);
	assert_int_equal(answer.type, COMPONENT_ANSWER);
	assert_string_equal(
		answer.body, "{\"id\":7,\"status\":\"rejected\",\"notes\":\"no operator\"}");
	msg_done(&answer);
}

static void what_is_no_proposal_ends_the_component(void **state)
{
	static const char *const bad[] = {
		"",
		"[]",
		"{}",
		"{\"id\":7}",
		"{\"id\":0,\"tool\":\"gitleaks-allow\",\"proposed_file\":\"a\",\"justification\":"
		"\"c\"}",
		"{\"id\":\"7\",\"tool\":\"gitleaks-allow\",\"proposed_file\":\"a\","
		"\"justification\":\"c\"}",
		"{\"id\":7,\"tool\":\"egress-token-allow\",\"proposed_file\":\"a\","
		"\"justification\":\"c\"}",
		"{\"id\":7,\"tool\":\"gitleaks-allow\",\"proposed_file\":null,\"justification\":"
		"\"c\"}",
		"{\"id\":7,\"tool\":\"gitleaks-allow\",\"proposed_file\":\"\\u001b[2J\","
		"\"justification\":\"c\"}",
		"{\"id\":7,\"tool\":\"gitleaks-allow\",\"proposed_file\":\"a\",\"justification\":"
		"\"c\",\"x\":1}",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		assert_true(propose(gate(), bad[i]) < 0);
}

static void only_the_gate_may_propose_it(void **state)
{
	struct monitor_part *egress = &m.parts[COMPONENT_EGRESS];

	(void)state;
	egress->ready = true;
	egress->c.control = gate()->c.control;
	assert_int_equal(propose(egress, GOOD), -EPROTO);
	egress->c.control = -1;
	gate()->ready = false;
	assert_int_equal(propose(gate(), GOOD), -EPROTO);
}

static void who_takes_no_answers_holds_nobody_up(void **state)
{
	int r = 0;

	(void)state;
	for (int i = 0; r == 0 && i < 100000; i++)
		r = propose(gate(), GOOD);
	assert_int_equal(r, -EPROTO);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			a_proposal_is_rejected_since_nobody_can_answer, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			what_is_no_proposal_ends_the_component, set_up, tear_down),
		cmocka_unit_test_setup_teardown(only_the_gate_may_propose_it, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			who_takes_no_answers_holds_nobody_up, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
