#include "gate/lfs_endpoint.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <openssl/evp.h>

#include "base/fd.h"
#include "base/proc.h"
#include "base/ptr.h"
#include "base/secret.h"
#include "base/str.h"
#include "gate/git.h"
#include "gate/lfs_host.h"
#include "gate/sanitize.h"

#define SSH_FAILED 255
#define ANSWER_MAX 65536
#define TOKEN_MAX  16384

/* ---- ssh: the upstream tells */

/*
 * git-lfs itself quotes nothing, and some servers take its words apart by themselves: quotes
 * stand only where a shell would make something else of the path.
 */
char *lfs_endpoint_command(const char *path, bool upload)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "0123456789/._~@+-";
	bool quote = strspn(path, plain) != strlen(path);
	struct str s = {0};

	str_add(&s, "git-lfs-authenticate ");
	if (!quote) {
		str_add(&s, path);
	} else {
		str_add_char(&s, '\'');
		for (; *path; path++) {
			/* As git quotes: '!' is some shells' history. */
			if (*path == '\'' || *path == '!')
				str_addf(&s, "'\\%c'", *path);
			else
				str_add_char(&s, *path);
		}
		str_add_char(&s, '\'');
	}
	str_add(&s, upload ? " upload" : " download");
	return str_take(&s);
}

struct said {
	char *out;
	size_t len;
	char *err; /* one line, fit for a terminal; or NULL */
	int status;
};

static void said_done(struct said *s)
{
	if (s->out)
		secret_wipe(s->out, s->len);
	free(s->out);
	free(s->err);
}

/* What ssh tells of itself, or the other side of the command: the last line. */
static char *last_words(int fd)
{
	char buf[4096];
	ssize_t n = pread(fd, buf, sizeof(buf) - 1, 0);
	char *line;

	if (n <= 0)
		return NULL;
	buf[n] = '\0';
	while (n > 0 && strchr("\r\n", buf[n - 1]))
		buf[--n] = '\0';
	line = strrchr(buf, '\n');
	line = line ? line + 1 : buf;
	return *line ? sanitize_line(line, strlen(line)) : NULL;
}

/* A file for its standard error: the ssh that keeps the connection open never closes a pipe. */
static int ask(const char *command, struct said *ret, struct err *e)
{
	cleanup_fd int out_r = -1, out_w = -1, err_fd = -1;
	cleanup_proc struct proc p = PROC_NONE;
	/* execve(2) changes none of them; its type is older than const. */
	char *const argv[] = {(char *)"ssh", (char *)command, NULL};
	int pipe_fds[2], status, r;

	err_fd = memfd_create("complaints", MFD_CLOEXEC);
	if (err_fd < 0 || pipe2(pipe_fds, O_CLOEXEC) < 0)
		return err_set(e, errno, "run ssh");
	out_r = pipe_fds[0];
	out_w = pipe_fds[1];
	r = proc_spawn(
		&(struct proc_spec){.path = getenv("GIT_SSH"),
			.argv = argv,
			.envp = environ,
			.fds = (struct proc_fd[]){{out_w, 1}, {err_fd, 2},
				{GATE_FD_SELF, GATE_FD_SELF}, {GATE_FD_CONFIG, GATE_FD_CONFIG}},
			.n_fds = 4},
		&p, e);
	fd_close(&out_w);
	if (r == 0)
		r = fd_read_all(out_r, "git-lfs-authenticate", ANSWER_MAX, &ret->out, &ret->len, e);
	if (r == 0)
		r = proc_wait(&p, -1, &status, e);
	if (r < 0)
		return r;
	ret->status = git_status(status);
	ret->err = last_words(err_fd);
	return 0;
}

static int no_lfs(const struct upstream *u, const char *words, struct err *e)
{
	return err_say(e, ENOENT, "the upstream of '%s' has no LFS%s%s%s", u->repo->name,
		words ? " (git-lfs-authenticate: " : "", words ? words : "", words ? ")" : "");
}

static int ask_ssh(const struct upstream *u, bool upload, struct lfs_link *ret, struct err *e)
{
	cleanup_free char *command = lfs_endpoint_command(u->repo->path, upload);
	__attribute__((cleanup(said_done))) struct said said = {0};
	int r = command ? ask(command, &said, e) : err_set(e, ENOMEM, "run ssh");

	if (r < 0)
		return r;
	if (said.status == SSH_FAILED)
		return err_say(e, EHOSTUNREACH, "the upstream of '%s' cannot be asked for LFS: %s",
			u->repo->name, said.err ? said.err : "ssh failed");
	if (said.status != 0)
		return no_lfs(u, said.err ? said.err : "it failed", e);
	return lfs_link_parse(said.out, said.len, "git-lfs-authenticate", ret, e);
}

/* ---- https: the repository's own token */

static int read_token(const struct upstream *u, char **ret, size_t *ret_len, struct err *e)
{
	cleanup_free char *path = str_format("%s/%s-token", u->gate->creds_dir, u->repo->name);
	int r = path ? fd_read_file(AT_FDCWD, path, TOKEN_MAX, ret, ret_len, e) : -ENOMEM;

	while (r == 0 && *ret_len > 0 && strchr("\r\n", (*ret)[*ret_len - 1]))
		(*ret)[--*ret_len] = '\0';
	return r;
}

/* RFC 7617. */
static char *basic(const char *user, const char *token)
{
	cleanup_free char *pair = str_format("%s:%s", user, token);
	size_t len = pair ? strlen(pair) : 0;
	char *ret = pair ? malloc(64 + len * 2) : NULL;
	static const char head[] = "Authorization: Basic ";

	if (ret) {
		memcpy(ret, head, sizeof(head));
		EVP_EncodeBlock(
			(unsigned char *)ret + strlen(head), (unsigned char *)pair, (int)len);
	}
	if (pair)
		secret_wipe(pair, len);
	return ret;
}

static int add_token(const struct upstream *u, struct lfs_link *link, struct err *e)
{
	char *token = NULL, *line;
	size_t len = 0;
	int r;

	if (!u->repo->identity_slot)
		return 0;
	r = read_token(u, &token, &len, e);
	if (r < 0)
		return r;
	line = basic(u->repo->user ? u->repo->user : "git", token);
	secret_wipe(token, len);
	free(token);
	return !line || strv_push(&link->headers, line) < 0
		       ? err_set(e, ENOMEM, "use the token of '%s'", u->repo->name)
		       : 0;
}

/* URL.git/info/lfs, of the upstream's host. */
static char *guess(const struct policy_repo *repo)
{
	const char *path = repo->path + strspn(repo->path, "/");
	const char *git = str_ends(path, ".git") ? "" : ".git";
	uint16_t port = repo->transport == POLICY_HTTPS ? repo->port : 443;

	return port == 443 ? str_format("https://%s/%s%s/info/lfs", repo->host, path, git)
			   : str_format("https://%s:%u/%s%s/info/lfs", repo->host, port, path, git);
}

/* ---- both */

static int fill_href(const struct policy_repo *repo, struct lfs_link *link, struct err *e)
{
	size_t len;

	if (!link->href)
		link->href = repo->lfs.url ? strdup(repo->lfs.url) : guess(repo);
	if (!link->href)
		return err_set(e, ENOMEM, "the LFS of '%s'", repo->name);
	for (len = strlen(link->href); len > 0 && link->href[len - 1] == '/'; len--)
		link->href[len - 1] = '\0';
	return 0;
}

/* A service elsewhere gets no credential that was given for another host. */
static int use_url(const struct upstream *u, struct lfs_link *link, struct err *e)
{
	const char *url = u->repo->lfs.url;

	if (link->href && !lfs_host_same(link->href, url))
		lfs_link_done(link);
	free(link->href);
	link->href = strdup(url);
	return link->href ? 0 : err_set(e, ENOMEM, "the LFS of '%s'", u->repo->name);
}

static int find(const struct upstream *u, bool upload, struct lfs_link *ret, struct err *e)
{
	const struct policy_repo *repo = u->repo;
	int r;

	if (repo->transport == POLICY_HTTPS) {
		r = fill_href(repo, ret, e);
		return r == 0 ? lfs_endpoint_lend(u, NULL, ret, e) : r;
	}
	r = ask_ssh(u, upload, ret, e);
	if (r == -ENOENT && repo->lfs.url)
		r = 0; /* one for everybody */
	if (r == 0 && repo->lfs.url)
		r = use_url(u, ret, e);
	return r == 0 ? fill_href(repo, ret, e) : r;
}

int lfs_endpoint_find(const struct upstream *u, bool upload, struct lfs_link *ret, struct err *e)
{
	int r;

	*ret = (struct lfs_link){0};
	if (u->repo->lfs.off)
		return err_say(e, EACCES,
			"LFS of '%s' is off: its operator can change git-gate.repos.%s.lfs",
			u->repo->name, u->repo->name);
	r = find(u, upload, ret, e);
	if (r < 0)
		lfs_link_done(ret);
	return r;
}

int lfs_endpoint_lend(const struct upstream *u, const struct lfs_link *endpoint,
	struct lfs_link *link, struct err *e)
{
	struct lfs_host host;
	int r = lfs_host_of(u, link->href, &host, e);

	if (r < 0 || u->repo->transport != POLICY_HTTPS || !host.is_upstream ||
		lfs_link_has(link, "Authorization") ||
		(endpoint && !lfs_host_same(endpoint->href, link->href)))
		return r;
	return add_token(u, link, e);
}
