#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/ptr.h"
#include "base/str.h"
#include "bundle/git_url.h"

/* The ways to write one upstream. */

/* Names that people and programs put in front of the host: GitHub's, GitLab's, everybody's. */
static const char *const users[] = {"git", "oauth2", "x-access-token"};

static int add(char ***list, char *spelling)
{
	if (spelling && strv_has(*list, spelling)) {
		free(spelling);
		return 0;
	}
	return strv_push(list, spelling);
}

/* The forms of one path; a path from the root is also reached without its slash on most forges. */
static int add_ssh(char ***list, const struct git_url *u, const char *path)
{
	const char *bare = *path == '/' ? path + 1 : path;
	bool ssh = u->transport == POLICY_SSH;
	const char *user = ssh ? u->user : "git";
	unsigned int port = ssh ? u->port : 22;
	int r;

	r = add(list, str_format("ssh://%s@%s:%u/%s", user, u->host, port, bare));
	if (r < 0 || port != 22)
		return r;
	r = add(list, str_format("ssh://%s@%s/%s", user, u->host, bare));
	if (r >= 0)
		r = add(list, str_format("%s@%s:%s", user, u->host, bare));
	if (r >= 0 && *path == '/')
		r = add(list, str_format("%s@%s:%s", user, u->host, path));
	return r;
}

static int add_https_at(char ***list, const char *user, const struct git_url *u, const char *bare)
{
	unsigned int port = u->transport == POLICY_HTTPS ? u->port : 443;
	const char *at = *user ? "@" : "";
	int r = 0;

	if (port == 443)
		r = add(list, str_format("https://%s%s%s/%s", user, at, u->host, bare));
	if (r >= 0)
		r = add(list, str_format("https://%s%s%s:%u/%s", user, at, u->host, port, bare));
	return r;
}

static int add_https(char ***list, const struct git_url *u, const char *path)
{
	const char *bare = *path == '/' ? path + 1 : path;
	int r = add_https_at(list, "", u, bare);

	for (size_t i = 0; r >= 0 && i < ARRAY_LEN(users); i++)
		r = add_https_at(list, users[i], u, bare);
	if (r >= 0 && u->user)
		r = add_https_at(list, u->user, u, bare);
	return r;
}

/* A path of which ".git" is a part of the name, not its end: what is left would be a folder. */
static bool has_suffix(const char *path)
{
	size_t len = strlen(path);

	return str_ends(path, ".git") && len > 4 && path[len - 5] != '/';
}

/* The path as it is, and with ".git" where it has none, without where it has. */
static int add_both(char ***list, const struct git_url *u,
	int (*forms)(char ***list, const struct git_url *u, const char *path))
{
	cleanup_free char *other = has_suffix(u->path) ? strndup(u->path, strlen(u->path) - 4)
						       : str_format("%s.git", u->path);
	int r = other ? forms(list, u, u->path) : -ENOMEM;

	return r < 0 ? r : forms(list, u, other);
}

int git_url_spell(const char *url, const struct git_url *u, char ***list)
{
	cleanup_free char *own = strdup(url);
	int r = own ? add(list, steal_ptr(&own)) : -ENOMEM;

	return r < 0 ? r : add_both(list, u, u->transport == POLICY_HTTPS ? add_https : add_ssh);
}

int git_url_spell_other(const struct git_url *u, char ***list)
{
	if (*u->path == '~')
		return 0;
	return add_both(list, u, u->transport == POLICY_HTTPS ? add_ssh : add_https);
}
