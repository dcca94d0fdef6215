#include "shim/monitor_record.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/json.h"
#include "base/path.h"
#include "base/ptr.h"

int monitor_process_of(pid_t pid, struct monitor_process *ret, struct err *e)
{
	int r = proc_start_time(pid, &ret->start_time, NULL, e);

	if (r == 0)
		ret->pid = pid;
	return r;
}

static json_t *process_to_json(const struct monitor_process *p)
{
	return json_pack("{s:i, s:I}", "pid", (int)p->pid, "start", (json_int_t)p->start_time);
}

int monitor_record_write(int state_dirfd, const struct monitor_record *rec, struct err *e)
{
	json_t *inits = json_array();
	cleanup_json json_t *j = NULL;
	cleanup_free char *text = NULL;

	for (size_t i = 0; inits && i < COMPONENT_COUNT; i++)
		if (rec->inits[i].pid > 0)
			json_array_append_new(inits, process_to_json(&rec->inits[i]));
	j = json_pack("{s:o, s:o, s:o, s:s?, s:s?}", "monitor", process_to_json(&rec->monitor),
		"pasta", process_to_json(&rec->pasta), "components", inits, "bridge",
		rec->bridge_id, "work_dir", rec->work_dir);
	text = j ? json_dumps(j, JSON_COMPACT) : NULL;
	if (!text)
		return err_set(e, ENOMEM, "write '" MONITOR_RECORD "'");
	return path_write_file(state_dirfd, MONITOR_RECORD, text, strlen(text), 0600, e);
}

static int parse_process(const struct json_at *at, struct monitor_process *ret, struct err *e)
{
	int64_t pid = 0;
	uint64_t start = 0;
	int r = json_get_int(at, "pid", 0, INT32_MAX, &pid, e);

	if (r >= 0)
		r = json_get_u64(at, "start", &start, e);
	if (r >= 0)
		*ret = (struct monitor_process){.pid = (pid_t)pid, .start_time = start};
	return r;
}

static int parse_inits(const struct json_at *root, struct monitor_record *rec, struct err *e)
{
	struct json_at list, one;
	int r = json_member(root, "components", JSON_ARRAY, &list, e);

	if (r <= 0)
		return r;
	for (size_t i = 0; r >= 0 && i < json_count(&list) && i < COMPONENT_COUNT; i++) {
		r = json_element(&list, i, JSON_OBJECT, &one, e);
		if (r >= 0)
			r = parse_process(&one, &rec->inits[i], e);
	}
	return r;
}

static int parse(const struct json_at *root, struct monitor_record *rec, struct err *e)
{
	struct json_at at;
	int r = json_member(root, "monitor", JSON_OBJECT, &at, e);

	if (r > 0)
		r = parse_process(&at, &rec->monitor, e);
	if (r >= 0)
		r = json_member(root, "pasta", JSON_OBJECT, &at, e);
	if (r > 0)
		r = parse_process(&at, &rec->pasta, e);
	if (r >= 0)
		r = parse_inits(root, rec, e);
	if (r >= 0)
		r = json_get_str(root, "bridge", &rec->bridge_id, e);
	if (r >= 0)
		r = json_get_str(root, "work_dir", &rec->work_dir, e);
	return r < 0 ? r : 0;
}

int monitor_record_read(int state_dirfd, struct monitor_record *ret, struct err *e)
{
	cleanup_free char *text = NULL;
	cleanup_json json_t *j = NULL;
	struct json_at root;
	size_t len;
	int r;

	*ret = (struct monitor_record){0};
	r = fd_read_file(state_dirfd, MONITOR_RECORD, 1U << 20, &text, &len, e);
	if (r >= 0)
		r = json_parse(text, len, MONITOR_RECORD, &j, e);
	if (r < 0)
		return r;
	root = json_root(j, MONITOR_RECORD);
	r = parse(&root, ret, e);
	if (r < 0)
		monitor_record_done(ret);
	return r;
}

void monitor_record_done(struct monitor_record *rec)
{
	free(rec->bridge_id);
	free(rec->work_dir);
	*rec = (struct monitor_record){0};
}

bool monitor_record_exists(const char *state_dir)
{
	cleanup_fd int dirfd = open(state_dir, O_PATH | O_DIRECTORY | O_CLOEXEC);

	return dirfd >= 0 && faccessat(dirfd, MONITOR_RECORD, F_OK, 0) == 0;
}
