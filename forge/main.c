/*
 * bottle-forge: makes or revokes one deploy key at a forge (forge/wire.h), and ends. Started by the
 * monitor under a uid of the bottle's, in the host's network. Not for people.
 */
#include <stdio.h>
#include <string.h>

#include "base/fd.h"
#include "base/msg.h"
#include "base/proc.h"
#include "base/ptr.h"
#include "forge/api.h"
#include "forge/http.h"
#include "forge/job.h"
#include "forge/lockdown.h"
#include "forge/order.h"
#include "forge/wire.h"

/* Before who waits gives up: the answer tells more than its silence would. */
#define DUE_MS (FORGE_JOB_MS - 2000)

static int open_http(const struct order *o, struct http **ret, struct err *e)
{
	cleanup_free char *url = NULL;
	char *headers[API_HEADERS_MAX];
	int r = api_keys_url(&o->key, &url, e);

	if (r == 0)
		r = http_open(url, o->key.tls_ca, proc_now_ms() + DUE_MS, ret, e);
	if (r < 0)
		return r;
	r = api_headers(&o->key, &o->token, headers, e);
	if (r == 0)
		r = http_headers(*ret, headers, API_HEADERS_MAX, e);
	api_headers_done(headers);
	return r;
}

/* What fails before any request. A name that is not found today may be tomorrow. */
static void tell(int sock, const struct err *why)
{
	struct forge_failure f = {.why = *why, .again_s = 5, .nothing_made = true};
	struct err gone;

	if (msg_send(sock, FORGE_FAILED, &f, sizeof(f), NULL, 0, &gone) < 0)
		fprintf(stderr, "%s\n", why->msg);
}

int main(void)
{
	struct order order = {0};
	struct http *http = NULL;
	struct err e = {0};
	int r;

	if (fd_set_cloexec(FORGE_FD, 1) < 0) {
		fprintf(stderr, FORGE_PROGRAM " is started by bottle-monitor\n");
		return 2;
	}
	r = order_receive(FORGE_FD, &order, &e);
	if (r == 0)
		r = open_http(&order, &http, &e);
	if (r == 0)
		r = forge_lockdown(&e);
	if (r == 0)
		r = order.what == FORGE_MAKE ? job_make(FORGE_FD, &order, http, &e)
					     : job_revoke(FORGE_FD, &order, http, &e);
	if (r < 0)
		tell(FORGE_FD, &e);
	http_free(http);
	order_done(&order);
	return r < 0;
}
