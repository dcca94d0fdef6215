#include "gate/code_line.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/ptr.h"
#include "base/secret.h"
#include "gate/sanitize.h"

/* No secret that anybody looks for is shorter (SCAN_SECRET_MIN). */
#define WORD_SHOWN     7
#define LINE_MAX_BYTES (1U << 20)

static bool is_word(char c)
{
	return isalnum((unsigned char)c) || strchr("_-+/=.~", c);
}

static void redact_words(char *line, size_t len)
{
	for (size_t i = 0, n; i < len; i += n + 1) {
		for (n = 0; i + n < len && line[i + n] && is_word(line[i + n]);)
			n++;
		if (n > WORD_SHOWN)
			memset(line + i, '*', n);
	}
}

/* Whether it was told which bytes of the file this is about. */
static bool redact_span(const struct inspect_finding *f, char *line, size_t len, uint64_t at)
{
	uint64_t start = f->said.start > at ? f->said.start - at : 0;
	uint64_t end = f->said.end > at ? f->said.end - at : 0;

	if (f->said.end <= f->said.start)
		return false;
	if (end > len)
		end = len;
	if (start < end)
		memset(line + start, '*', end - start);
	return true;
}

void code_line_redact(const struct inspection *in, const struct inspect_finding *f, char *line,
	size_t len, uint64_t at)
{
	const struct inspect_told *const all[] = {&in->found, &in->warnings};
	/* What is only counted may stand in the same line. */
	bool known = redact_span(f, line, len, at) && in->n_found == in->found.n &&
		     in->n_warnings == in->warnings.n;

	for (size_t i = 0; i < ARRAY_LEN(all); i++)
		for (size_t k = 0; k < all[i]->n; k++) {
			const struct inspect_finding *other = &all[i]->list[k];

			if (str_eq(other->oid, f->oid) && !redact_span(other, line, len, at))
				known = false;
		}
	if (!known)
		redact_words(line, len);
}

static int start(
	const struct git_job *job, const char *oid, struct proc *ret, int *ret_fd, struct err *e)
{
	const char *const args[] = {"cat-file", "blob", oid, NULL};
	struct git_job cat = *job;
	cleanup_fd int out_w = -1;
	int out[2];

	cat.args = args;
	if (pipe2(out, O_CLOEXEC) < 0)
		return err_set(e, errno, "pipe");
	*ret_fd = out[0];
	out_w = out[1];
	return git_start(&cat, (int[]){-1, out_w, -1}, ret, e);
}

/* What a blob's bytes are gone through for: line `number`, from 1. */
struct search {
	uint64_t number, now; /* the line wanted, the line that is read */
	uint64_t at, offset;  /* where the wanted one begins; how much was read */
	struct str line;
};

/* True: it is whole. */
static bool look(struct search *s, const char *bytes, size_t len)
{
	for (size_t i = 0, n; i < len; i += n) {
		const char *end = memchr(bytes + i, '\n', len - i);

		n = end ? (size_t)(end - bytes) - i + 1 : len - i;
		if (s->now == s->number) {
			s->at = s->line.len ? s->at : s->offset;
			str_add_bytes(&s->line, bytes + i, end ? n - 1 : n);
		}
		s->offset += n;
		if (end && s->now++ == s->number)
			return true;
	}
	return false;
}

static int find(struct search *s, int fd, struct err *e)
{
	char bytes[32768];
	ssize_t n;

	do {
		n = read(fd, bytes, sizeof(bytes));
		if (n < 0 && errno != EINTR)
			return err_set(e, errno, "read a file");
		if (s->line.failed || s->line.len > LINE_MAX_BYTES)
			return err_say(e, EFBIG, "the line is too long to be shown");
	} while (n < 0 || (n > 0 && !look(s, bytes, (size_t)n)));
	return s->now >= s->number && s->line.s ? 0 : err_say(e, ENODATA, "no such line");
}

int code_line(const struct git_job *job, const struct inspection *in,
	const struct inspect_finding *f, char **ret, struct err *e)
{
	struct search s = {.number = f->said.line, .now = 1};
	cleanup_proc struct proc cat = PROC_NONE;
	cleanup_fd int fd = -1;
	int r;

	if (f->kind != INSPECT_BLOB || !*f->oid || f->said.line == 0)
		return err_say(e, ENODATA, "it stands in no line of a file");
	r = start(job, f->oid, &cat, &fd, e);
	if (r == 0)
		r = find(&s, fd, e);
	if (r == 0) {
		code_line_redact(in, f, s.line.s, s.line.len, s.at);
		*ret = sanitize_line(s.line.s, s.line.len);
		r = *ret ? 0 : err_set(e, ENOMEM, "show a line");
	}
	if (s.line.s)
		secret_wipe(s.line.s, s.line.len);
	str_done(&s.line);
	return r;
}
