#include "tests/fuzz/fuzz.h"

#include "bundle/oci.h"

/* config.json: parsed as a bundle's, as a process and as resources. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data;
	struct oci_resources *resources = NULL;
	struct oci_process *process = NULL;
	struct oci *oci = NULL;
	struct err e;

	if (oci_parse(text, size, "/bundle", &oci, &e) == 0)
		oci_free(oci);
	if (oci_process_parse(text, size, "process", &process, &e) == 0)
		oci_process_free(process);
	if (oci_resources_parse(text, size, "resources", &resources, &e) == 0)
		oci_resources_free(resources);
	return 0;
}
