#include "base/str.h"

#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/ptr.h"

void str_done(struct str *s)
{
	free(s->s);
	*s = (struct str){0};
}

static bool reserve(struct str *s, size_t more)
{
	size_t need, cap = s->cap ? s->cap : 64;
	char *grown;

	if (s->failed || __builtin_add_overflow(s->len, more, &need) ||
		__builtin_add_overflow(need, (size_t)1, &need))
		goto fail;
	if (need <= s->cap)
		return true;
	while (cap < need && cap < SIZE_MAX / 2)
		cap *= 2;
	grown = realloc(s->s, cap);
	if (!grown)
		goto fail;
	s->s = grown;
	s->cap = cap;
	return true;
fail:
	s->failed = true;
	return false;
}

void str_add_bytes(struct str *s, const void *data, size_t len)
{
	if (!reserve(s, len))
		return;
	if (len > 0)
		memcpy(s->s + s->len, data, len);
	s->len += len;
	s->s[s->len] = '\0';
}

void str_add(struct str *s, const char *text)
{
	str_add_bytes(s, text, strlen(text));
}

void str_add_char(struct str *s, char c)
{
	str_add_bytes(s, &c, 1);
}

void str_addf(struct str *s, const char *fmt, ...)
{
	va_list ap, again;
	int n;

	va_start(ap, fmt);
	va_copy(again, ap);
	n = vsnprintf(NULL, 0, fmt, ap);
	if (n >= 0 && reserve(s, (size_t)n)) {
		vsnprintf(s->s + s->len, (size_t)n + 1, fmt, again);
		s->len += (size_t)n;
	} else {
		s->failed = true;
	}
	va_end(again);
	va_end(ap);
}

char *str_take(struct str *s)
{
	char *r;

	str_add_bytes(s, "", 0);
	if (s->failed) {
		str_done(s);
		return NULL;
	}
	r = s->s;
	*s = (struct str){0};
	return r;
}

char *str_format(const char *fmt, ...)
{
	va_list ap;
	char *r;
	int n;

	va_start(ap, fmt);
	n = vasprintf(&r, fmt, ap);
	va_end(ap);
	return n < 0 ? NULL : r;
}

bool str_ends(const char *s, const char *suffix)
{
	size_t ls = strlen(s), lx = strlen(suffix);

	return ls >= lx && memcmp(s + ls - lx, suffix, lx) == 0;
}

bool str_to_long(const char *s, long min, long max, long *ret)
{
	char *end;
	long v;

	if (!s || !(*s == '-' || (*s >= '0' && *s <= '9')))
		return false;
	errno = 0;
	v = strtol(s, &end, 10);
	if (errno || *end || end == s || v < min || v > max)
		return false;
	*ret = v;
	return true;
}

void strv_free(char **v)
{
	if (!v)
		return;
	for (size_t i = 0; v[i]; i++)
		free(v[i]);
	free(v);
}

void strv_cleanup(char ***v)
{
	strv_free(*v);
	*v = NULL;
}

size_t strv_len(char *const *v)
{
	size_t n = 0;

	while (v && v[n])
		n++;
	return n;
}

int strv_push(char ***v, char *s)
{
	size_t n = strv_len(*v);
	char **grown;

	if (!s)
		return -ENOMEM;
	grown = realloc(*v, (n + 2) * sizeof(*grown));
	if (!grown) {
		free(s);
		return -ENOMEM;
	}
	grown[n] = s;
	grown[n + 1] = NULL;
	*v = grown;
	return 0;
}

int strv_add(char ***v, const char *s)
{
	return strv_push(v, strdup(s));
}

char **strv_copy(char *const *v)
{
	size_t n = strv_len(v);
	cleanup_strv char **r = v ? calloc(n + 1, sizeof(*r)) : NULL;

	for (size_t i = 0; r && i < n; i++) {
		r[i] = strdup(v[i]);
		if (!r[i])
			return NULL;
	}
	return steal_ptr(&r);
}

bool strv_has(char *const *v, const char *s)
{
	for (size_t i = 0; v && v[i]; i++)
		if (strcmp(v[i], s) == 0)
			return true;
	return false;
}

static bool env_is(const char *entry, const char *name)
{
	size_t len = strlen(name);

	return strncmp(entry, name, len) == 0 && entry[len] == '=';
}

const char *env_get(char *const *env, const char *name)
{
	for (size_t i = 0; env && env[i]; i++)
		if (env_is(env[i], name))
			return env[i] + strlen(name) + 1;
	return NULL;
}

int env_set(char ***env, const char *name, const char *value)
{
	char *entry = str_format("%s=%s", name, value);

	if (!entry)
		return -ENOMEM;
	for (size_t i = 0; *env && (*env)[i]; i++) {
		if (env_is((*env)[i], name)) {
			free((*env)[i]);
			(*env)[i] = entry;
			return 0;
		}
	}
	return strv_push(env, entry);
}

void env_unset(char **env, const char *name)
{
	size_t to = 0;

	for (size_t i = 0; env && env[i]; i++) {
		if (env_is(env[i], name))
			free(env[i]);
		else
			env[to++] = env[i];
	}
	if (env)
		env[to] = NULL;
}
