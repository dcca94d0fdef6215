#include "bundle/keystore.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define BEGIN "-----BEGIN CERTIFICATE-----"
#define END   "-----END CERTIFICATE-----"

/* More roots than any vendor ships, and more than a root takes. */
#define CERTIFICATES_MAX 2048
#define CERTIFICATE_MAX	 (64U << 10)

/* ---- DER (X.690), from the inside out */

enum der {
	DER_INTEGER = 0x02,
	DER_OCTETS = 0x04,
	DER_OID = 0x06,
	DER_BMP = 0x1e,
	DER_SEQUENCE = 0x30,
	DER_SET = 0x31,
	DER_CONTEXT_0 = 0xa0,
};

/* Contents of object identifiers. */
static const unsigned char oid_data[] = {0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x01};
static const unsigned char oid_cert_bag[] = {
	0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x0c, 0x0a, 0x01, 0x03};
static const unsigned char oid_x509[] = {
	0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x16, 0x01};
static const unsigned char oid_friendly_name[] = {
	0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x14};
static const unsigned char oid_trusted_usage[] = {
	0x60, 0x86, 0x48, 0x01, 0x86, 0xf9, 0x66, 0xad, 0xca, 0x7b, 0x01, 0x01};
static const unsigned char oid_any_usage[] = {0x55, 0x1d, 0x25, 0x00};

static int put(struct buf *out, enum der tag, const void *p, size_t len)
{
	unsigned char head[6] = {(unsigned char)tag};
	size_t n = 1;

	if (len < 0x80) {
		head[n++] = (unsigned char)len;
	} else {
		size_t bytes = len > 0xffffff ? 4 : len > 0xffff ? 3 : len > 0xff ? 2 : 1;

		head[n++] = (unsigned char)(0x80 | bytes);
		while (bytes-- > 0)
			head[n++] = (unsigned char)(len >> (8 * bytes));
	}
	return buf_add(out, head, n) | buf_add(out, p, len);
}

/* What the buffer holds becomes the content of one value. */
static int wrap(struct buf *b, enum der tag)
{
	struct buf out = {0};
	int r = put(&out, tag, buf_data(b), b->len);

	buf_done(b);
	*b = out;
	return r;
}

#define put_oid(out, oid) put(out, DER_OID, oid, sizeof(oid))

/* ContentInfo of what the buffer holds, as data. */
static int wrap_data(struct buf *b)
{
	struct buf out = {0};
	int r = wrap(b, DER_OCTETS) | wrap(b, DER_CONTEXT_0) | put_oid(&out, oid_data);

	r |= buf_add(&out, buf_data(b), b->len) | wrap(&out, DER_SEQUENCE);
	buf_done(b);
	*b = out;
	return r;
}

/* ---- one certificate */

static int put_attribute(struct buf *out, const unsigned char *oid, size_t oid_len, enum der tag,
	const void *p, size_t len)
{
	struct buf value = {0}, a = {0};
	int r = put(&value, tag, p, len) | wrap(&value, DER_SET) | put(&a, DER_OID, oid, oid_len);

	r |= buf_add(&a, buf_data(&value), value.len) | wrap(&a, DER_SEQUENCE);
	r |= buf_add(out, buf_data(&a), a.len);
	buf_done(&value);
	buf_done(&a);
	return r;
}

/* "root-N", in two bytes a character. */
static int put_attributes(struct buf *out, size_t number)
{
	unsigned char wide[64];
	char name[32];
	size_t n = 0;
	struct buf set = {0};
	int r;

	snprintf(name, sizeof(name), "root-%zu", number);
	for (const char *c = name; *c; c++) {
		wide[n++] = 0;
		wide[n++] = (unsigned char)*c;
	}
	r = put_attribute(&set, oid_friendly_name, sizeof(oid_friendly_name), DER_BMP, wide, n);
	r |= put_attribute(&set, oid_trusted_usage, sizeof(oid_trusted_usage), DER_OID,
		oid_any_usage, sizeof(oid_any_usage));
	r |= wrap(&set, DER_SET);
	r |= buf_add(out, buf_data(&set), set.len);
	buf_done(&set);
	return r;
}

static int put_certificate(struct buf *out, const struct buf *der, size_t number)
{
	struct buf value = {0}, bag = {0}, safe = {0};
	int r = put(&value, DER_OCTETS, buf_data(der), der->len) | wrap(&value, DER_CONTEXT_0);

	r |= put_oid(&bag, oid_x509) | buf_add(&bag, buf_data(&value), value.len);
	r |= wrap(&bag, DER_SEQUENCE) | wrap(&bag, DER_CONTEXT_0);
	r |= put_oid(&safe, oid_cert_bag) | buf_add(&safe, buf_data(&bag), bag.len);
	r |= put_attributes(&safe, number) | wrap(&safe, DER_SEQUENCE);
	r |= buf_add(out, buf_data(&safe), safe.len);
	buf_done(&value);
	buf_done(&bag);
	buf_done(&safe);
	return r;
}

/* ---- PEM (RFC 7468) */

static int digit_of(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	return c == '+' ? 62 : c == '/' ? 63 : -1;
}

const char *keystore_next_base64(const char *pem, struct buf *ret)
{
	const char *at = strstr(pem, BEGIN), *end = at ? strstr(at, END) : NULL;

	buf_consume(ret, ret->len);
	if (!end)
		return NULL;
	for (at += strlen(BEGIN); at < end; at++)
		if ((digit_of(*at) >= 0 || *at == '=') && buf_add(ret, at, 1) < 0) {
			buf_done(ret);
			return NULL;
		}
	return end + strlen(END);
}

static int decode(const struct buf *text, struct buf *der)
{
	uint32_t bits = 0;
	int n = 0;

	for (size_t i = 0; i < text->len && buf_data(text)[i] != '='; i++) {
		bits = bits << 6 | (uint32_t)digit_of((char)buf_data(text)[i]);
		n += 6;
		if (n >= 8) {
			unsigned char byte = (unsigned char)(bits >> (n - 8));

			n -= 8;
			if (buf_add(der, &byte, 1) < 0)
				return -ENOMEM;
		}
	}
	return 0;
}

/* One SEQUENCE, as long as it says. */
static bool is_der(const struct buf *der)
{
	const unsigned char *p = buf_data(der);
	size_t len = 0, bytes;

	if (der->len < 128 || der->len > CERTIFICATE_MAX || p[0] != DER_SEQUENCE || !(p[1] & 0x80))
		return false;
	bytes = p[1] & 0x7f;
	if (bytes < 1 || bytes > 3)
		return false;
	for (size_t i = 0; i < bytes; i++)
		len = len << 8 | p[2 + i];
	return len == der->len - 2 - bytes;
}

static int put_all(const char *pem, struct buf *out, size_t *ret_n)
{
	struct buf text = {0}, der = {0};
	int r = 0;

	while (r == 0 && *ret_n < CERTIFICATES_MAX && (pem = keystore_next_base64(pem, &text))) {
		buf_consume(&der, der.len);
		r = decode(&text, &der);
		if (r == 0 && is_der(&der))
			r = put_certificate(out, &der, (*ret_n)++);
	}
	buf_done(&text);
	buf_done(&der);
	return r;
}

int keystore_from_pem(const char *pem, struct buf *ret)
{
	static const unsigned char version_3[] = {DER_INTEGER, 1, 3};
	struct buf safe = {0}, pfx = {0};
	size_t n = 0;
	int r = put_all(pem, &safe, &n);

	if (r == 0 && n > 0) {
		/* SafeContents, in the one ContentInfo of the AuthenticatedSafe, in that of the
		 * PFX. */
		r = wrap(&safe, DER_SEQUENCE) | wrap_data(&safe) | wrap(&safe, DER_SEQUENCE) |
		    wrap_data(&safe);
		r |= buf_add(&pfx, version_3, sizeof(version_3)) |
		     buf_add(&pfx, buf_data(&safe), safe.len) | wrap(&pfx, DER_SEQUENCE);
		r |= buf_add(ret, buf_data(&pfx), pfx.len);
	}
	buf_done(&safe);
	buf_done(&pfx);
	if (r != 0)
		return -ENOMEM;
	return n > 0 ? 0 : -ENOENT;
}
