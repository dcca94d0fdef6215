#include "gate/lfs_host.h"

#include <curl/curl.h>
#include <errno.h>
#include <string.h>
#include <strings.h>

#include "base/ptr.h"
#include "base/str.h"

#define HTTPS_PORT 443

static void url_cleanup(CURLU **u)
{
	curl_url_cleanup(*u);
}

static void text_cleanup(char **text)
{
	curl_free(*text);
}

/* Host and port as libcurl itself will read them; nothing of the address is told. */
static int split(const char *href, struct lfs_host *ret, struct err *e)
{
	__attribute__((cleanup(url_cleanup))) CURLU *u = curl_url();
	__attribute__((cleanup(text_cleanup))) char *scheme = NULL, *host = NULL, *port = NULL,
						    *user = NULL;
	long number;

	if (!u)
		return err_set(e, ENOMEM, "read an address");
	if (curl_url_set(u, CURLUPART_URL, href, 0) != CURLUE_OK ||
		curl_url_get(u, CURLUPART_SCHEME, &scheme, 0) != CURLUE_OK ||
		curl_url_get(u, CURLUPART_HOST, &host, 0) != CURLUE_OK ||
		curl_url_get(u, CURLUPART_PORT, &port, CURLU_DEFAULT_PORT) != CURLUE_OK ||
		!str_to_long(port, 1, UINT16_MAX, &number) || strlen(host) >= sizeof(ret->name))
		return err_say(e, EPROTO, "the upstream's LFS names an address that is none");
	if (!str_eq(scheme, "https"))
		return err_say(e, EPROTO,
			"the upstream's LFS names an address of '%s', where only https is used",
			scheme);
	if (curl_url_get(u, CURLUPART_USER, &user, 0) == CURLUE_OK)
		return err_say(e, EPROTO, "the upstream's LFS names an address with a user in it");
	*ret = (struct lfs_host){.port = (uint16_t)number};
	memcpy(ret->name, host, strlen(host) + 1);
	return 0;
}

/* A word of lfs.hosts: "HOST", "HOST:PORT", IPv6 in brackets. */
static bool is_listed(const struct lfs_host *h, const char *word)
{
	size_t len = strlen(h->name);
	long port = HTTPS_PORT;

	if (strncasecmp(word, h->name, len) != 0)
		return false;
	if (word[len] && (word[len] != ':' || !str_to_long(word + len + 1, 1, UINT16_MAX, &port)))
		return false;
	return port == h->port;
}

static bool is_url(const struct policy_repo *repo, const struct lfs_host *h)
{
	struct lfs_host own;
	struct err ignored;

	return repo->lfs.url && split(repo->lfs.url, &own, &ignored) == 0 &&
	       strcasecmp(own.name, h->name) == 0 && own.port == h->port;
}

static bool is_own(const struct policy_repo *repo, const struct lfs_host *h)
{
	uint16_t port = repo->transport == POLICY_HTTPS ? repo->port : HTTPS_PORT;

	return strcasecmp(repo->host, h->name) == 0 && port == h->port;
}

int lfs_host_of(const struct upstream *u, const char *href, struct lfs_host *ret, struct err *e)
{
	const struct policy_repo *repo = u->repo;
	bool allowed;
	int r = split(href, ret, e);

	if (r < 0)
		return r;
	ret->is_upstream = strcasecmp(repo->host, ret->name) == 0;
	allowed = is_own(repo, ret) || is_url(repo, ret);
	for (char **word = repo->lfs.hosts; !allowed && word && *word; word++)
		allowed = is_listed(ret, *word);
	if (allowed)
		return 0;
	return err_say(e, EACCES,
		"the upstream's LFS names the host '%.200s:%u', which this bottle may not "
		"talk to: its operator can add it to git-gate.repos.%s.lfs.hosts",
		ret->name, ret->port, repo->name);
}

int lfs_host_resolve(const struct upstream *u, struct lfs_host *h, struct err *e)
{
	char *name = h->name;
	size_t len = strlen(name);

	if (h->is_upstream) {
		memcpy(h->address, u->address, sizeof(h->address));
		return 0;
	}
	if (name[0] == '[' && len > 2 && len - 2 < sizeof(h->address)) {
		memcpy(h->address, name + 1, len - 2);
		return 0;
	}
	if (!upstream_is_address(name))
		return upstream_resolve_name(name, h->address, e);
	memcpy(h->address, name, len + 1);
	return 0;
}

bool lfs_host_same(const char *a, const char *b)
{
	struct lfs_host ha, hb;
	struct err ignored;

	return split(a, &ha, &ignored) == 0 && split(b, &hb, &ignored) == 0 &&
	       strcasecmp(ha.name, hb.name) == 0 && ha.port == hb.port;
}
