#include "gate/request.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/proc.h"
#include "base/ptr.h"
#include "base/str.h"
#include "gate/sanitize.h"

static const struct {
	const char *word;
	enum request_service service;
} services[] = {
	{"git-upload-pack", REQUEST_UPLOAD_PACK},
	{"git-receive-pack", REQUEST_RECEIVE_PACK},
};

/* Reads exactly len bytes, or -errno; nothing of what follows them. */
static int read_exactly(int sock, char *buf, size_t len, int64_t deadline_ms)
{
	for (size_t got = 0; got < len;) {
		struct pollfd p = {.fd = sock, .events = POLLIN};
		int64_t left = deadline_ms - proc_now_ms();
		ssize_t n;

		if (left <= 0 || poll(&p, 1, (int)left) == 0)
			return -ETIMEDOUT;
		n = recv(sock, buf + got, len - got, 0);
		if (n == 0)
			return -EPIPE;
		if (n < 0 && errno != EINTR && errno != EAGAIN)
			return -errno;
		got += n > 0 ? (size_t)n : 0;
	}
	return 0;
}

static int parse_length(const char digits[4])
{
	int n = 0;

	for (int i = 0; i < 4; i++) {
		const char *hex = "0123456789abcdef", *p = strchr(hex, digits[i] | 0x20);

		if (!digits[i] || !p || (digits[i] < '0'))
			return -1;
		n = n * 16 + (int)(p - hex);
	}
	return n;
}

int request_read(int sock, char body[REQUEST_MAX + 1], int timeout_ms, struct err *e)
{
	int64_t deadline = proc_now_ms() + timeout_ms;
	char digits[4];
	int len, r = read_exactly(sock, digits, sizeof(digits), deadline);

	if (r < 0)
		return err_set(e, -r, "read a request");
	len = parse_length(digits);
	if (len <= 4 || len - 4 > REQUEST_MAX)
		return err_say(e, EPROTO, "this is no git:// request");
	r = read_exactly(sock, body, (size_t)len - 4, deadline);
	if (r < 0)
		return err_set(e, -r, "read a request");
	body[len - 4] = '\0';
	return len - 4;
}

/* Only what git itself sends: this becomes a variable of git's. */
static void parse_extra(const char *p, const char *end, struct request *ret)
{
	/* "host=…" NUL, then, behind another NUL, further "name=value" NUL. */
	for (; p < end; p += strlen(p) + 1)
		if (str_eq(p, "version=1") || str_eq(p, "version=2"))
			snprintf(ret->protocol, sizeof(ret->protocol), "%s", p);
}

static int unknown(const struct gate *g, const char *name, struct err *e)
{
	cleanup_free char *clean = sanitize_line(name, strlen(name));
	cleanup_str struct str there = {0};

	for (size_t i = 0; i < g->policy.n_repos; i++)
		str_addf(&there, "%s%s.git", i ? ", " : "", g->policy.repos[i].name);
	return err_say(e, *name ? ENOENT : ENODATA,
		"'%s' is no repository of this bottle; there are: %s", clean ? clean : "",
		there.len ? there.s : "(none)");
}

int request_repo(
	const struct gate *g, const char *path, const struct policy_repo **ret, struct err *e)
{
	char name[256];
	size_t len;

	while (*path == '/')
		path++;
	len = strlen(path);
	while (len > 0 && path[len - 1] == '/')
		len--;
	if (len > 4 && memcmp(path + len - 4, ".git", 4) == 0)
		len -= 4;
	if (len >= sizeof(name))
		return unknown(g, path, e);
	memcpy(name, path, len);
	name[len] = '\0';
	*ret = gate_repo(g, name);
	return *ret ? 0 : unknown(g, path, e);
}

int request_parse(
	const struct gate *g, const char *body, size_t len, struct request *ret, struct err *e)
{
	const char *space = memchr(body, ' ', strnlen(body, len));
	size_t line = strnlen(body, len);
	cleanup_free char *path = NULL;

	*ret = (struct request){0};
	for (size_t i = 0; space && i < ARRAY_LEN(services); i++) {
		if ((size_t)(space - body) != strlen(services[i].word) ||
			memcmp(body, services[i].word, (size_t)(space - body)) != 0)
			continue;
		ret->service = services[i].service;
		path = strndup(space + 1, line - (size_t)(space + 1 - body));
		if (!path)
			return err_set(e, ENOMEM, "read a request");
		/* Old clients end the line with a newline. */
		if (*path && path[strlen(path) - 1] == '\n')
			path[strlen(path) - 1] = '\0';
		if (line < len)
			parse_extra(body + line + 1, body + len, ret);
		return request_repo(g, path, &ret->repo, e);
	}
	return err_say(e, EPROTO, "the gate serves fetch and push only");
}

void request_refuse(int sock, const char *reason)
{
	cleanup_free char *line = str_format("ERR %s", reason);
	cleanup_free char *packet =
		line ? str_format("%04x%s", (unsigned int)strlen(line) + 4, line) : NULL;
	struct pollfd p = {.fd = sock, .events = POLLIN};
	char rest[4096];
	int64_t deadline = proc_now_ms() + 1000;

	if (!packet || fd_write_all(sock, packet, strlen(packet)) < 0)
		return;
	/* Closing with unread bytes would reset the connection before the line is read. */
	shutdown(sock, SHUT_WR);
	while (proc_now_ms() < deadline && poll(&p, 1, 1000) > 0 &&
		read(sock, rest, sizeof(rest)) > 0)
		;
}
