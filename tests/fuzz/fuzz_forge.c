/* What a forge answers: its first two bytes are the status. */
#include <stdlib.h>
#include <string.h>

#include "forge/answer.h"
#include "tests/fuzz/fuzz.h"

#define OURS "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIours bot-bottle:dev:app"

static void check_failure(int r, const struct forge_failure *f)
{
	if (r >= 0)
		return;
	if (f->why.code <= 0 || !memchr(f->why.msg, '\0', sizeof(f->why.msg)) ||
		strpbrk(f->why.msg, "\n\r\033") || strstr(f->why.msg, "made-up-token") ||
		f->again_s < -1 || f->again_s > 600)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const long statuses[] = {200, 201, 204, 301, 400, 401, 403, 404, 422, 429, 500, 0};
	const struct plan_deploy_key key = {.api_url = (char *)"https://x",
		.repository = (char *)"a/b",
		.title = (char *)"t",
		.token_name = (char *)"N"};
	const struct secret token = {.bytes = (char *)"made-up-token", .len = 13};
	const struct answer_to to = {.key = &key, .token = &token};
	struct answer a = {.retry_after_s = size ? data[0] - 1 : -1};
	struct forge_failure f;
	int64_t id = 0;
	bool gone;
	int r;

	if (size < 2)
		return 0;
	a.status = statuses[data[1] % (sizeof(statuses) / sizeof(*statuses))];
	a.body = (const char *)data + 2;
	a.len = size - 2;
	r = answer_made(&a, &to, &id, &f);
	check_failure(r, &f);
	if (r == 0 && id <= 0)
		abort();
	check_failure(answer_deleted(&a, &to, &gone, &f), &f);
	r = answer_page(&a, &to, OURS, &id, &f);
	check_failure(r, &f);
	if (r >= 0 && id < 0)
		abort();
	return 0;
}
