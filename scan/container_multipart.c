#include "scan/container_reader.h"

#include <errno.h>
#include <string.h>

#include "scan/container_part.h"

/*
 * Multipart (RFC 2046, section 5.1). Parts are between lines that begin with "--" and the boundary;
 * the end of line in front belongs to the boundary. Lines may end without CR, as readers allow.
 * What stands before the first and behind the last boundary is given out, too.
 */
#define BOUNDARY_MAX 70
#define LINE_MAX_LEN 4096 /* of a header field, unfolded; longer ones are read as far */

struct multipart_reader {
	struct container_reader r;
	enum multipart_state {
		MULTIPART_FIRST,  /* the boundary is what the first line says */
		MULTIPART_TEXT,	  /* preamble, body, epilogue */
		MULTIPART_BEHIND, /* the rest of a boundary's line */
		MULTIPART_HEADER,
	} state;
	char delimiter[2 + BOUNDARY_MAX + 1]; /* with the hyphens */
	size_t delimiter_len;
	/* In text: at the beginning of a line, or what may be its end was held; then so much of the
	 * delimiter has been matched. */
	bool at_line;
	char newline[2];
	size_t newline_len;
	size_t matched;
	char tail[2]; /* behind the delimiter: two hyphens close */
	size_t n_tail;
	bool in_part;
	bool beside; /* the member is preamble or epilogue */
	bool seen, closed;
	char line[LINE_MAX_LEN]; /* a field that may go on, then the line that is read */
	size_t field_len, line_len;
	struct part part;
	struct container_buffer buf;
};

/* ---- text */

static int emit(struct multipart_reader *m, const void *text, size_t len)
{
	const struct container_member beside = {.name = "", .verbatim = true};
	int rc = 0;

	if (len == 0)
		return 0;
	if (m->in_part)
		return part_write(&m->part, &m->r, &m->buf, text, len);
	if (!m->beside)
		rc = container_begin(&m->r, &beside);
	m->beside = true;
	return rc < 0 ? rc : container_write(&m->r, text, len);
}

/* What was held is text after all. */
static int release(struct multipart_reader *m)
{
	int rc = emit(m, m->newline, m->newline_len);

	m->at_line = false;
	return rc < 0 ? rc : emit(m, m->delimiter, m->matched);
}

static void begin_line(struct multipart_reader *m)
{
	m->state = MULTIPART_TEXT;
	m->at_line = true;
	m->newline_len = m->matched = 0;
}

static int end_text(struct multipart_reader *m)
{
	int rc = m->in_part ? part_end(&m->part, &m->r, &m->buf) : 0;

	m->in_part = m->beside = false;
	return rc < 0 ? rc : container_end(&m->r);
}

static int begin_behind(struct multipart_reader *m)
{
	m->seen = true;
	m->at_line = false;
	m->n_tail = 0;
	m->state = MULTIPART_BEHIND;
	return end_text(m);
}

/* At a line's beginning; takes what may belong to a boundary. Neither CR nor LF is in one, so where
 * it does not go on as one, all of what was held is text. */
static int read_held(struct multipart_reader *m, const unsigned char **p, size_t *len)
{
	size_t n;

	if (m->newline_len == 1 && m->newline[0] == '\r') {
		if (**p != '\n')
			return release(m);
		m->newline[m->newline_len++] = '\n';
		++*p;
		--*len;
	}
	n = m->delimiter_len - m->matched;
	n = n < *len ? n : *len;
	if (memcmp(*p, m->delimiter + m->matched, n) != 0)
		return release(m);
	*p += n;
	*len -= n;
	m->matched += n;
	return m->matched == m->delimiter_len ? begin_behind(m) : 0;
}

/* The end of the first line that is followed by a delimiter, or by what there is of one. */
static const unsigned char *find_line(
	const struct multipart_reader *m, const unsigned char *p, const unsigned char *end)
{
	while (p < end && (p = memchr(p, '\n', (size_t)(end - p)))) {
		size_t n = (size_t)(end - ++p);

		n = n < m->delimiter_len ? n : m->delimiter_len;
		if (memcmp(p, m->delimiter, n) == 0)
			return p - 1;
	}
	return NULL;
}

static int read_text(struct multipart_reader *m, const unsigned char **p, size_t *len)
{
	const unsigned char *from = *p, *end = *p + *len, *stop, *next;

	if (m->at_line)
		return read_held(m, p, len);
	stop = find_line(m, from, end);
	next = stop ? stop + 1 : end;
	m->newline_len = 0;
	if (!stop)
		stop = end;
	if (stop > from && stop[-1] == '\r') {
		stop--;
		m->newline[m->newline_len++] = '\r';
	}
	if (next > stop && next[-1] == '\n')
		m->newline[m->newline_len++] = '\n';
	m->at_line = m->newline_len > 0;
	m->matched = 0;
	*p = next;
	*len = (size_t)(end - next);
	return emit(m, from, (size_t)(stop - from));
}

/* ---- boundary and header */

static int end_behind(struct multipart_reader *m, bool closes)
{
	m->closed = m->closed || closes;
	if (closes) {
		begin_line(m);
		return 0;
	}
	part_reset(&m->part);
	m->field_len = m->line_len = 0;
	m->state = MULTIPART_HEADER;
	return 0;
}

/* All of the line counts as the boundary's (RFC 2046, 5.1.1: it need not match to its end). */
static int read_behind(struct multipart_reader *m, const unsigned char **p, size_t *len)
{
	unsigned char c = *(*p)++;

	--*len;
	if (c == '\n')
		return end_behind(m, m->n_tail == 2 && memcmp(m->tail, "--", 2) == 0);
	if (m->n_tail < sizeof(m->tail))
		m->tail[m->n_tail++] = (char)c;
	return 0;
}

static int begin_part(struct multipart_reader *m)
{
	const struct container_member member = {.name = m->part.name,
		.name_len = m->part.name_len,
		.content_type = m->part.type[0] ? m->part.type : NULL,
		.verbatim = m->part.encoding == PART_AS_IS};

	m->in_part = true;
	begin_line(m);
	return container_begin(&m->r, &member);
}

/* A boundary where a header is: a part without a body, and without the empty line in front of it.
 */
static int end_early(struct multipart_reader *m, const char *tail, size_t len)
{
	int rc = begin_part(m);

	if (rc == 0)
		rc = begin_behind(m);
	return rc < 0 ? rc : end_behind(m, len >= 2 && memcmp(tail, "--", 2) == 0);
}

/* A line of the header is whole: it goes on with the field before, or ends that. */
static int end_line(struct multipart_reader *m)
{
	char *line = m->line + m->field_len;
	size_t len = m->line_len, n = m->delimiter_len;

	m->line_len = 0;
	if (len > 0 && line[len - 1] == '\r')
		len--;
	if (len > 0 && (line[0] == ' ' || line[0] == '\t')) {
		m->field_len += len;
	} else {
		part_header(&m->part, m->line, m->field_len);
		if (len == 0)
			return begin_part(m);
		if (len >= n && memcmp(line, m->delimiter, n) == 0)
			return end_early(m, line + n, len - n);
		memmove(m->line, line, len);
		m->field_len = len;
	}
	/* Room for the next line. */
	if (m->field_len > LINE_MAX_LEN / 2) {
		part_header(&m->part, m->line, m->field_len);
		m->field_len = 0;
	}
	return 0;
}

static int read_header(struct multipart_reader *m, const unsigned char **p, size_t *len)
{
	const unsigned char *newline = memchr(*p, '\n', *len);
	size_t n = newline ? (size_t)(newline - *p) : *len;
	size_t room = LINE_MAX_LEN - m->field_len - m->line_len;

	room = n < room ? n : room;
	memcpy(m->line + m->field_len + m->line_len, *p, room);
	m->line_len += room;
	n += newline != NULL;
	*p += n;
	*len -= n;
	return newline ? end_line(m) : 0;
}

/* The first line is to be a boundary. */
static int read_first(struct multipart_reader *m, const unsigned char **p, size_t *len)
{
	size_t n;

	while (*len > 0 && m->line_len < BOUNDARY_MAX + 4 && **p != '\n') {
		m->line[m->line_len++] = (char)*(*p)++;
		--*len;
	}
	if (*len == 0 && m->line_len < BOUNDARY_MAX + 4)
		return 0;
	n = m->line_len;
	while (n > 0 && memchr("\r \t", m->line[n - 1], 3))
		n--;
	if (n < 3 || n > 2 + BOUNDARY_MAX || memcmp(m->line, "--", 2) != 0)
		return container_fail(&m->r, "a multipart text without a boundary");
	memcpy(m->delimiter, m->line, n);
	m->delimiter_len = n;
	return begin_behind(m);
}

static int read_some(struct multipart_reader *m, const unsigned char **p, size_t *len)
{
	switch (m->state) {
	case MULTIPART_FIRST:
		return read_first(m, p, len);
	case MULTIPART_TEXT:
		return read_text(m, p, len);
	case MULTIPART_BEHIND:
		return read_behind(m, p, len);
	case MULTIPART_HEADER:
		break;
	}
	return read_header(m, p, len);
}

static int feed(struct container_reader *r, const unsigned char *p, size_t len)
{
	struct multipart_reader *m = (struct multipart_reader *)r;
	int rc = 0;

	while (rc == 0 && len > 0)
		rc = read_some(m, &p, &len);
	return rc;
}

static int multipart_open(struct container_reader *r, const char *boundary)
{
	struct multipart_reader *m = (struct multipart_reader *)r;
	size_t len = boundary ? strlen(boundary) : 0;

	begin_line(m);
	if (len == 0)
		m->state = MULTIPART_FIRST;
	if (len > BOUNDARY_MAX) {
		container_doubt(r, "a boundary of more than 70 characters");
		len = BOUNDARY_MAX;
	}
	memcpy(m->delimiter, "--", 2);
	if (len > 0)
		memcpy(m->delimiter + 2, boundary, len);
	m->delimiter_len = 2 + len;
	return container_buffer_init(&m->buf);
}

static int finish(struct container_reader *r)
{
	struct multipart_reader *m = (struct multipart_reader *)r;
	bool closes = m->n_tail == 2 && memcmp(m->tail, "--", 2) == 0;
	int rc = 0;

	if (m->state == MULTIPART_TEXT && m->at_line)
		rc = release(m);
	if (m->state == MULTIPART_HEADER && m->line_len > 0)
		rc = end_line(m);
	if (rc == 0)
		rc = end_text(m);
	if (rc < 0)
		return rc;
	if (!m->seen)
		return container_fail(r, "a multipart text without its boundary");
	if (m->closed || (m->state == MULTIPART_BEHIND && closes))
		return 0;
	return container_fail(r, "it ends in the middle");
}

static void done(struct container_reader *r)
{
	container_buffer_done(&((struct multipart_reader *)r)->buf);
}

const struct container_kind container_multipart = {
	"multipart", sizeof(struct multipart_reader), multipart_open, feed, finish, done};
