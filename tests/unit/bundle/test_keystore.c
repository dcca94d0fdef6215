#include "bundle/keystore.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* 204 bytes that say of themselves that they are a SEQUENCE of 201. */
static void make_der(unsigned char der[204], unsigned char fill)
{
	memset(der, fill, 204);
	der[0] = 0x30;
	der[1] = 0x81;
	der[2] = 201;
}

static void add_pem(struct buf *out, const unsigned char *p, size_t len)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

	assert_int_equal(buf_adds(out, "# a root\n-----BEGIN CERTIFICATE-----\n"), 0);
	for (size_t i = 0; i + 2 < len; i += 3) {
		uint32_t v = (uint32_t)p[i] << 16 | (uint32_t)p[i + 1] << 8 | p[i + 2];
		char four[5] = {digits[v >> 18], digits[v >> 12 & 63], digits[v >> 6 & 63],
			digits[v & 63], '\0'};

		assert_int_equal(buf_adds(out, four), 0);
		if (i % 48 == 45)
			assert_int_equal(buf_adds(out, "\n"), 0);
	}
	assert_int_equal(buf_adds(out, "\n-----END CERTIFICATE-----\n"), 0);
}

static int made(struct buf *pem, struct buf *store)
{
	assert_int_equal(buf_add(pem, "", 1), 0);
	return keystore_from_pem((const char *)buf_data(pem), store);
}

static bool holds(const struct buf *b, const void *p, size_t len)
{
	return memmem(buf_data(b), b->len, p, len) != NULL;
}

static void each_certificate_stands_in_the_store_and_what_is_none_does_not(void **state)
{
	unsigned char one[204], two[204], broken[204];
	struct buf pem = {0}, store = {0};

	(void)state;
	make_der(one, 1);
	make_der(two, 2);
	make_der(broken, 3);
	broken[2] = 200;
	add_pem(&pem, one, sizeof(one));
	add_pem(&pem, broken, sizeof(broken));
	add_pem(&pem, two, sizeof(two));
	assert_int_equal(made(&pem, &store), 0);
	assert_true(holds(&store, one, sizeof(one)));
	assert_true(holds(&store, two, sizeof(two)));
	assert_false(holds(&store, broken, sizeof(broken)));
	assert_true(holds(&store, "\0r\0o\0o\0t\0-\0001", 12));
	buf_done(&pem);
	buf_done(&store);
}

static void the_lengths_are_those_of_what_is_there(void **state)
{
	unsigned char one[204];
	struct buf pem = {0}, store = {0};
	const unsigned char *p;

	(void)state;
	make_der(one, 1);
	add_pem(&pem, one, sizeof(one));
	assert_int_equal(made(&pem, &store), 0);
	p = buf_data(&store);
	assert_int_equal(p[0], 0x30);
	assert_int_equal(p[1], 0x82);
	assert_int_equal((size_t)p[2] << 8 | p[3], store.len - 4);
	buf_done(&pem);
	buf_done(&store);
}

static void without_a_certificate_there_is_no_store(void **state)
{
	static const char *const texts[] = {"", "nothing", "-----BEGIN CERTIFICATE-----",
		"-----BEGIN CERTIFICATE-----\n====\n-----END CERTIFICATE-----",
		"-----END CERTIFICATE----------BEGIN CERTIFICATE-----"};
	struct buf store = {0};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		assert_int_equal(keystore_from_pem(texts[i], &store), -ENOENT);
		assert_int_equal(store.len, 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_certificate_stands_in_the_store_and_what_is_none_does_not),
		cmocka_unit_test(the_lengths_are_those_of_what_is_there),
		cmocka_unit_test(without_a_certificate_there_is_no_store),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
