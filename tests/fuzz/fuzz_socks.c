/*
 * A SOCKS5 client's greeting and request: nothing is read behind what is there, a host that is
 * taken is one that host_parse takes unchanged, and more bytes never change what was read.
 */
#include <stdlib.h>
#include <string.h>

#include "egress/socks.h"
#include "tests/fuzz/fuzz.h"

static void check_host(const char *host)
{
	char again[HOST_MAX];
	const char *why;

	if (!host[0])
		return;
	if (host_parse(host, strlen(host), again, &why) < 0 || strcmp(host, again) != 0)
		abort();
}

static void check_request(const uint8_t *data, size_t size)
{
	struct socks_request whole, cut;
	enum socks_reply reply = SOCKS_GRANTED;
	const char *why = NULL;
	long n = socks_take_request(data, size, &whole, &reply, &why);

	check_host(whole.host);
	if (n > (long)size || (n < 0 && (!why || reply == SOCKS_GRANTED)))
		abort();
	if (n <= 0)
		return;
	if (whole.port == 0 || (whole.host[0] && whole.address.s_addr))
		abort();
	/* Not a byte less is enough, and what stands behind does not matter. */
	if (socks_take_request(data, (size_t)n - 1, &cut, &reply, &why) != 0 ||
		socks_take_request(data, (size_t)n, &cut, &reply, &why) != n ||
		strcmp(cut.host, whole.host) != 0 || cut.port != whole.port)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	long n = socks_take_greeting(data, size);

	if (n > (long)size)
		abort();
	if (n > 0)
		check_request(data + n, size - (size_t)n);
	else
		check_request(data, size);
	return 0;
}
