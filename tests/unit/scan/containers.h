#ifndef TESTS_UNIT_SCAN_CONTAINERS_H
#define TESTS_UNIT_SCAN_CONTAINERS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/ptr.h"
#include "base/str.h"
#include "scan/container.h"
#include "tests/lib/random.h"

/*
 * What the tests of container readers share: a reader's output written down in one line a member,
 * "[NAME TYPE]TEXT;" (with a "=" behind "[" where it is verbatim), and the same input in any cuts.
 */

static const struct container_limits containers_limits = {
	.out_max = 64U << 20, .ratio_max = 1000, .members_max = 1000};

static inline int containers_begin(void *arg, const struct container_member *m)
{
	struct str *s = arg;

	str_add(s, m->verbatim ? "[=" : "[");
	str_add_bytes(s, m->name, m->name_len);
	if (m->content_type)
		str_addf(s, " %s", m->content_type);
	str_add(s, "]");
	return 0;
}

static inline int containers_write(void *arg, const unsigned char *p, size_t len)
{
	str_add_bytes(arg, p, len);
	return 0;
}

static inline int containers_end(void *arg)
{
	str_add(arg, ";");
	return 0;
}

/* What came of it: the output, then "!WHY" where it could not all be read. */
struct containers_result {
	struct str text;
	int rc;
};

/* piece: bytes at a time; 0: random ones. */
static inline void containers_read_in(struct containers_result *ret, enum container c,
	const char *boundary, const struct container_limits *limits, const struct str *in,
	size_t piece)
{
	const struct container_out out = {
		containers_begin, containers_write, containers_end, &ret->text};
	struct container_reader *r = NULL;
	struct err e;
	int rc = 0;

	*ret = (struct containers_result){0};
	assert_int_equal(container_open(c, boundary, limits, &r, &e), 0);
	for (size_t at = 0; at < in->len && rc == 0;) {
		size_t n = piece ? piece : 1 + next_random() % (1 + next_random() % 999);
		/* By itself, so that a sanitizer sees what is read behind it. */
		unsigned char *copy;

		n = n < in->len - at ? n : in->len - at;
		copy = malloc(n);
		assert_non_null(copy);
		memcpy(copy, in->s + at, n);
		rc = container_feed(r, copy, n, &out);
		free(copy);
		at += n;
	}
	if (rc == 0)
		rc = container_finish(r, &out);
	ret->rc = rc;
	assert_true(rc == 0 || rc == -EBADMSG);
	if (rc < 0) {
		assert_string_not_equal(container_why(r), "");
		str_addf(&ret->text, "!%s", container_why(r));
		/* It stays at that. */
		assert_int_equal(container_feed(r, (const unsigned char *)"x", 1, &out), rc);
		assert_int_equal(container_finish(r, &out), rc);
	}
	str_add(&ret->text, "");
	container_close(r);
}

/* In one piece; and the same must come of any other cuts. The caller frees the text. */
static inline char *containers_read(
	enum container c, const char *boundary, const struct str *in, size_t *ret_len)
{
	struct containers_result whole, cut;

	containers_read_in(&whole, c, boundary, &containers_limits, in, in->len > 0 ? in->len : 1);
	for (int i = 0; i < 8; i++) {
		/* Of one byte where that is quick. */
		size_t piece = i == 0 ? (in->len < 100000 ? 1 : 777) : i == 1 ? 13 : 0;

		containers_read_in(&cut, c, boundary, &containers_limits, in, piece);
		assert_int_equal(cut.rc, whole.rc);
		assert_int_equal(cut.text.len, whole.text.len);
		assert_memory_equal(cut.text.s, whole.text.s, whole.text.len);
		str_done(&cut.text);
	}
	if (ret_len)
		*ret_len = whole.text.len;
	return str_take(&whole.text);
}

/* The input says just this. Frees the input. */
static inline void containers_expect(
	enum container c, const char *boundary, struct str *in, const char *expected)
{
	cleanup_free char *found = containers_read(c, boundary, in, NULL);

	assert_string_equal(found, expected);
	str_done(in);
}

static inline void containers_add_le(struct str *s, uint64_t n, int bytes)
{
	for (; bytes > 0; bytes--, n >>= 8)
		str_add_char(s, (char)(n & 0xff));
}

/* Text of len bytes that compresses like text does. */
static inline void containers_add_text(struct str *s, size_t len)
{
	static const char *const words[] = {"the ", "scanner ", "reads ", "a ", "stream ", "of\n",
		"bytes ", "and ", "says ", "what ", "it ", "found ", "in ", "them\n"};
	size_t end = s->len + len;

	str_add(s, "");
	while (s->len < end)
		str_add(s, words[next_random() % ARRAY_LEN(words)]);
	s->len = end;
	s->s[end] = '\0';
}

#endif
