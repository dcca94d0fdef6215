#include "gate/lfs_hash.h"

#include <errno.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>

int lfs_hash_init(struct lfs_hash *h, struct err *e)
{
	*h = (struct lfs_hash){.ctx = EVP_MD_CTX_new()};
	return h->ctx && EVP_DigestInit_ex(h->ctx, EVP_sha256(), NULL) == 1
		       ? 0
		       : err_set(e, ENOMEM, "SHA-256");
}

int lfs_hash_add(struct lfs_hash *h, const void *data, size_t len, struct err *e)
{
	h->len += len;
	return EVP_DigestUpdate(h->ctx, data, len) == 1 ? 0 : err_set(e, EIO, "SHA-256");
}

int lfs_hash_check(struct lfs_hash *h, const char *oid, struct err *e)
{
	unsigned char sum[EVP_MAX_MD_SIZE];
	char text[2 * EVP_MAX_MD_SIZE + 1] = "";
	unsigned int len = 0;

	if (EVP_DigestFinal_ex(h->ctx, sum, &len) != 1)
		return err_set(e, EIO, "SHA-256");
	for (unsigned int i = 0; i < len; i++)
		snprintf(text + 2 * i, 3, "%02x", sum[i]);
	return strcmp(text, oid) == 0
		       ? 0
		       : err_say(e, EINVAL, "the bytes are not those of %.12s but of %.12s", oid,
				 text);
}

void lfs_hash_done(struct lfs_hash *h)
{
	EVP_MD_CTX_free(h->ctx);
	*h = (struct lfs_hash){0};
}
