#include "forge/keypair.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>
#include <openssl/rand.h>

#include "base/str.h"

/*
 * OpenSSH 9.2 reads no PKCS#8 file of an ed25519 key, so its own format is written (OpenSSH's
 * PROTOCOL.key; the blobs are RFC 4253's and RFC 8709's).
 */
#define TYPE	   "ssh-ed25519"
#define KEY_SIZE   32
#define BLOB_MAX   1024
#define BLOCK	   8  /* the padding's, of cipher "none" */
#define LINE	   70 /* base64 letters a line */
#define PEM_BEGIN  "-----BEGIN OPENSSH "
#define PEM_END	   "-----END OPENSSH "
#define PEM_SUFFIX "PRIVATE KEY-----\n"

struct raw {
	unsigned char private_key[KEY_SIZE], public_key[KEY_SIZE];
};

/* Bytes of an ssh message, in memory that the owner wipes. */
struct blob {
	unsigned char bytes[BLOB_MAX];
	size_t len;
};

static void put(struct blob *b, const void *bytes, size_t len)
{
	if (len > sizeof(b->bytes) - b->len)
		abort(); /* the lengths are known here: only a comment varies, and is checked */
	memcpy(b->bytes + b->len, bytes, len);
	b->len += len;
}

static void put_u32(struct blob *b, uint32_t v)
{
	const unsigned char bytes[4] = {(unsigned char)(v >> 24), (unsigned char)(v >> 16),
		(unsigned char)(v >> 8), (unsigned char)v};

	put(b, bytes, sizeof(bytes));
}

static void put_string(struct blob *b, const void *bytes, size_t len)
{
	put_u32(b, (uint32_t)len);
	put(b, bytes, len);
}

static void put_public(struct blob *b, const struct raw *k)
{
	put_string(b, TYPE, strlen(TYPE));
	put_string(b, k->public_key, KEY_SIZE);
}

static int generate(struct raw *ret, struct err *e)
{
	EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
	size_t private_len = KEY_SIZE, public_len = KEY_SIZE;
	int ok = key && EVP_PKEY_get_raw_private_key(key, ret->private_key, &private_len) == 1 &&
		 EVP_PKEY_get_raw_public_key(key, ret->public_key, &public_len) == 1 &&
		 private_len == KEY_SIZE && public_len == KEY_SIZE;

	EVP_PKEY_free(key);
	return ok ? 0 : err_say(e, EIO, "OpenSSL makes no ed25519 key");
}

/* The part that a passphrase would encrypt. Its check number is random, twice the same. */
static int private_part(const struct raw *k, const char *comment, struct blob *ret, struct err *e)
{
	unsigned char check[4], pad = 0;

	if (RAND_bytes(check, sizeof(check)) != 1)
		return err_say(e, EIO, "OpenSSL gives no random bytes");
	put(ret, check, sizeof(check));
	put(ret, check, sizeof(check));
	put_public(ret, k);
	put_u32(ret, 2 * KEY_SIZE);
	put(ret, k->private_key, KEY_SIZE);
	put(ret, k->public_key, KEY_SIZE);
	put_string(ret, comment, strlen(comment));
	while (ret->len % BLOCK) {
		pad++;
		put(ret, &pad, 1);
	}
	return 0;
}

/* Base64 in lines between the two of PEM. */
static int armour(const struct blob *b, struct secret *ret, struct err *e)
{
	static const char begin[] = PEM_BEGIN PEM_SUFFIX, end[] = PEM_END PEM_SUFFIX;
	unsigned char letters[BLOB_MAX / 3 * 4 + 8];
	char text[sizeof(letters) + sizeof(letters) / LINE + 128];
	size_t len = (size_t)EVP_EncodeBlock(letters, b->bytes, (int)b->len),
	       at = sizeof(begin) - 1;
	int r;

	memcpy(text, begin, at);
	for (size_t i = 0; i < len; i += LINE) {
		size_t n = len - i < LINE ? len - i : LINE;

		memcpy(text + at, letters + i, n);
		at += n;
		text[at++] = '\n';
	}
	memcpy(text + at, end, sizeof(end) - 1);
	at += sizeof(end) - 1;
	r = secret_set(ret, text, at, e);
	secret_wipe(letters, sizeof(letters));
	secret_wipe(text, sizeof(text));
	return r;
}

static int write_private(
	const struct raw *k, const char *comment, struct secret *ret, struct err *e)
{
	static const char magic[] = "openssh-key-v1"; /* with its NUL */
	struct blob whole = {0}, secret_part = {0}, public_part = {0};
	int r = private_part(k, comment, &secret_part, e);

	if (r == 0) {
		put_public(&public_part, k);
		put(&whole, magic, sizeof(magic));
		put_string(&whole, "none", 4); /* cipher */
		put_string(&whole, "none", 4); /* key derivation */
		put_string(&whole, "", 0);
		put_u32(&whole, 1);
		put_string(&whole, public_part.bytes, public_part.len);
		put_string(&whole, secret_part.bytes, secret_part.len);
		r = armour(&whole, ret, e);
	}
	secret_wipe(&secret_part, sizeof(secret_part));
	secret_wipe(&whole, sizeof(whole));
	return r;
}

static char *write_public(const struct raw *k, const char *comment)
{
	struct blob b = {0};
	unsigned char letters[BLOB_MAX];

	put_public(&b, k);
	EVP_EncodeBlock(letters, b.bytes, (int)b.len);
	return str_format(TYPE " %s %s", letters, comment);
}

int keypair_make(const char *comment, struct keypair *ret, struct err *e)
{
	struct raw raw;
	int r;

	*ret = (struct keypair){0};
	if (strlen(comment) > BLOB_MAX / 4 || strpbrk(comment, " \t\r\n"))
		return err_say(e, EINVAL, "'%s' cannot be a key's comment", comment);
	r = generate(&raw, e);
	if (r == 0)
		r = write_private(&raw, comment, &ret->private_text, e);
	if (r == 0) {
		ret->public_line = write_public(&raw, comment);
		r = ret->public_line ? 0 : err_set(e, ENOMEM, "a key pair");
	}
	secret_wipe(&raw, sizeof(raw));
	if (r < 0)
		keypair_done(ret);
	return r;
}

void keypair_done(struct keypair *k)
{
	free(k->public_line);
	secret_done(&k->private_text);
	*k = (struct keypair){0};
}
