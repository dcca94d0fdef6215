#define PCRE2_CODE_UNIT_WIDTH 8
#include "base/regex.h"

#include <errno.h>
#include <pcre2.h>
#include <stdlib.h>

/* A text of 48 KiB (HTTP1_HEAD_MAX) against an ordinary pattern stays far below; the worst one ends
 * within some ten milliseconds. */
#define MATCH_LIMIT 200000
#define DEPTH_LIMIT 2000
#define HEAP_LIMIT  1024 /* KiB */

struct regex {
	pcre2_code *code;
	pcre2_match_context *bounds;
	pcre2_match_data *data; /* one thread */
};

static int compile(const char *pattern, bool caseless, struct regex *x, struct err *e)
{
	uint32_t options = PCRE2_ANCHORED | PCRE2_ENDANCHORED | PCRE2_DOLLAR_ENDONLY |
			   PCRE2_NEVER_BACKSLASH_C | (caseless ? PCRE2_CASELESS : 0);
	int code;
	PCRE2_SIZE at;
	char text[120];

	x->code = pcre2_compile(
		(PCRE2_SPTR)pattern, PCRE2_ZERO_TERMINATED, options, &code, &at, NULL);
	if (x->code)
		return 0;
	pcre2_get_error_message(code, (PCRE2_UCHAR *)text, sizeof(text));
	return err_say(e, EINVAL, "no regular expression (%s, at character %zu): '%s'", text,
		(size_t)at, pattern);
}

int regex_new(const char *pattern, bool caseless, struct regex **ret, struct err *e)
{
	struct regex *x = calloc(1, sizeof(*x));
	int r = x ? compile(pattern, caseless, x, e) : err_set(e, ENOMEM, "a regular expression");

	if (r == 0) {
		x->bounds = pcre2_match_context_create(NULL);
		x->data = pcre2_match_data_create(1, NULL);
		if (!x->bounds || !x->data)
			r = err_set(e, ENOMEM, "a regular expression");
	}
	if (r < 0) {
		regex_free(x);
		return r;
	}
	pcre2_set_match_limit(x->bounds, MATCH_LIMIT);
	pcre2_set_depth_limit(x->bounds, DEPTH_LIMIT);
	pcre2_set_heap_limit(x->bounds, HEAP_LIMIT);
	*ret = x;
	return 0;
}

int regex_check(const char *pattern, struct err *e)
{
	struct regex *x = NULL;
	int r = regex_new(pattern, false, &x, e);

	regex_free(x);
	return r;
}

void regex_free(struct regex *x)
{
	if (!x)
		return;
	pcre2_match_data_free(x->data);
	pcre2_match_context_free(x->bounds);
	pcre2_code_free(x->code);
	free(x);
}

enum regex_fit regex_test(const struct regex *x, const char *text, size_t len)
{
	int r = pcre2_match(x->code, (PCRE2_SPTR)text, len, 0, 0, x->data, x->bounds);

	if (r >= 0)
		return REGEX_YES;
	return r == PCRE2_ERROR_NOMATCH ? REGEX_NO : REGEX_LOST;
}
