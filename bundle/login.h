#ifndef BUNDLE_LOGIN_H
#define BUNDLE_LOGIN_H

#include <stdint.h>
#include <time.h>

#include "base/err.h"
#include "base/secret.h"

/*
 * Logins of subscriptions, as the providers' own programs keep them in a file of the operator's:
 * Claude Code's .credentials.json, Codex' auth.json. What the files hold is their programs'
 * business and changes: nothing but the tokens is understood, all else is kept as it is.
 */
struct login_provider {
	const char *name;      /* "claude", "codex" */
	const char *place;     /* of the file, below a home directory */
	const char *dir_env;   /* … or below the directory that this variable names */
	const char *token_url; /* where its refresh tokens are taken (RFC 6749 section 6) */
	const char *client_id; /* of the public client that the program is */
	/* The line of the head by which the token endpoint knows the program: others are turned
	 * away. */
	const char *agent;
	/* The field without which its hosts take no login; NULL: there is none. Programs that know
	 * of logins send it themselves. */
	const char *field, *value;
};

/* NULL: there is no such one; LOGIN_PROVIDERS tells which there are. */
const struct login_provider *login_provider_find(const char *name);
#define LOGIN_PROVIDERS "claude, codex"

#define LOGIN_FILE_MAX	65536
#define LOGIN_TOKEN_MAX 16384

/* Tokens; bytes NULL: there is none. */
struct login_tokens {
	struct secret access, refresh, id;
	int64_t expires_ms; /* of the access token, since 1970; 0: not known */
};
void login_tokens_done(struct login_tokens *t);
#define cleanup_login_tokens __attribute__((cleanup(login_tokens_done)))

/* A token that may stand in a header and in JSON as it is. */
int login_token_check(const char *what, const char *text, size_t len, struct err *e);

/* When a token expires that says so itself (a JWT), since 1970; 0: it does not. */
int64_t login_token_expires(const struct secret *token);

/* The tokens of a login's file. An error names what is missing and never shows what is there. */
int login_read(const struct login_provider *p, const struct secret *file, struct login_tokens *ret,
	struct err *e);

/* The file with these tokens in the place of its own, those that are none but kept. */
int login_write(const struct login_provider *p, const struct secret *file,
	const struct login_tokens *renewed, time_t now, struct secret *ret, struct err *e);

/*
 * The file that the agent gets: of the same form, with what the program shows (the plan, the
 * account's id), and with tokens that are none and never run out; placeholder (or NULL) is the
 * access token where the program takes any text for one. Caller frees.
 */
int login_for_agent(const struct login_provider *p, const struct secret *file,
	const char *placeholder, char **ret, struct err *e);

/* The value of COMPONENT_TOKEN for a login, and back: the sender is hostile. */
int login_tokens_encode(const struct login_tokens *t, struct secret *ret, struct err *e);
int login_tokens_decode(const char *text, size_t len, struct login_tokens *ret, struct err *e);

/* What the agent's tokens are: "access", "refresh", "id". placeholder as above. Caller frees. */
char *login_made_up(const struct login_provider *p, const char *kind, const char *placeholder);

#endif
