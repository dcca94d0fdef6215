/* Answers of token endpoints, logins' files, tokens that egress hands to the monitor, JWTs. */
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "bundle/jwt.h"
#include "bundle/login.h"
#include "egress/token_answer.h"
#include "tests/fuzz/fuzz.h"

static void must(int holds)
{
	if (!holds)
		abort();
}

/* What was taken can stand in a header. */
static void check(const struct secret *s)
{
	for (size_t i = 0; s->bytes && i < s->len; i++)
		must(s->bytes[i] > 0x20 && s->bytes[i] < 0x7f);
}

static void try_answer(int status, const uint8_t *data, size_t size)
{
	struct token_answer a;

	token_answer_read(status, (const char *)data, size, &a);
	must((a.verdict == TOKEN_GIVEN) == (a.tokens.access.bytes != NULL));
	check(&a.tokens.access);
	check(&a.tokens.refresh);
	check(&a.tokens.id);
	token_answer_done(&a);
}

static void try_login(const struct login_provider *p, const struct secret *file)
{
	struct login_tokens t = {0};
	struct secret again = {0};
	char *made = NULL;
	struct err e;

	if (login_read(p, file, &t, &e) == 0) {
		must(login_write(p, file, &t, 0, &again, &e) == 0);
		must(login_for_agent(p, file, "made-up-too", &made, &e) == 0);
		check(&t.access);
	}
	free(made);
	secret_done(&again);
	login_tokens_done(&t);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct login_tokens t = {0};
	struct secret file = {0};
	struct err e;

	try_answer(200, data, size);
	try_answer(400, data, size);
	json_decref(jwt_claims((const char *)data, size));
	if (login_tokens_decode((const char *)data, size, &t, &e) == 0)
		login_tokens_done(&t);
	if (secret_set(&file, data, size, &e) < 0)
		return 0;
	try_login(login_provider_find("claude"), &file);
	try_login(login_provider_find("codex"), &file);
	secret_done(&file);
	return 0;
}
