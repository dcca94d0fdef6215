#include "tests/fuzz/fuzz.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/json.h"
#include "base/log.h"
#include "base/path.h"
#include "base/ptr.h"
#include "shim/state.h"
#include "tests/fuzz/json_mutator.h"
#include "tests/fuzz/models.h"

const char fuzz_model[] = MODEL_STATE;

static char root[64];

static void remove_root(void)
{
	struct err ignored;

	path_remove_tree(AT_FDCWD, root, &ignored);
}

static void set_up(void)
{
	char dir[80];

	log_setup(-1, LOG_TEXT, LOG_ERROR);
	snprintf(root, sizeof(root), "/tmp/fuzz-state.XXXXXX");
	if (!mkdtemp(root))
		abort();
	atexit(remove_root);
	snprintf(dir, sizeof(dir), "%s/x", root);
	if (mkdir(dir, 0700) < 0)
		abort();
}

/* state.json: loaded, told, and what was loaded can be saved and loaded again. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	cleanup_state struct state *s = NULL, *again = NULL;
	struct err e;
	char path[96];

	if (!*root)
		set_up();
	snprintf(path, sizeof(path), "%s/x/" STATE_FILE, root);
	if (path_write_file(AT_FDCWD, path, (const char *)data, size, 0600, &e) < 0)
		abort();
	if (state_load(root, "x", &s, &e) < 0)
		return 0;
	json_decref(state_to_json(s, state_status(s)));
	if (state_save(s, &e) < 0 || state_load(root, "x", &again, &e) < 0) {
		fprintf(stderr, "what was loaded is not saved: %s\n", e.msg);
		abort();
	}
	return 0;
}
