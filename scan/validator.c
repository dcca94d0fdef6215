#include "scan/validator.h"

#include <stdint.h>
#include <string.h>
#include <zlib.h>

#include "base/json.h"
#include "base/ptr.h"
#include "base/secret.h"
#include "base/str.h"
#include "scan/bip39.h"

static bool is_digit(unsigned char c)
{
	return c >= '0' && c <= '9';
}

/* ---- GitHub and npm */

#define CHECKSUM 6

static int base62_digit(unsigned char c)
{
	if (is_digit(c))
		return c - '0';
	if (c >= 'A' && c <= 'Z')
		return c - 'A' + 10;
	return c >= 'a' && c <= 'z' ? c - 'a' + 36 : -1;
}

static bool github_accepts(const unsigned char *s, size_t len)
{
	const unsigned char *mark = memrchr(s, '_', len);
	const unsigned char *body = mark ? mark + 1 : s;
	size_t n = len - (size_t)(body - s);
	uint64_t value = 0;

	if (n <= CHECKSUM)
		return false;
	n -= CHECKSUM;
	for (size_t i = n; i < n + CHECKSUM; i++) {
		int digit = base62_digit(body[i]);

		if (digit < 0)
			return false;
		value = value * 62 + (unsigned int)digit;
	}
	return value == crc32(0, body, (uInt)n);
}

/* ---- numbers of cards */

static bool luhn_accepts(const unsigned char *s, size_t len)
{
	unsigned int sum = 0, n = 0;
	int first = -1;
	bool same = true;

	for (size_t i = len; i-- > 0;) {
		unsigned int d = (unsigned int)(s[i] - '0');

		if (s[i] == ' ' || s[i] == '-')
			continue;
		if (!is_digit(s[i]))
			return false;
		same = same && (first < 0 || s[i] == first);
		first = s[i];
		if (n++ % 2)
			d = d < 5 ? 2 * d : 2 * d - 9;
		sum += d;
	}
	return n >= 12 && n <= 19 && !same && sum % 10 == 0;
}

/* ---- IBAN */

/* Country and length (SWIFT's IBAN registry), sorted. */
static const char iban_lengths[][5] = {"AD24", "AE23", "AL28", "AT20", "AZ28", "BA20", "BE16",
	"BG22", "BH22", "BI27", "BR29", "BY28", "CH21", "CR22", "CY28", "CZ24", "DE22", "DJ27",
	"DK18", "DO28", "EE20", "EG29", "ES24", "FI18", "FK18", "FO18", "FR27", "GB22", "GE22",
	"GI23", "GL18", "GR27", "GT28", "HN28", "HR21", "HU28", "IE22", "IL23", "IQ23", "IS26",
	"IT27", "JO30", "KW30", "KZ20", "LB28", "LC32", "LI21", "LT20", "LU20", "LV21", "LY25",
	"MC27", "MD24", "ME22", "MK19", "MN20", "MR27", "MT31", "MU30", "NI28", "NL18", "NO15",
	"OM23", "PK24", "PL28", "PS29", "PT25", "QA29", "RO24", "RS22", "RU33", "SA24", "SC31",
	"SD18", "SE24", "SI19", "SK24", "SM27", "SO23", "ST25", "SV28", "TL23", "TN24", "TR26",
	"UA29", "VA22", "VG24", "XK20", "YE30"};

static size_t iban_length(const unsigned char *country)
{
	for (size_t i = 0; i < ARRAY_LEN(iban_lengths); i++)
		if (memcmp(iban_lengths[i], country, 2) == 0)
			return (size_t)(iban_lengths[i][2] - '0') * 10 +
			       (size_t)(iban_lengths[i][3] - '0');
	return 0;
}

static unsigned int mod97(unsigned int so_far, unsigned char c)
{
	if (is_digit(c))
		return (so_far * 10 + (unsigned int)(c - '0')) % 97;
	return (so_far * 100 + (unsigned int)((c & ~0x20) - 'A') + 10) % 97;
}

static bool iban_accepts(const unsigned char *s, size_t len)
{
	unsigned char plain[34];
	unsigned int sum = 0;
	size_t n = 0;

	for (size_t i = 0; i < len; i++) {
		unsigned char upper = s[i] & 0xdf;

		if (s[i] == ' ' || s[i] == '-')
			continue;
		if (n == sizeof(plain) || !(is_digit(s[i]) || (upper >= 'A' && upper <= 'Z')))
			return false;
		plain[n++] = is_digit(s[i]) ? s[i] : upper;
	}
	if (n < 5 || n != iban_length(plain))
		return false;
	for (size_t i = 0; i < n; i++)
		sum = mod97(sum, plain[(i + 4) % n]);
	return sum == 1;
}

/* ---- JSON web tokens */

#define HEADER_MAX 1024

static int base64url_digit(unsigned char c)
{
	if (c == '-' || c == '+')
		return 62;
	if (c == '_' || c == '/')
		return 63;
	if (is_digit(c))
		return c - '0' + 52;
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	return c >= 'a' && c <= 'z' ? c - 'a' + 26 : -1;
}

/* Without padding. The bytes written, or 0. */
static size_t base64url_decode(const unsigned char *s, size_t len, char *to)
{
	uint32_t bits = 0;
	size_t n = 0;

	if (len % 4 == 1)
		return 0;
	for (size_t i = 0; i < len; i++) {
		int digit = base64url_digit(s[i]);

		if (digit < 0)
			return 0;
		bits = bits << 6 | (uint32_t)digit;
		if (i % 4 > 0)
			to[n++] = (char)(bits >> (6 - i % 4 * 2));
	}
	return n;
}

static bool jwt_accepts(const unsigned char *s, size_t len)
{
	const unsigned char *dot = memchr(s, '.', len);
	size_t n = dot ? (size_t)(dot - s) : 0;
	char header[HEADER_MAX];
	json_t *j;
	bool has;

	if (n == 0 || n > sizeof(header))
		return false;
	n = base64url_decode(s, n, header);
	j = n ? json_loadb(header, n, JSON_REJECT_DUPLICATES, NULL) : NULL;
	has = json_is_string(json_object_get(j, "alg"));
	json_decref(j);
	return has;
}

/* ---- AWS */

#define ACCOUNT_MAX 999999999999ULL

static bool aws_accepts(const unsigned char *s, size_t len)
{
	uint64_t bits = 0;

	if (len != 20)
		return false;
	for (size_t i = 4; i < len; i++) {
		unsigned int digit;

		if (s[i] >= 'A' && s[i] <= 'Z')
			digit = (unsigned int)(s[i] - 'A');
		else if (s[i] >= '2' && s[i] <= '7')
			digit = (unsigned int)(s[i] - '2') + 26;
		else
			return false;
		if (i < 13)
			bits = bits << 5 | digit;
	}
	/* 45 bits: the id's generation, 40 of the account's number, four of another thing. */
	if (!(bits >> 44))
		return true;
	return (bits >> 4 & ((1ULL << 40) - 1)) <= ACCOUNT_MAX;
}

bool validator_accepts(enum rule_validator v, const unsigned char *secret, size_t len)
{
	switch (v) {
	case RULE_VALID_NONE:
		return true;
	case RULE_VALID_GITHUB:
		return github_accepts(secret, len);
	case RULE_VALID_LUHN:
		return luhn_accepts(secret, len);
	case RULE_VALID_IBAN:
		return iban_accepts(secret, len);
	case RULE_VALID_JWT:
		return jwt_accepts(secret, len);
	case RULE_VALID_BIP39:
		return bip39_has_phrase(secret, len);
	case RULE_VALID_AWS:
		return aws_accepts(secret, len);
	}
	return false;
}
