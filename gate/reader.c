#include "gate/reader.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define START (128U << 10)
#define MOST  (1U << 20)

void reader_done(struct reader *r)
{
	free(r->buf);
	*r = (struct reader){.fd = r->fd};
}

static int make_room(struct reader *r, struct err *e)
{
	char *grown;

	if (r->pos > 0) {
		memmove(r->buf, r->buf + r->pos, r->len - r->pos);
		r->len -= r->pos;
		r->pos = 0;
	}
	if (r->len < r->cap)
		return 0;
	if (r->cap >= MOST)
		return err_say(e, EFBIG, "a name of more than %u bytes", MOST);
	grown = realloc(r->buf, r->cap ? r->cap * 2 : START);
	if (!grown)
		return err_set(e, ENOMEM, "read objects");
	r->buf = grown;
	r->cap = r->cap ? r->cap * 2 : START;
	return 0;
}

/* 1: more is there; 0: the end. */
static int more(struct reader *r, struct err *e)
{
	ssize_t n;
	int rc = make_room(r, e);

	if (rc < 0)
		return rc;
	do {
		n = read(r->fd, r->buf + r->len, r->cap - r->len);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return err_set(e, errno, "read objects");
	r->len += (size_t)n;
	return n > 0;
}

static int early_end(struct err *e)
{
	return err_say(e, EPROTO, "the list of objects ended early");
}

int reader_until(struct reader *r, char stop, const char **ret, size_t *ret_len, struct err *e)
{
	char *end = NULL;

	for (size_t looked = 0;;) {
		int rc;

		if (r->len > r->pos + looked)
			end = memchr(r->buf + r->pos + looked, stop, r->len - r->pos - looked);
		if (end)
			break;
		looked = r->len - r->pos;
		rc = more(r, e);
		if (rc < 0)
			return rc;
		if (rc == 0)
			return looked == 0 ? 0 : early_end(e);
	}
	*end = '\0';
	*ret = r->buf + r->pos;
	*ret_len = (size_t)(end - *ret);
	r->pos += *ret_len + 1;
	return 1;
}

int reader_some(struct reader *r, const char **ret, size_t *len, struct err *e)
{
	if (r->pos == r->len) {
		int rc = more(r, e);

		if (rc <= 0)
			return rc < 0 ? rc : early_end(e);
	}
	if (*len > r->len - r->pos)
		*len = r->len - r->pos;
	*ret = r->buf + r->pos;
	r->pos += *len;
	return 0;
}

int reader_skip(struct reader *r, size_t len, struct err *e)
{
	while (len > 0) {
		const char *ignored;
		size_t n = len;
		int rc = reader_some(r, &ignored, &n, e);

		if (rc < 0)
			return rc;
		len -= n;
	}
	return 0;
}
