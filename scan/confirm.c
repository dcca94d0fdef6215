#include "scan/confirm.h"

#include <errno.h>
#include <stdlib.h>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

/* Steps that a match from one place may take: those of ordinary text, and of a pattern that needs
 * more of them. */
#define STEPS	      5000
#define STEPS_PATIENT 500000
#define HEAP_KIB      1024
#define DEPTH	      20000

struct confirm {
	pcre2_code *code;
};

struct confirm_room {
	pcre2_match_data *data;
	pcre2_match_context *context;
};

int confirm_new(
	const char *pattern, size_t len, const char *id, struct confirm **ret, struct err *e)
{
	pcre2_compile_context *context = pcre2_compile_context_create(NULL);
	struct confirm *c = calloc(1, sizeof(*c));
	PCRE2_UCHAR why[160];
	PCRE2_SIZE at = 0;
	int error = 0;

	if (c && context) {
		pcre2_set_newline(context, PCRE2_NEWLINE_LF);
		c->code = pcre2_compile((PCRE2_SPTR)pattern, len,
			PCRE2_USE_OFFSET_LIMIT | PCRE2_DOLLAR_ENDONLY | PCRE2_NEVER_UTF |
				PCRE2_NEVER_BACKSLASH_C,
			&error, &at, context);
	}
	pcre2_compile_context_free(context);
	if (c && c->code) {
		*ret = c;
		return 0;
	}
	free(c);
	if (!error)
		return err_set(e, ENOMEM, "rule '%s'", id);
	pcre2_get_error_message(error, why, sizeof(why));
	return err_say(
		e, EINVAL, "rule '%s': the pattern is wrong at %zu: %s", id, at, (const char *)why);
}

void confirm_free(struct confirm *c)
{
	if (!c)
		return;
	pcre2_code_free(c->code);
	free(c);
}

int confirm_check(const char *pattern, size_t len, const char *id, struct err *e)
{
	struct confirm *c = NULL;
	int r = confirm_new(pattern, len, id, &c, e);

	confirm_free(c);
	return r;
}

struct confirm_room *confirm_room_new(void)
{
	struct confirm_room *r = calloc(1, sizeof(*r));

	if (!r)
		return NULL;
	r->data = pcre2_match_data_create(CONFIRM_GROUPS, NULL);
	r->context = pcre2_match_context_create(NULL);
	if (!r->data || !r->context) {
		confirm_room_free(r);
		return NULL;
	}
	pcre2_set_depth_limit(r->context, DEPTH);
	pcre2_set_heap_limit(r->context, HEAP_KIB);
	return r;
}

void confirm_room_free(struct confirm_room *r)
{
	if (!r)
		return;
	pcre2_match_data_free(r->data);
	pcre2_match_context_free(r->context);
	free(r);
}

static int result(struct confirm_room *room, struct confirm_search *s, int n)
{
	const PCRE2_SIZE *spans = pcre2_get_ovector_pointer(room->data);

	/* More groups than there is room for: those that fit are told. */
	s->n_spans = n > 0 && n <= CONFIRM_GROUPS ? (unsigned int)n : CONFIRM_GROUPS;
	for (unsigned int i = 0; i < 2 * s->n_spans; i++)
		s->spans[i] = spans[i];
	return 1;
}

int confirm_run(const struct confirm *c, struct confirm_room *room, struct confirm_search *s)
{
	uint32_t options = PCRE2_NOTEMPTY | (s->more ? PCRE2_NOTEOL : 0) |
			   (s->partial ? PCRE2_PARTIAL_SOFT : 0);
	int n;

	pcre2_set_offset_limit(room->context, s->to);
	pcre2_set_match_limit(room->context, s->patient ? STEPS_PATIENT : STEPS);
	n = pcre2_match(c->code, s->text, s->len, s->from, options, room->data, room->context);
	if (n >= 0)
		return result(room, s, n);
	if (n == PCRE2_ERROR_PARTIAL)
		return -EAGAIN;
	return n == PCRE2_ERROR_NOMATCH ? 0 : -EIO;
}
