#include "base/log.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/str.h"
#include "base/utc.h"

static struct {
	int fd;
	enum log_format format;
	enum log_level lowest;
	bool quiet_stderr;
} state = {.fd = -1, .format = LOG_TEXT, .lowest = LOG_INFO};

void log_setup(int fd, enum log_format format, enum log_level lowest)
{
	fd_close(&state.fd);
	state.fd = fd;
	state.format = format;
	state.lowest = lowest;
}

void log_to_stderr(int on)
{
	state.quiet_stderr = !on;
}

/* Text that commands no terminal and ends no line; what is in `also` gets a backslash. */
static void add_escaped(struct str *out, const char *text, const char *also)
{
	for (const unsigned char *p = (const unsigned char *)text; *p; p++) {
		if (strchr(also, *p))
			str_addf(out, "\\%c", *p);
		else if (*p == '\n')
			str_add(out, "\\n");
		else if (*p < 0x20 || *p == 0x7f)
			str_addf(out, "\\u%04x", *p);
		else if (*p == 0xc2 && p[1] >= 0x80 && p[1] < 0xa0)
			/* Terminals obey U+009B as they obey ESC [. */
			str_addf(out, "\\u%04x", *++p);
		else
			str_add_char(out, (char)*p);
	}
}

static void add_quoted(struct str *out, const char *text)
{
	str_add_char(out, '"');
	add_escaped(out, text, "\"\\");
	str_add_char(out, '"');
}

static void add_line(struct str *out, enum log_format format, const char *level, const char *text)
{
	char when[UTC_SIZE];

	utc_format(time(NULL), when);
	if (format == LOG_JSON) {
		str_addf(out, "{\"level\":\"%s\",\"msg\":", level);
		add_quoted(out, text);
		str_addf(out, ",\"time\":\"%sZ\"}\n", when);
	} else {
		str_addf(out, "time=\"%sZ\" level=%s msg=", when, level);
		add_quoted(out, text);
		str_add_char(out, '\n');
	}
}

/* A log that cannot be written must not change what the program does. */
static void write_line(int fd, const struct str *line)
{
	if (!line->failed && fd_write_all(fd, line->s, line->len) < 0)
		return;
}

static void emit(int fd, enum log_format format, const char *level, const char *text)
{
	struct str line = {0};

	add_line(&line, format, level, text);
	write_line(fd, &line);
	str_done(&line);
}

/* The line is in the log file: who started us is told the error alone. */
static void tell(const char *text)
{
	struct str line = {0};

	add_escaped(&line, text, "");
	str_add_char(&line, '\n');
	write_line(STDERR_FILENO, &line);
	str_done(&line);
}

void log_line(enum log_level level, const char *fmt, ...)
{
	static const char *const names[] = {"debug", "info", "warning", "error"};
	char text[2048];
	va_list ap;

	if (level < state.lowest)
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (!state.quiet_stderr && state.fd < 0)
		emit(STDERR_FILENO, LOG_TEXT, names[level], text);
	else if (!state.quiet_stderr && level == LOG_ERROR)
		tell(text);
	if (state.fd >= 0)
		emit(state.fd, state.format, names[level], text);
}
