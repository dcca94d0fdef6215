#include "egress/websocket_handshake.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

#include <openssl/evp.h>
#include <openssl/rand.h>

#include "egress/websocket_extensions.h"

/* RFC 6455, section 1.3. */
#define GUID	  "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
#define KEY_BYTES 16

static const char extensions[] = "Sec-WebSocket-Extensions";
static const char protocol[] = "Sec-WebSocket-Protocol";

static int wrong(const char **ret_why, const char *what)
{
	*ret_why = what;
	return -EPROTO;
}

bool websocket_is_asked(const struct http1_head *request)
{
	return http1_lists(request, "Upgrade", "websocket");
}

/* ---- keys */

static int accept_of(const char *key, char ret[WEBSOCKET_ACCEPT_SIZE])
{
	unsigned char text[WEBSOCKET_KEY_SIZE + sizeof(GUID)], hash[EVP_MAX_MD_SIZE];
	unsigned int n;

	memcpy(text, key, WEBSOCKET_KEY_SIZE - 1);
	memcpy(text + WEBSOCKET_KEY_SIZE - 1, GUID, sizeof(GUID) - 1);
	if (EVP_Digest(text, WEBSOCKET_KEY_SIZE - 1 + sizeof(GUID) - 1, hash, &n, EVP_sha1(),
		    NULL) != 1)
		return -EIO;
	EVP_EncodeBlock((unsigned char *)ret, hash, (int)n);
	return 0;
}

static int make_key(char ret[WEBSOCKET_KEY_SIZE])
{
	unsigned char bytes[KEY_BYTES];

	if (RAND_bytes(bytes, sizeof(bytes)) != 1)
		return -EIO;
	EVP_EncodeBlock((unsigned char *)ret, bytes, sizeof(bytes));
	return 0;
}

/* Sixteen bytes in base64: in just one spelling. */
static bool is_key(const char *text)
{
	unsigned char bytes[WEBSOCKET_KEY_SIZE];
	char again[WEBSOCKET_KEY_SIZE];

	if (strlen(text) != WEBSOCKET_KEY_SIZE - 1 ||
		EVP_DecodeBlock(bytes, (const unsigned char *)text, WEBSOCKET_KEY_SIZE - 1) < 0)
		return false;
	EVP_EncodeBlock((unsigned char *)again, bytes, KEY_BYTES);
	return strcmp(again, text) == 0;
}

/* ---- fields */

/* The one value of a field; NULL: there is none, or there are more. */
static const char *only(const struct http1_head *h, const char *name)
{
	size_t n;
	const char *value = http1_field(h, name, &n);

	return n == 1 ? value : NULL;
}

static void replace(struct http1_head *h, const char *name, const char *value)
{
	for (size_t i = 0; i < h->n_fields; i++)
		if (strcasecmp(h->fields[i].name, name) == 0)
			h->fields[i].value = value;
}

/* All lines of a field as one list. False: it does not fit. */
static bool join(const struct http1_head *h, const char *name, char *ret, size_t size)
{
	size_t n = 0;

	*ret = '\0';
	for (size_t i = 0; i < h->n_fields; i++) {
		size_t len = strlen(h->fields[i].value);

		if (strcasecmp(h->fields[i].name, name) != 0)
			continue;
		if (n + len + 3 > size)
			return false;
		if (n > 0) {
			memcpy(ret + n, ", ", 2);
			n += 2;
		}
		memcpy(ret + n, h->fields[i].value, len + 1);
		n += len;
	}
	return true;
}

/* In place of all its lines one with this value; none for "". */
static void rewrite(struct http1_head *h, const char *name, const char *value)
{
	const char *as_sent = NULL;

	for (size_t i = 0; i < h->n_fields && !as_sent; i++)
		if (strcasecmp(h->fields[i].name, name) == 0)
			as_sent = h->fields[i].name;
	http1_drop_field(h, name);
	if (*value && as_sent)
		h->fields[h->n_fields++] = (struct http1_field){.name = as_sent, .value = value};
}

/* ---- the request */

/* What makes it a handshake, and nothing that a server may take for something else. */
static int check_request(const struct http1_head *r, const char **ret_why)
{
	const char *upgrade = only(r, "Upgrade"), *version = only(r, "Sec-WebSocket-Version"),
		   *key = only(r, "Sec-WebSocket-Key");

	if (strcmp(r->method, "GET") != 0 || r->minor < 1)
		return wrong(ret_why, "a WebSocket begins with GET in HTTP/1.1");
	if (!upgrade || strcasecmp(upgrade, "websocket") != 0)
		return wrong(ret_why, "an upgrade to WebSocket and to something else");
	if (!http1_lists(r, "Connection", "upgrade"))
		return wrong(ret_why, "an upgrade that the Connection header does not name");
	if (!key || !is_key(key))
		return wrong(ret_why, "a WebSocket needs one key of 16 bytes in base64");
	if (!version || strcmp(version, "13") != 0) {
		*ret_why = "WebSocket is spoken in version 13";
		return -EPROTONOSUPPORT;
	}
	return 0;
}

static int offer_extensions(
	struct websocket_handshake *h, struct http1_head *request, const char **ret_why)
{
	struct websocket_deflate list[WEBSOCKET_DEFLATES_MAX];
	bool other;
	int n = 0;

	if (!join(request, extensions, h->offered, sizeof(h->offered)))
		return wrong(ret_why, "more extensions of WebSocket than are read");
	if (h->offered[0])
		n = websocket_extensions_parse(h->offered, list, &other);
	if (n < 0 || !websocket_extensions_write(list, (size_t)n, h->offered, sizeof(h->offered)))
		return wrong(ret_why, "a list of extensions that cannot be read");
	rewrite(request, extensions, h->offered);
	return 0;
}

int websocket_offer(struct websocket_handshake *h, struct http1_head *request, const char **ret_why)
{
	int r = check_request(request, ret_why);

	*h = (struct websocket_handshake){0};
	if (r < 0)
		return r;
	if (!join(request, protocol, h->protocols, sizeof(h->protocols)))
		return wrong(ret_why, "more subprotocols of WebSocket than are read");
	r = offer_extensions(h, request, ret_why);
	if (r == 0)
		r = accept_of(http1_field(request, "Sec-WebSocket-Key", NULL), h->accept);
	if (r == 0)
		r = make_key(h->key);
	if (r == 0)
		r = accept_of(h->key, h->wanted);
	if (r == 0)
		replace(request, "Sec-WebSocket-Key", h->key);
	return r;
}

/* ---- the answer */

static int check_answer(
	const struct websocket_handshake *h, const struct http1_head *r, const char **ret_why)
{
	const char *upgrade = only(r, "Upgrade"), *accept = only(r, "Sec-WebSocket-Accept");

	if (!upgrade || strcasecmp(upgrade, "websocket") != 0 ||
		!http1_lists(r, "Connection", "upgrade"))
		return wrong(ret_why, "it switches to another protocol than WebSocket");
	if (!accept || strcmp(accept, h->wanted) != 0)
		return wrong(ret_why, "its Sec-WebSocket-Accept is not that of our key");
	return 0;
}

/* One of those that were offered, or none. */
static int check_protocol(
	const struct websocket_handshake *h, const struct http1_head *r, const char **ret_why)
{
	const char *chosen, *p = h->protocols;
	size_t n, len;

	chosen = http1_field(r, protocol, &n);
	if (n == 0)
		return 0;
	len = strlen(chosen);
	while (n == 1 && len > 0 && *(p += strspn(p, " \t,"))) {
		size_t one = strcspn(p, " \t,");

		if (one == len && strncmp(p, chosen, len) == 0)
			return 0;
		p += one;
	}
	return wrong(ret_why, "it chose a subprotocol that was not offered");
}

static int choose_extensions(
	struct websocket_handshake *h, struct http1_head *response, const char **ret_why)
{
	struct websocket_deflate offers[WEBSOCKET_DEFLATES_MAX], choice[WEBSOCKET_DEFLATES_MAX];
	bool other, allowed = false;
	int n = 0, n_offers = 0;

	if (!join(response, extensions, h->chosen, sizeof(h->chosen)))
		return wrong(ret_why, "it chose more extensions than were offered");
	if (h->chosen[0])
		n = websocket_extensions_parse(h->chosen, choice, &other);
	if (n < 0 || (h->chosen[0] && (n != 1 || other)))
		return wrong(ret_why, "it chose extensions that were not offered");
	if (h->offered[0])
		n_offers = websocket_extensions_parse(h->offered, offers, &other);
	for (int i = 0; n == 1 && i < n_offers; i++)
		allowed |= websocket_extensions_allow(&offers[i], &choice[0]);
	if ((n == 1 && !allowed) ||
		!websocket_extensions_write(choice, (size_t)n, h->chosen, sizeof(h->chosen)))
		return wrong(ret_why, "it chose extensions that were not offered");
	h->deflate = n == 1;
	h->agent_forgets = n == 1 && choice[0].client_forgets;
	h->upstream_forgets = n == 1 && choice[0].server_forgets;
	rewrite(response, extensions, h->chosen);
	return 0;
}

int websocket_answer(
	struct websocket_handshake *h, struct http1_head *response, const char **ret_why)
{
	int r = check_answer(h, response, ret_why);

	if (r == 0)
		r = check_protocol(h, response, ret_why);
	if (r == 0)
		r = choose_extensions(h, response, ret_why);
	if (r == 0)
		replace(response, "Sec-WebSocket-Accept", h->accept);
	return r;
}
