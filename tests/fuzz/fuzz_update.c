#include "tests/fuzz/fuzz.h"

#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/ptr.h"
#include "bundle/oci.h"
#include "shim/update_document.h"
#include "tests/fuzz/json_mutator.h"
#include "tests/fuzz/models.h"

const char fuzz_model[] = MODEL_RESOURCES;

/* `update --resources`: settled, put over a configuration, and that read again. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char base[] =
		"{\"ociVersion\": \"1.0.2\", \"root\": {\"path\": \"/\"}, \"linux\": "
		"{\"resources\": "
		"{\"memory\": {\"limit\": 1048576}, \"cpu\": {\"shares\": 100}, \"unified\": "
		"{\"memory.high\": \"1\"}}}}";
	cleanup_json json_t *doc = NULL, *config = json_loads(base, 0, NULL);
	cleanup_free char *text = NULL;
	struct oci *oci = NULL;
	struct err e;

	if (json_parse((const char *)data, size, "resources", &doc, &e) < 0 || !json_is_object(doc))
		return 0;
	update_settle(doc);
	if (update_merge(config, doc, &e) < 0)
		return 0;
	text = json_dumps(config, 0);
	if (text && oci_parse(text, strlen(text), "/bundle", &oci, &e) == 0)
		oci_free(oci);
	return 0;
}
