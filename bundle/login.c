#include "bundle/login.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/ptr.h"
#include "base/str.h"
#include "base/utc.h"
#include "bundle/jwt.h"

/*
 * The providers document neither file nor address; both are what their programs do (Claude Code
 * 2.1: .credentials.json, refreshed at platform.claude.com; Codex, open source: codex-rs/login).
 */
static const struct login_provider providers[] = {
	{
		.name = "claude",
		.place = ".claude/.credentials.json",
		.dir_env = "CLAUDE_CONFIG_DIR",
		.token_url = "https://platform.claude.com/v1/oauth/token",
		.client_id = "9d1c250a-e61b-44d9-88ed-5944d1962f5e",
		.agent = "User-Agent: claude-cli/2.1.81 (external, cli)\r\n",
		.field = "anthropic-beta",
		.value = "oauth-2025-04-20",
	},
	{
		.name = "codex",
		.place = ".codex/auth.json",
		.dir_env = "CODEX_HOME",
		.token_url = "https://auth.openai.com/oauth/token",
		.client_id = "app_EMoamEEZ73f0CkXaXp7hrann",
		.agent = "User-Agent: codex_cli_rs/0.0.0\r\n",
	},
};

/* Where a file has what, by the providers' order. */
static const struct login_form {
	const char *object, *access, *refresh, *id, *expires, *renewed;
} forms[] = {
	{"claudeAiOauth", "accessToken", "refreshToken", NULL, "expiresAt", NULL},
	{"tokens", "access_token", "refresh_token", "id_token", NULL, "last_refresh"},
};

static const struct login_form *form_of(const struct login_provider *p)
{
	return &forms[p - providers];
}

const struct login_provider *login_provider_find(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(providers); i++)
		if (str_eq(providers[i].name, name))
			return &providers[i];
	return NULL;
}

void login_tokens_done(struct login_tokens *t)
{
	secret_done(&t->access);
	secret_done(&t->refresh);
	secret_done(&t->id);
	*t = (struct login_tokens){0};
}

/* ---- reading */

int login_token_check(const char *what, const char *text, size_t len, struct err *e)
{
	if (len == 0)
		return err_say(e, EINVAL, "the %s is empty", what);
	if (len > LOGIN_TOKEN_MAX)
		return err_say(
			e, EINVAL, "the %s is longer than %d characters", what, LOGIN_TOKEN_MAX);
	for (size_t i = 0; i < len; i++)
		if (text[i] <= 0x20 || text[i] >= 0x7f || text[i] == '"' || text[i] == '\\')
			return err_say(e, EINVAL,
				"the %s holds something that no token has (a blank, a quote, a "
				"control character, other than ASCII)",
				what);
	return 0;
}

/* A member that may be missing, null or "". */
static int take(const json_t *object, const char *name, struct secret *ret, struct err *e)
{
	const json_t *j = name ? json_object_get(object, name) : NULL;

	if (!j || json_is_null(j) || (json_is_string(j) && json_string_length(j) == 0))
		return 0;
	if (!json_is_string(j))
		return err_say(e, EINVAL, "'%s' is no string", name);
	if (login_token_check(name, json_string_value(j), json_string_length(j), e) < 0)
		return -e->code;
	return secret_set(ret, json_string_value(j), json_string_length(j), e);
}

static int64_t number(const json_t *object, const char *name)
{
	json_int_t n = name ? json_integer_value(json_object_get(object, name)) : 0;

	return n > 0 ? n : 0;
}

/* Not by json_parse: its errors show what stands near. */
static int parse(const char *text, size_t len, json_t **ret, struct err *e)
{
	if (len > LOGIN_FILE_MAX)
		return err_say(e, EFBIG, "it is longer than %d bytes", LOGIN_FILE_MAX);
	json_wipe_freed();
	*ret = json_loadb(text, len, JSON_REJECT_DUPLICATES, NULL);
	return json_is_object(*ret) ? 0 : err_say(e, EINVAL, "it is no JSON object");
}

static int find_object(
	const struct login_provider *p, const json_t *root, json_t **ret, struct err *e)
{
	const struct login_form *form = form_of(p);

	*ret = json_object_get(root, form->object);
	if (json_is_object(*ret))
		return 0;
	if (json_is_string(json_object_get(root, "OPENAI_API_KEY")))
		return err_say(e, EINVAL,
			"it holds an API key and no login; use auth: {scheme: Bearer, token_ref: "
			"NAME} with the key as that secret");
	return err_say(e, EINVAL, "it has no '%s': no login of %s", form->object, p->name);
}

int64_t login_token_expires(const struct secret *token)
{
	cleanup_json json_t *claims = jwt_claims(token->bytes, token->len);
	int64_t seconds = number(claims, "exp");

	return seconds < INT64_MAX / 1000 ? seconds * 1000 : 0;
}

static int64_t expires_of(
	const struct login_form *form, const json_t *object, const struct login_tokens *t)
{
	return form->expires ? number(object, form->expires) : login_token_expires(&t->access);
}

int login_read(const struct login_provider *p, const struct secret *file, struct login_tokens *ret,
	struct err *e)
{
	const struct login_form *form = form_of(p);
	cleanup_login_tokens struct login_tokens t = {0};
	cleanup_json json_t *root = NULL;
	json_t *object;
	int r = parse(file->bytes, file->len, &root, e);

	if (r == 0)
		r = find_object(p, root, &object, e);
	if (r == 0)
		r = take(object, form->access, &t.access, e);
	if (r == 0)
		r = take(object, form->refresh, &t.refresh, e);
	if (r == 0)
		r = take(object, form->id, &t.id, e);
	if (r == 0 && !t.access.bytes)
		r = err_say(e, EINVAL, "'%s' has no '%s'", form->object, form->access);
	if (r < 0)
		return r;
	t.expires_ms = expires_of(form, object, &t);
	*ret = t;
	t = (struct login_tokens){0};
	return 0;
}

/* ---- writing */

static int put(json_t *object, const char *name, const struct secret *value)
{
	if (!name || !value->bytes)
		return 0;
	return json_object_set_new(object, name, json_stringn(value->bytes, value->len));
}

static int put_time(json_t *root, const char *name, time_t now)
{
	char text[UTC_SIZE];

	if (!name)
		return 0;
	utc_format(now, text);
	return json_object_set_new(root, name, json_sprintf("%s.000000Z", text));
}

static int dump(const json_t *root, size_t flags, struct secret *ret, struct err *e)
{
	char *text = json_dumps(root, flags);
	int r;

	if (!text)
		return err_set(e, ENOMEM, "a login");
	r = secret_set(ret, text, strlen(text), e);
	secret_wipe(text, strlen(text));
	free(text);
	return r;
}

int login_write(const struct login_provider *p, const struct secret *file,
	const struct login_tokens *renewed, time_t now, struct secret *ret, struct err *e)
{
	const struct login_form *form = form_of(p);
	cleanup_json json_t *root = NULL;
	json_t *object;
	int r = parse(file->bytes, file->len, &root, e);

	if (r == 0)
		r = find_object(p, root, &object, e);
	if (r < 0)
		return r;
	if (put(object, form->access, &renewed->access) < 0 ||
		put(object, form->refresh, &renewed->refresh) < 0 ||
		put(object, form->id, &renewed->id) < 0 ||
		(form->expires && renewed->expires_ms > 0 &&
			json_object_set_new(
				object, form->expires, json_integer(renewed->expires_ms)) < 0) ||
		put_time(root, form->renewed, now) < 0)
		return err_set(e, ENOMEM, "a login");
	return dump(root, JSON_INDENT(2), ret, e);
}

/* ---- for the agent */

/* Far enough: 2100-01-01T00:00:00Z. The program then never renews what is none. */
#define NEVER_S 4102444800

/* What a program reads in an id token, and what it shows: no name and no address of a person. */
static char *made_up_jwt(const json_t *claims)
{
	static const char auth[] = "https://api.openai.com/auth";
	static const char *const kept[] = {
		"chatgpt_plan_type", "chatgpt_account_id", "chatgpt_user_id"};
	const json_t *from = json_object_get(claims, auth);
	cleanup_json json_t *to = json_object();
	cleanup_json json_t *made = json_pack("{s:I}", "exp", (json_int_t)NEVER_S);

	for (size_t i = 0; i < ARRAY_LEN(kept); i++) {
		json_t *value = json_object_get(from, kept[i]);

		if (json_is_string(value) && json_object_set(to, kept[i], value) < 0)
			return NULL;
	}
	if (!made || json_object_set(made, auth, to) < 0)
		return NULL;
	return jwt_made_up(made);
}

char *login_made_up(const struct login_provider *p, const char *kind, const char *placeholder)
{
	if (!form_of(p)->id && str_eq(kind, "access") && placeholder)
		return strdup(placeholder);
	if (!form_of(p)->id || str_eq(kind, "refresh"))
		return str_format("bottle-%s-%s-token-made-up", p->name, kind);
	return made_up_jwt(NULL);
}

static json_t *copy_known(const json_t *from, const char *const *names)
{
	json_t *to = json_object();

	for (; to && *names; names++) {
		json_t *value = json_object_get(from, *names);

		if (value && json_object_set_new(to, *names, json_deep_copy(value)) < 0) {
			json_decref(to);
			return NULL;
		}
	}
	return to;
}

static int put_made_up(json_t *object, const char *name, char *text)
{
	cleanup_free char *owned = text;

	return text ? json_object_set_new(object, name, json_string(text)) : -1;
}

static int put_all_made_up(
	const struct login_provider *p, const json_t *from, const char *placeholder, json_t *to)
{
	const struct login_form *form = form_of(p);
	const char *id = form->id ? json_string_value(json_object_get(from, form->id)) : NULL;
	cleanup_json json_t *claims = id ? jwt_claims(id, strlen(id)) : NULL;

	if (put_made_up(to, form->access, login_made_up(p, "access", placeholder)) < 0 ||
		put_made_up(to, form->refresh, login_made_up(p, "refresh", NULL)) < 0)
		return -1;
	if (form->expires && json_object_set_new(to, form->expires,
				     json_integer((json_int_t)NEVER_S * 1000)) < 0)
		return -1;
	return form->id ? put_made_up(to, form->id, made_up_jwt(claims)) : 0;
}

int login_for_agent(const struct login_provider *p, const struct secret *file,
	const char *placeholder, char **ret, struct err *e)
{
	static const char *const at_root[] = {"auth_mode", NULL};
	static const char *const in_object[] = {
		"scopes", "subscriptionType", "rateLimitTier", "account_id", NULL};
	const struct login_form *form = form_of(p);
	cleanup_json json_t *root = NULL, *made = NULL, *tokens = NULL;
	json_t *object;
	int r = parse(file->bytes, file->len, &root, e);

	if (r == 0)
		r = find_object(p, root, &object, e);
	if (r < 0)
		return r;
	made = copy_known(root, at_root);
	tokens = copy_known(object, in_object);
	if (!made || !tokens || put_all_made_up(p, object, placeholder, tokens) < 0 ||
		json_object_set(made, form->object, tokens) < 0 ||
		put_time(made, form->renewed, NEVER_S) < 0)
		return err_set(e, ENOMEM, "a login");
	*ret = json_dumps(made, JSON_INDENT(2));
	return *ret ? 0 : err_set(e, ENOMEM, "a login");
}

/* ---- between egress and monitor */

int login_tokens_encode(const struct login_tokens *t, struct secret *ret, struct err *e)
{
	cleanup_json json_t *j = json_object();

	if (!j || put(j, "access_token", &t->access) < 0 ||
		put(j, "refresh_token", &t->refresh) < 0 || put(j, "id_token", &t->id) < 0 ||
		(t->expires_ms > 0 &&
			json_object_set_new(j, "expires_at", json_integer(t->expires_ms)) < 0))
		return err_set(e, ENOMEM, "a login");
	return dump(j, JSON_COMPACT, ret, e);
}

int login_tokens_decode(const char *text, size_t len, struct login_tokens *ret, struct err *e)
{
	cleanup_login_tokens struct login_tokens t = {0};
	cleanup_json json_t *j = NULL;
	int r = parse(text, len, &j, e);

	if (r == 0)
		r = take(j, "access_token", &t.access, e);
	if (r == 0)
		r = take(j, "refresh_token", &t.refresh, e);
	if (r == 0)
		r = take(j, "id_token", &t.id, e);
	if (r == 0 && !t.access.bytes)
		r = err_say(e, EINVAL, "renewed tokens without an access token");
	if (r < 0)
		return r;
	t.expires_ms = number(j, "expires_at");
	*ret = t;
	t = (struct login_tokens){0};
	return 0;
}
