#include "gate/send.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/ptr.h"
#include "base/str.h"
#include "gate/messages.h"
#include "gate/sanitize.h"

/* execve(2) takes a quarter of the stack's limit, 2 MiB as a rule. */
#define ARGS_BYTES (1U << 20)
/* Of refs that were refused for themselves; beyond, and those that fell with them, are counted. */
#define TOLD_MAX 50

static const char lease[] = "--force-with-lease=";

size_t send_fitting(const struct commands *cmds, size_t first)
{
	const size_t fixed = sizeof(lease) + 2 * (sizeof(cmds->list->old) + 2 + sizeof(char *));
	size_t bytes = 0, i = first;

	while (i < cmds->n && bytes < ARGS_BYTES)
		bytes += fixed + 2 * strlen(cmds->list[i++].ref);
	return i - first;
}

static int push_arg(char ***args, char *arg)
{
	return arg ? strv_push(args, arg) : -ENOMEM;
}

static int add_leases(char ***args, const struct commands *cmds)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < cmds->n; i++)
		r = push_arg(
			args, str_format("%s%s:%s", lease, cmds->list[i].ref,
				      refs_is_zero(cmds->list[i].old) ? "" : cmds->list[i].old));
	return r;
}

/* By objects' names, never by refs that something could redirect. */
static int add_refspecs(char ***args, const struct commands *cmds)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < cmds->n; i++)
		r = push_arg(
			args, str_format("%s:%s",
				      command_is_delete(&cmds->list[i]) ? "" : cmds->list[i].new,
				      cmds->list[i].ref));
	return r;
}

/* git-remote-https would give up an upstream that is busy with what it was sent. */
static char *slow_time(const struct upstream *u)
{
	return str_format(
		"http.lowSpeedTime=%d", GATE_WORK_FACTOR * u->gate->policy.idle_timeout_s);
}

static char **make_args(const struct upstream *u, const struct commands *cmds, bool atomic)
{
	static const char *const fixed[] = {"push", "--porcelain", "--progress", "--no-signed",
		"--no-verify", "--recurse-submodules=no", "--no-follow-tags"};
	cleanup_strv char **args = NULL;
	int r = strv_add(&args, "-c");

	if (r == 0)
		r = push_arg(&args, slow_time(u));
	for (size_t i = 0; r == 0 && i < ARRAY_LEN(fixed); i++)
		r = strv_add(&args, fixed[i]);
	if (r == 0 && atomic)
		r = strv_add(&args, "--atomic");
	for (size_t i = 0; r == 0 && cmds->options && cmds->options[i]; i++)
		r = push_arg(&args, str_format("--push-option=%s", cmds->options[i]));
	if (r == 0)
		r = add_leases(&args, cmds);
	if (r == 0)
		r = strv_add(&args, "--");
	if (r == 0)
		r = strv_add(&args, u->repo->url);
	if (r == 0)
		r = add_refspecs(&args, cmds);
	return r == 0 ? steal_ptr(&args) : NULL;
}

int send_refs(const struct upstream *u, const struct commands *cmds, bool atomic,
	struct git_result *ret, struct err *e)
{
	cleanup_strv char **args = make_args(u, cmds, atomic);
	struct messages messages;
	struct git_watch watch = {messages_feed, &messages};
	struct git_job job = {.gate = u->gate,
		.repo = u->repo,
		.upstream = u,
		.args = (const char *const *)args,
		.watch = &watch};
	int r;

	if (!args)
		return err_set(e, ENOMEM, "forward a push");
	messages_init(&messages, STDERR_FILENO);
	r = git_run(&job, ret, e);
	messages_done(&messages);
	return r;
}

bool send_needs_single(const struct git_result *res)
{
	return res->status != 0 && res->err.s && strstr(res->err.s, "does not support --atomic");
}

/* The next line of git's porcelain that tells a ref's refusal ("! TAB FROM:TO TAB …"), or NULL. */
static const char *next_refusal(const char *text, size_t *len)
{
	for (const char *line = text, *end; line && *line; line = *end ? end + 1 : end) {
		end = strchrnul(line, '\n');
		*len = (size_t)(end - line);
		if (*line == '!')
			return line;
	}
	return NULL;
}

bool send_was_refused(const struct git_result *res, size_t n)
{
	size_t len = 0, refused = 0;

	if (res->status == 0)
		return false;
	for (const char *l = res->out.s; (l = next_refusal(l, &len)); l += len) {
		/* "[remote failure] (remote failed to report status)" */
		if (memmem(l, len, "failed to report", 16) ||
			memmem(l, len, "[remote failure]", 16))
			return false;
		refused++;
	}
	return refused == n;
}

/* "! TAB FROM:TO TAB [rejected] (why)" as " ! [rejected] TO (why)". */
static void tell_refusal(const char *line, size_t len)
{
	cleanup_free char *clean = sanitize_line(line, len);
	char *to = clean ? strchr(clean, ':') : NULL;
	char *mark = to ? strstr(to, " [") : NULL, *why = mark ? strstr(mark, "] ") : NULL;

	if (!why) {
		fprintf(stderr, " %s\n", clean ? clean : "! a ref was refused");
		return;
	}
	*mark++ = '\0';
	why[1] = '\0';
	/* That is the lease's word, which the agent's git has not asked for. */
	if (str_eq(why + 2, "(stale info)"))
		why = (char *)"] (fetch first): the upstream has moved since you looked";
	fprintf(stderr, " ! %s %s %s\n", mark, to + 1, why + 2);
}

void send_tell_refusals(const struct git_result *res)
{
	size_t len = 0, told = 0, others = 0;

	for (const char *l = res->out.s; (l = next_refusal(l, &len)); l += len) {
		if (told < TOLD_MAX && !memmem(l, len, "(atomic ", 8)) {
			tell_refusal(l, len);
			told++;
		} else {
			others++;
		}
	}
	if (others > 0)
		fprintf(stderr, " ! and %zu more with %s\n", others, told > 1 ? "them" : "it");
}
