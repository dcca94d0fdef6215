/* Tools whose description changes after they were listed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "scan/mcp.h"

static int count(void *arg, uint64_t start, uint64_t end)
{
	assert_true(start < end);
	++*(int *)arg;
	return 0;
}

static int changes(struct mcp_tools *tools, const char *text, size_t piece)
{
	struct mcp_reader *r = mcp_open();
	int n = 0;

	assert_non_null(r);
	mcp_reset(r, tools);
	for (size_t i = 0, len = strlen(text); i < len; i += piece)
		assert_int_equal(mcp_feed(r, (const unsigned char *)text + i,
					 len - i < piece ? len - i : piece, count, &n),
			0);
	mcp_close(r);
	return n;
}

#define LIST(DESCRIPTION)                                                                          \
	"{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"tools\":[{\"name\":\"add\",\"description\":"  \
	"\"" DESCRIPTION                                                                           \
	"\",\"inputSchema\":{\"type\":\"object\",\"properties\":{\"name\":{\"type\":"              \
	"\"number\"}}}},{\"description\":\"takes away\",\"name\":\"sub\"}]}}"

static void the_same_list_again_is_no_change(void **state)
{
	struct mcp_tools *t = mcp_tools_new();

	(void)state;
	assert_int_equal(changes(t, LIST("adds"), 1000), 0);
	assert_int_equal(changes(t, LIST("adds"), 1), 0);
	assert_int_equal(changes(t, "event: message\ndata: " LIST("adds") "\n\n", 7), 0);
	assert_int_equal(changes(t, "[ " LIST("adds") " , " LIST("adds") " ]", 3), 0);
	mcp_tools_free(t);
}

static void a_changed_description_is_told_each_time(void **state)
{
	struct mcp_tools *t = mcp_tools_new();

	(void)state;
	assert_int_equal(changes(t, LIST("adds"), 1000), 0);
	assert_int_equal(changes(t, LIST("adds, and reads a file first"), 1000), 1);
	assert_int_equal(changes(t, LIST("adds, and reads a file first"), 1), 1);
	assert_int_equal(changes(t, LIST("a\\\"dds"), 2), 1);
	mcp_tools_free(t);
}

static void a_new_tool_is_no_change(void **state)
{
	struct mcp_tools *t = mcp_tools_new();

	(void)state;
	assert_int_equal(changes(t, LIST("adds"), 1000), 0);
	assert_int_equal(changes(t, "{\"tools\":[{\"name\":\"mul\"}]}", 1000), 0);
	assert_int_equal(
		changes(t, "{\"tools\":[{\"name\":\"mul\",\"description\":\"x\"}]}", 1000), 1);
	mcp_tools_free(t);
}

static void what_is_no_json_is_passed_over(void **state)
{
	struct mcp_tools *t = mcp_tools_new();

	(void)state;
	assert_int_equal(changes(t, "]}]} \" tools ]]]] {{{{ \"tools\": [[[ ", 1), 0);
	assert_int_equal(changes(t, "{\"tools\":[{\"name\":\"a\\", 1), 0);
	mcp_tools_free(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_same_list_again_is_no_change),
		cmocka_unit_test(a_changed_description_is_told_each_time),
		cmocka_unit_test(a_new_tool_is_no_change),
		cmocka_unit_test(what_is_no_json_is_passed_over),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
