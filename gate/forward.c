#include "gate/forward.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/ptr.h"
#include "base/str.h"
#include "gate/git.h"
#include "gate/sanitize.h"

static int push_arg(char ***args, char *arg)
{
	return arg ? strv_push(args, arg) : -ENOMEM;
}

/* To the URL, never to a remote; by objects' names, never by refs that something could redirect. */
static char **make_args(const struct upstream *u, const struct commands *cmds, bool atomic)
{
	static const char *const fixed[] = {"push", "--porcelain", "--no-progress", "--no-signed",
		"--no-verify", "--recurse-submodules=no", "--no-follow-tags"};
	cleanup_strv char **args = NULL;
	int r = 0;

	for (size_t i = 0; r == 0 && i < ARRAY_LEN(fixed); i++)
		r = strv_add(&args, fixed[i]);
	if (r == 0 && atomic)
		r = strv_add(&args, "--atomic");
	for (size_t i = 0; r == 0 && cmds->options && cmds->options[i]; i++)
		r = push_arg(&args, str_format("--push-option=%s", cmds->options[i]));
	for (size_t i = 0; r == 0 && i < cmds->n; i++)
		r = push_arg(
			&args, str_format("--force-with-lease=%s:%s", cmds->list[i].ref,
				       refs_is_zero(cmds->list[i].old) ? "" : cmds->list[i].old));
	if (r == 0)
		r = strv_add(&args, "--");
	if (r == 0)
		r = strv_add(&args, u->repo->url);
	for (size_t i = 0; r == 0 && i < cmds->n; i++)
		r = push_arg(
			&args, str_format("%s:%s",
				       command_is_delete(&cmds->list[i]) ? "" : cmds->list[i].new,
				       cmds->list[i].ref));
	return r == 0 ? steal_ptr(&args) : NULL;
}

static void pass_on(const char *line, size_t len)
{
	cleanup_free char *clean = sanitize_line(line, len);

	fprintf(stderr, "%s\n", clean ? clean : "");
}

/* "remote: …" is the upstream's; the agent's own git puts that word in front again. */
static void pass_messages(const struct git_result *res)
{
	for (const char *line = res->err.s ? res->err.s : "", *end; *line; line = end + !!*end) {
		size_t len = strcspn(line, "\r\n");

		end = line + len;
		if (str_starts(line, "remote: "))
			pass_on(line + 8, len - 8);
		else if (res->status != 0 && len > 0 && !str_starts(line, "error: failed to push"))
			pass_on(line, len);
	}
}

/* Porcelain: "! TAB FROM:TO TAB [rejected] (reason)". */
static void pass_rejections(const struct git_result *res)
{
	for (const char *line = res->out.s ? res->out.s : "", *end; *line; line = end + !!*end) {
		const char *to;
		size_t len = strcspn(line, "\n");

		end = line + len;
		if (*line != '!')
			continue;
		to = memchr(line, ':', len);
		fputs(" ! ", stderr);
		pass_on(to ? to + 1 : line, (size_t)(end - (to ? to + 1 : line)));
	}
}

static int push(const struct upstream *u, const struct commands *cmds, bool atomic,
	struct git_result *res, struct err *e)
{
	cleanup_strv char **args = make_args(u, cmds, atomic);
	struct git_job job = {
		.gate = u->gate, .repo = u->repo, .upstream = u, .args = (const char *const *)args};

	return args ? git_run(&job, res, e) : err_set(e, ENOMEM, "forward a push");
}

static int judge(const struct git_result *res, struct err *e)
{
	pass_messages(res);
	if (res->status == 0)
		return 0;
	pass_rejections(res);
	return err_say(e, EIO, "the upstream did not accept the push");
}

/* Ref by ref, in order, up to the first that is not taken. */
static int push_singly(const struct upstream *u, const struct commands *cmds, struct err *e)
{
	for (size_t i = 0; i < cmds->n; i++) {
		struct commands one = {&cmds->list[i], 1, cmds->options};
		cleanup_git_result struct git_result res = {0};
		int r = push(u, &one, false, &res, e);

		if (r == 0)
			r = judge(&res, e);
		if (r < 0)
			return err_wrap(e,
				"%zu of %zu refs were taken before (the upstream knows no atomic "
				"push)",
				i, cmds->n);
	}
	return 0;
}

int forward_push(const struct upstream *u, const struct commands *cmds, struct err *e)
{
	cleanup_git_result struct git_result res = {0};
	int r = push(u, cmds, cmds->n > 1, &res, e);

	if (r < 0)
		return r;
	if (res.status != 0 && res.err.s && strstr(res.err.s, "does not support --atomic"))
		return push_singly(u, cmds, e);
	return judge(&res, e);
}
