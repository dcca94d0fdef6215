#include "gate/secrets.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/secret.h"
#include "base/str.h"

int secrets_pack(const struct component_boot *boot, struct err *e)
{
	struct str all = {0};
	int fd;

	for (size_t i = 0; i < boot->n_secrets; i++) {
		const struct component_secret *s = &boot->secrets[i];
		uint64_t len = s->value.len;

		str_add_bytes(&all, s->name, strlen(s->name) + 1);
		str_add_bytes(&all, &len, sizeof(len));
		str_add_bytes(&all, s->value.bytes, s->value.len);
	}
	fd = all.failed ? err_set(e, ENOMEM, "the secrets to look for")
			: fd_memfd("secrets", all.s ? all.s : "", all.len, e);
	if (all.s)
		secret_wipe(all.s, all.cap);
	str_done(&all);
	return fd;
}

/* Cuts the bytes into items; 0 or -EPROTO. */
static int cut(struct secrets *s)
{
	const char *p = s->bytes, *end = s->bytes + s->len;

	while (p < end) {
		struct secrets_item *item = &s->list[s->n];
		size_t name = strnlen(p, (size_t)(end - p));
		uint64_t len;

		if (s->n == COMPONENT_SECRETS_MAX || (size_t)(end - p) < name + 1 + sizeof(len))
			return -EPROTO;
		memcpy(&len, p + name + 1, sizeof(len));
		item->name = p;
		p += name + 1 + sizeof(len);
		if (len > (size_t)(end - p))
			return -EPROTO;
		item->value = p;
		item->value_len = len;
		p += len;
		s->n++;
	}
	return 0;
}

int secrets_unpack(int fd, struct secrets *ret, struct err *e)
{
	struct stat st;

	*ret = (struct secrets){0};
	if (fstat(fd, &st) < 0)
		return err_set(e, errno, "the secrets to look for");
	ret->len = (size_t)st.st_size;
	ret->bytes = malloc(ret->len + 1);
	if (!ret->bytes)
		return err_set(e, ENOMEM, "the secrets to look for");
	if (pread(fd, ret->bytes, ret->len, 0) == (ssize_t)ret->len && cut(ret) == 0)
		return 0;
	secrets_done(ret);
	return err_say(e, EPROTO, "the secrets to look for cannot be read");
}

void secrets_done(struct secrets *s)
{
	if (s->bytes)
		secret_wipe(s->bytes, s->len);
	free(s->bytes);
	*s = (struct secrets){0};
}
