#ifndef EGRESS_HOST_H
#define EGRESS_HOST_H

#include <stddef.h>
#include <stdint.h>

/*
 * Host names as the outside writes them (CONNECT, Host, SNI, absolute URI), read in one strict way:
 * letters, digits, hyphens and dots, lower-cased, one trailing dot dropped. Whatever some other
 * parser might read differently is no name at all: an address in any notation, user information,
 * percent signs, NUL, underscores, empty or over-long labels, non-ASCII.
 */
#define HOST_MAX 254 /* 253 characters and NUL, RFC 1035 section 2.3.4 */

/* Name of the place where the policy in force can be read; the one name with an underscore. */
#define HOST_POLICY "_egress.local"

/* The git gate, which listens for HTTP at another port than git-lfs thinks. */
#define HOST_GATE      "git-gate"
#define HOST_GATE_HTTP "http://git-gate:9420"

/* What *ret_why points to when the text is an address: well-formed, but nobody's name. */
extern const char host_is_address[];

/*
 * Normalises `len` bytes into ret (HOST_MAX bytes). 0, or -EINVAL and *ret_why a constant text that
 * says what is wrong.
 */
int host_parse(const char *text, size_t len, char *ret, const char **ret_why);

/*
 * "host" or "host:port" (digits, 1 to 65535, no sign, no leading zero). *ret_port is 0 when there
 * is none. Errors as host_parse.
 */
int host_parse_authority(
	const char *text, size_t len, char *ret, uint16_t *ret_port, const char **ret_why);

/*
 * "*.example.com" stands for any depth below example.com, and not for example.com itself. How well
 * the host fits the pattern: 0 not at all, else more for a longer pattern, most for an exact one.
 */
size_t host_fit(const char *pattern, const char *host);

#endif
