#include "control/log_reader.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SIZE (2 * LOG_LINE_MAX)

int log_reader_open(int fd, struct log_reader *ret, struct err *e)
{
	*ret = (struct log_reader){.fd = fd, .buf = malloc(SIZE + 1)};
	return ret->buf ? 0 : err_set(e, ENOMEM, "read a log");
}

void log_reader_done(struct log_reader *r)
{
	free(r->buf);
	r->buf = NULL;
}

static void give(struct log_reader *r, size_t len, bool cut, struct log_line *ret)
{
	*ret = (struct log_line){.text = r->buf + r->start, .len = len, .cut = cut};
	r->buf[r->start + len] = '\0';
	r->line++;
}

/* 1: *ret is a line; 0: none is whole yet; what belongs to a line that was cut goes. */
static int take(struct log_reader *r, struct log_line *ret)
{
	for (;;) {
		char *from = r->buf + r->start, *nl = memchr(from, '\n', r->end - r->start);
		size_t len = nl ? (size_t)(nl - from) : r->end - r->start;
		bool was_cut = r->skipping;

		if (!nl && !was_cut && len <= LOG_LINE_MAX)
			return 0;
		r->skipping = !nl;
		if (was_cut) {
			r->start += len + (nl ? 1 : 0);
			if (!nl)
				return 0;
			continue;
		}
		give(r, len < LOG_LINE_MAX ? len : LOG_LINE_MAX, len > LOG_LINE_MAX, ret);
		r->start += len + (nl ? 1 : 0);
		return 1;
	}
}

int log_reader_next(struct log_reader *r, struct log_line *ret, struct err *e)
{
	ssize_t n;

	while (take(r, ret) == 0) {
		memmove(r->buf, r->buf + r->start, r->end - r->start);
		r->end -= r->start;
		r->start = 0;
		n = read(r->fd, r->buf + r->end, SIZE - r->end);
		if (n < 0)
			return err_set(e, errno, "read a log");
		if (n == 0)
			return 0;
		r->end += (size_t)n;
	}
	return 1;
}

int log_reader_rest(struct log_reader *r, struct log_line *ret)
{
	if (r->skipping || r->end == r->start)
		return 0;
	give(r, r->end - r->start, false, ret);
	r->start = r->end;
	return 1;
}
