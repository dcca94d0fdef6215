#include "forge/answer.h"

#include <errno.h>
#include <string.h>

#include "base/json.h"
#include "base/ptr.h"
#include "base/str.h"

#define WORDS_MAX   200
#define AGAIN_S	    5	/* after what may pass, where the forge names no time */
#define LIMITED_S   60	/* the same of a limit of requests */
#define AGAIN_MAX_S 600 /* a forge does not make us wait for longer than this */
#define KEYS_MAX    1000
#define NESTING_MAX 4

/* ---- the forge's words */

static void add_words(struct str *to, const json_t *j, int depth)
{
	const char *name;
	const json_t *value;
	size_t i;

	if (depth > NESTING_MAX || to->len > WORDS_MAX)
		return;
	if (json_is_string(j)) {
		str_addf(to, "%s%s", to->len ? " " : "", json_string_value(j));
	} else if (json_is_array(j)) {
		json_array_foreach (j, i, value)
			add_words(to, value, depth + 1);
	} else if (json_is_object(j)) {
		json_object_foreach ((json_t *)j, name, value) {
			/* GitHub's: where to read on, and what the sentence beside says already. */
			if (str_eq(name, "documentation_url") || str_eq(name, "url") ||
				str_eq(name, "resource") || str_eq(name, "code"))
				continue;
			add_words(to, value, depth + 1);
		}
	}
}

static void hide_token(struct str *words, const struct secret *token)
{
	char *at;

	while (words->s && token->len && (at = strstr(words->s, token->bytes)))
		memset(at, '*', token->len);
}

/*
 * GitHub {"message", "errors": […]}, Gitea {"message", "url"}, GitLab {"message": text or {field:
 * [texts]}} or {"error"}: their texts, one after another. Of anything else nothing.
 */
static void words_of(const struct answer *a, const struct secret *token, struct str *ret)
{
	static const char *const members[] = {"message", "error", "error_description", "errors"};
	cleanup_json json_t *j = json_loadb(a->body, a->len, 0, NULL);

	for (size_t i = 0; i < ARRAY_LEN(members); i++)
		add_words(ret, json_object_get(j, members[i]), 0);
	hide_token(ret, token);
	for (size_t i = 0; i < ret->len; i++)
		if ((unsigned char)ret->s[i] < 0x20 || ret->s[i] == 0x7f)
			ret->s[i] = ' ';
}

/* "(HTTP 422: Validation Failed …)" */
static void status_text(const struct answer *a, const struct secret *token, char *buf, size_t size)
{
	cleanup_str struct str words = {0};

	words_of(a, token, &words);
	if (words.len && !words.failed)
		snprintf(buf, size, "(HTTP %ld: %.*s)", a->status, WORDS_MAX, words.s);
	else
		snprintf(buf, size, "(HTTP %ld)", a->status);
}

/* ---- failures */

static int32_t bounded(long seconds)
{
	return seconds < 1 ? 1 : seconds > AGAIN_MAX_S ? AGAIN_MAX_S : (int32_t)seconds;
}

/* "'team/app' at https://git.example.com" */
#define WHERE_FORMAT "'%s' at %s"
#define WHERE(to)    (to)->key->repository, (to)->key->api_url

/* What means the same whatever was asked. false: none of that. */
static bool common_failure(const struct answer *a, const struct answer_to *to, const char *status,
	struct forge_failure *ret)
{
	bool limited = a->status == 429 ||
		       (a->status == 403 && (a->retry_after_s >= 0 || a->limit_used_up));

	ret->again_s = -1;
	if (limited) {
		ret->again_s = bounded(a->retry_after_s >= 0 ? a->retry_after_s : LIMITED_S);
		err_say(&ret->why, EAGAIN, "%s asks to be left alone for %d s %s", to->key->api_url,
			ret->again_s, status);
	} else if (a->status == 401) {
		err_say(&ret->why, EACCES, "%s does not know the token in '%s' %s",
			to->key->api_url, to->key->token_name, status);
	} else if (a->status == 403) {
		err_say(&ret->why, EACCES,
			"the token in '%s' may not manage deploy keys of " WHERE_FORMAT " %s",
			to->key->token_name, WHERE(to), status);
	} else if (a->status >= 300 && a->status < 400) {
		err_say(&ret->why, EREMOTE,
			"%s leads elsewhere %s; api_url must be the forge's own address",
			to->key->api_url, status);
	} else if (a->status == 408 || a->status >= 500) {
		ret->again_s = bounded(a->retry_after_s >= 0 ? a->retry_after_s : AGAIN_S);
		err_say(&ret->why, EIO, "%s is in trouble %s", to->key->api_url, status);
	} else {
		return false;
	}
	return true;
}

static int unreadable(const struct answer_to *to, const char *what, struct forge_failure *ret)
{
	ret->again_s = AGAIN_S;
	return err_say(&ret->why, EPROTO, "%s has answered with %s; is api_url right?",
		to->key->api_url, what);
}

void answer_none(const struct answer_to *to, const char *why, struct forge_failure *ret)
{
	*ret = (struct forge_failure){.again_s = AGAIN_S};
	err_say(&ret->why, EHOSTUNREACH, "%s: %s", to->key->api_url, why);
}

/* ---- the three answers */

static json_t *parse(const struct answer *a)
{
	return a->len <= ANSWER_MAX ? json_loadb(a->body, a->len, JSON_REJECT_DUPLICATES, NULL)
				    : NULL;
}

/* A key's number; 0: none that could be one. */
static int64_t id_of(const json_t *key)
{
	const json_t *id = json_object_get(key, "id");

	return json_is_integer(id) && json_integer_value(id) > 0 ? json_integer_value(id) : 0;
}

static int refused(const struct answer *a, const struct answer_to *to, struct forge_failure *ret)
{
	char status[WORDS_MAX + 32];

	status_text(a, to->token, status, sizeof(status));
	/* Of an error of its own nobody knows what it has done before. */
	ret->nothing_made = a->status >= 300 && a->status < 500 && a->status != 408;
	if (common_failure(a, to, status, ret))
		return -ret->why.code;
	if (a->status == 404)
		return err_say(&ret->why, ENOENT,
			"there is no repository " WHERE_FORMAT ", or the token in '%s' does not "
			"show it %s",
			WHERE(to), to->key->token_name, status);
	return err_say(&ret->why, EINVAL,
		"the deploy key '%s' for the repository " WHERE_FORMAT " was refused %s",
		to->key->title, WHERE(to), status);
}

int answer_made(const struct answer *a, const struct answer_to *to, int64_t *ret_id,
	struct forge_failure *ret)
{
	cleanup_json json_t *j = NULL;

	*ret = (struct forge_failure){0};
	if (a->status != 201 && a->status != 200)
		return refused(a, to, ret);
	j = parse(a);
	*ret_id = id_of(j);
	return *ret_id ? 0 : unreadable(to, "no deploy key", ret);
}

int answer_deleted(const struct answer *a, const struct answer_to *to, bool *ret_was_gone,
	struct forge_failure *ret)
{
	char status[WORDS_MAX + 32];

	*ret = (struct forge_failure){0};
	*ret_was_gone = a->status == 404 || a->status == 410;
	if (*ret_was_gone || (a->status >= 200 && a->status < 300))
		return 0;
	status_text(a, to->token, status, sizeof(status));
	if (common_failure(a, to, status, ret))
		return -ret->why.code;
	ret->again_s = -1;
	return err_say(
		&ret->why, EINVAL, "the revocation at %s was refused %s", to->key->api_url, status);
}

/* The key itself, without its comment, which forges cut off or change. */
static size_t without_comment(const char *line)
{
	size_t type = strcspn(line, " ");

	return line[type] ? type + 1 + strcspn(line + type + 1, " \r\n") : type;
}

static bool is_key(const json_t *key, const char *public_line)
{
	const char *line = json_string_value(json_object_get(key, "key"));
	size_t len = without_comment(public_line);

	return line && without_comment(line) == len && strncmp(line, public_line, len) == 0;
}

int answer_page(const struct answer *a, const struct answer_to *to, const char *public_line,
	int64_t *ret_id, struct forge_failure *ret)
{
	cleanup_json json_t *j = NULL;
	char status[WORDS_MAX + 32];
	size_t n;

	*ret = (struct forge_failure){0};
	*ret_id = 0;
	if (a->status == 404 || a->status == 410)
		return 0;
	if (a->status != 200) {
		status_text(a, to->token, status, sizeof(status));
		if (common_failure(a, to, status, ret))
			return -ret->why.code;
		return unreadable(to, status, ret);
	}
	j = parse(a);
	if (!json_is_array(j) || json_array_size(j) > KEYS_MAX)
		return unreadable(to, "no list of deploy keys", ret);
	n = json_array_size(j);
	for (size_t i = 0; i < n && !*ret_id; i++)
		if (is_key(json_array_get(j, i), public_line))
			*ret_id = id_of(json_array_get(j, i));
	return (int)n;
}
