#include "gate/messages.h"

#include <errno.h>
#include <string.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/proc.h"
#include "base/ptr.h"
#include "gate/sanitize.h"

/* Long enough for any address of a review; the rest of a longer line is dropped. */
#define LINE_BYTES 4096
/* A push that is over by then shows no progress. */
#define QUIET_MS 1000
#define EVERY_MS 500

static const char theirs[] = "remote: ";

void messages_init(struct messages *m, int to)
{
	*m = (struct messages){.to = to, .born_ms = proc_now_ms()};
}

static void show(struct messages *m, const char *text, size_t len, char end)
{
	cleanup_free char *clean = sanitize_text(text, len, LINE_BYTES);
	cleanup_str struct str out = {0};
	int r;

	str_add(&out, clean ? clean : "");
	str_add_char(&out, end);
	r = out.failed ? -ENOMEM : fd_write_all(m->to, out.s, out.len);
	if (r < 0)
		log_debug("a message of the upstream is not shown: %s", strerror(-r));
}

static bool is_due(const struct messages *m)
{
	int64_t now = proc_now_ms();

	return now - m->born_ms >= QUIET_MS && now - m->shown_ms >= EVERY_MS;
}

/* "Writing objects: 100% (3/3), done." and "Total 3 (delta 0), …". */
static bool ends_progress(const char *text)
{
	return strstr(text, ", done") || str_starts(text, "Total ");
}

static void end_line(struct messages *m, char end)
{
	const char *text = m->line.s && m->line.len > 0 ? m->line.s : "";
	bool is_theirs = str_starts(text, theirs);
	size_t len;

	if (is_theirs)
		text += strlen(theirs);
	/* git clears what may stand in a terminal's line by blanks. */
	for (len = strlen(text); len > 0 && text[len - 1] == ' ';)
		len--;
	if (end == '\r' && len > 0 && is_due(m)) {
		show(m, text, len, end);
		m->shown_ms = proc_now_ms();
		m->progress = m->progress || !is_theirs;
	} else if (end == '\n' && (is_theirs || !*text || (m->progress && ends_progress(text)))) {
		show(m, text, len, end);
	}
	m->line.len = 0;
	if (m->line.s)
		m->line.s[0] = '\0';
}

void messages_feed(void *arg, const char *bytes, size_t len)
{
	struct messages *m = arg;

	for (size_t i = 0; i < len; i++) {
		char c = bytes[i];

		if (m->returned && c != '\n')
			end_line(m, '\r');
		m->returned = c == '\r';
		if (c == '\n')
			end_line(m, '\n');
		else if (c != '\r' && m->line.len < LINE_BYTES)
			str_add_char(&m->line, c ? c : '?');
	}
}

void messages_done(struct messages *m)
{
	if (m->line.len > 0)
		end_line(m, '\n');
	str_done(&m->line);
}
