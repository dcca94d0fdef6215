/* DNS messages: the agent's questions and the upstream's answers. */
#include <stdlib.h>
#include <string.h>

#include "egress/dns.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct dns_question q, again;
	struct dns_result r;
	struct in_addr a = {.s_addr = 1};
	unsigned char out[DNS_UDP_MAX];
	uint16_t id = size >= 2 ? (uint16_t)(data[0] << 8 | data[1]) : 0;
	int rcode = dns_parse_question(data, size, &q);

	if (rcode >= 0) {
		size_t n = dns_write_answer(&q, (enum dns_rcode)rcode, &a, out);

		if (n > sizeof(out))
			abort();
		/* An answer is no question. */
		if (dns_parse_question(out, n, &again) >= 0)
			abort();
	}
	if (dns_parse_answer(data, size, id, "a.example.com", DNS_A, &r) == 0 && r.n > 8)
		abort();
	(void)dns_parse_answer(data, size, id, "a.example.com", DNS_AAAA, &r);
	return 0;
}
