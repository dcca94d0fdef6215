#include "bundle/ssh_url.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/ptr.h"
#include "base/str.h"
#include "bundle/manifest.h"

void ssh_url_done(struct ssh_url *u)
{
	free(u->user);
	free(u->host);
	free(u->path);
	*u = (struct ssh_url){0};
}

static int refuse(const char *url, const char *why, struct err *e)
{
	return err_say(e, EINVAL,
		"'%s': %s; allowed: ssh://USER@HOST[:PORT]/PATH or USER@HOST:PATH", url, why);
}

static bool user_ok(const char *user)
{
	return *user && *user != '-' &&
	       !user[strspn(user, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				  "0123456789._-")];
}

static bool path_ok(const char *path)
{
	if (!*path || *path == '-' || str_eq(path, "/"))
		return false;
	for (const char *c = path; *c; c++)
		if ((unsigned char)*c <= ' ' || *c == 0x7f || strchr("'\"\\`$", *c))
			return false;
	return true;
}

static int check(const char *url, struct ssh_url *u, struct err *e)
{
	if (!u->user || !u->host || !u->path)
		return err_set(e, ENOMEM, "read '%s'", url);
	for (char *c = u->host; *c; c++)
		if (*c >= 'A' && *c <= 'Z')
			*c = (char)(*c - 'A' + 'a');
	if (!user_ok(u->user))
		return refuse(url, "the user in front of the host is missing or malformed", e);
	if (!manifest_host_ok(u->host))
		return refuse(url, "the host is missing or malformed", e);
	if (!path_ok(u->path))
		return refuse(url, "the path is missing or malformed", e);
	return 0;
}

static int parse_scp(const char *url, struct ssh_url *u, struct err *e)
{
	const char *at = strchr(url, '@'), *colon = strchr(url, ':');

	if (strstr(url, "://"))
		return refuse(url, "only ssh goes through the gate", e);
	if (!at || !colon || colon < at)
		return refuse(url, "neither of the two forms", e);
	u->user = strndup(url, (size_t)(at - url));
	u->host = strndup(at + 1, (size_t)(colon - at - 1));
	u->path = strdup(colon + 1);
	u->port = 22;
	return check(url, u, e);
}

static int parse_ssh(const char *url, struct ssh_url *u, struct err *e)
{
	const char *rest = url + strlen("ssh://");
	const char *slash = strchr(rest, '/'), *at = strchr(rest, '@'), *colon;
	cleanup_free char *port = NULL;
	long number = 22;

	if (!slash || !at || at > slash)
		return refuse(url, "the user or the path is missing", e);
	colon = memchr(at, ':', (size_t)(slash - at));
	if (colon) {
		port = strndup(colon + 1, (size_t)(slash - colon - 1));
		if (!port || !str_to_long(port, 1, UINT16_MAX, &number))
			return refuse(url, "the port is malformed", e);
	}
	u->user = strndup(rest, (size_t)(at - rest));
	u->host = strndup(at + 1, (size_t)((colon ? colon : slash) - at - 1));
	/* git takes the slash off before a "~". */
	u->path = strdup(slash[1] == '~' ? slash + 1 : slash);
	u->port = (uint16_t)number;
	return check(url, u, e);
}

int ssh_url_parse(const char *url, struct ssh_url *ret, struct err *e)
{
	struct ssh_url u = {0};
	int r = str_starts(url, "ssh://") ? parse_ssh(url, &u, e) : parse_scp(url, &u, e);

	if (r < 0) {
		ssh_url_done(&u);
		return r;
	}
	*ret = u;
	return 0;
}

static int add(char ***list, char *spelling)
{
	if (spelling && strv_has(*list, spelling)) {
		free(spelling);
		return 0;
	}
	return strv_push(list, spelling);
}

/* The forms of one path; a path from the root is also reached without its slash on most forges. */
static int add_forms(char ***list, const struct ssh_url *u, const char *path)
{
	const char *bare = *path == '/' ? path + 1 : path;
	int r;

	r = add(list, str_format("ssh://%s@%s:%d/%s", u->user, u->host, u->port, bare));
	if (r < 0 || u->port != 22)
		return r;
	r = add(list, str_format("ssh://%s@%s/%s", u->user, u->host, bare));
	if (r >= 0)
		r = add(list, str_format("%s@%s:%s", u->user, u->host, bare));
	if (r >= 0 && *path == '/')
		r = add(list, str_format("%s@%s:%s", u->user, u->host, path));
	return r;
}

char **ssh_url_spellings(const char *url, const struct ssh_url *u)
{
	bool has_suffix = str_ends(u->path, ".git");
	size_t len = strlen(u->path);
	cleanup_free char *other =
		has_suffix ? strndup(u->path, len - 4) : str_format("%s.git", u->path);
	cleanup_strv char **list = NULL;

	if (!other || strv_add(&list, url) < 0 || add_forms(&list, u, u->path) < 0 ||
		add_forms(&list, u, other) < 0)
		return NULL;
	return steal_ptr(&list);
}
