#include "gate/lfs_http.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/json.h"
#include "base/proc.h"
#include "base/ptr.h"
#include "base/str.h"
#include "gate/lfs_answer.h"
#include "gate/lfs_host.h"
#include "gate/sanitize.h"

/* Between the last byte of a request and the first of its answer a store may check all of it. */
#define ANSWER_MS 60000
#define JSON_TYPE "application/vnd.git-lfs+json"

struct lfs_http {
	const struct upstream *upstream;
	CURL *curl;
	/* of the call that runs */
	const struct lfs_http_call *call;
	struct lfs_http_reply *reply;
	struct lfs_host host;
	struct str text;
	uint64_t sent;
	int64_t moved_ms; /* when a byte went to or fro last */
	bool answered;	  /* a byte of the answer's body came */
	struct err *e;	  /* why a callback ended it; code 0: none did */
};

int lfs_http_new(const struct upstream *upstream, struct lfs_http **ret, struct err *e)
{
	struct lfs_http *h = calloc(1, sizeof(*h));

	if (!h || curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK ||
		!(h->curl = curl_easy_init())) {
		free(h);
		return err_set(e, ENOMEM, "prepare to ask the upstream's LFS");
	}
	h->upstream = upstream;
	*ret = h;
	return 0;
}

void lfs_http_free(struct lfs_http *h)
{
	if (!h)
		return;
	curl_easy_cleanup(h->curl);
	str_done(&h->text);
	free(h);
}

void lfs_http_reply_done(struct lfs_http_reply *r)
{
	free(r->text);
	free(r->location);
	*r = (struct lfs_http_reply){0};
}

/* ---- what libcurl asks while it runs */

/* Whatever libcurl made of the name: only the address that was checked is dialled. */
static curl_socket_t open_socket(void *arg, curlsocktype purpose, struct curl_sockaddr *to)
{
	struct lfs_http *h = arg;
	char text[INET6_ADDRSTRLEN];
	const void *bytes = to->family == AF_INET
				    ? (const void *)&((struct sockaddr_in *)&to->addr)->sin_addr
				    : (const void *)&((struct sockaddr_in6 *)&to->addr)->sin6_addr;
	unsigned char want[16], got[16];

	if (purpose != CURLSOCKTYPE_IPCXN || (to->family != AF_INET && to->family != AF_INET6) ||
		!inet_ntop(to->family, bytes, text, sizeof(text)) ||
		inet_pton(to->family, h->host.address, want) != 1 ||
		inet_pton(to->family, text, got) != 1 ||
		memcmp(want, got, to->family == AF_INET ? 4 : 16) != 0)
		return CURL_SOCKET_BAD;
	return socket(to->family, to->socktype | SOCK_CLOEXEC, to->protocol);
}

static int to_sink(struct lfs_http *h, const char *bytes, size_t len)
{
	curl_off_t told = -1;

	curl_easy_getinfo(h->curl, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &told);
	if (told >= 0 && (uint64_t)told != h->call->expect)
		return err_say(h->e, EPROTO, "the upstream's LFS gives %lld bytes instead of %llu",
			(long long)told, (unsigned long long)h->call->expect);
	return h->call->sink(h->call->arg, bytes, len, h->e);
}

static size_t take(char *bytes, size_t one, size_t len, void *arg)
{
	struct lfs_http *h = arg;
	long status = 0;
	int r = 0;

	(void)one; /* 1, always */
	h->answered = true;
	curl_easy_getinfo(h->curl, CURLINFO_RESPONSE_CODE, &status);
	if (status == 200 && h->call->sink) {
		r = to_sink(h, bytes, len);
	} else {
		str_add_bytes(&h->text, bytes, len);
		if (h->text.failed || h->text.len > LFS_HTTP_TEXT_MAX)
			r = err_say(h->e, EPROTO,
				"the upstream's LFS answers with more than %u bytes",
				LFS_HTTP_TEXT_MAX);
	}
	h->moved_ms = proc_now_ms();
	return r < 0 ? 0 : len;
}

static size_t give(char *into, size_t one, size_t room, void *arg)
{
	struct lfs_http *h = arg;
	uint64_t left = h->call->size - h->sent;
	size_t want = left < one * room ? (size_t)left : one * room;
	ssize_t n = pread(h->call->body_fd, into, want, (off_t)h->sent);

	if (n < 0 || (n == 0 && want > 0)) {
		err_set(h->e, n < 0 ? errno : EIO, "read a large file");
		return CURL_READFUNC_ABORT;
	}
	h->sent += (uint64_t)n;
	h->moved_ms = proc_now_ms();
	return (size_t)n;
}

/* About once a second. A callback of ours that waits for the agent is no idleness of theirs. */
static int watch(void *arg, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d)
{
	struct lfs_http *h = arg;
	int idle_ms = h->upstream->gate->policy.idle_timeout_s * 1000;
	bool waits = !h->answered && (h->call->body || h->sent == h->call->size);

	(void)a, (void)b, (void)c, (void)d; /* counts that we have ourselves */
	if (waits && idle_ms < ANSWER_MS)
		idle_ms = ANSWER_MS;
	if (proc_now_ms() - h->moved_ms <= idle_ms)
		return 0;
	err_say(h->e, ETIMEDOUT, "the upstream's LFS was silent for %d seconds", idle_ms / 1000);
	return 1;
}

/* ---- a request */

static void list_cleanup(struct curl_slist **list)
{
	curl_slist_free_all(*list);
}
#define cleanup_slist __attribute__((cleanup(list_cleanup)))

static int add(struct curl_slist **list, const char *line)
{
	struct curl_slist *longer = line ? curl_slist_append(*list, line) : NULL;

	if (!longer)
		return -ENOMEM;
	*list = longer;
	return 0;
}

static int add_headers(const struct lfs_http_call *call, struct curl_slist **list)
{
	int r = 0;

	for (char **line = call->link->headers; r == 0 && line && *line; line++)
		r = add(list, *line);
	if (r == 0 && !lfs_link_has(call->link, "Accept"))
		r = add(list, call->sink ? "Accept: */*" : "Accept: " JSON_TYPE);
	if (r == 0 && !lfs_link_has(call->link, "Content-Type"))
		r = add(list, call->body ? "Content-Type: " JSON_TYPE
					 : "Content-Type: application/octet-stream");
	/* Who would refuse refuses without having seen the bytes, at the cost of a wait of 1 s. */
	return r == 0 ? add(list, "Expect:") : r;
}

/* The roots of the manifest are for the upstream's host alone, and there instead of all others. */
static int set_trust(struct lfs_http *h)
{
	const char *pem = h->upstream->repo->tls_ca;
	struct curl_blob roots = {(void *)pem, pem ? strlen(pem) : 0, CURL_BLOB_COPY};
	CURLcode r = CURLE_OK;

	if (pem)
		r = curl_easy_setopt(h->curl, CURLOPT_CAINFO_BLOB, &roots);
	if (pem && r == CURLE_OK && h->host.is_upstream)
		r = curl_easy_setopt(h->curl, CURLOPT_CAPATH, NULL);
	return r == CURLE_OK ? 0 : -EIO;
}

/* The same for every request. */
static int set_always(struct lfs_http *h)
{
	CURL *c = h->curl;
	long connect_s = h->upstream->gate->policy.connect_timeout_s;
	CURLcode r = CURLE_OK;

#define SET(option, value) r = r == CURLE_OK ? curl_easy_setopt(c, option, value) : r
	SET(CURLOPT_PROTOCOLS_STR, "https");
	SET(CURLOPT_FOLLOWLOCATION, 0L);
	SET(CURLOPT_PROXY, "");
	SET(CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
	SET(CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	SET(CURLOPT_NOSIGNAL, 1L);
	SET(CURLOPT_USERAGENT, "bottle-lfs/" BOTTLE_VERSION);
	SET(CURLOPT_CONNECTTIMEOUT, connect_s);
	SET(CURLOPT_NOPROGRESS, 0L);
	SET(CURLOPT_XFERINFOFUNCTION, watch);
	SET(CURLOPT_XFERINFODATA, h);
	SET(CURLOPT_WRITEFUNCTION, take);
	SET(CURLOPT_WRITEDATA, h);
	SET(CURLOPT_READFUNCTION, give);
	SET(CURLOPT_READDATA, h);
	SET(CURLOPT_OPENSOCKETFUNCTION, open_socket);
	SET(CURLOPT_OPENSOCKETDATA, h);
	return r == CURLE_OK ? set_trust(h) : -EIO;
}

static int set_call(struct lfs_http *h, struct curl_slist *headers, struct curl_slist *pins)
{
	const struct lfs_http_call *call = h->call;
	cleanup_free char *url = str_format("%s%s", call->link->href, call->path ? call->path : "");
	CURL *c = h->curl;
	CURLcode r = url ? CURLE_OK : CURLE_OUT_OF_MEMORY;

	SET(CURLOPT_URL, url);
	SET(CURLOPT_RESOLVE, pins);
	if (call->body) {
		SET(CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)strlen(call->body));
		SET(CURLOPT_POSTFIELDS, call->body);
	} else if (str_eq(call->method, "PUT")) {
		SET(CURLOPT_UPLOAD, 1L);
		SET(CURLOPT_INFILESIZE_LARGE, (curl_off_t)call->size);
	}
	SET(CURLOPT_CUSTOMREQUEST, call->method);
	SET(CURLOPT_HTTPHEADER, headers);
#undef SET
	return r == CURLE_OK ? 0 : -EIO;
}

/* libcurl's own words name host and port, which the agent may know. */
static int failed(const struct lfs_http *h, CURLcode code, struct err *e)
{
	if (e->code)
		return -e->code;
	return err_say(e, EIO, "the upstream's LFS at '%.200s:%u' cannot be reached: %s",
		h->host.name, h->host.port, curl_easy_strerror(code));
}

static int take_reply(struct lfs_http *h, struct err *e)
{
	const char *location = NULL;
	long status = 0;

	curl_easy_getinfo(h->curl, CURLINFO_RESPONSE_CODE, &status);
	curl_easy_getinfo(h->curl, CURLINFO_REDIRECT_URL, &location);
	h->reply->status = (int)status;
	h->reply->len = h->text.len;
	h->reply->text = str_take(&h->text);
	h->reply->location = location ? strdup(location) : NULL;
	return !h->reply->text || (location && !h->reply->location)
		       ? err_set(e, ENOMEM, "the upstream's LFS answer")
		       : 0;
}

static bool is_name(const struct lfs_host *h)
{
	return h->name[0] != '[' && !upstream_is_address(h->name);
}

/* The connection of the last request stays open in the handle, for the next one. */
static int run(struct lfs_http *h, struct err *e)
{
	cleanup_slist struct curl_slist *headers = NULL, *pins = NULL;
	cleanup_free char *pin =
		str_format("%s:%u:%s", h->host.name, h->host.port, h->host.address);
	CURLcode code;

	curl_easy_reset(h->curl);
	if (!pin || (is_name(&h->host) && add(&pins, pin) < 0) ||
		add_headers(h->call, &headers) < 0 || set_always(h) < 0 ||
		set_call(h, headers, pins) < 0)
		return err_set(e, ENOMEM, "ask the upstream's LFS");
	h->moved_ms = proc_now_ms();
	code = curl_easy_perform(h->curl);
	return code == CURLE_OK ? take_reply(h, e) : failed(h, code, e);
}

int lfs_http_run(struct lfs_http *h, const struct lfs_http_call *call, struct lfs_http_reply *ret,
	struct err *e)
{
	int r;

	*ret = (struct lfs_http_reply){0};
	*e = (struct err){0};
	str_done(&h->text);
	h->call = call;
	h->reply = ret;
	h->sent = 0;
	h->answered = false;
	h->e = e;
	r = lfs_host_of(h->upstream, call->link->href, &h->host, e);
	if (r == 0)
		r = lfs_host_resolve(h->upstream, &h->host, e);
	return r == 0 ? run(h, e) : r;
}

int lfs_http_refused(const struct lfs_http_reply *r, const struct lfs_link *link, struct err *e)
{
	cleanup_json json_t *j = NULL;
	cleanup_free char *words = NULL;
	const char *message = NULL;
	struct err ignored;

	if (r->text && json_parse(r->text, r->len, "an answer", &j, &ignored) == 0)
		message = json_string_value(json_object_get(j, "message"));
	if (message && !lfs_link_is_told(link, message))
		words = sanitize_line(message, strlen(message));
	if (r->status == 401)
		return err_say(
			e, EACCES, "the upstream's LFS does not take the gate's credentials");
	return err_say(e, lfs_answer_code(r->status), "the upstream's LFS answers %d%s%s",
		r->status, words ? ": " : "", words ? words : "");
}
