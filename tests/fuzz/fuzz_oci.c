#include "tests/fuzz/fuzz.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bundle/oci.h"
#include "tests/fuzz/json_mutator.h"
#include "tests/fuzz/models.h"

const char fuzz_model[] = MODEL_CONFIG;

/* What an error may begin with behind the file's name, but for a member's path. */
static const char *const without_path[] = {
	"line ", "the member '", "the document must be an object", "longer than "};

/* "process.args[0]: …", not a sentence; any name may stand in front of a syntax error. */
static int begins_with_path(const char *text)
{
	size_t n = 0;

	while (isalnum((unsigned char)text[n]))
		n++;
	if (n > 0 && (text[n] == '.' || text[n] == '[' || text[n] == ':'))
		return strstr(text + n, ": ") != NULL;
	return strstr(text, ": line ") != NULL;
}

static void check_error(const char *file, const struct err *e)
{
	size_t n = strlen(file);
	const char *text = e->msg + n + 2;

	if (e->code <= 0 || strncmp(e->msg, file, n) != 0 || strncmp(e->msg + n, ": ", 2) != 0)
		n = 0;
	for (size_t i = 0; n > 0 && i < sizeof(without_path) / sizeof(*without_path); i++)
		if (strncmp(text, without_path[i], strlen(without_path[i])) == 0)
			return;
	if (n > 0 && begins_with_path(text))
		return;
	fprintf(stderr, "an error that names no path: %d '%s'\n", e->code, e->msg);
	abort();
}

/* config.json: parsed as a bundle's, as a process and as resources. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data;
	struct oci_resources *resources = NULL;
	struct oci_process *process = NULL;
	struct oci *oci = NULL;
	struct err e = {0};

	if (oci_parse(text, size, "/bundle", &oci, &e) == 0)
		oci_free(oci);
	else
		check_error("config.json", &e);
	if (oci_process_parse(text, size, "process", &process, &e) == 0)
		oci_process_free(process);
	else
		check_error("process", &e);
	if (oci_resources_parse(text, size, "resources", &resources, &e) == 0)
		oci_resources_free(resources);
	else
		check_error("resources", &e);
	return 0;
}
