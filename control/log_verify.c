#include "control/log_verify.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "base/json.h"
#include "base/ptr.h"
#include "base/str.h"
#include "control/log_reader.h"

#define MISSING_MAX 256 /* places with missing lines that are remembered */

struct range {
	uint64_t from, to; /* numbers of lines; from > to: nothing is missing there any more */
	uint64_t line;	   /* in front of which they are missing */
};

/* A line as far as the check needs it. */
struct parts {
	struct chain_line chain;
	uint64_t line;
	const char *text;
	char seed[CHAIN_SIZE], after[CHAIN_SIZE]; /* of a segment's first line; else "" */
	uint64_t torn;
};

/*
 * Theory of operation. (seq, link) is the last line that is known to stand where it should. A line
 * whose number follows but whose link does not is a suspect: the next line tells. If that goes on
 * from the suspect's own link, the suspect (or the line before it, with a link made anew) was
 * changed; if from the line before the suspect, the suspect was put in.
 */
struct check {
	log_problem_fn *tell;
	void *arg;
	struct log_verified *result;
	uint64_t seq;
	char link[CHAIN_SIZE]; /* "": there is none yet */
	bool suspicious;
	uint64_t suspect_line;
	uint64_t before_seq; /* in front of the suspect */
	char before_link[CHAIN_SIZE];
	uint64_t odd_line; /* a line without the chain's form, of which nobody has spoken yet; 0 */
	size_t odd_len;
	struct range missing[MISSING_MAX];
	size_t n_missing;
};

static void __attribute__((format(printf, 2, 3))) problem(struct check *c, const char *fmt, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	c->result->problems++;
	c->tell(c->arg, text);
}

/* ---- a line's members */

static void copy_link(json_t *j, const char *key, char ret[CHAIN_SIZE])
{
	const char *value = json_string_value(json_object_get(j, key));

	ret[0] = '\0';
	if (value && strlen(value) == CHAIN_DIGITS)
		memcpy(ret, value, CHAIN_SIZE);
}

static void read_segment(const struct log_line *l, struct parts *p)
{
	cleanup_json json_t *j = json_loadb(l->text, l->len, 0, NULL);

	copy_link(j, "seed", p->seed);
	copy_link(j, "after", p->after);
	p->torn = (uint64_t)json_integer_value(json_object_get(j, "torn"));
}

/* "time":"…" stands behind the number. */
static void note_time(struct check *c, const struct log_line *l)
{
	const char *time = strstr(l->text, "\"time\":\"");
	size_t len = time ? strcspn(time + 8, "\"") : 0;

	if (len == 0 || len >= sizeof(c->result->last))
		return;
	snprintf(c->result->last, sizeof(c->result->last), "%.*s", (int)len, time + 8);
	if (!c->result->first[0])
		memcpy(c->result->first, c->result->last, sizeof(c->result->first));
}

/* Whether the line goes on from this link. */
static bool follows(const struct parts *p, const char *link)
{
	char want[CHAIN_SIZE];

	return link[0] && chain_link(link, p->text, p->chain.len, want) == 0 &&
	       str_eq(want, p->chain.link);
}

static void adopt(struct check *c, const struct parts *p)
{
	c->seq = p->chain.seq;
	memcpy(c->link, p->chain.link, CHAIN_SIZE);
}

/* ---- what is missing */

static void miss(struct check *c, uint64_t from, uint64_t to, uint64_t line)
{
	if (c->n_missing < MISSING_MAX)
		c->missing[c->n_missing++] = (struct range){from, to, line};
	else
		problem(c, "line %" PRIu64 ": in front of it lines are missing", line);
}

/* A number that was missing stands somewhere else. */
static bool was_missing(struct check *c, uint64_t seq)
{
	for (size_t i = 0; i < c->n_missing; i++) {
		struct range *r = &c->missing[i];

		if (seq < r->from || seq > r->to)
			continue;
		if (seq > r->from && seq < r->to && c->n_missing < MISSING_MAX)
			c->missing[c->n_missing++] = (struct range){seq + 1, r->to, r->line};
		if (seq > r->from)
			r->to = seq - 1;
		else
			r->from = seq + 1;
		return true;
	}
	return false;
}

static void tell_missing(struct check *c)
{
	for (size_t i = 0; i < c->n_missing; i++) {
		const struct range *r = &c->missing[i];

		if (r->from == r->to)
			problem(c, "line %" PRIu64 ": in front of it number %" PRIu64 " is missing",
				r->line, r->from);
		else if (r->from < r->to)
			problem(c,
				"line %" PRIu64 ": in front of it numbers %" PRIu64 " to %" PRIu64
				" are missing",
				r->line, r->from, r->to);
	}
}

/* ---- the lines */

/* What the line behind it tells of a suspect. */
static void settle(struct check *c, const struct parts *next)
{
	if (!c->suspicious)
		return;
	c->suspicious = false;
	if (next && !next->seed[0] && !follows(next, c->link) && follows(next, c->before_link)) {
		problem(c, "line %" PRIu64 " was put in", c->suspect_line);
		c->seq = c->before_seq;
		memcpy(c->link, c->before_link, CHAIN_SIZE);
		return;
	}
	problem(c,
		"line %" PRIu64 " does not follow the line before it: one of the two was changed",
		c->suspect_line);
}

static void suspect(struct check *c, const struct parts *p)
{
	c->suspicious = true;
	c->suspect_line = p->line;
	c->before_seq = c->seq;
	memcpy(c->before_link, c->link, CHAIN_SIZE);
	adopt(c, p);
}

static void out_of_order(struct check *c, const struct parts *p)
{
	if (was_missing(c, p->chain.seq))
		problem(c, "line %" PRIu64 ": number %" PRIu64 " was moved behind number %" PRIu64,
			p->line, p->chain.seq, c->seq);
	else
		problem(c, "line %" PRIu64 ": number %" PRIu64 " comes again: it was put in",
			p->line, p->chain.seq);
}

static void check_order(struct check *c, const struct parts *p)
{
	if (p->chain.seq == c->seq + 1 && follows(p, c->link)) {
		adopt(c, p);
	} else if (p->chain.seq == c->seq + 1) {
		suspect(c, p);
	} else if (p->chain.seq > c->seq) {
		miss(c, c->seq + 1, p->chain.seq - 1, p->line);
		adopt(c, p);
	} else {
		out_of_order(c, p);
	}
}

/* A life's first line: it names where the one before ended. */
static void check_segment(struct check *c, const struct parts *p)
{
	c->result->segments++;
	if (!follows(p, p->seed)) {
		problem(c, "line %" PRIu64 " was changed", p->line);
	} else if (!str_eq(p->after, c->link)) {
		if (p->chain.seq > c->seq + 1)
			miss(c, c->seq + 1, p->chain.seq - 1, p->line);
		else
			problem(c,
				"line %" PRIu64
				" begins a segment behind another line than the one before it",
				p->line);
	} else if (p->chain.seq != c->seq + 1) {
		problem(c, "line %" PRIu64 ": number %" PRIu64 " where %" PRIu64 " should be",
			p->line, p->chain.seq, c->seq + 1);
	}
	adopt(c, p);
}

/* The line before had no form: a segment may tell that a sudden end has torn it. */
static void check_odd(struct check *c, const struct parts *next)
{
	if (c->odd_line && !(next && next->seed[0] && next->torn == c->odd_len))
		problem(c, "line %" PRIu64 " is no line of the log: it was changed or put in",
			c->odd_line);
	c->odd_line = 0;
}

static void check_line(struct check *c, const struct log_line *l, uint64_t number)
{
	struct parts p = {.line = number, .text = l->text};

	c->result->lines++;
	if (l->cut || !chain_split(l->text, l->len, &p.chain)) {
		check_odd(c, NULL);
		c->odd_line = number;
		c->odd_len = l->len;
		return;
	}
	if (strstr(l->text, "\"seed\":"))
		read_segment(l, &p);
	note_time(c, l);
	check_odd(c, &p);
	settle(c, &p);
	if (p.seed[0]) {
		check_segment(c, &p);
	} else if (!c->link[0]) {
		if (p.chain.seq > 1)
			miss(c, 1, p.chain.seq - 1, number);
		else
			problem(c, "line %" PRIu64 " has no seed: it was changed", number);
		adopt(c, &p);
	} else {
		check_order(c, &p);
	}
}

/* ---- the end */

static void check_end(struct check *c, const struct log_end_known *end)
{
	if (!end->known || str_eq(end->link, c->link))
		return;
	if (c->seq < end->seq)
		problem(c, "the end is missing: numbers %" PRIu64 " to %" PRIu64, c->seq + 1,
			end->seq);
	else if (c->seq > end->seq)
		problem(c, "%" PRIu64 " lines were put in behind the bottle's end",
			c->seq - end->seq);
	else
		problem(c,
			"the last line was changed: it is not the one that the monitor has seen");
}

int log_verify(int fd, const struct log_end_known *end, log_problem_fn *tell, void *arg,
	struct log_verified *ret, struct err *e)
{
	struct check *c = calloc(1, sizeof(*c));
	struct log_reader reader;
	struct log_line l;
	int r;

	*ret = (struct log_verified){0};
	if (!c)
		return err_set(e, ENOMEM, "check a log");
	*c = (struct check){.tell = tell, .arg = arg, .result = ret};
	r = log_reader_open(fd, &reader, e);
	while (r == 0 && (r = log_reader_next(&reader, &l, e)) > 0) {
		check_line(c, &l, reader.line);
		r = 0;
	}
	if (r == 0) {
		if (log_reader_rest(&reader, &l) && end->known)
			problem(c, "line %" PRIu64 " has no end", reader.line);
		check_odd(c, NULL);
		settle(c, NULL);
		tell_missing(c);
		check_end(c, end);
	}
	log_reader_done(&reader);
	free(c);
	return r;
}
