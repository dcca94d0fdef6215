#include "gate/pktline.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/ptr.h"

void pkt_reader_init(struct pkt_reader *r, int fd, int timeout_ms)
{
	r->fd = fd;
	r->timeout_ms = timeout_ms;
	r->pos = r->len = 0;
}

/* 1: bytes came; 0: the end. */
static int more(struct pkt_reader *r, struct err *e)
{
	struct pollfd p = {.fd = r->fd, .events = POLLIN};
	ssize_t n;
	int ready;

	memmove(r->buf, r->buf + r->pos, r->len - r->pos);
	r->len -= r->pos;
	r->pos = 0;
	do {
		ready = r->timeout_ms < 0 ? 1 : poll(&p, 1, r->timeout_ms);
		if (ready == 0)
			return err_say(
				e, ETIMEDOUT, "nothing came for %d seconds", r->timeout_ms / 1000);
		n = ready < 0 ? -1 : read(r->fd, r->buf + r->len, sizeof(r->buf) - r->len);
	} while (n < 0 && (errno == EINTR || errno == EAGAIN));
	if (n < 0)
		return err_set(e, errno, "read a packet");
	r->len += (size_t)n;
	return n > 0;
}

/* 1: so many bytes are in buf; 0: the end came before the first of them. */
static int need(struct pkt_reader *r, size_t len, struct err *e)
{
	while (r->len - r->pos < len) {
		int rc = more(r, e);

		if (rc < 0)
			return rc;
		if (rc == 0)
			return r->len == r->pos ? 0 : err_say(e, ENOLINK, "a packet ended early");
	}
	return 1;
}

static int parse_length(const char *digits)
{
	int n = 0;

	for (int i = 0; i < 4; i++) {
		int c = digits[i] | 0x20;

		if (digits[i] >= '0' && digits[i] <= '9')
			n = n * 16 + digits[i] - '0';
		else if (c >= 'a' && c <= 'f')
			n = n * 16 + c - 'a' + 10;
		else
			return -1;
	}
	return n;
}

int pkt_read(struct pkt_reader *r, const char **ret, size_t *ret_len, struct err *e)
{
	static const enum pkt marks[] = {PKT_FLUSH, PKT_DELIM, PKT_RESPONSE_END};
	int len, rc = need(r, 4, e);

	if (rc <= 0)
		return rc < 0 ? rc : PKT_END;
	len = parse_length(r->buf + r->pos);
	r->pos += 4;
	if (len >= 0 && len < (int)ARRAY_LEN(marks))
		return (int)marks[len];
	if (len < 4 || len - 4 > PKT_MAX)
		return err_say(e, EPROTO, "this is no packet of git's protocol");
	len -= 4;
	rc = len > 0 ? need(r, (size_t)len, e) : 1;
	if (rc <= 0)
		return rc < 0 ? rc : err_say(e, ENOLINK, "a packet ended early");
	memcpy(r->body, r->buf + r->pos, (size_t)len);
	r->pos += (size_t)len;
	if (len > 0 && r->body[len - 1] == '\n')
		len--;
	r->body[len] = '\0';
	*ret = r->body;
	*ret_len = (size_t)len;
	return PKT_DATA;
}

void pkt_add(struct str *out, const void *data, size_t len)
{
	str_addf(out, "%04zx", len + 4);
	str_add_bytes(out, data, len);
}

void pkt_addf(struct str *out, const char *fmt, ...)
{
	cleanup_free char *line = NULL;
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vasprintf(&line, fmt, ap);
	va_end(ap);
	if (n < 0 || n > PKT_MAX) {
		line = NULL;
		out->failed = true;
		return;
	}
	pkt_add(out, line, (size_t)n);
}

void pkt_add_flush(struct str *out)
{
	str_add(out, "0000");
}

void pkt_add_delim(struct str *out)
{
	str_add(out, "0001");
}

void pkt_add_band(struct str *out, int band, const char *data, size_t len)
{
	do {
		size_t piece = len < PKT_MAX - 1 ? len : PKT_MAX - 1;

		str_addf(out, "%04zx%c", piece + 5, band);
		str_add_bytes(out, data, piece);
		data += piece;
		len -= piece;
	} while (len > 0);
}
