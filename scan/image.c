#include "scan/image.h"

static uint64_t add(uint64_t h, const char *s)
{
	/* The NUL, too, so that what two strings share is not moved between them. */
	do
		h = (h ^ (unsigned char)(s ? *s : 1)) * UINT64_C(0x100000001b3);
	while (s && *s++);
	return h;
}

uint64_t image_digest(const struct ruleset *rules)
{
	uint64_t h = UINT64_C(0xcbf29ce484222325) ^ IMAGE_VERSION;

	for (size_t i = 0; i < rules->n; i++) {
		h = add(h, rules->rules[i].id);
		h = add(h, rules->rules[i].pattern);
	}
	return h;
}

uint32_t image_features(void)
{
#if defined(__x86_64__)
	__builtin_cpu_init();
	return 1U | (__builtin_cpu_supports("avx2") ? 2U : 0) |
	       (__builtin_cpu_supports("avx512bw") ? 4U : 0) |
	       (__builtin_cpu_supports("avx512vbmi") ? 8U : 0);
#else
	return 0;
#endif
}
