#include "egress/request.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

#include "base/str.h"
#include "egress/conn.h"
#include "egress/oauth.h"
#include "egress/websocket.h"
#include "egress/websocket_handshake.h"

/* Refusal of a request that cannot be read in one way only. */
static enum request_verdict malformed(struct refusal *why, const char *what)
{
	if (what == host_is_address)
		refusal_set(why, 403, "address_as_host", "routes name hosts",
			"%s: what leaves goes to a host that a route names", what);
	else
		refusal_set(why, 400, "bad_request", "HTTP/1.1, read strictly", "%s", what);
	return REQUEST_REFUSED;
}

static enum request_verdict mismatch(struct refusal *why, const char *what)
{
	refusal_set(why, 421, "host_mismatch", "one host a request", "%s", what);
	return REQUEST_REFUSED;
}

static uint16_t default_port(bool tls)
{
	return tls ? 443 : 80;
}

/* ---- whom is it for: request target, Host, SNI, CONNECT and address must say the same */

/*
 * The scheme of a URL: the connection's own; or, where the proxy is asked without a CONNECT (axios
 * does that), https: TLS begins at the proxy then. Its length with "://", or -EINVAL.
 */
static int take_scheme(const char *target, struct exchange *x, const char **what)
{
	if (!x->tls && strncasecmp(target, "http://", 7) == 0)
		return 7;
	if ((x->tls || x->conn->way == CONN_EXPLICIT) && strncasecmp(target, "https://", 8) == 0) {
		x->tls = true;
		return 8;
	}
	*what = "the request target is neither a path nor a URL of this connection's scheme";
	return -EINVAL;
}

/*
 * Takes "http://authority" off the target; what is left is in origin form. 1: there was one, and x
 * has its scheme, host and port; 0: there was none; -EINVAL.
 */
static int take_absolute(const char **target, struct exchange *x, const char **what)
{
	const char *authority;
	size_t len;
	int scheme;

	if (**target == '/')
		return 0;
	if (strcmp(*target, "*") == 0) {
		*what = "the request target is * without OPTIONS";
		return strcmp(x->request.method, "OPTIONS") == 0 ? 0 : -EINVAL;
	}
	scheme = take_scheme(*target, x, what);
	if (scheme < 0)
		return scheme;
	authority = *target + scheme;
	len = strcspn(authority, "/?#\\");
	if (host_parse_authority(authority, len, x->host, &x->port, what) < 0)
		return -EINVAL;
	if (x->port == 0)
		x->port = default_port(x->tls);
	/* RFC 9112, section 3.2.4: the server as a whole. */
	*target = authority[len]			      ? authority + len
		  : strcmp(x->request.method, "OPTIONS") == 0 ? "*"
							      : "/";
	if (**target == '/' || **target == '*')
		return 1;
	*what = "the URL has no path";
	return -EINVAL;
}

/* The Host field into host and port (0: not said); absent only in HTTP/1.0. */
static int read_host_field(
	const struct exchange *x, char *host, uint16_t *ret_port, const char **what)
{
	size_t n;
	const char *value = http1_field(&x->request, "Host", &n);

	host[0] = '\0';
	*ret_port = 0;
	*what = "a request needs exactly one Host header";
	if (n > 1 || (n == 0 && x->request.minor > 0))
		return -EINVAL;
	return n == 0 ? 0 : host_parse_authority(value, strlen(value), host, ret_port, what);
}

/* x->host (if there was an absolute URL) and Host agree; x->host and port are set. NULL or what. */
static const char *settle_host(struct exchange *x, bool absolute, const char *host, uint16_t port)
{
	if (!absolute) {
		memcpy(x->host, host, HOST_MAX);
		x->port = x->conn->way == CONN_EXPLICIT ? default_port(x->tls) : x->conn->port;
		if (port == 0)
			port = x->port;
	} else if (!host[0]) {
		return NULL;
	} else if (strcmp(host, x->host) != 0) {
		return "the Host header is not the host of the request target";
	}
	if (!host[0])
		return "the request names no host";
	if (port == 0)
		port = absolute ? x->port : default_port(x->tls);
	return port == x->port ? NULL : "the Host header names another port";
}

/* What the connection said before the request. */
static const char *disagrees(const struct exchange *x)
{
	if (x->conn->sni[0] && strcmp(x->conn->sni, x->host) != 0)
		return "the Host header is not the server name (SNI) of the TLS connection";
	if (x->conn->way == CONN_TUNNEL && strcmp(x->conn->tunnel, x->host) != 0)
		return "the Host header is not the host of the CONNECT";
	if (x->conn->way == CONN_EXPLICIT)
		return NULL;
	if (x->port != x->conn->port)
		return "the request names another port than the connection's";
	if (x->conn->way == CONN_TRANSPARENT && names_in_pool(x->conn->to) &&
		!names_agree(x->conn->service->names, x->conn->to, x->host))
		return "the Host header is not the name that this address stands for";
	return NULL;
}

/*
 * git-lfs makes its address of a remote's by the scheme alone: git://git-gate/NAME.git, whose port
 * is the scheme's, becomes http://git-gate/NAME.git/info/lfs.
 */
static bool is_for_gate(const struct exchange *x)
{
	return strcmp(x->host, HOST_GATE) == 0 && x->port == 80 &&
	       strstr(x->request.target, ".git/info/lfs/");
}

/* CONNECT host:port; a Host field may stand beside it. */
static enum request_verdict decide_connect(struct exchange *x, struct refusal *why)
{
	const char *target = x->request.target, *what;
	char host[HOST_MAX];
	uint16_t port;

	if (x->conn->way != CONN_EXPLICIT)
		return malformed(why, "CONNECT inside a connection that is one already");
	if (host_parse_authority(target, strlen(target), x->host, &x->port, &what) < 0)
		return malformed(why, what);
	if (x->port == 0)
		return malformed(why, "CONNECT without a port");
	memcpy(why->host, x->host, HOST_MAX);
	if (http1_field(&x->request, "Host", NULL)) {
		if (read_host_field(x, host, &port, &what) < 0)
			return malformed(why, what);
		if (strcmp(host, x->host) != 0 || (port != 0 && port != x->port))
			return malformed(why, "the Host header is not the target of the CONNECT");
	}
	return REQUEST_CONNECT;
}

/* ---- may it */

static int find_rule(struct exchange *x, struct refusal *why)
{
	const struct rules *rules = x->conn->service->rules;

	x->rule = rules_find(rules, x->host, x->port);
	if (!x->rule && rules_find_tcp(rules, x->host, x->port))
		return refusal_set(why, 403, "tcp_route", "egress.routes: tcp",
			"%s port %u is a tcp route: it takes bytes, by CONNECT, SOCKS or its name, "
			"and no request of HTTP",
			x->host, x->port);
	if (!x->rule)
		return refusal_set(why, 403, "host_not_allowed", "default: deny",
			"no route of this bottle allows %s port %u", x->host, x->port);
	x->rules = rules_ref(x->conn->service->rules);
	return 0;
}

static int check_scheme(const struct exchange *x, struct refusal *why)
{
	if ((x->port == 443 && !x->tls) || (x->port == 80 && x->tls))
		return refusal_set(why, 403, "wrong_scheme", "443 is https, 80 is http",
			"%s to port %u", x->tls ? "TLS" : "plain HTTP", x->port);
	return 0;
}

/* What cannot be read is not begun: an upgrade would end the inspection. */
static int check_upgrade(struct exchange *x, struct refusal *why)
{
	const char *upgrade = http1_field(&x->request, "Upgrade", NULL);

	if (websocket_is_asked(&x->request))
		return websocket_begin(x, why);
	/* A client that offers HTTP/2 goes on in HTTP/1.1 when nobody answers the offer. */
	if (!upgrade || strcasecmp(upgrade, "h2c") == 0)
		return 0;
	return refusal_set(why, 403, "upgrade", "what leaves must be readable",
		"an upgrade to another protocol than WebSocket is not forwarded");
}

static int check_method(const struct exchange *x, struct refusal *why)
{
	if (strcmp(x->request.method, "TRACE") != 0 && strcmp(x->request.method, "TRACK") != 0)
		return 0;
	return refusal_set(why, 403, "method", "no TRACE",
		"%s echoes what was sent, a credential too", x->request.method);
}

static int check_expect(struct exchange *x, struct refusal *why)
{
	const char *expect = http1_field(&x->request, "Expect", NULL);

	if (!expect)
		return 0;
	if (strcasecmp(expect, "100-continue") != 0)
		return refusal_set(why, 417, "expectation", "Expect: 100-continue only",
			"an expectation other than 100-continue");
	x->expects_continue = x->request.minor > 0;
	return 0;
}

/* The body is read as what it says it is: two such lines would let it be two things. */
static bool has_two_types(const struct exchange *x)
{
	size_t n;

	http1_field(&x->request, "Content-Type", &n);
	return n > 1;
}

/* What its route's credential wants of it. */
static int admit(struct exchange *x, struct refusal *why)
{
	const struct outgoing_request q = request_outgoing(x);
	const char *what;

	if (rule_route(x->rule)->auth.scheme == POLICY_AUTH_SIGV4 &&
		aws_chunked_start(&x->aws_chunked, &x->request, &x->length, &what) < 0)
		return refusal_set(why, 400, "bad_request", "auth: sigv4", "%s", what);
	return outgoing_admit(&q, &x->target, why);
}

static enum request_verdict decide_forward(
	struct exchange *x, const char *target, struct refusal *why)
{
	struct rule_request q = {.host = x->host,
		.tls = x->tls,
		.head = &x->request,
		.target = &x->target,
		.ret_entry = &x->entry};
	const char *what;

	if (x->conn->way == CONN_TRANSPARENT &&
		x->conn->to.s_addr == x->conn->service->sidecar.s_addr) {
		refusal_set(why, 403, "no_service", "the sidecar's ports",
			"no service listens on port %u of the sidecar", x->conn->to_port);
		why->how = "git's repositories are git://git-gate/NAME.git and "
			   "http://git-gate:9420/NAME.git; the proxy is http://egress:9099";
		return REQUEST_REFUSED;
	}
	/* Whatever a route would say of it: the answer would hold our tokens. */
	if (x->tls && strcmp(x->request.method, "POST") == 0 &&
		oauth_endpoint(x->conn->service->rules, x->host, x->port, target))
		return REQUEST_TOKEN;
	if (find_rule(x, why) < 0)
		return REQUEST_REFUSED;
	if (target_parse(target, &x->target, &what) < 0)
		return malformed(why, what);
	if (has_two_types(x))
		return malformed(why, "more than one Content-Type");
	if (check_scheme(x, why) < 0 || check_method(x, why) < 0 || check_upgrade(x, why) < 0 ||
		check_expect(x, why) < 0 || rule_check(x->rule, &q, why) < 0 || admit(x, why) < 0)
		return REQUEST_REFUSED;
	return REQUEST_FORWARD;
}

enum request_verdict request_decide(struct exchange *x, struct refusal *why)
{
	const char *target = x->request.target, *what = NULL;
	char host[HOST_MAX];
	uint16_t port;
	int absolute;

	if (strcmp(x->request.method, "CONNECT") == 0)
		return decide_connect(x, why);
	x->tls = x->conn->client.ssl != NULL;
	absolute = take_absolute(&target, x, &what);
	if (absolute < 0 || read_host_field(x, host, &port, &what) < 0)
		return malformed(why, what);
	what = settle_host(x, absolute, host, port);
	memcpy(why->host, x->host, HOST_MAX);
	if (what)
		return malformed(why, what);
	what = disagrees(x);
	if (what)
		return mismatch(why, what);
	if (strcmp(x->host, HOST_POLICY) == 0)
		return REQUEST_POLICY;
	if (is_for_gate(x))
		return REQUEST_GATE;
	if (x->conn->way == CONN_EXPLICIT && !absolute)
		return malformed(why, "this is a proxy: it takes CONNECT and absolute URLs");
	return decide_forward(x, target, why);
}

/* ---- what is sent */

struct outgoing_request request_outgoing(const struct exchange *x)
{
	return (struct outgoing_request){.credential = rule_credential(x->rule),
		.head = &x->request,
		.target = &x->target,
		.host = x->host,
		.port = x->port,
		.length = &x->length,
		.body = x->held.buf.p ? buf_data(&x->held.buf) : NULL,
		.body_len = x->held.buf.len,
		.whole = x->up_ended && !x->streams,
		.now_s = rule_now(x->rule)};
}

bool request_sends(const struct exchange *x, const struct http1_field *f)
{
	const struct outgoing_request q = request_outgoing(x);

	return outgoing_sends(&q, f);
}

int request_check_again(const struct exchange *x, struct refusal *why)
{
	const struct rule_request q = {
		.host = x->host, .tls = x->tls, .head = &x->request, .target = &x->target};

	memcpy(why->host, x->host, HOST_MAX);
	return rule_check(x->rule, &q, why);
}
