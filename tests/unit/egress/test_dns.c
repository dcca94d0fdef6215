#include "egress/dns.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

/* A message under construction. */
struct message {
	unsigned char p[1024];
	size_t n;
};

static void u16(struct message *m, unsigned int v)
{
	m->p[m->n++] = (unsigned char)(v >> 8);
	m->p[m->n++] = (unsigned char)v;
}

static void header(struct message *m, unsigned int flags, unsigned int answers)
{
	m->n = 0;
	u16(m, 0x1234);
	u16(m, flags);
	u16(m, 1);
	u16(m, answers);
	u16(m, 0);
	u16(m, 0);
}

static void name(struct message *m, const char *text)
{
	while (*text) {
		size_t n = strcspn(text, ".");

		m->p[m->n++] = (unsigned char)n;
		memcpy(m->p + m->n, text, n);
		m->n += n;
		text += n + (text[n] == '.');
	}
	m->p[m->n++] = 0;
}

static void question(struct message *m, const char *text, unsigned int type)
{
	name(m, text);
	u16(m, type);
	u16(m, 1);
}

static void record(struct message *m, const char *owner, unsigned int type)
{
	name(m, owner);
	u16(m, type);
	u16(m, 1);
	u16(m, 0);
	u16(m, 60);
}

static void a_record(struct message *m, const char *owner, const char *address)
{
	record(m, owner, DNS_A);
	u16(m, 4);
	inet_pton(AF_INET, address, m->p + m->n);
	m->n += 4;
}

static void cname(struct message *m, const char *owner, const char *to)
{
	struct message tail = {.n = 0};

	record(m, owner, DNS_CNAME);
	name(&tail, to);
	u16(m, (unsigned int)tail.n);
	memcpy(m->p + m->n, tail.p, tail.n);
	m->n += tail.n;
}

static int answer(const struct message *m, struct dns_result *r)
{
	return dns_parse_answer(m->p, m->n, 0x1234, "a.example.com", DNS_A, r);
}

static void a_question_is_read_and_its_case_kept(void **state)
{
	struct message m;
	struct dns_question q;
	unsigned char out[DNS_UDP_MAX];
	struct in_addr a = {.s_addr = htonl(0xc6120001)};
	size_t n;

	(void)state;
	header(&m, 0x0100, 0);
	question(&m, "A.Example.COM", DNS_A);
	assert_int_equal(dns_parse_question(m.p, m.n, &q), DNS_NOERROR);
	assert_string_equal(q.name, "a.example.com");
	assert_false(q.odd);
	n = dns_write_answer(&q, DNS_NOERROR, &a, out);
	assert_memory_equal(out + 12, m.p + 12, m.n - 12);
	assert_int_equal(out[7], 1);
	assert_memory_equal(out + n - 4, &a, 4);
}

static void every_cut_of_a_question_is_refused(void **state)
{
	struct message m;
	struct dns_question q;

	(void)state;
	header(&m, 0x0100, 0);
	question(&m, "a.example.com", DNS_A);
	for (size_t i = 0; i < m.n; i++)
		assert_int_not_equal(dns_parse_question(m.p, i, &q), DNS_NOERROR);
}

static void what_is_no_question_is_dropped_or_refused(void **state)
{
	struct message m;
	struct dns_question q;

	(void)state;
	header(&m, 0x8100, 0);
	question(&m, "a", DNS_A);
	assert_true(dns_parse_question(m.p, m.n, &q) < 0);
	header(&m, 0x2900, 0);
	question(&m, "a", DNS_A);
	assert_int_equal(dns_parse_question(m.p, m.n, &q), DNS_NOTIMP);
	header(&m, 0x0100, 1);
	question(&m, "a", DNS_A);
	assert_int_equal(dns_parse_question(m.p, m.n, &q), DNS_FORMERR);
	header(&m, 0x0100, 0);
	u16(&m, 0xc00c); /* a name that points to itself */
	u16(&m, DNS_A);
	u16(&m, 1);
	assert_int_equal(dns_parse_question(m.p, m.n, &q), DNS_FORMERR);
}

static void a_dot_inside_a_label_makes_no_other_name(void **state)
{
	struct message m;
	struct dns_question q;

	(void)state;
	header(&m, 0x0100, 0);
	memcpy(m.p + m.n,
		"\x0b"
		"example.com\0\0\1\0\1",
		17);
	m.n += 17;
	assert_int_equal(dns_parse_question(m.p, m.n, &q), DNS_NOERROR);
	assert_true(q.odd);
	assert_string_not_equal(q.name, "example.com");
}

static void addresses_are_taken_behind_aliases(void **state)
{
	struct message m;
	struct dns_result r;

	(void)state;
	header(&m, 0x8180, 4);
	question(&m, "a.example.com", DNS_A);
	a_record(&m, "z.example.com", "1.2.3.4");
	cname(&m, "b.example.com", "z.example.com");
	cname(&m, "A.example.com", "b.example.com");
	a_record(&m, "z.example.com", "5.6.7.8");
	assert_int_equal(answer(&m, &r), 0);
	assert_int_equal(r.n, 2);
	assert_int_equal(r.list[0].v4.s_addr, inet_addr("1.2.3.4"));
}

static void addresses_of_another_name_are_not_taken(void **state)
{
	struct message m;
	struct dns_result r;

	(void)state;
	header(&m, 0x8180, 1);
	question(&m, "a.example.com", DNS_A);
	a_record(&m, "evil.example.com", "1.2.3.4");
	assert_int_equal(answer(&m, &r), 0);
	assert_int_equal(r.n, 0);
}

static void aliases_in_a_circle_end(void **state)
{
	struct message m;
	struct dns_result r;

	(void)state;
	header(&m, 0x8180, 2);
	question(&m, "a.example.com", DNS_A);
	cname(&m, "a.example.com", "b.example.com");
	cname(&m, "b.example.com", "a.example.com");
	assert_int_equal(answer(&m, &r), 0);
	assert_int_equal(r.n, 0);
}

static void an_answer_to_another_question_is_refused(void **state)
{
	struct message m;
	struct dns_result r;

	(void)state;
	header(&m, 0x8180, 0);
	question(&m, "b.example.com", DNS_A);
	assert_true(answer(&m, &r) < 0);
	header(&m, 0x8180, 0);
	question(&m, "a.example.com", DNS_AAAA);
	assert_true(answer(&m, &r) < 0);
	header(&m, 0x0180, 0);
	question(&m, "a.example.com", DNS_A);
	assert_true(answer(&m, &r) < 0);
	header(&m, 0x8180, 0);
	question(&m, "a.example.com", DNS_A);
	m.p[0] ^= 1;
	assert_true(answer(&m, &r) < 0);
}

static void our_own_question_can_be_read(void **state)
{
	unsigned char p[DNS_UDP_MAX];
	struct dns_question q;
	size_t n = dns_write_question(77, "api.example.com", DNS_AAAA, true, p);

	(void)state;
	assert_int_equal(dns_parse_question(p, n, &q), DNS_NOERROR);
	assert_string_equal(q.name, "api.example.com");
	assert_int_equal(q.id, 77);
	assert_int_equal(q.type, DNS_AAAA);
	assert_true(q.edns);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_question_is_read_and_its_case_kept),
		cmocka_unit_test(every_cut_of_a_question_is_refused),
		cmocka_unit_test(what_is_no_question_is_dropped_or_refused),
		cmocka_unit_test(a_dot_inside_a_label_makes_no_other_name),
		cmocka_unit_test(addresses_are_taken_behind_aliases),
		cmocka_unit_test(addresses_of_another_name_are_not_taken),
		cmocka_unit_test(aliases_in_a_circle_end),
		cmocka_unit_test(an_answer_to_another_question_is_refused),
		cmocka_unit_test(our_own_question_can_be_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
