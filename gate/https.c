#include "gate/https.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/fd.h"
#include "base/proc.h"
#include "base/ptr.h"
#include "base/str.h"
#include "gate/sanitize.h"

/* ---- configuration */

struct settings {
	char ***env;
	size_t n;
	int r;
};

/* Takes value; NULL: memory ran out. */
static void set(struct settings *s, const char *key, char *value)
{
	cleanup_free char *name_key = str_format("GIT_CONFIG_KEY_%zu", s->n);
	cleanup_free char *name_value = str_format("GIT_CONFIG_VALUE_%zu", s->n);
	cleanup_free char *owned = value;

	s->n++;
	if (s->r == 0)
		s->r = owned && name_key && name_value ? env_set(s->env, name_key, key) : -ENOMEM;
	if (s->r == 0)
		s->r = env_set(s->env, name_value, owned);
}

/* libcurl's form (CURLOPT_RESOLVE(3)): an address of version 6 in brackets. */
static char *pinned(const struct upstream *u)
{
	bool v6 = strchr(u->address, ':');

	return str_format("%s:%u:%s%s%s", u->repo->host, u->repo->port, v6 ? "[" : "", u->address,
		v6 ? "]" : "");
}

int https_configure(char ***env, const struct upstream *u)
{
	const struct gate *g = u->gate;
	struct settings s = {.env = env};
	cleanup_free char *count = NULL;

	set(&s, "credential.helper", str_format("%s/bin/credential", g->etc_dir));
	set(&s, "http.curloptResolve", pinned(u));
	/* A redirect would take the pinned address's place, and what is asked for with it. */
	set(&s, "http.followRedirects", strdup("false"));
	set(&s, "http.sslVerify", strdup("true"));
	/* The least, not the only one. */
	set(&s, "http.sslVersion", strdup("tlsv1.2"));
	if (u->repo->tls_ca) {
		set(&s, "http.sslCAInfo", str_format("%s/%s-ca", g->creds_dir, u->repo->name));
		/* libcurl adds the system's directory to whatever file it is told. */
		set(&s, "http.sslCAPath", str_format("%s/empty", g->etc_dir));
	}
	set(&s, "http.lowSpeedLimit", strdup("1"));
	set(&s, "http.lowSpeedTime", str_format("%d", g->policy.idle_timeout_s));
	count = str_format("%zu", s.n);
	if (s.r == 0)
		s.r = count ? env_set(env, "GIT_CONFIG_COUNT", count) : -ENOMEM;
	return s.r;
}

/* ---- reachability */

static socklen_t address_of(const struct upstream *u, struct sockaddr_storage *ret)
{
	struct sockaddr_in *v4 = (struct sockaddr_in *)ret;
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)ret;

	*ret = (struct sockaddr_storage){0};
	if (inet_pton(AF_INET, u->address, &v4->sin_addr) == 1) {
		v4->sin_family = AF_INET;
		v4->sin_port = htons(u->repo->port);
		return sizeof(*v4);
	}
	if (inet_pton(AF_INET6, u->address, &v6->sin6_addr) != 1)
		return 0;
	v6->sin6_family = AF_INET6;
	v6->sin6_port = htons(u->repo->port);
	return sizeof(*v6);
}

/* 0 or -errno. */
static int dial(const struct sockaddr *address, socklen_t len, int timeout_ms)
{
	cleanup_fd int fd =
		socket(address->sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	struct pollfd p = {.fd = fd, .events = POLLOUT};
	int64_t deadline = proc_now_ms() + timeout_ms, left;
	socklen_t size = sizeof(int);
	int n, error = 0;

	if (fd < 0)
		return -errno;
	if (connect(fd, address, len) == 0)
		return 0;
	if (errno != EINPROGRESS)
		return -errno;
	do {
		left = deadline - proc_now_ms();
		n = poll(&p, 1, left > 0 ? (int)left : 0);
	} while (n < 0 && errno == EINTR);
	if (n == 0)
		return -ETIMEDOUT;
	if (n < 0 || getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) < 0)
		return -errno;
	return -error;
}

int https_reach(const struct upstream *u, struct err *e)
{
	int seconds = u->gate->policy.connect_timeout_s, r;
	struct sockaddr_storage address;
	socklen_t len = address_of(u, &address);

	if (len == 0)
		return err_say(e, EINVAL, "'%s' is no address", u->address);
	r = dial((const struct sockaddr *)&address, len, seconds * 1000);
	if (r == -ETIMEDOUT)
		return err_say(e, ETIMEDOUT, "%s (%s) does not answer at port %u within %d seconds",
			u->repo->host, u->address, u->repo->port, seconds);
	return r < 0 ? err_set(e, -r, "%s (%s) at port %u", u->repo->host, u->address,
			       u->repo->port)
		     : 0;
}

/* ---- what went wrong */

static char *not_accepted(const struct gate *g, const struct policy_repo *r, const char *rest)
{
	(void)g;
	(void)rest;
	return r->identity_slot
		       ? str_format("the token of '%s' was not accepted by %s", r->name, r->host)
		       : str_format("%s wants a token for '%s', which has none: auth: {token_ref: "
				    "NAME} in the bottle names one",
				 r->host, r->name);
}

static char *forbidden(const struct gate *g, const struct policy_repo *r, const char *rest)
{
	(void)g;
	(void)rest;
	return r->identity_slot
		       ? str_format("the token of '%s' was not accepted by %s: it may not do this "
				    "there (403)",
				 r->name, r->host)
		       : str_format("%s does not allow this without a token (403)", r->host);
}

static char *not_found(const struct gate *g, const struct policy_repo *r, const char *rest)
{
	(void)g;
	(void)rest;
	return str_format("%s has no repository '%s'%s (404)", r->host, r->path,
		r->identity_slot ? ", or none that the token may see" : "");
}

static char *redirected(const struct gate *g, const struct policy_repo *r, const char *rest)
{
	(void)g;
	(void)rest;
	return str_format("%s redirects to another address, which is not followed: a token is for "
			  "its host alone; the final address belongs into the url of '%s'",
		r->host, r->name);
}

static char *silent(const struct gate *g, const struct policy_repo *r, const char *rest)
{
	(void)r;
	(void)rest;
	return str_format("the upstream was silent for %d seconds", g->policy.idle_timeout_s);
}

static char *not_trusted(const struct gate *g, const struct policy_repo *r, const char *rest)
{
	cleanup_free char *words = sanitize_line(rest, strcspn(rest, "\r\n"));

	(void)g;
	return str_format("the certificate of %s is not what %s vouch for: %s", r->host,
		r->tls_ca ? "the authorities of its tls" : "the system's authorities",
		words ? words : "");
}

static char *no_tls(const struct gate *g, const struct policy_repo *r, const char *rest)
{
	cleanup_free char *words = sanitize_line(rest, strcspn(rest, "\r\n"));

	(void)g;
	return str_format(
		"no TLS connection to %s at port %u: %s", r->host, r->port, words ? words : "");
}

/* Words of git's (remote-curl.c, http.c) and libcurl's with GnuTLS and OpenSSL; the first counts.
 */
static const struct meaning {
	const char *words;
	char *(*say)(const struct gate *g, const struct policy_repo *r, const char *rest);
} meanings[] = {
	{"Authentication failed for", not_accepted},
	{"could not read Username", not_accepted},
	{"could not read Password", not_accepted},
	{"returned error: 401", not_accepted},
	{"returned error: 403", forbidden},
	{"returned error: 404", not_found},
	{"' not found", not_found},
	{"returned error: 30", redirected},
	{"unable to update url base from redirection", redirected},
	{"Operation too slow", silent},
	{"server certificate verification failed", not_trusted},
	{"server verification failed", not_trusted},
	{"SSL certificate problem", not_trusted},
	{"SSL: no alternative certificate subject name", not_trusted},
	{"SSL: certificate subject name", not_trusted},
	{"gnutls_handshake() failed", no_tls},
	{"SSL routines:", no_tls},
};

/* Where the meaning's words begin, or NULL. */
static const char *find(const char *complaints, const struct meaning **ret)
{
	for (const char *line = complaints; line && *line;) {
		const char *end = strchrnul(line, '\n');

		/* What the upstream says is "remote: …" and explains nothing. */
		for (size_t i = 0; str_starts(line, "fatal: ") && i < ARRAY_LEN(meanings); i++) {
			const char *at = strstr(line, meanings[i].words);

			*ret = &meanings[i];
			if (at && at < end)
				return at;
		}
		line = *end ? end + 1 : end;
	}
	return NULL;
}

char *https_explain(const struct gate *g, const struct policy_repo *repo, const char *complaints)
{
	const struct meaning *meaning;
	const char *at = find(complaints, &meaning);

	return at ? meaning->say(g, repo, at) : NULL;
}

bool https_is_refusal(const char *complaints)
{
	const struct meaning *meaning;

	return find(complaints, &meaning) && meaning->say != silent;
}
