#include "egress/token_answer.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/json.h"
#include "base/ptr.h"

/* A year: longer is a mistake, or never. */
#define EXPIRES_MAX_S (366LL * 86400)

void token_answer_done(struct token_answer *a)
{
	login_tokens_done(&a->tokens);
}

/* What the words of section 5.2 mean to who reads the log. */
static const struct {
	const char *error, *means;
} meanings[] = {
	{"invalid_request", "the server misses something in the request"},
	{"invalid_client", "client_id or the client's secret is wrong"},
	{"invalid_grant", "the refresh token has expired, was revoked or was used already: log in "
			  "anew"},
	{"unauthorized_client", "this client may not use this grant"},
	{"unsupported_grant_type", "the server does not know this grant"},
	{"invalid_scope", "the server does not give this scope"},
	/* Codex' server has its own words. */
	{"refresh_token_expired", "the refresh token has expired: log in anew"},
	{"refresh_token_reused", "the refresh token was used already: log in anew"},
	{"refresh_token_invalidated", "the refresh token was revoked: log in anew"},
};

static const char *meaning_of(const char *error)
{
	for (size_t i = 0; error && i < ARRAY_LEN(meanings); i++)
		if (strcmp(meanings[i].error, error) == 0)
			return meanings[i].means;
	return NULL;
}

/* "error": a word, or an object with one. Only a word that we know is said again. */
static const char *error_of(const json_t *j)
{
	static const char *const places[] = {"code", "type"};
	const json_t *error = json_object_get(j, "error");
	const char *word = json_string_value(error);

	for (size_t i = 0; !meaning_of(word) && i < ARRAY_LEN(places); i++)
		word = json_string_value(json_object_get(error, places[i]));
	return meaning_of(word) ? word : NULL;
}

static void refuse(int status, const json_t *j, struct token_answer *ret)
{
	const char *error = error_of(j);

	ret->verdict = !error && (status == 408 || status == 429 || status >= 500) ? TOKEN_LATER
										   : TOKEN_REFUSED;
	if (error)
		snprintf(ret->why, sizeof(ret->why), "answered %d %s: %s", status, error,
			meaning_of(error));
	else if (status >= 300 && status < 400)
		snprintf(ret->why, sizeof(ret->why),
			"answered %d: a token endpoint that leads elsewhere is not followed; "
			"token_url must be the final one",
			status);
	else
		snprintf(ret->why, sizeof(ret->why), "answered %d without an error of RFC 6749",
			status);
}

static int take(const json_t *j, const char *name, struct secret *ret, struct err *e)
{
	const json_t *text = json_object_get(j, name);

	if (!text || json_is_null(text))
		return 0;
	if (!json_is_string(text))
		return err_say(e, EINVAL, "%s is no string", name);
	if (login_token_check(name, json_string_value(text), json_string_length(text), e) < 0)
		return -e->code;
	return secret_set(ret, json_string_value(text), json_string_length(text), e);
}

/* A number, or the text of one, as some servers send it. */
static int64_t expires_in(const json_t *j)
{
	const json_t *in = json_object_get(j, "expires_in");
	int64_t s = -1;

	if (json_is_integer(in))
		s = json_integer_value(in);
	else if (json_is_real(in) && json_real_value(in) >= 0 && json_real_value(in) < 1e9)
		s = (int64_t)json_real_value(in);
	else if (json_is_string(in) && json_string_length(in) < 10 &&
		 strspn(json_string_value(in), "0123456789") == json_string_length(in))
		for (const char *c = json_string_value(in); *c; c++)
			s = (s < 0 ? 0 : s) * 10 + (*c - '0');
	if (s < 0)
		return -1;
	return s < EXPIRES_MAX_S ? s : EXPIRES_MAX_S;
}

static int take_all(const json_t *j, struct token_answer *ret, struct err *e)
{
	const char *type = json_string_value(json_object_get(j, "token_type"));

	if (!json_is_object(j))
		return err_say(e, EINVAL, "no JSON object");
	if (type && strcasecmp(type, "bearer") != 0)
		return err_say(e, EINVAL, "a token of a type other than Bearer");
	if (take(j, "access_token", &ret->tokens.access, e) < 0 ||
		take(j, "refresh_token", &ret->tokens.refresh, e) < 0 ||
		take(j, "id_token", &ret->tokens.id, e) < 0)
		return -e->code;
	if (!ret->tokens.access.bytes)
		return err_say(e, EINVAL, "no access_token");
	return 0;
}

void token_answer_read(int status, const char *body, size_t len, struct token_answer *ret)
{
	cleanup_json json_t *j = NULL;
	struct err e = {0};

	*ret = (struct token_answer){.expires_in_s = -1};
	if (len <= TOKEN_ANSWER_MAX)
		j = json_loadb(body, len, JSON_REJECT_DUPLICATES, NULL);
	if (status < 200 || status > 299) {
		refuse(status, j, ret);
		return;
	}
	if (take_all(j, ret, &e) < 0) {
		login_tokens_done(&ret->tokens);
		/* Some answer an error with 200. */
		if (error_of(j)) {
			refuse(status, j, ret);
			return;
		}
		ret->verdict = TOKEN_REFUSED;
		snprintf(ret->why, sizeof(ret->why), "answered with %.150s", e.msg);
		return;
	}
	ret->expires_in_s = expires_in(j);
}
