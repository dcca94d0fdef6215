#include "tests/fuzz/fuzz.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>

#include "base/fd.h"
#include "base/ptr.h"
#include "base/str.h"

#define CASE_MAX (1U << 20)

/* Included by the unit test of each target, beside the target itself. */
int fuzz_replay(const char *name)
{
	cleanup_free char *path = str_format("tests/fuzz/corpus/%s", name);
	DIR *dir = path ? opendir(path) : NULL;
	struct dirent *entry;
	int n = 0;

	if (!dir)
		return -1;
	while (n >= 0 && (entry = readdir(dir))) {
		cleanup_free char *data = NULL;
		struct err e;
		size_t len;

		if (entry->d_name[0] == '.')
			continue;
		if (fd_read_file(dirfd(dir), entry->d_name, CASE_MAX, &data, &len, &e) < 0) {
			n = -1;
			break;
		}
		LLVMFuzzerTestOneInput((const uint8_t *)data, len);
		n++;
	}
	closedir(dir);
	return n;
}
