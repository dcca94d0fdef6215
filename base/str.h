#ifndef BASE_STR_H
#define BASE_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <strings.h>

/*
 * A growing byte string, always NUL-terminated once something was added. Start with
 * `struct str s = {0}`. Out of memory sets `failed` and drops what follows: check once, at the end
 * (str_take does).
 */
struct str {
	char *s;
	size_t len;
	size_t cap;
	bool failed;
};

void str_done(struct str *s);
#define cleanup_str __attribute__((cleanup(str_done)))

void str_add(struct str *s, const char *text);
void str_add_bytes(struct str *s, const void *data, size_t len);
void str_add_char(struct str *s, char c);
void str_addf(struct str *s, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Hands on the text ("" if nothing was added), NULL when memory ran out. Caller frees. */
char *str_take(struct str *s);

/* printf into new memory; NULL when memory ran out. Caller frees. */
char *str_format(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

static inline bool str_eq(const char *a, const char *b)
{
	return a && b && strcmp(a, b) == 0;
}

/* Of ASCII, without regard to case: most names differ in their first letter already. */
static inline bool str_same(const char *a, const char *b)
{
	return ((*a ^ *b) & ~0x20) == 0 && strcasecmp(a, b) == 0;
}

static inline bool str_starts(const char *s, const char *prefix)
{
	return strncmp(s, prefix, strlen(prefix)) == 0;
}

bool str_ends(const char *s, const char *suffix);

/* Whole string as a decimal number in [min, max]. true and *ret, or false. */
bool str_to_long(const char *s, long min, long max, long *ret);

/* NULL-terminated string lists, every string and the list owned by the list. */
void strv_free(char **v);
void strv_cleanup(char ***v);
#define cleanup_strv __attribute__((cleanup(strv_cleanup)))
size_t strv_len(char *const *v);
int strv_add(char ***v, const char *s); /* copies; 0 or -ENOMEM */
int strv_push(char ***v, char *s);	/* takes s, frees it on failure; 0 or -ENOMEM */
char **strv_copy(char *const *v);	/* NULL for NULL or out of memory */
bool strv_has(char *const *v, const char *s);

/* Environment lists ("NAME=value"). */
const char *env_get(char *const *env, const char *name);       /* value or NULL */
int env_set(char ***env, const char *name, const char *value); /* replaces or adds */
void env_unset(char **env, const char *name);		       /* removes every entry */

#endif
