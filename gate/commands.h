#ifndef GATE_COMMANDS_H
#define GATE_COMMANDS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "gate/refs.h"

/* What a push asks for: lines of pre-receive's standard input, and push options (githooks(5)). */
struct command {
	char old[65], new[65]; /* all zeros: the ref is not there, or is to go */
	char *ref;
};

struct commands {
	struct command *list;
	size_t n;
	char **options; /* strv; NULL: none */
};

/* "OLD NEW REF" lines. -EPROTO for anything else. Owner: the caller (commands_done). */
int commands_parse(const char *text, struct commands *ret, struct err *e);

/* From GIT_PUSH_OPTION_COUNT and GIT_PUSH_OPTION_n; a count that is no number is an error. */
int commands_read_options(struct commands *c, struct err *e);

void commands_done(struct commands *c);
#define cleanup_commands __attribute__((cleanup(commands_done)))

/*
 * Whether every ref stands in `refs` as the agent saw it; else -ESTALE and a sentence about the
 * first that does not, in git's words. whose: "the upstream", for it.
 */
int commands_check_seen(
	const struct commands *c, const struct refs *refs, const char *whose, struct err *e);

static inline bool command_is_delete(const struct command *c)
{
	return refs_is_zero(c->new);
}

#endif
