#include "tests/fuzz/fuzz.h"

#include <stdlib.h>
#include <string.h>

#include "bundle/manifest.h"

/* A bottle manifest: front matter, YAML, keys, and the checks of the whole. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct operator_home home = {.path = "/nonexistent"};
	struct frontmatter f = {.path = strdup("m.md"), .data = strndup((const char *)data, size)};
	struct manifest m = {0};
	struct err e;

	if (f.path && f.data && frontmatter_parse(&f, &e) == 0 &&
		manifest_read(&home, &f, &m, &e) == 0) {
		(void)manifest_check(&m, NULL, &e);
		manifest_done(&m);
	}
	frontmatter_done(&f);
	return 0;
}
