#include "gate/credential.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/ptr.h"
#include "base/secret.h"
#include "base/str.h"
#include "gate/gate.h"

#define REQUEST_MAX 65536
#define TOKEN_MAX   65536 /* as bundle/plan_secret.c takes them */

/* A line "NAME=value" of these lengths. */
static bool is_line(const char *line, size_t len, const char *name, const char *value)
{
	size_t n = strlen(name);

	return len == n + 1 + strlen(value) && strncmp(line, name, n) == 0 && line[n] == '=' &&
	       strncmp(line + n + 1, value, len - n - 1) == 0;
}

static bool names(const char *line, const char *name)
{
	return str_starts(line, name) && line[strlen(name)] == '=';
}

/* Said once, and right: of two values one could be meant for us and the other for git. */
static bool says(const char *text, const char *name, const char *value)
{
	size_t right = 0, all = 0;

	for (const char *line = text; *line; line += strspn(line, "\n")) {
		size_t len = strcspn(line, "\n");

		all += names(line, name);
		right += is_line(line, len, name, value);
		line += len;
	}
	return right == 1 && all == 1;
}

bool credential_is_for(const struct policy_repo *repo, const char *text)
{
	cleanup_free char *host = repo->port == 443 ? strdup(repo->host)
						    : str_format("%s:%u", repo->host, repo->port);

	return host && repo->transport == POLICY_HTTPS && repo->user && repo->identity_slot &&
	       says(text, "protocol", "https") && says(text, "host", host);
}

/* git reads lines: a token that had one inside would be more than a token. */
static int answer(const struct gate *g, const struct policy_repo *repo, struct err *e)
{
	cleanup_free char *path = str_format("%s/%s-token", g->creds_dir, repo->name);
	cleanup_free char *user = str_format("username=%s\npassword=", repo->user);
	cleanup_fd int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
	char token[TOKEN_MAX + 1];
	ssize_t n;
	int r;

	if (!path || !user)
		return err_set(e, ENOMEM, "answer git");
	n = fd < 0 ? -errno : fd_read_full(fd, token, sizeof(token) - 1);
	if (n < 0)
		return err_set(e, (int)-n, "the token of '%s'", repo->name);
	r = memchr(token, '\n', (size_t)n) || memchr(token, '\0', (size_t)n)
		    ? err_say(e, EINVAL, "the token of '%s' is more than a line", repo->name)
		    : 0;
	token[n] = '\n';
	if (r == 0)
		r = fd_write_all(STDOUT_FILENO, user, strlen(user));
	if (r == 0)
		r = fd_write_all(STDOUT_FILENO, token, (size_t)n + 1);
	secret_wipe(token, sizeof(token));
	return r < 0 && !e->code ? err_set(e, -r, "answer git") : r;
}

static int give_up(const struct err *e)
{
	fprintf(stderr, "credential: %s\n", e->msg);
	return 1;
}

int credential_main(int argc, char **argv)
{
	const char *what = argc == 2 ? argv[1] : "";
	char text[REQUEST_MAX + 1];
	const struct policy_repo *repo;
	struct gate g = {0};
	struct err e = {0};
	ssize_t n;
	int r = 0;

	/* `store` and `erase` bring what we know; it is wiped with the rest. */
	n = fd_read_full(STDIN_FILENO, text, REQUEST_MAX);
	text[n > 0 ? n : 0] = '\0';
	if (!str_eq(what, "get") || n < 0) {
		secret_wipe(text, sizeof(text));
		return 0;
	}
	if (gate_inherit(&g, &e) < 0)
		return give_up(&e);
	repo = gate_repo(&g, getenv(GATE_ENV_REPO));
	if (repo && credential_is_for(repo, text))
		r = answer(&g, repo, &e);
	gate_done(&g);
	return r < 0 ? give_up(&e) : 0;
}
