#include "base/err.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

const char *err_reason(int errnum, char *buf, size_t size)
{
	const char *known = strerrordesc_np(errnum);

	snprintf(buf, size, "%s", known ? known : "unknown error");
	/* "Invalid argument" → "invalid argument", but "RPC …" stays. */
	if (isupper((unsigned char)buf[0]) && !isupper((unsigned char)buf[1]))
		buf[0] = (char)tolower((unsigned char)buf[0]);
	return buf;
}

static int vset(struct err *e, int errnum, const char *fmt, va_list ap)
{
	if (errnum <= 0)
		errnum = EINVAL;
	e->code = errnum;
	vsnprintf(e->msg, sizeof(e->msg), fmt, ap);
	return -errnum;
}

int err_set(struct err *e, int errnum, const char *fmt, ...)
{
	char reason[80];
	va_list ap;
	size_t len;
	int r;

	va_start(ap, fmt);
	r = vset(e, errnum, fmt, ap);
	va_end(ap);
	len = strlen(e->msg);
	snprintf(e->msg + len, sizeof(e->msg) - len, ": %s",
		err_reason(e->code, reason, sizeof(reason)));
	return r;
}

int err_say(struct err *e, int errnum, const char *fmt, ...)
{
	va_list ap;
	int r;

	va_start(ap, fmt);
	r = vset(e, errnum, fmt, ap);
	va_end(ap);
	return r;
}

int err_wrap(struct err *e, const char *fmt, ...)
{
	char old[sizeof(e->msg)];
	va_list ap;
	size_t len;

	if (e->code == 0)
		e->code = EINVAL;
	memcpy(old, e->msg, sizeof(old));
	va_start(ap, fmt);
	vsnprintf(e->msg, sizeof(e->msg), fmt, ap);
	va_end(ap);
	len = strlen(e->msg);
	snprintf(e->msg + len, sizeof(e->msg) - len, ": %s", old);
	return -e->code;
}
