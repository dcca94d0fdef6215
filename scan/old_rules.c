#include "scan/old_rules.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/ptr.h"
#include "base/secret.h"
#include "base/str.h"

#define SECRET_MIN 8

/* log2 in thousandths, n >= 1: the whole part, then a bit a squaring (Knuth, 1.2.2). */
static int log2_milli(unsigned int n)
{
	int whole = 31 - __builtin_clz(n);
	uint64_t x = ((uint64_t)n << 31) >> whole; /* in [1, 2), 31 bits behind the point */
	int fraction = 0;

	for (int bit = 0; bit < 12; bit++) {
		x = x * x >> 31;
		fraction = fraction * 2 + (x >= 1ULL << 32);
		if (x >= 1ULL << 32)
			x >>= 1;
	}
	return whole * 1000 + fraction * 1000 / 4096;
}

bool rules_is_random(const struct scan_rule *rule, const unsigned char *secret, size_t len)
{
	unsigned int count[256] = {0};
	int64_t sum = 0;

	if (rule->entropy_floor == 0 || len == 0)
		return true;
	for (size_t i = 0; i < len; i++)
		count[secret[i]]++;
	/* H = log2(len) - Σ n log2(n) / len */
	for (int c = 0; c < 256; c++)
		if (count[c])
			sum += (int64_t)count[c] * log2_milli(count[c]);
	return log2_milli((unsigned int)len) - sum / (int64_t)len >= rule->entropy_floor;
}

static char shown(unsigned char c)
{
	return c > 0x20 && c < 0x7f ? (char)c : '?';
}

void rules_excerpt(const unsigned char *secret, size_t len, char ret[8])
{
	size_t n = 0;

	if (len >= 16) {
		ret[n++] = shown(secret[0]);
		ret[n++] = shown(secret[1]);
	}
	memcpy(ret + n, "…", 3);
	n += 3;
	if (len >= 16) {
		ret[n++] = shown(secret[len - 2]);
		ret[n++] = shown(secret[len - 1]);
	}
	ret[n] = '\0';
}

static int add_literal(
	struct scan_rules *r, const char *word, size_t len, struct rules_literal owner)
{
	struct rules_literal *grown = reallocarray(r->owners, r->n_owners + 1, sizeof(*grown));
	int number;

	if (!grown)
		return -ENOMEM;
	r->owners = grown;
	number = literals_add(r->literals, word, len);
	if (number < 0)
		return number;
	grown[r->n_owners++] = owner;
	return 0;
}

static int compile_row(struct scan_rules *r, unsigned int row, struct err *e)
{
	const struct scan_rule *rule = &scan_table[row];
	PCRE2_SIZE at;
	int code, rc = 0;

	r->codes[row] = pcre2_compile((PCRE2_SPTR)rule->pattern, PCRE2_ZERO_TERMINATED,
		PCRE2_ANCHORED | (rule->caseless ? PCRE2_CASELESS : 0), &code, &at, NULL);
	if (!r->codes[row])
		return err_say(e, EINVAL, "rule '%s' does not compile at %zu", rule->id, at);
	/* Where there is no executable memory, it is interpreted. */
	(void)pcre2_jit_compile(r->codes[row], PCRE2_JIT_COMPLETE);
	for (size_t i = 0; rc == 0 && i < ARRAY_LEN(rule->keywords) && rule->keywords[i]; i++)
		rc = add_literal(r, rule->keywords[i], strlen(rule->keywords[i]),
			(struct rules_literal){.rule = row, .known = -1});
	return rc < 0 ? err_set(e, -rc, "rule '%s'", rule->id) : 0;
}

/*
 * Of a key in PEM only the second half of its body: the first half holds what all keys of a kind,
 * and certificates and public keys, too, have in common. The header is a rule of its own.
 */
static struct scan_secret without_common_part(struct scan_secret s)
{
	static const char dashes[] = "-----";
	const char *body, *end;

	if (s.len < 64 || memcmp(s.value, dashes, strlen(dashes)) != 0)
		return s;
	body = memchr(s.value, '\n', s.len);
	end = body ? memmem(body, s.len - (size_t)(body - s.value), dashes, strlen(dashes)) : NULL;
	if (!end)
		return s;
	body += (end - body) / 2;
	return (struct scan_secret){s.name, body, (size_t)(end - body)};
}

/* A value that is mostly signs has no run of letters and digits: looked for whole, byte by byte. */
static int add_secret(struct scan_rules *r, struct scan_secret s)
{
	struct rules_secret *own = &r->secrets[r->n_secrets];
	int rc;

	if (s.len < SECRET_MIN)
		return 0;
	own->name = strdup(s.name);
	own->value = malloc(s.len);
	if (!own->name || !own->value) {
		free(own->name);
		free(own->value);
		return -ENOMEM;
	}
	memcpy(own->value, s.value, s.len);
	own->len = s.len;
	rc = add_literal(r, s.value, s.len < 16 ? s.len : 16,
		(struct rules_literal){.known = (int)r->n_secrets});
	if (rc == 0)
		rc = old_known_add(r->known, (unsigned int)r->n_secrets, s.value, s.len);
	r->n_secrets++;
	return rc;
}

static int fill(struct scan_rules *r, const struct scan_secret *known, size_t n, struct err *e)
{
	int rc = 0;

	for (unsigned int i = 0; i < scan_table_len; i++) {
		rc = compile_row(r, i, e);
		if (rc < 0)
			return rc;
	}
	for (size_t i = 0; rc == 0 && i < n; i++)
		rc = add_secret(r, without_common_part(known[i]));
	if (rc == 0)
		rc = old_known_compile(r->known);
	if (rc == 0)
		rc = literals_compile(r->literals);
	return rc < 0 ? err_set(e, -rc, "compile the scanner's rules") : 0;
}

int scan_rules_new(
	const struct scan_secret *known, size_t n_known, struct scan_rules **ret, struct err *e)
{
	cleanup_scan_rules struct scan_rules *r = calloc(1, sizeof(*r));
	int rc;

	if (!r)
		return err_set(e, ENOMEM, "compile the scanner's rules");
	r->codes = calloc(scan_table_len, sizeof(*r->codes));
	r->secrets = calloc(n_known + 1, sizeof(*r->secrets));
	r->literals = literals_new();
	r->known = old_known_new();
	if (!r->codes || !r->secrets || !r->literals || !r->known)
		return err_set(e, ENOMEM, "compile the scanner's rules");
	rc = fill(r, known, n_known, e);
	if (rc == 0)
		*ret = steal_ptr(&r);
	return rc;
}

void scan_rules_free(struct scan_rules *r)
{
	if (!r)
		return;
	for (size_t i = 0; r->codes && i < scan_table_len; i++)
		pcre2_code_free(r->codes[i]);
	for (size_t i = 0; i < r->n_secrets; i++) {
		secret_wipe(r->secrets[i].value, r->secrets[i].len);
		free(r->secrets[i].value);
		free(r->secrets[i].name);
	}
	free(r->codes);
	free(r->secrets);
	free(r->owners);
	literals_free(r->literals);
	old_known_free(r->known);
	free(r);
}
