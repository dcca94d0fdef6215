#include "egress/dns.h"

#include <errno.h>
#include <string.h>

#define HEADER_LEN   12
#define FLAG_QR	     0x8000
#define FLAG_AA	     0x0400
#define FLAG_TC	     0x0200
#define FLAG_RD	     0x0100
#define FLAG_RA	     0x0080
#define OPCODE(f)    ((f) >> 11 & 15)
#define CLASS_IN     1
#define TTL_S	     60
#define CNAMES_MAX   8
#define POINTERS_MAX 32

struct reader {
	const unsigned char *p;
	size_t len, at;
};

static bool read_u16(struct reader *r, uint16_t *ret)
{
	if (r->len - r->at < 2)
		return false;
	*ret = (uint16_t)(r->p[r->at] << 8 | r->p[r->at + 1]);
	r->at += 2;
	return true;
}

static bool skip(struct reader *r, size_t n)
{
	if (r->len - r->at < n)
		return false;
	r->at += n;
	return true;
}

static char lower(unsigned char c)
{
	return (char)(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
}

static bool is_host_char(unsigned char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
}

/* Appends a label to a presentation name of *n characters. */
static bool add_label(const unsigned char *label, size_t len, char *name, size_t *n, bool *odd)
{
	if (*n + len + 2 > DNS_NAME_MAX)
		return false;
	if (*n > 0)
		name[(*n)++] = '.';
	for (size_t i = 0; i < len; i++) {
		char c = lower(label[i]);

		/* A dot or NUL inside a label would make another name of it. */
		if (!is_host_char((unsigned char)c)) {
			*odd = true;
			c = '?';
		}
		name[(*n)++] = c;
	}
	return true;
}

/*
 * Reads a name, following compression pointers (only backwards, so that it ends). In a question
 * `pointers` is false.
 */
static bool read_name(struct reader *r, bool pointers, char *name, bool *odd)
{
	size_t at = r->at, n = 0, jumps = 0;
	bool jumped = false;

	*odd = false;
	while (at < r->len) {
		unsigned int len = r->p[at];

		if (len == 0) {
			name[n] = '\0';
			if (!jumped)
				r->at = at + 1;
			return true;
		}
		if ((len & 0xc0) == 0xc0) {
			size_t to = at + 1 < r->len ? (len & 0x3f) << 8 | r->p[at + 1] : r->len;

			if (!pointers || to >= at || ++jumps > POINTERS_MAX)
				return false;
			if (!jumped)
				r->at = at + 2;
			jumped = true;
			at = to;
			continue;
		}
		if (len > 63 || r->len - at - 1 < len ||
			!add_label(r->p + at + 1, len, name, &n, odd))
			return false;
		at += 1 + len;
	}
	return false;
}

/* The additional records of a question: all that matters is whether one is OPT. */
static bool read_additional(struct reader *r, unsigned int count, struct dns_question *q)
{
	for (unsigned int i = 0; i < count; i++) {
		char name[DNS_NAME_MAX];
		uint16_t type, length;
		bool odd;

		if (!read_name(r, true, name, &odd) || !read_u16(r, &type) || !skip(r, 6) ||
			!read_u16(r, &length) || !skip(r, length))
			return false;
		q->edns |= type == DNS_OPT;
	}
	return true;
}

int dns_parse_question(const unsigned char *p, size_t len, struct dns_question *ret)
{
	struct reader r = {.p = p, .len = len};
	uint16_t flags, counts[4];
	size_t start;

	*ret = (struct dns_question){0};
	if (len < HEADER_LEN || !read_u16(&r, &ret->id) || !read_u16(&r, &flags) ||
		(flags & FLAG_QR))
		return -EINVAL;
	ret->recursion = flags & FLAG_RD;
	for (int i = 0; i < 4; i++)
		if (!read_u16(&r, &counts[i]))
			return -EINVAL;
	if (OPCODE(flags) != 0)
		return DNS_NOTIMP;
	if (counts[0] != 1 || counts[1] != 0 || counts[2] != 0)
		return DNS_FORMERR;
	start = r.at;
	if (!read_name(&r, false, ret->name, &ret->odd) || r.at - start > sizeof(ret->wire))
		return DNS_FORMERR;
	if (!read_u16(&r, &ret->type) || !read_u16(&r, &ret->class))
		return DNS_FORMERR;
	memcpy(ret->wire, p + start, r.at - 4 - start);
	ret->wire_len = r.at - 4 - start;
	if (!read_additional(&r, counts[3], ret))
		return DNS_FORMERR;
	return ret->class == CLASS_IN ? DNS_NOERROR : DNS_REFUSED;
}

struct writer {
	unsigned char *p;
	size_t at;
};

static void put_u16(struct writer *w, unsigned int n)
{
	w->p[w->at++] = (unsigned char)(n >> 8);
	w->p[w->at++] = (unsigned char)n;
}

static void put_bytes(struct writer *w, const void *p, size_t len)
{
	memcpy(w->p + w->at, p, len);
	w->at += len;
}

static void put_opt(struct writer *w)
{
	w->p[w->at++] = 0;
	put_u16(w, DNS_OPT);
	put_u16(w, DNS_UDP_MAX);
	put_u16(w, 0);
	put_u16(w, 0);
	put_u16(w, 0);
}

size_t dns_write_answer(const struct dns_question *q, enum dns_rcode rcode,
	const struct in_addr *address, unsigned char *ret)
{
	struct writer w = {.p = ret};

	put_u16(&w, q->id);
	put_u16(&w, FLAG_QR | FLAG_AA | FLAG_RA | (q->recursion ? FLAG_RD : 0) | rcode);
	put_u16(&w, q->wire_len > 0);
	put_u16(&w, address != NULL);
	put_u16(&w, 0);
	put_u16(&w, q->edns);
	if (q->wire_len > 0) {
		put_bytes(&w, q->wire, q->wire_len);
		put_u16(&w, q->type);
		put_u16(&w, q->class);
	}
	if (address) {
		put_u16(&w, 0xc000 | HEADER_LEN); /* the name of the question */
		put_u16(&w, DNS_A);
		put_u16(&w, CLASS_IN);
		put_u16(&w, 0);
		put_u16(&w, TTL_S);
		put_u16(&w, sizeof(*address));
		put_bytes(&w, address, sizeof(*address));
	}
	if (q->edns)
		put_opt(&w);
	return w.at;
}

size_t dns_write_question(
	uint16_t id, const char *name, enum dns_type type, bool edns, unsigned char *ret)
{
	struct writer w = {.p = ret};

	put_u16(&w, id);
	put_u16(&w, FLAG_RD);
	put_u16(&w, 1);
	put_u16(&w, 0);
	put_u16(&w, 0);
	put_u16(&w, edns);
	while (*name) {
		size_t n = strcspn(name, ".");

		ret[w.at++] = (unsigned char)n;
		put_bytes(&w, name, n);
		name += n + (name[n] == '.');
	}
	ret[w.at++] = 0;
	put_u16(&w, type);
	put_u16(&w, CLASS_IN);
	if (edns)
		put_opt(&w);
	return w.at;
}

struct record {
	char name[DNS_NAME_MAX];
	uint16_t type, class, length;
	size_t at; /* of the data */
	bool odd;
};

static bool read_record(struct reader *r, struct record *ret)
{
	if (!read_name(r, true, ret->name, &ret->odd) || !read_u16(r, &ret->type) ||
		!read_u16(r, &ret->class) || !skip(r, 4) || !read_u16(r, &ret->length))
		return false;
	ret->at = r->at;
	return skip(r, ret->length);
}

static void take_address(const unsigned char *p, const struct record *rec, enum dns_type type,
	struct dns_result *ret)
{
	struct address *a = &ret->list[ret->n];

	if (ret->n >= sizeof(ret->list) / sizeof(*ret->list))
		return;
	if (type == DNS_A && rec->length == 4) {
		a->family = AF_INET;
		memcpy(&a->v4, p + rec->at, 4);
		ret->n++;
	} else if (type == DNS_AAAA && rec->length == 16) {
		a->family = AF_INET6;
		memcpy(&a->v6, p + rec->at, 16);
		ret->n++;
	}
}

/*
 * One sweep over the answers for the owner `name`: takes its addresses, or the name it is an alias
 * of. 1: an alias; 0: none; -EINVAL: malformed.
 */
static int sweep(
	struct reader r, unsigned int count, char *name, enum dns_type type, struct dns_result *ret)
{
	char alias[DNS_NAME_MAX] = "";

	for (unsigned int i = 0; i < count; i++) {
		struct record rec;
		struct reader data = r;
		bool odd;

		if (!read_record(&r, &rec))
			return -EINVAL;
		if (rec.class != CLASS_IN || rec.odd || strcmp(rec.name, name) != 0)
			continue;
		if (rec.type == type)
			take_address(r.p, &rec, type, ret);
		data.at = rec.at;
		if (rec.type == DNS_CNAME && (!read_name(&data, true, alias, &odd) || odd))
			return -EINVAL;
	}
	if (!alias[0])
		return 0;
	memcpy(name, alias, sizeof(alias));
	return 1;
}

static int collect(struct reader r, unsigned int count, const char *host, enum dns_type type,
	struct dns_result *ret)
{
	char name[DNS_NAME_MAX];
	int again = 1;

	memcpy(name, host, strlen(host) + 1);
	for (int i = 0; i < CNAMES_MAX && again == 1 && ret->n == 0; i++)
		again = sweep(r, count, name, type, ret);
	return again < 0 ? again : 0;
}

int dns_parse_answer(const unsigned char *p, size_t len, uint16_t id, const char *name,
	enum dns_type type, struct dns_result *ret)
{
	struct reader r = {.p = p, .len = len};
	uint16_t got_id, flags, counts[4], got_type, got_class;
	char got[DNS_NAME_MAX];
	bool odd;

	*ret = (struct dns_result){0};
	if (!read_u16(&r, &got_id) || !read_u16(&r, &flags))
		return -EINVAL;
	for (int i = 0; i < 4; i++)
		if (!read_u16(&r, &counts[i]))
			return -EINVAL;
	if (got_id != id || !(flags & FLAG_QR) || OPCODE(flags) != 0 || counts[0] != 1)
		return -EINVAL;
	if (!read_name(&r, false, got, &odd) || odd || !read_u16(&r, &got_type) ||
		!read_u16(&r, &got_class))
		return -EINVAL;
	if (strcmp(got, name) != 0 || got_type != type || got_class != CLASS_IN)
		return -EINVAL;
	ret->rcode = (enum dns_rcode)(flags & 15);
	ret->truncated = flags & FLAG_TC;
	if (ret->rcode != DNS_NOERROR || ret->truncated)
		return 0;
	return collect(r, counts[1], name, type, ret);
}
