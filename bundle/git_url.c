#include "bundle/git_url.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/ptr.h"
#include "base/str.h"
#include "bundle/manifest.h"

void git_url_done(struct git_url *u)
{
	free(u->user);
	free(u->host);
	free(u->path);
	*u = (struct git_url){0};
}

#define ALLOWED "allowed: ssh://USER@HOST[:PORT]/PATH, USER@HOST:PATH or https://HOST[:PORT]/PATH"

static int refuse(const char *url, const char *why, struct err *e)
{
	return err_say(e, EINVAL, "'%s': %s; " ALLOWED, url, why);
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

/* A path that every program reads in the same way: nothing to resolve, nothing but a path. */
static bool https_path_ok(const char *path)
{
	if (!path_ok(path) || strpbrk(path, "?#"))
		return false;
	for (const char *part = path, *end; part; part = *end ? end + 1 : NULL) {
		size_t len;

		end = strchrnul(part, '/');
		len = (size_t)(end - part);
		if (len == 0 || (len <= 2 && strspn(part, ".") >= len))
			return false;
	}
	for (const char *c = path; (c = strchr(c, '%')); c++)
		if (!isxdigit((unsigned char)c[1]) || !isxdigit((unsigned char)c[2]))
			return false;
	return true;
}

static void lower(char *host)
{
	for (char *c = host; c && *c; c++)
		if (*c >= 'A' && *c <= 'Z')
			*c = (char)(*c - 'A' + 'a');
}

static int check(const char *url, struct git_url *u, struct err *e)
{
	bool https = u->transport == POLICY_HTTPS;

	if ((!https && !u->user) || !u->host || !u->path)
		return err_set(e, ENOMEM, "read '%s'", url);
	lower(u->host);
	if (!https && !user_ok(u->user))
		return refuse(url, "the user in front of the host is missing or malformed", e);
	if (!manifest_host_ok(u->host))
		return refuse(url, "the host is missing or malformed", e);
	if (https ? !https_path_ok(u->path) : !path_ok(u->path))
		return refuse(url, "the path is missing or malformed", e);
	return 0;
}

static int parse_scp(const char *url, struct git_url *u, struct err *e)
{
	const char *at = strchr(url, '@'), *colon = strchr(url, ':');

	if (str_starts(url, "http://"))
		return err_say(
			e, EINVAL, "http:// is read and changed by everybody on the way; " ALLOWED);
	if (strstr(url, "://"))
		return refuse(url, "only ssh and https go through the gate", e);
	if (!at || !colon || colon < at)
		return refuse(url, "none of the forms", e);
	u->user = strndup(url, (size_t)(at - url));
	u->host = strndup(at + 1, (size_t)(colon - at - 1));
	u->path = strdup(colon + 1);
	u->port = 22;
	return check(url, u, e);
}

/* "HOST[:PORT]", up to `end`. false: the port is malformed, or memory ran out. */
static bool read_host(const char *text, const char *end, struct git_url *u)
{
	const char *colon = memchr(text, ':', (size_t)(end - text));
	long number = u->port;

	if (colon) {
		cleanup_free char *port = strndup(colon + 1, (size_t)(end - colon - 1));

		if (!port || !str_to_long(port, 1, UINT16_MAX, &number))
			return false;
	}
	u->host = strndup(text, (size_t)((colon ? colon : end) - text));
	u->port = (uint16_t)number;
	return u->host;
}

static int parse_ssh(const char *url, struct git_url *u, struct err *e)
{
	const char *rest = url + strlen("ssh://");
	const char *slash = strchr(rest, '/'), *at = strchr(rest, '@');

	if (!slash || !at || at > slash)
		return refuse(url, "the user or the path is missing", e);
	u->port = 22;
	if (!read_host(at + 1, slash, u))
		return refuse(url, "the port is malformed", e);
	u->user = strndup(rest, (size_t)(at - rest));
	/* git takes the slash off before a "~". */
	u->path = strdup(slash[1] == '~' ? slash + 1 : slash);
	return check(url, u, e);
}

static int parse_https(const char *url, struct git_url *u, struct err *e)
{
	const char *rest = url + strlen("https://");
	const char *slash = strchr(rest, '/'), *at = strchr(rest, '@');

	if (at && (!slash || at < slash))
		return err_say(e, EINVAL,
			"a user or a token has no place in the url; allowed: "
			"https://HOST[:PORT]/PATH, with auth: {token_ref: NAME, user: USER}");
	if (!slash)
		return refuse(url, "the path is missing", e);
	u->transport = POLICY_HTTPS;
	u->port = 443;
	if (!read_host(rest, slash, u))
		return refuse(url, "the port is malformed", e);
	u->path = strdup(slash + 1);
	return check(url, u, e);
}

int git_url_parse(const char *url, struct git_url *ret, struct err *e)
{
	struct git_url u = {0};
	int r = str_starts(url, "ssh://")     ? parse_ssh(url, &u, e)
		: str_starts(url, "https://") ? parse_https(url, &u, e)
					      : parse_scp(url, &u, e);

	if (r < 0) {
		git_url_done(&u);
		return r;
	}
	*ret = u;
	return 0;
}

char *git_url_https(const struct git_url *u)
{
	return u->port == 443 ? str_format("https://%s/%s", u->host, u->path)
			      : str_format("https://%s:%u/%s", u->host, u->port, u->path);
}

static bool host_ok(const char *text, const char *end)
{
	struct git_url u = {.port = 443};
	bool ok = read_host(text, end, &u) && manifest_host_ok(u.host);

	git_url_done(&u);
	return ok;
}

bool git_url_is_host(const char *text)
{
	return host_ok(text, text + strlen(text));
}

bool git_url_is_base(const char *url)
{
	const char *rest = url + strlen("https://"), *slash;

	if (!str_starts(url, "https://"))
		return false;
	slash = strchrnul(rest, '/');
	return host_ok(rest, slash) && (!slash[0] || https_path_ok(slash + 1));
}
