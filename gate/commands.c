#include "gate/commands.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/ptr.h"
#include "base/str.h"
#include "gate/sanitize.h"

#define OPTIONS_MAX 1000

static int refuse_name(const char *name, struct err *e)
{
	cleanup_free char *clean = sanitize_line(name, strlen(name));

	return err_say(e, EPROTO,
		"'%s' is no full name of a ref (git-check-ref-format(1)); push to "
		"refs/heads/NAME",
		clean ? clean : "");
}

static int add(struct commands *c, const char *line, size_t len, struct err *e)
{
	const char *sp1 = memchr(line, ' ', len), *sp2;
	struct command cmd = {0}, *grown;
	size_t n1, n2;
	int r;

	sp2 = sp1 ? memchr(sp1 + 1, ' ', len - (size_t)(sp1 + 1 - line)) : NULL;
	if (!sp2)
		return err_say(e, EPROTO, "what is pushed cannot be read");
	n1 = (size_t)(sp1 - line);
	n2 = (size_t)(sp2 - sp1) - 1;
	if (!refs_is_oid(line, n1) || !refs_is_oid(sp1 + 1, n2))
		return err_say(e, EPROTO, "what is pushed cannot be read");
	memcpy(cmd.old, line, n1);
	memcpy(cmd.new, sp1 + 1, n2);
	cmd.ref = strndup(sp2 + 1, len - (size_t)(sp2 + 1 - line));
	if (cmd.ref && !refs_is_name(cmd.ref)) {
		r = refuse_name(cmd.ref, e);
		free(cmd.ref);
		return r;
	}
	grown = reallocarray(c->list, c->n + 1, sizeof(*grown));
	if (grown)
		c->list = grown;
	if (!grown || !cmd.ref) {
		free(cmd.ref);
		return err_set(e, ENOMEM, "the names of what is pushed");
	}
	grown[c->n++] = cmd;
	return 0;
}

int commands_parse(const char *text, struct commands *ret, struct err *e)
{
	int r = 0;

	*ret = (struct commands){0};
	for (const char *line = text, *end; r == 0 && *line; line = end + !!*end) {
		end = strchrnul(line, '\n');
		r = add(ret, line, (size_t)(end - line), e);
	}
	if (r == 0 && ret->n == 0)
		r = err_say(e, EPROTO, "what is pushed cannot be read: no ref");
	if (r < 0)
		commands_done(ret);
	return r;
}

int commands_read_options(struct commands *c, struct err *e)
{
	const char *count = getenv("GIT_PUSH_OPTION_COUNT");
	long n = 0;

	if (count && !str_to_long(count, 0, OPTIONS_MAX, &n))
		return err_say(
			e, EPROTO, "the count of push options is no number up to %d", OPTIONS_MAX);
	for (long i = 0; i < n; i++) {
		cleanup_free char *name = str_format("GIT_PUSH_OPTION_%ld", i);
		const char *value = name ? getenv(name) : NULL;

		if (!value)
			return err_say(e, EPROTO, "push option %ld is missing", i);
		if (strv_add(&c->options, value) < 0)
			return err_set(e, ENOMEM, "push options");
	}
	return 0;
}

void commands_done(struct commands *c)
{
	for (size_t i = 0; i < c->n; i++)
		free(c->list[i].ref);
	free(c->list);
	strv_free(c->options);
	*c = (struct commands){0};
}

int commands_check_seen(
	const struct commands *c, const struct refs *refs, const char *whose, struct err *e)
{
	for (size_t i = 0; i < c->n; i++) {
		const struct command *cmd = &c->list[i];
		const struct ref *now = refs_find(refs, cmd->ref);
		cleanup_free char *name = NULL;

		if (now ? str_eq(now->oid, cmd->old) : refs_is_zero(cmd->old))
			continue;
		name = sanitize_line(cmd->ref, strlen(cmd->ref));
		return err_say(e, ESTALE,
			"! [rejected] %s (fetch first): %s has moved since you looked; fetch, "
			"integrate the changes and push again",
			name ? name : "", whose);
	}
	return 0;
}
