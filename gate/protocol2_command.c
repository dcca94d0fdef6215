#include "gate/protocol2_command.h"

#include <errno.h>
#include <stdlib.h>

#include "base/ptr.h"
#include "gate/sanitize.h"

void protocol2_command_done(struct protocol2_command *c)
{
	free(c->name);
	strv_free(c->capabilities);
	strv_free(c->args);
	*c = (struct protocol2_command){0};
}

/* A growing string list: strv_add walks its list each time, and a request has a million lines. */
struct lines {
	char **list;
	size_t n, bytes;
};

static int add_line(struct lines *l, const char *line, size_t len, struct err *e)
{
	char **grown;

	l->bytes += len + sizeof(char *);
	if (l->bytes > PROTOCOL2_REQUEST_MAX)
		return err_say(e, EFBIG, "a request of more than %u bytes", PROTOCOL2_REQUEST_MAX);
	if (strlen(line) != len)
		return err_say(e, EPROTO, "a NUL stands within a line of the request");
	/* Room for one more and the NULL behind it, doubled at each power of two. */
	if ((l->n & (l->n + 1)) == 0) {
		grown = reallocarray(l->list, 2 * (l->n + 1), sizeof(*grown));
		if (!grown)
			return err_set(e, ENOMEM, "read a request");
		l->list = grown;
	}
	l->list[l->n] = strdup(line);
	l->list[l->n + 1] = NULL;
	return l->list[l->n++] ? 0 : err_set(e, ENOMEM, "read a request");
}

/* Lines up to a packet that is none, which is returned. */
static int read_lines(struct pkt_reader *in, struct lines *l, struct err *e)
{
	const char *line;
	size_t len;
	int kind, r;

	while ((kind = pkt_read(in, &line, &len, e)) == PKT_DATA) {
		r = add_line(l, line, len, e);
		if (r < 0)
			return r;
	}
	return kind;
}

static int unexpected(int kind, struct err *e)
{
	return kind < 0 ? kind : err_say(e, EPROTO, "the request ended early");
}

/* The first line is the command. */
static int take_name(struct protocol2_command *c, struct err *e)
{
	char *first = c->capabilities ? c->capabilities[0] : NULL;

	if (!first || !str_starts(first, "command=")) {
		cleanup_free char *clean = first ? sanitize_line(first, strlen(first)) : NULL;

		return err_say(e, EPROTO, "expected a command of protocol version 2, not '%s'",
			clean ? clean : "");
	}
	c->name = strdup(first + strlen("command="));
	return c->name ? 0 : err_set(e, ENOMEM, "read a request");
}

int protocol2_command_read(struct pkt_reader *in, struct protocol2_command *ret, struct err *e)
{
	struct lines capabilities = {0}, args = {0};
	int r, kind = read_lines(in, &capabilities, e);

	ret->capabilities = capabilities.list;
	if ((kind == PKT_FLUSH || kind == PKT_END) && capabilities.n == 0)
		return 0;
	if (kind != PKT_DELIM && kind != PKT_FLUSH)
		return unexpected(kind, e);
	r = take_name(ret, e);
	if (r < 0)
		return r;
	if (kind == PKT_DELIM) {
		kind = read_lines(in, &args, e);
		ret->args = args.list;
	}
	return kind == PKT_FLUSH ? 1 : unexpected(kind, e);
}

void protocol2_command_print(const struct protocol2_command *c, struct str *out)
{
	for (char **line = c->capabilities; line && *line; line++)
		pkt_addf(out, "%s\n", *line);
	pkt_add_delim(out);
	for (char **line = c->args; line && *line; line++)
		pkt_addf(out, "%s\n", *line);
	pkt_add_flush(out);
}
