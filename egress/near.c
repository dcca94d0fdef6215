#include "egress/near.h"

#include <string.h>

#include "base/str.h"
#include "egress/host.h"

#define LETTERS_MAX 3 /* that are other, missing or too many */
#define SAME_DOMAIN (LETTERS_MAX + 1)
#define FAR	    (SAME_DOMAIN + 1)

/* Levenshtein (1965): how many letters are to be changed, put in or taken out. */
static size_t distance(const char *a, const char *b)
{
	size_t row[HOST_MAX + 1], n = strlen(b);

	if (n > HOST_MAX)
		return FAR;
	for (size_t j = 0; j <= n; j++)
		row[j] = j;
	for (size_t i = 1; a[i - 1]; i++) {
		size_t corner = row[0];

		row[0] = i;
		for (size_t j = 1; j <= n; j++) {
			size_t other = corner + (a[i - 1] != b[j - 1]);

			corner = row[j];
			row[j] = row[j] < row[j - 1] ? row[j] + 1 : row[j - 1] + 1;
			if (other < row[j])
				row[j] = other;
		}
	}
	return row[n];
}

/* The last two labels: "example.com"; NULL: there are no more than these. */
static const char *domain_of(const char *host)
{
	const char *dots[2] = {NULL, NULL};

	for (const char *p = host; *p; p++)
		if (*p == '.') {
			dots[0] = dots[1];
			dots[1] = p;
		}
	return dots[0] ? dots[0] + 1 : NULL;
}

static size_t far_off(const char *route, const char *host)
{
	const char *name = str_starts(route, "*.") ? route + 2 : route;
	const char *domain = domain_of(host);
	size_t n = distance(name, host);

	if (n <= LETTERS_MAX)
		return n;
	return domain && (str_eq(name, domain) || str_eq(domain_of(name), domain)) ? SAME_DOMAIN
										   : FAR;
}

void near_hosts(const struct policy_egress *p, const char *host, const char *ret[NEAR_MAX + 1])
{
	size_t n = 0;

	for (size_t wanted = 0; wanted < FAR; wanted++)
		for (size_t i = 0; i < p->n_routes && n < NEAR_MAX; i++)
			if (far_off(p->routes[i].host, host) == wanted)
				ret[n++] = p->routes[i].host;
	ret[n] = NULL;
}
