#include "gate/veil.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/ptr.h"

#define TOKEN_MAX 65536 /* as bundle/plan_secret.c takes them */
#define STARS	  "***"

/* RFC 4648, 4: of n bytes, with padding. */
static void add_base64(struct str *s, const char *bytes, size_t n)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				     "0123456789+/";

	for (size_t i = 0; i < n; i += 3) {
		size_t left = n - i;
		unsigned int group = (unsigned int)(unsigned char)bytes[i] << 16;

		if (left > 1)
			group |= (unsigned int)(unsigned char)bytes[i + 1] << 8;
		if (left > 2)
			group |= (unsigned char)bytes[i + 2];
		str_add_char(s, digits[group >> 18]);
		str_add_char(s, digits[group >> 12 & 63]);
		str_add_char(s, left > 1 ? digits[group >> 6 & 63] : '=');
		str_add_char(s, left > 2 ? digits[group & 63] : '=');
	}
}

static void wipe(struct str *s)
{
	if (s->s)
		secret_wipe(s->s, s->cap);
	str_done(s);
}

int veil_hide(struct veil *v, const void *bytes, size_t len, struct err *e)
{
	int r = len > 0 ? secret_set(&v->words[v->n], bytes, len, e) : 0;

	v->n += r == 0 && len > 0;
	return r;
}

static int hide_token(struct veil *v, const struct policy_repo *repo, const char *token, size_t len,
	struct err *e)
{
	struct str pair = {0}, coded = {0};
	int r = veil_hide(v, token, len, e);

	str_addf(&pair, "%s:", repo->user);
	str_add_bytes(&pair, token, len);
	if (!pair.failed)
		add_base64(&coded, pair.s, pair.len);
	if (r == 0)
		r = pair.failed || coded.failed ? err_set(e, ENOMEM, "hide a token")
						: veil_hide(v, coded.s, coded.len, e);
	wipe(&pair);
	wipe(&coded);
	return r;
}

int veil_init(struct veil *v, const struct gate *g, const struct policy_repo *repo, struct err *e)
{
	cleanup_free char *path = NULL;
	cleanup_fd int fd = -1;
	char token[TOKEN_MAX];
	ssize_t n;
	int r;

	*v = (struct veil){0};
	if (repo->transport != POLICY_HTTPS || !repo->identity_slot || !repo->user)
		return 0;
	path = str_format("%s/%s-token", g->creds_dir, repo->name);
	fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
	n = fd < 0 ? -errno : fd_read_full(fd, token, sizeof(token));
	if (n < 0)
		return err_set(e, path ? (int)-n : ENOMEM, "the token of '%s'", repo->name);
	r = hide_token(v, repo, token, (size_t)n, e);
	secret_wipe(token, sizeof(token));
	return r;
}

void veil_done(struct veil *v)
{
	for (size_t i = 0; i < v->n; i++)
		secret_done(&v->words[i]);
	wipe(&v->held);
	v->n = 0;
}

/* How long the word is that begins here; 0: none. *part: one may begin, and go on beyond the end.
 */
static size_t word_at(const struct veil *v, const char *at, size_t left, bool *part)
{
	for (size_t i = 0; i < v->n; i++) {
		const struct secret *w = &v->words[i];
		size_t len = left < w->len ? left : w->len;

		if (*at != *w->bytes || memcmp(at, w->bytes, len) != 0)
			continue;
		if (len == w->len)
			return len;
		*part = true;
	}
	return 0;
}

void veil_pass(struct veil *v, const char *bytes, size_t len, struct str *out)
{
	struct str all = v->held;
	size_t i = 0;

	v->held = (struct str){0};
	str_add_bytes(&all, bytes, len);
	out->failed |= all.failed;
	while (!all.failed && i < all.len) {
		bool part = false;
		size_t word = word_at(v, all.s + i, all.len - i, &part);

		if (part && word == 0 && len > 0) {
			str_add_bytes(&v->held, all.s + i, all.len - i);
			out->failed |= v->held.failed;
			break;
		}
		if (word > 0)
			str_add(out, STARS);
		else
			str_add_char(out, all.s[i]);
		i += word > 0 ? word : 1;
	}
	wipe(&all);
}
