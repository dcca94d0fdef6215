#include "forge/http.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include <curl/curl.h>

#include "base/fd.h"
#include "base/proc.h"
#include "base/ptr.h"
#include "base/secret.h"

#define CONNECT_MS    10000L
#define ROOTS_MAX     (8U << 20)
#define ADDRESSES_MAX 8

/* Debian, Red Hat, SUSE, Alpine. */
static const char *const root_files[] = {
	"/etc/ssl/certs/ca-certificates.crt",
	"/etc/pki/tls/certs/ca-bundle.crt",
	"/etc/ssl/ca-bundle.pem",
	"/etc/ssl/cert.pem",
};

struct http {
	CURL *curl;
	struct curl_slist *addresses, *headers;
	char *roots;
	int64_t due;
	struct str body;
	bool too_long;
	char why[CURL_ERROR_SIZE];
};

/* ---- before the lock-down */

static int read_roots(char **ret, struct err *e)
{
	struct err one;

	for (size_t i = 0; i < ARRAY_LEN(root_files); i++)
		if (fd_read_file(AT_FDCWD, root_files[i], ROOTS_MAX, ret, NULL, &one) >= 0)
			return 0;
	return err_say(e, ENOENT, "this host has no list of certificate authorities ('%s' …)",
		root_files[0]);
}

static int set_roots(struct http *h, const char *ca, struct err *e)
{
	struct curl_blob blob = {.flags = CURL_BLOB_NOCOPY};
	int r = 0;

	if (ca)
		h->roots = strdup(ca);
	else
		r = read_roots(&h->roots, e);
	if (r < 0)
		return r;
	if (!h->roots)
		return err_set(e, ENOMEM, "certificate authorities");
	blob.data = h->roots;
	blob.len = strlen(h->roots);
	/* Nothing else, and no file. */
	if (curl_easy_setopt(h->curl, CURLOPT_CAPATH, NULL) != CURLE_OK ||
		curl_easy_setopt(h->curl, CURLOPT_CAINFO, NULL) != CURLE_OK ||
		curl_easy_setopt(h->curl, CURLOPT_CAINFO_BLOB, &blob) != CURLE_OK)
		return err_say(e, ENOTSUP, "libcurl takes no certificate authorities by memory");
	return 0;
}

static int url_part(CURLU *u, CURLUPart which, char **ret, struct err *e)
{
	return curl_url_get(u, which, ret, which == CURLUPART_PORT ? CURLU_DEFAULT_PORT : 0) ==
			       CURLUE_OK
		       ? 0
		       : err_say(e, EINVAL, "api_url is no URL with a host");
}

/* "HOST:PORT:ADDRESS,ADDRESS", as CURLOPT_RESOLVE takes it. */
static int addresses_text(
	const char *host, const char *port, const struct addrinfo *list, struct str *ret)
{
	size_t n = 0;

	str_addf(ret, "%s:%s:", host, port);
	for (; list && n < ADDRESSES_MAX; list = list->ai_next, n++) {
		char text[INET6_ADDRSTRLEN];
		const void *address = &((const struct sockaddr_in *)list->ai_addr)->sin_addr;

		if (list->ai_family == AF_INET6)
			address = &((const struct sockaddr_in6 *)list->ai_addr)->sin6_addr;
		if (!inet_ntop(list->ai_family, address, text, sizeof(text)))
			continue;
		str_addf(ret, list->ai_family == AF_INET6 ? "%s[%s]" : "%s%s", n ? "," : "", text);
	}
	return ret->failed ? -ENOMEM : 0;
}

static int resolve_host(struct http *h, const char *host, const char *port, struct err *e)
{
	const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_ADDRCONFIG};
	cleanup_str struct str text = {0};
	struct addrinfo *list = NULL;
	int r = getaddrinfo(host, NULL, &hints, &list);

	if (r != 0)
		return err_say(
			e, EHOSTUNREACH, "the host '%s' is not found: %s", host, gai_strerror(r));
	r = addresses_text(host, port, list, &text);
	freeaddrinfo(list);
	if (r == 0)
		h->addresses = curl_slist_append(NULL, text.s);
	if (!h->addresses || curl_easy_setopt(h->curl, CURLOPT_RESOLVE, h->addresses) != CURLE_OK)
		return err_set(e, ENOMEM, "the address of '%s'", host);
	return 0;
}

/* An address that stands in the URL itself, IPv6 in brackets, needs no name service. */
static bool is_address(const char *host)
{
	unsigned char buf[16];

	return *host == '[' || inet_pton(AF_INET, host, buf) == 1;
}

static int find_host(struct http *h, const char *url, struct err *e)
{
	CURLU *u = curl_url();
	char *host = NULL, *port = NULL;
	int r = u && curl_url_set(u, CURLUPART_URL, url, 0) == CURLUE_OK
			? 0
			: err_say(e, EINVAL, "api_url '%s' is no URL", url);

	if (r == 0)
		r = url_part(u, CURLUPART_HOST, &host, e);
	if (r == 0)
		r = url_part(u, CURLUPART_PORT, &port, e);
	if (r == 0 && !is_address(host))
		r = resolve_host(h, host, port, e);
	curl_free(host);
	curl_free(port);
	curl_url_cleanup(u);
	return r;
}

static size_t on_body(char *data, size_t size, size_t n, void *arg)
{
	struct http *h = arg;

	if (h->body.len + size * n > ANSWER_MAX) {
		h->too_long = true;
		return 0;
	}
	str_add_bytes(&h->body, data, size * n);
	return h->body.failed ? 0 : size * n;
}

static int set_options(struct http *h, struct err *e)
{
	CURL *c = h->curl;

	if (curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "https") != CURLE_OK ||
		curl_easy_setopt(c, CURLOPT_FOLLOWLOCATION, 0L) != CURLE_OK ||
		curl_easy_setopt(c, CURLOPT_PROXY, "") != CURLE_OK ||
		curl_easy_setopt(c, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED) != CURLE_OK ||
		curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L) != CURLE_OK ||
		curl_easy_setopt(c, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1) !=
			CURLE_OK ||
		curl_easy_setopt(c, CURLOPT_SSL_VERIFYPEER, 1L) != CURLE_OK ||
		curl_easy_setopt(c, CURLOPT_SSL_VERIFYHOST, 2L) != CURLE_OK ||
		curl_easy_setopt(c, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2) !=
			CURLE_OK ||
		curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT_MS, CONNECT_MS) != CURLE_OK ||
		curl_easy_setopt(c, CURLOPT_USERAGENT, "bottle-forge/" BOTTLE_VERSION) !=
			CURLE_OK ||
		curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, on_body) != CURLE_OK ||
		curl_easy_setopt(c, CURLOPT_WRITEDATA, h) != CURLE_OK ||
		curl_easy_setopt(c, CURLOPT_ERRORBUFFER, h->why) != CURLE_OK)
		return err_say(e, ENOTSUP, "libcurl lacks an option that is needed");
	return 0;
}

int http_open(const char *url, const char *ca, int64_t due, struct http **ret, struct err *e)
{
	struct http *h = calloc(1, sizeof(*h));
	int r;

	if (!h)
		return err_set(e, ENOMEM, "a connection");
	h->due = due;
	if (curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK)
		h->curl = curl_easy_init();
	r = h->curl ? set_options(h, e) : err_set(e, ENOMEM, "libcurl");
	if (r == 0)
		r = set_roots(h, ca, e);
	if (r == 0)
		r = find_host(h, url, e);
	if (r < 0) {
		http_free(h);
		return r;
	}
	*ret = h;
	return 0;
}

/* ---- requests */

static void drop_headers(struct http *h)
{
	for (struct curl_slist *l = h->headers; l; l = l->next)
		secret_wipe(l->data, strlen(l->data));
	curl_slist_free_all(h->headers);
	h->headers = NULL;
}

int http_headers(struct http *h, char *const *headers, size_t n, struct err *e)
{
	for (size_t i = 0; i < n && headers[i]; i++) {
		struct curl_slist *grown = curl_slist_append(h->headers, headers[i]);

		if (!grown)
			return err_set(e, ENOMEM, "a request");
		h->headers = grown;
	}
	h->headers = curl_slist_append(h->headers, "Content-Type: application/json");
	return h->headers ? 0 : err_set(e, ENOMEM, "a request");
}

static int set_request(struct http *h, const char *method, const char *url, const char *body)
{
	int64_t left = h->due - proc_now_ms();
	CURL *c = h->curl;

	if (curl_easy_setopt(c, CURLOPT_URL, url) != CURLE_OK ||
		curl_easy_setopt(c, CURLOPT_TIMEOUT_MS, left < 1 ? 1L : (long)left) != CURLE_OK ||
		curl_easy_setopt(c, CURLOPT_HTTPHEADER, h->headers) != CURLE_OK ||
		curl_easy_setopt(c, CURLOPT_HTTPGET, 1L) != CURLE_OK)
		return -ENOMEM;
	if (body && curl_easy_setopt(c, CURLOPT_COPYPOSTFIELDS, body) != CURLE_OK)
		return -ENOMEM;
	return curl_easy_setopt(c, CURLOPT_CUSTOMREQUEST, method) == CURLE_OK ? 0 : -ENOMEM;
}

/* -1: no such header, or no number. The last of several holds. */
static long number_of(struct http *h, const char *name)
{
	struct curl_header *found;
	long n;

	if (curl_easy_header(h->curl, name, 0, CURLH_HEADER, -1, &found) != CURLHE_OK ||
		!str_to_long(found->value, 0, INT32_MAX, &n))
		return -1;
	return n;
}

/* libcurl's sentence where it has one: of a certificate it says what is wrong with it. */
static int no_answer(struct http *h, CURLcode code, struct err *e)
{
	if (h->too_long)
		return err_say(e, EFBIG, "the answer is longer than %u bytes", ANSWER_MAX);
	return err_say(e, code == CURLE_OPERATION_TIMEDOUT ? ETIMEDOUT : EHOSTUNREACH, "%s",
		*h->why ? h->why : curl_easy_strerror(code));
}

int http_request(struct http *h, const char *method, const char *url, const char *body,
	struct answer *ret, struct err *e)
{
	CURLcode code;

	str_done(&h->body);
	h->body = (struct str){0};
	h->too_long = false;
	h->why[0] = '\0';
	if (set_request(h, method, url, body) < 0)
		return err_set(e, ENOMEM, "a request");
	code = curl_easy_perform(h->curl);
	if (code != CURLE_OK)
		return no_answer(h, code, e);
	*ret = (struct answer){.body = h->body.s ? h->body.s : "", .len = h->body.len};
	curl_easy_getinfo(h->curl, CURLINFO_RESPONSE_CODE, &ret->status);
	ret->retry_after_s = number_of(h, "Retry-After");
	ret->limit_used_up = number_of(h, "X-RateLimit-Remaining") == 0 ||
			     number_of(h, "RateLimit-Remaining") == 0;
	return 0;
}

void http_free(struct http *h)
{
	if (!h)
		return;
	curl_easy_cleanup(h->curl);
	curl_slist_free_all(h->addresses);
	drop_headers(h);
	str_done(&h->body);
	free(h->roots);
	free(h);
}
