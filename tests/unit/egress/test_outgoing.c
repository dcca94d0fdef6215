#include "egress/outgoing.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/evp.h>

#include "tests/lib/way.h"

/* Not anybody's: with signs that each place writes in its own way. */
#define VALUE "va/l+ue\"&of<the\\test"

static int hand_over(void **state)
{
	(void)state;
	return way_hand_over("SLOT", VALUE);
}

static void open_way(struct way *w, struct policy_auth auth, const char *request)
{
	if (auth.scheme > POLICY_AUTH_PASS)
		auth.slot = (char *)"SLOT";
	way_open(w, auth, request);
}

/* The body as it would go. */
static size_t write_body(struct way *w, char *out)
{
	struct http1_piece in = {.data = w->q.body, .len = w->q.body_len}, piece;
	struct swap s;
	size_t n;

	outgoing_swap(&w->q, &s);
	assert_int_equal(swap_take(&s, &in, &piece), 0);
	memcpy(out, piece.data, n = piece.len);
	swap_end(&s, &piece);
	if (piece.len > 0)
		memcpy(out + n, piece.data, piece.len);
	n += piece.len;
	out[n] = '\0';
	swap_done(&s);
	return n;
}

static void write_way(struct way *w)
{
	size_t n = (size_t)snprintf(
		w->text, sizeof(w->text), "%s %s%s\n", w->o.method, w->o.authority, w->o.target);

	for (size_t i = 0; i < w->o.n_fields; i++)
		n += (size_t)snprintf(w->text + n, sizeof(w->text) - n, "%s%s: %s\n",
			w->o.secret[i] ? "!" : "", w->o.fields[i].name, w->o.fields[i].value);
	if (w->length.framing != HTTP1_NO_BODY)
		assert_int_equal(write_body(w, w->text + n), w->o.length.length);
}

/* What would be sent: one line a field, one with '!' where it is a credential. */
static const char *sent(struct policy_auth auth, const char *request)
{
	static struct way w;

	open_way(&w, auth, request);
	if (way_make(&w) < 0)
		snprintf(w.text, sizeof(w.text), "%s", w.why.error);
	else
		write_way(&w);
	way_close(&w);
	return w.text;
}

static const struct policy_auth bearer = {.scheme = POLICY_AUTH_BEARER};

static struct policy_auth swap_in(unsigned int places)
{
	return (struct policy_auth){
		.scheme = POLICY_AUTH_SWAP, .places = places, .placeholder = (char *)"placeholder"};
}

static void what_belongs_to_one_connection_stays_behind(void **state)
{
	(void)state;
	assert_string_equal(
		sent((struct policy_auth){0},
			"GET /x?y HTTP/1.1\r\nHost: other\r\nAccept: a\r\nConnection: "
			"X-Mine\r\nX-Mine: 1\r\nTE: trailers\r\nExpect: 100-continue\r\n"
			"Range: bytes=1-\r\nAccept-Encoding: gzip\r\n\r\n"),
		"GET a.com/x?y\nAccept: a\nRange: bytes=1-\nAccept-Encoding: gzip\n");
}

static void the_credential_stands_in_the_place_of_the_agents_own(void **state)
{
	(void)state;
	assert_string_equal(sent(bearer, "GET / HTTP/1.1\r\nauthorization: Bearer own\r\n"
					 "AUTHORIZATION: Bearer own\r\nProxy-Authorization: own\r\n"
					 "Accept-Encoding: gzip\r\nRange: bytes=3-4\r\n\r\n"),
		"GET a.com/\nAccept-Encoding: identity\n!Authorization: Bearer " VALUE "\n");
}

static void a_named_header_takes_the_place_of_all_of_its_name(void **state)
{
	const struct policy_auth a = {.scheme = POLICY_AUTH_HEADER,
		.name = (char *)"X-Api-Key",
		.prefix = (char *)"key="};

	(void)state;
	assert_string_equal(sent(a, "GET / HTTP/1.1\r\nx-api-key: own\r\nX_Api_Key: own\r\n"
				    "A: b\r\nAuthorization: own\r\nX-API-KEY: own\r\n\r\n"),
		"GET a.com/\nA: b\nAccept-Encoding: identity\n!X-Api-Key: key=" VALUE "\n");
}

static void a_parameter_takes_the_place_of_all_of_its_name(void **state)
{
	const struct policy_auth a = {.scheme = POLICY_AUTH_QUERY, .name = (char *)"key"};

	(void)state;
	assert_string_equal(sent(a, "GET /x?a=1&KEY=own&k%65y=own&b=2;key=own HTTP/1.1\r\n\r\n"),
		"GET a.com/x?a=1&b=2&key=va%2Fl%2Bue%22%26of%3Cthe%5Ctest\n"
		"Accept-Encoding: identity\n");
	assert_string_equal(sent(a, "GET /x?key=own HTTP/1.1\r\n\r\n"),
		"GET a.com/x?key=va%2Fl%2Bue%22%26of%3Cthe%5Ctest\nAccept-Encoding: identity\n");
}

static void a_placeholder_is_swapped_in_fields_only_where_that_is_said(void **state)
{
	static const char request[] = "GET /placeholder?placeholder HTTP/1.1\r\n"
				      "X: a-placeholder-b\r\nAuthorization: Bearer placeholder\r\n"
				      "\r\n";

	(void)state;
	assert_string_equal(sent(swap_in(POLICY_IN_HEADER), request),
		"GET a.com/placeholder?placeholder\n!X: a-" VALUE "-b\n"
		"!Authorization: Bearer " VALUE "\nAccept-Encoding: identity\n");
	assert_string_equal(sent(swap_in(POLICY_IN_PATH), request),
		"GET a.com/va%2Fl%2Bue%22%26of%3Cthe%5Ctest?placeholder\nX: a-placeholder-b\n"
		"Accept-Encoding: identity\n");
	assert_string_equal(sent(swap_in(POLICY_IN_QUERY), request),
		"GET a.com/placeholder?va%2Fl%2Bue%22%26of%3Cthe%5Ctest\nX: a-placeholder-b\n"
		"Accept-Encoding: identity\n");
}

static void a_placeholder_is_found_percent_encoded(void **state)
{
	(void)state;
	assert_string_equal(sent(swap_in(POLICY_IN_PATH | POLICY_IN_QUERY),
				    "GET /a/%70laceholder/b?x=1&y=place%68older&z=%zz HTTP/1.1\r\n"
				    "\r\n"),
		"GET a.com/a/va%2Fl%2Bue%22%26of%3Cthe%5Ctest/b?x=1"
		"&y=va%2Fl%2Bue%22%26of%3Cthe%5Ctest&z=%zz\nAccept-Encoding: identity\n");
}

static void a_placeholder_is_swapped_within_basic(void **state)
{
	const char *before = "user:placeholder", *after = "user:" VALUE;
	char coded[64], request[128], want[128];

	(void)state;
	/* Made here: no such field stands in the tree. */
	EVP_EncodeBlock((unsigned char *)coded, (const unsigned char *)before, (int)strlen(before));
	snprintf(request, sizeof(request), "GET / HTTP/1.1\r\nAuthorization: Basic %s\r\n\r\n",
		coded);
	EVP_EncodeBlock((unsigned char *)coded, (const unsigned char *)after, (int)strlen(after));
	snprintf(want, sizeof(want),
		"GET a.com/\n!Authorization: Basic %s\nAccept-Encoding: identity\n", coded);
	assert_string_equal(sent(swap_in(POLICY_IN_HEADER), request), want);
}

static const char *body_sent(const char *type, const char *body)
{
	char request[512];

	snprintf(request, sizeof(request),
		"POST / HTTP/1.1\r\nContent-Type: %s\r\nContent-Length: %zu\r\n\r\n%s", type,
		strlen(body), body);
	return strstr(sent(swap_in(POLICY_IN_BODY), request), "identity\n") + 9;
}

static void a_body_has_the_value_in_its_own_writing(void **state)
{
	(void)state;
	assert_string_equal(body_sent("application/json; charset=utf-8", "{\"k\":\"placeholder\"}"),
		"{\"k\":\"va/l+ue\\\"&of<the\\\\test\"}");
	assert_string_equal(
		body_sent("application/x-www-form-urlencoded", "a=1&k=placeholder&k=placeholder"),
		"a=1&k=va%2Fl%2Bue%22%26of%3Cthe%5Ctest&k=va%2Fl%2Bue%22%26of%3Cthe%5Ctest");
	assert_string_equal(body_sent("application/soap+xml", "<k>placeholder</k>"),
		"<k>va/l+ue&quot;&amp;of&lt;the\\test</k>");
	assert_string_equal(body_sent("text/plain", "placeholder"), VALUE);
}

static void a_long_body_is_sent_in_chunks(void **state)
{
	struct way w;

	(void)state;
	open_way(&w, swap_in(POLICY_IN_BODY),
		"POST / HTTP/1.1\r\nContent-Length: 5000000\r\n\r\nplaceholder");
	w.q.whole = false;
	assert_int_equal(way_make(&w), 0);
	assert_int_equal(w.o.length.framing, HTTP1_CHUNKED);
	way_close(&w);
}

static void more_placeholders_than_a_client_writes_are_refused(void **state)
{
	char request[1024] = "GET /";
	size_t n = strlen(request);

	(void)state;
	for (int i = 0; i < SWAPS_MAX; i++)
		n += (size_t)snprintf(request + n, sizeof(request) - n, "placeholder/");
	snprintf(request + n, sizeof(request) - n, " HTTP/1.1\r\nX: placeholder\r\n\r\n");
	assert_string_equal(
		sent(swap_in(POLICY_IN_PATH | POLICY_IN_HEADER), request), "placeholders");
	assert_non_null(strstr(sent(swap_in(POLICY_IN_PATH), request), "X: placeholder"));
}

/* ---- require */

static struct policy_auth required(enum policy_auth_scheme scheme)
{
	return (struct policy_auth){.scheme = scheme,
		.name = (char *)"X-Key",
		.require = true,
		.placeholder = (char *)"placeholder",
		.places = POLICY_IN_HEADER | POLICY_IN_BODY};
}

static bool is_refused(struct policy_auth a, const char *request)
{
	return strcmp(sent(a, request), "placeholder_required") == 0;
}

static void require_wants_the_placeholder_in_the_schemes_place(void **state)
{
	static const char *const good[] = {
		"GET / HTTP/1.1\r\nAuthorization: Bearer placeholder\r\n\r\n",
		"GET / HTTP/1.1\r\nX-Key: placeholder\r\n\r\n",
		"GET /?a&x-key=placeholder HTTP/1.1\r\n\r\n",
		"GET / HTTP/1.1\r\nX: placeholder\r\n\r\n",
	};
	static const enum policy_auth_scheme schemes[] = {
		POLICY_AUTH_BEARER, POLICY_AUTH_HEADER, POLICY_AUTH_QUERY, POLICY_AUTH_SWAP};

	(void)state;
	for (size_t i = 0; i < 3; i++)
		for (size_t j = 0; j < 4; j++)
			assert_int_equal(is_refused(required(schemes[i]), good[j]), i != j);
	assert_false(is_refused(required(POLICY_AUTH_SWAP), good[3]));
	assert_true(is_refused(required(POLICY_AUTH_SWAP), "GET / HTTP/1.1\r\n\r\n"));
}

static void require_takes_no_other_credential_beside_it(void **state)
{
	(void)state;
	assert_true(is_refused(required(POLICY_AUTH_BEARER),
		"GET / HTTP/1.1\r\nAuthorization: Bearer own\r\nX: placeholder\r\n\r\n"));
	assert_true(is_refused(required(POLICY_AUTH_BEARER),
		"GET / HTTP/1.1\r\nAuthorization: Bearer own\r\n"
		"Authorization: Bearer placeholder\r\n\r\n"));
	assert_true(is_refused(
		required(POLICY_AUTH_QUERY), "GET /?x-key=placeholder&X-KEY=own HTTP/1.1\r\n\r\n"));
	assert_string_equal(
		sent(required(POLICY_AUTH_BEARER),
			"GET /?access_token=own HTTP/1.1\r\nX-Api-Key: own\r\n"
			"Authorization: token placeholder\r\nPRIVATE-TOKEN: own\r\n\r\n"),
		"GET a.com/\nAccept-Encoding: identity\n!Authorization: Bearer " VALUE "\n");
}

static void require_looks_into_the_body_where_that_is_a_place(void **state)
{
	struct policy_auth header_only = required(POLICY_AUTH_SWAP);
	static const char request[] = "POST / HTTP/1.1\r\nContent-Length: 11\r\n\r\nplaceholder";

	(void)state;
	header_only.places = POLICY_IN_HEADER;
	assert_false(is_refused(required(POLICY_AUTH_SWAP), request));
	assert_true(is_refused(header_only, request));
	assert_true(is_refused(required(POLICY_AUTH_SWAP),
		"POST / HTTP/1.1\r\nContent-Encoding: gzip\r\nContent-Length: 11\r\n\r\n"
		"placeholder"));
}

static void trailers_bring_no_credential_back(void **state)
{
	static const char *const names[] = {"authorization", "Proxy-Authorization", "X-Key",
		"x_key", "Host", "Content-Length", "Transfer-Encoding", "Cookie"};
	struct way w;

	(void)state;
	open_way(&w, required(POLICY_AUTH_HEADER), "GET / HTTP/1.1\r\n\r\n");
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		assert_false(outgoing_sends_trailer(
			&w.q, &(struct http1_field){.name = names[i], .value = "x"}));
	assert_true(outgoing_sends_trailer(
		&w.q, &(struct http1_field){.name = "grpc-status", .value = "0"}));
	way_close(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_belongs_to_one_connection_stays_behind),
		cmocka_unit_test(the_credential_stands_in_the_place_of_the_agents_own),
		cmocka_unit_test(a_named_header_takes_the_place_of_all_of_its_name),
		cmocka_unit_test(a_parameter_takes_the_place_of_all_of_its_name),
		cmocka_unit_test(a_placeholder_is_swapped_in_fields_only_where_that_is_said),
		cmocka_unit_test(a_placeholder_is_found_percent_encoded),
		cmocka_unit_test(a_placeholder_is_swapped_within_basic),
		cmocka_unit_test(a_body_has_the_value_in_its_own_writing),
		cmocka_unit_test(a_long_body_is_sent_in_chunks),
		cmocka_unit_test(more_placeholders_than_a_client_writes_are_refused),
		cmocka_unit_test(require_wants_the_placeholder_in_the_schemes_place),
		cmocka_unit_test(require_takes_no_other_credential_beside_it),
		cmocka_unit_test(require_looks_into_the_body_where_that_is_a_place),
		cmocka_unit_test(trailers_bring_no_credential_back),
	};

	return cmocka_run_group_tests(tests, hand_over, way_take_back);
}
