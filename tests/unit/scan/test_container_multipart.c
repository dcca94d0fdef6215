#include "tests/unit/scan/containers.h"

static void expect(const char *boundary, const char *text, const char *expected)
{
	struct str in = {0};

	str_add(&in, text);
	containers_expect(CONTAINER_MULTIPART, boundary, &in, expected);
}

#define FIELD(name) "Content-Disposition: form-data; name=\"" name "\"\r\n"

static void parts_are_read_with_name_and_type(void **state)
{
	(void)state;
	expect("AaB03x",
		"--AaB03x\r\n" FIELD(
			"user") "\r\nLarry\r\n--AaB03x\r\n"
				"Content-Disposition: form-data; name=\"file\"; "
				"filename=\"f.txt\"\r\n"
				"Content-Type: text/plain; "
				"charset=utf-8\r\n\r\nfirst\r\nsecond\r\n\r\n--AaB03x--\r\n",
		"[=user]Larry;[=file text/plain; charset=utf-8]first\r\nsecond\r\n;");
	expect("x",
		"--x\r\ncontent-disposition : attachment\r\nContent-Disposition:attachment;"
		"\r\n\tFileName = f.bin\r\n\r\n\r\n--x--",
		"[=f.bin];");
}

static void lines_may_end_without_a_carriage_return(void **state)
{
	(void)state;
	expect("b", "--b\n" FIELD("a") "\none\r\n--b \t\n\ntwo\n--b--\n", "[=a]one;[=]two;");
}

static void what_only_looks_like_a_boundary_is_text(void **state)
{
	(void)state;
	expect("bound", "--bound\r\n\r\n-\r--bound\r\n--boun\r\n\r\r\n--boun--bound\r\n--bound--",
		"[=]-\r--bound\r\n--boun\r\n\r\r\n--boun--bound;");
}

static void preamble_and_epilogue_are_given_out(void **state)
{
	(void)state;
	expect("b", "before\r\n--b\r\n\r\ntext\r\n--b--\r\nbehind", "[=]before;[=]text;[=]behind;");
	expect("b", "--b\r\n\r\ntext\r\n--b--\r\nbehind\r\n--b\r\n\r\nmore\r\n--b--",
		"[=]text;[=]behind;[=]more;");
}

static void transfer_encodings_are_undone(void **state)
{
	(void)state;
	expect("b",
		"--b\r\nContent-Transfer-Encoding: base64\r\n\r\nV2hhdCB3\r\nYXMg\r\nc2FpZA==\r\n"
		"--b\r\nContent-Transfer-Encoding: BASE64\r\n\r\nb25l=YW5k*IHR3bw\r\n--b--",
		"[]What was said;[]oneand two;");
	expect("b",
		"--b\r\ncontent-transfer-encoding:Quoted-Printable\r\n\r\na=3Db =\r\n=c3=bc= "
		"\t\r\nc=zz "
		"=\r=4\n==41=\n=4\r\n--b--",
		"[]a=b \xc3\xbc"
		"c=zz =\r=4\n=A=4;");
	expect("b", "--b\r\nContent-Transfer-Encoding: 8bit\r\n\r\nab=3D\r\n--b--", "[=]ab=3D;");
}

static void a_boundary_that_nobody_told_is_found(void **state)
{
	(void)state;
	expect(NULL, "--what ever \r\n" FIELD("a") "\r\nx\r\n--what ever\r\n\r\ny\r\n--what ever--",
		"[=a]x;[=]y;");
	expect("", "no boundary\r\n--at all", "!a multipart text without a boundary");
	expect("", "--", "!a multipart text without its boundary");
}

static void parts_without_a_body_or_a_header_are_read(void **state)
{
	(void)state;
	expect("b", "--b\r\n\r\n--b\r\n" FIELD("a") "--b\r\n\r\nx\r\n--b\r\n--b--",
		"[=];[=a];[=]x;[=];");
	expect("b", "--b--", "");
}

static void a_text_that_is_cut_off_is_broken(void **state)
{
	static const char text[] = "--b\r\n" FIELD("a") "\r\nsome text\r\n--b--";

	(void)state;
	for (size_t len = 1; len < sizeof(text) - 1; len++) {
		struct str part = {.s = (char *)text, .len = len};
		cleanup_free char *found = containers_read(CONTAINER_MULTIPART, "b", &part, NULL);

		assert_non_null(strchr(found, '!'));
	}
	expect("other", text,
		"[=]--b\r\n" FIELD("a") "\r\nsome text\r\n--b--;"
					"!a multipart text without its boundary");
}

static void a_boundary_beyond_bounds_is_told(void **state)
{
	char boundary[72];

	(void)state;
	memset(boundary, 'x', 71);
	boundary[71] = '\0';
	expect(boundary, "text", "[=]text;!a boundary of more than 70 characters");
}

static void a_header_field_of_any_length_is_passed(void **state)
{
	struct str in = {0};
	cleanup_free char *found = NULL;

	(void)state;
	str_add(&in, "--b\r\nX-Long: ");
	containers_add_text(&in, 5000);
	str_add(&in, "\r\nX-Folded: 1");
	for (int i = 0; i < 2000; i++)
		str_add(&in, "\r\n and more");
	str_add(&in, "\r\n" FIELD("a") "\r\ntext\r\n--b--");
	/* The text has lines of its own, and those no colon. */
	found = containers_read(CONTAINER_MULTIPART, "b", &in, NULL);
	assert_string_equal(found, "[=a]text;");
	str_done(&in);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parts_are_read_with_name_and_type),
		cmocka_unit_test(lines_may_end_without_a_carriage_return),
		cmocka_unit_test(what_only_looks_like_a_boundary_is_text),
		cmocka_unit_test(preamble_and_epilogue_are_given_out),
		cmocka_unit_test(transfer_encodings_are_undone),
		cmocka_unit_test(a_boundary_that_nobody_told_is_found),
		cmocka_unit_test(parts_without_a_body_or_a_header_are_read),
		cmocka_unit_test(a_text_that_is_cut_off_is_broken),
		cmocka_unit_test(a_boundary_beyond_bounds_is_told),
		cmocka_unit_test(a_header_field_of_any_length_is_passed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
