#include "egress/socks.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#define METHOD_NONE	0
#define COMMAND_CONNECT 1
#define TYPE_IPV4	1
#define TYPE_NAME	3
#define TYPE_IPV6	4
#define ADDRESS_AT	4 /* behind version, command, reserved, type */

const unsigned char socks_no_authentication[2] = {SOCKS5_VERSION, METHOD_NONE};
const unsigned char socks_no_method[2] = {SOCKS5_VERSION, 0xff};
const unsigned char socks4_rejected[8] = {0, 91};

long socks_take_greeting(const unsigned char *p, size_t len)
{
	if (len > 0 && p[0] != SOCKS5_VERSION)
		return -EINVAL;
	if (len < 2 || len < 2U + p[1])
		return 0;
	if (!memchr(p + 2, METHOD_NONE, p[1]))
		return -ENOTSUP;
	return 2L + p[1];
}

static long bad(
	enum socks_reply *ret_reply, enum socks_reply reply, const char **ret_why, const char *why)
{
	*ret_reply = reply;
	*ret_why = why;
	return -EINVAL;
}

/* Length of the address with its port; 0: not there yet. */
static size_t address_length(const unsigned char *p, size_t len)
{
	switch (p[3]) {
	case TYPE_IPV4:
		return 4 + 2;
	case TYPE_IPV6:
		return 16 + 2;
	default:
		return len > ADDRESS_AT ? 1U + p[ADDRESS_AT] + 2 : 0;
	}
}

/* What can be said of the fixed part. */
static long check_head(const unsigned char *p, enum socks_reply *ret_reply, const char **ret_why)
{
	if (p[0] != SOCKS5_VERSION)
		return bad(ret_reply, SOCKS_FAILED, ret_why, "the request is not of SOCKS5");
	if (p[1] != COMMAND_CONNECT)
		return bad(ret_reply, SOCKS_NO_COMMAND, ret_why,
			"of the SOCKS commands only CONNECT is served");
	if (p[2] != 0)
		return bad(ret_reply, SOCKS_FAILED, ret_why, "the reserved byte is not 0");
	if (p[3] != TYPE_IPV4 && p[3] != TYPE_NAME && p[3] != TYPE_IPV6)
		return bad(ret_reply, SOCKS_NO_ADDRESS_TYPE, ret_why, "an unknown type of address");
	return 0;
}

long socks_take_request(const unsigned char *p, size_t len, struct socks_request *ret,
	enum socks_reply *ret_reply, const char **ret_why)
{
	size_t n;

	*ret = (struct socks_request){.host = ""};
	if (len < ADDRESS_AT)
		return 0;
	if (check_head(p, ret_reply, ret_why) < 0)
		return -EINVAL;
	n = address_length(p, len);
	if (n == 0 || len < ADDRESS_AT + n)
		return 0;
	if (p[3] == TYPE_IPV6)
		return bad(ret_reply, SOCKS_NO_ADDRESS_TYPE, ret_why,
			"an IPv6 address instead of a name (socks5h:// sends names)");
	ret->port = (uint16_t)(p[ADDRESS_AT + n - 2] << 8 | p[ADDRESS_AT + n - 1]);
	if (p[3] == TYPE_IPV4)
		memcpy(&ret->address, p + ADDRESS_AT, sizeof(ret->address));
	else if (host_parse((const char *)p + ADDRESS_AT + 1, p[ADDRESS_AT], ret->host, ret_why) <
		 0) {
		ret->host[0] = '\0';
		return bad(ret_reply, SOCKS_NOT_ALLOWED, ret_why, *ret_why);
	}
	if (ret->port == 0)
		return bad(ret_reply, SOCKS_FAILED, ret_why, "there is no port 0");
	return (long)(ADDRESS_AT + n);
}

void socks_write_reply(enum socks_reply reply, unsigned char ret[SOCKS_REPLY_LEN])
{
	memset(ret, 0, SOCKS_REPLY_LEN);
	ret[0] = SOCKS5_VERSION;
	ret[1] = (unsigned char)reply;
	ret[3] = TYPE_IPV4;
}
