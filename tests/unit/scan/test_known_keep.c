#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "scan/known_keep.h"
#include "tests/lib/random.h"

#define TEXT_MAX 200

static size_t keep_slowly(unsigned char *out, const unsigned char *text, size_t len)
{
	size_t n = 0;

	for (size_t i = 0; i < len; i++) {
		if (text[i] >= 'A' && text[i] <= 'Z')
			out[n++] = (unsigned char)(text[i] - 'A' + 'a');
		else if ((text[i] >= 'a' && text[i] <= 'z') || (text[i] >= '0' && text[i] <= '9'))
			out[n++] = text[i];
	}
	return n;
}

static void all_bytes_at_all_lengths_are_kept_as_one_by_one(void **state)
{
	struct known_keep keep;

	(void)state;
	known_keep_init(&keep);
	for (int round = 0; round < 20000; round++) {
		unsigned char text[TEXT_MAX], quick[TEXT_MAX + KNOWN_KEEP_SLACK + 1];
		unsigned char slow[TEXT_MAX];
		size_t len = next_random() % TEXT_MAX, n;
		/* From letters only to any bytes. */
		unsigned int letters = next_random() % 16;

		for (size_t i = 0; i < len; i++)
			text[i] = next_random() % 16 < letters
					  ? (unsigned char)("aZ09mQ"[next_random() % 6])
					  : (unsigned char)next_random();
		quick[len + KNOWN_KEEP_SLACK] = 0xa5;
		n = known_keep(&keep, quick, text, len);
		assert_int_equal(n, keep_slowly(slow, text, len));
		assert_memory_equal(quick, slow, n);
		assert_int_equal(quick[len + KNOWN_KEEP_SLACK], 0xa5);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_bytes_at_all_lengths_are_kept_as_one_by_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
