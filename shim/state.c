#include "shim/state.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/json.h"
#include "base/path.h"
#include "base/proc.h"
#include "base/ptr.h"
#include "base/str.h"
#include "base/utc.h"
#include "shim/latch.h"

#define STATE_FILE_MAX (16U << 20)

int state_check_id(const char *id, struct err *e)
{
	static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				      "0123456789_+-.";

	if (!*id)
		return err_say(e, EINVAL, "container id cannot be empty");
	if (id[strspn(id, allowed)] || *id == '.')
		return err_say(e, EINVAL,
			"invalid container ID format: invalid character in '%s': letters, digits "
			"and _ + - . are "
			"allowed, no . in front",
			id);
	if (strlen(id) > 255)
		return err_say(e, EINVAL, "invalid container id: longer than 255 characters");
	return 0;
}

void state_free(struct state *s)
{
	if (!s)
		return;
	free(s->id);
	free(s->oci_version);
	free(s->bundle);
	free(s->rootfs);
	free(s->created);
	free(s->owner);
	free(s->slug);
	free(s->dir);
	strv_free(s->annotations);
	strv_free(s->bottle_env);
	strv_free(s->placeholders);
	rdt_done(&s->rdt);
	json_decref(s->cgroup);
	fd_close(&s->dirfd);
	free(s);
}

static struct state *state_new(const char *root, const char *id)
{
	struct state *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->dirfd = -1;
	s->id = strdup(id);
	s->dir = str_format("%s/%s", root, id);
	if (s->id && s->dir)
		return s;
	state_free(s);
	return NULL;
}

static char *now_text(void)
{
	struct timespec ts;
	char day[UTC_SIZE];

	clock_gettime(CLOCK_REALTIME, &ts);
	utc_format(ts.tv_sec, day);
	return str_format("%s.%09ldZ", day, ts.tv_nsec);
}

static int make_directory(struct state *s, const char *root, struct err *e)
{
	int r = mkdir(s->dir, 0700) < 0 ? -errno : 0;

	if (r == -ENOENT) {
		r = path_mkdir_p(root, 0711, e);
		if (r < 0)
			return err_wrap(e, "state directory");
		r = mkdir(s->dir, 0700) < 0 ? -errno : 0;
	}
	if (r == -EEXIST)
		return err_say(e, EEXIST, "container with given ID already exists: '%s'", s->id);
	return r < 0 ? err_set(e, -r, "make the state directory '%s'", s->dir) : 0;
}

static int open_directory(struct state *s, struct err *e)
{
	s->dirfd = open(s->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (s->dirfd >= 0)
		return 0;
	if (errno == ENOENT)
		return err_say(e, ENOENT, "container does not exist: '%s'", s->id);
	return err_set(e, errno, "open the state directory '%s'", s->dir);
}

int state_lock(struct state *s, int timeout_ms, struct err *e)
{
	int64_t until = proc_now_ms() + timeout_ms;

	while (flock(s->dirfd, LOCK_EX | LOCK_NB) < 0) {
		if (errno != EWOULDBLOCK && errno != EINTR)
			return err_set(e, errno, "lock '%s'", s->dir);
		if (proc_now_ms() >= until)
			return err_say(
				e, EBUSY, "another command is at work on container '%s'", s->id);
		poll(NULL, 0, 5);
	}
	return 0;
}

void state_unlock(struct state *s)
{
	flock(s->dirfd, LOCK_UN);
}

int state_create(const char *root, const char *id, struct state **ret, struct err *e)
{
	cleanup_state struct state *s = NULL;
	int r = state_check_id(id, e);

	if (r < 0)
		return r;
	s = state_new(root, id);
	if (!s)
		return err_set(e, ENOMEM, "container '%s'", id);
	r = make_directory(s, root, e);
	if (r < 0)
		return r;
	s->created = now_text();
	r = s->created ? open_directory(s, e) : err_set(e, ENOMEM, "container '%s'", id);
	/* A delete may have come between; then it has the lock and the place is lost. */
	if (r == 0)
		r = state_lock(s, 0, e);
	if (r < 0) {
		rmdir(s->dir);
		return r;
	}
	*ret = steal_ptr(&s);
	return 0;
}

static json_t *strings_to_json(char *const *v)
{
	json_t *a = json_array();

	for (size_t i = 0; v && v[i]; i++)
		json_array_append_new(a, json_string(v[i]));
	return a;
}

/* Members whose value is NULL are left out. */
static void set_string(json_t *j, const char *key, const char *value)
{
	if (value)
		json_object_set_new(j, key, json_string(value));
}

static json_t *annotations_to_json(char *const *annotations)
{
	json_t *o = json_object();

	for (size_t i = 0; annotations && annotations[i]; i++) {
		const char *equals = strchr(annotations[i], '=');
		cleanup_free char *key =
			equals ? strndup(annotations[i], (size_t)(equals - annotations[i])) : NULL;

		if (key)
			set_string(o, key, equals + 1);
	}
	return o;
}

static json_t *whole_to_json(const struct state *s)
{
	json_t *j = state_to_json(s, s->pid ? STATE_CREATED : STATE_CREATING);
	json_t *mine = json_object();

	json_object_set_new(mine, "startTime", json_integer((json_int_t)s->start_time));
	json_object_set_new(mine, "namespaces", json_integer((json_int_t)s->namespaces));
	json_object_set_new(mine, "hooks", json_integer(s->hooks));
	json_object_set_new(mine, "systemdCgroup", json_boolean(s->systemd_cgroup));
	json_object_set_new(mine, "cgroupAttempted", json_boolean(s->cgroup_attempted));
	json_object_set_new(mine, "inBottle", json_boolean(s->in_bottle));
	json_object_set_new(mine, "bottleEnv", strings_to_json(s->bottle_env));
	json_object_set_new(mine, "placeholders", strings_to_json(s->placeholders));
	json_object_set_new(mine, "rdtGroups", strings_to_json(s->rdt.groups));
	json_object_set_new(mine, "rdtMade", strings_to_json(s->rdt.made));
	set_string(mine, "slug", s->slug);
	if (s->cgroup)
		json_object_set(mine, "cgroup", s->cgroup);
	json_object_set_new(j, "bottleShim", mine);
	return j;
}

int state_save(const struct state *s, struct err *e)
{
	cleanup_json json_t *j = whole_to_json(s);
	cleanup_free char *text = j ? json_dumps(j, JSON_COMPACT) : NULL;
	int r;

	if (!text)
		return err_set(e, ENOMEM, "state of container '%s'", s->id);
	r = path_replace_file(s->dirfd, STATE_FILE, text, strlen(text), 0600, e);
	return r < 0 ? err_wrap(e, "state directory '%s'", s->dir) : 0;
}

static int read_annotations(const struct json_at *root, struct state *s, struct err *e)
{
	struct json_at at;
	const char *key;
	json_t *value;
	int r = json_member(root, "annotations", JSON_OBJECT, &at, e);

	if (r <= 0)
		return r;
	json_object_foreach (at.j, key, value) {
		const char *text = json_string_value(value);

		if (text && strv_push(&s->annotations, str_format("%s=%s", key, text)) < 0)
			return err_set(e, ENOMEM, "state");
	}
	return 0;
}

static int read_own(const struct json_at *root, struct state *s, struct err *e)
{
	struct json_at at, cg;
	int64_t start = 0, namespaces = 0, hooks = 0;
	int r = json_member(root, "bottleShim", JSON_OBJECT, &at, e);

	if (r <= 0)
		return r < 0 ? r : err_say(e, ENODATA, "state of '%s' is not ours", s->id);
	if ((r = json_get_int(&at, "startTime", 0, INT64_MAX, &start, e)) < 0 ||
		(r = json_get_int(&at, "namespaces", 0, INT64_MAX, &namespaces, e)) < 0 ||
		(r = json_get_int(&at, "hooks", 0, INT32_MAX, &hooks, e)) < 0 ||
		(r = json_get_bool(&at, "systemdCgroup", &s->systemd_cgroup, e)) < 0 ||
		(r = json_get_bool(&at, "cgroupAttempted", &s->cgroup_attempted, e)) < 0 ||
		(r = json_get_bool(&at, "inBottle", &s->in_bottle, e)) < 0 ||
		(r = json_get_strv(&at, "bottleEnv", &s->bottle_env, e)) < 0 ||
		(r = json_get_strv(&at, "placeholders", &s->placeholders, e)) < 0 ||
		(r = json_get_strv(&at, "rdtGroups", &s->rdt.groups, e)) < 0 ||
		(r = json_get_strv(&at, "rdtMade", &s->rdt.made, e)) < 0 ||
		(r = json_get_str(&at, "slug", &s->slug, e)) < 0 ||
		(r = json_member(&at, "cgroup", JSON_OBJECT, &cg, e)) < 0)
		return r;
	s->start_time = (unsigned long long)start;
	s->namespaces = (unsigned long)namespaces;
	s->hooks = (unsigned int)hooks;
	if (r > 0)
		s->cgroup = json_incref(cg.j);
	return 0;
}

static int read_members(const struct json_at *root, struct state *s, struct err *e)
{
	int64_t pid = 0;
	int r;

	if ((r = json_get_str(root, "ociVersion", &s->oci_version, e)) < 0 ||
		(r = json_need_str(root, "bundle", &s->bundle, e)) < 0 ||
		(r = json_get_str(root, "rootfs", &s->rootfs, e)) < 0 ||
		(r = json_get_str(root, "created", &s->created, e)) < 0 ||
		(r = json_get_str(root, "owner", &s->owner, e)) < 0 ||
		(r = json_get_int(root, "pid", 0, INT32_MAX, &pid, e)) < 0)
		return r;
	s->pid = (pid_t)pid;
	r = read_annotations(root, s, e);
	return r < 0 ? r : read_own(root, s, e);
}

int state_load(const char *root, const char *id, struct state **ret, struct err *e)
{
	cleanup_state struct state *s = NULL;
	cleanup_free char *text = NULL;
	cleanup_json json_t *j = NULL;
	struct json_at at;
	size_t len;
	int r = state_check_id(id, e);

	if (r < 0)
		return r;
	s = state_new(root, id);
	if (!s)
		return err_set(e, ENOMEM, "container '%s'", id);
	r = open_directory(s, e);
	if (r < 0)
		return r;
	r = fd_read_file(s->dirfd, STATE_FILE, STATE_FILE_MAX, &text, &len, e);
	if (r == 0)
		r = json_parse(text, len, STATE_FILE, &j, e);
	if (r == 0) {
		at = json_root(j, STATE_FILE);
		r = read_members(&at, s, e);
	}
	if (r < 0 && r != -ENOMEM)
		r = err_say(e, ENODATA,
			"container '%s' was not finished by its create; delete removes it", id);
	*ret = steal_ptr(&s);
	return r;
}

int state_load_made(
	const char *root, const char *id, int timeout_ms, struct state **ret, struct err *e)
{
	struct err busy;
	int r = state_load(root, id, ret, e);

	if (r < 0 || (*ret)->pid || state_lock(*ret, timeout_ms, &busy) < 0)
		return r;
	state_free(*ret);
	*ret = NULL;
	return state_load(root, id, ret, e);
}

bool state_is_gone(const struct state *s)
{
	struct stat st;

	return fstat(s->dirfd, &st) == 0 && st.st_nlink == 0;
}

int state_remove(struct state *s, struct err *e)
{
	/* Most often these are all that is there. */
	unlinkat(s->dirfd, STATE_FILE, 0);
	unlinkat(s->dirfd, STATE_CONFIG, 0);
	if (rmdir(s->dir) == 0)
		return 0;
	return path_remove_tree(AT_FDCWD, s->dir, e);
}

int state_init_pidfd(const struct state *s)
{
	unsigned long long start;
	cleanup_fd int pidfd = -1;
	struct err ignored;
	char letter;

	if (s->pid <= 0)
		return -ESRCH;
	/* First the descriptor, then the check: so it cannot have become another process. */
	pidfd = proc_pidfd_open(s->pid);
	if (pidfd < 0)
		return pidfd;
	if (proc_start_time(s->pid, &start, &letter, &ignored) < 0 || start != s->start_time ||
		letter == 'Z' || letter == 'X')
		return -ESRCH;
	return steal_fd(&pidfd);
}

enum state_status state_status(const struct state *s)
{
	cleanup_cgroup struct cgroup *cg = NULL;
	cleanup_fd int pidfd = state_init_pidfd(s);
	struct err ignored;

	if (pidfd < 0)
		return s->pid == 0 ? STATE_CREATING : STATE_STOPPED;
	if (state_cgroup(s, &cg, &ignored) == 0 && cgroup_frozen(cg, &ignored) > 0)
		return STATE_PAUSED;
	return latch_present(s->dirfd) ? STATE_CREATED : STATE_RUNNING;
}

const char *state_status_name(enum state_status status)
{
	static const char *const names[] = {"creating", "created", "running", "paused", "stopped"};

	return names[status];
}

json_t *state_to_json(const struct state *s, enum state_status status)
{
	json_t *j = json_object();

	if (!j)
		return NULL;
	set_string(j, "ociVersion", s->oci_version ? s->oci_version : "1.0.0");
	set_string(j, "id", s->id);
	set_string(j, "status", state_status_name(status));
	json_object_set_new(j, "pid", json_integer(status == STATE_STOPPED ? 0 : s->pid));
	set_string(j, "bundle", s->bundle);
	set_string(j, "rootfs", s->rootfs);
	set_string(j, "created", s->created);
	set_string(j, "owner", s->owner ? s->owner : "");
	if (s->annotations)
		json_object_set_new(j, "annotations", annotations_to_json(s->annotations));
	/* As crun tells it. */
	if (s->cgroup && json_object_get(s->cgroup, "unit"))
		json_object_set(j, "systemd-scope", json_object_get(s->cgroup, "unit"));
	return j;
}

/* By the name that create would have given it. */
static int find_cgroup(const struct state *s, struct cgroup **ret, struct err *e)
{
	struct cgroup_spec spec = {.manager = s->systemd_cgroup ? CGROUP_SYSTEMD : CGROUP_FS,
		.id = s->id,
		.annotations = s->annotations};
	struct oci_resources *none = NULL;
	cleanup_oci struct oci *oci = NULL;
	int r = oci_resources_parse("{}", 2, STATE_FILE, &none, e);

	if (r < 0)
		return r;
	spec.res = none;
	r = s->cgroup_attempted ? state_config(s, &oci, e) : -ENOENT;
	if (r == 0) {
		spec.path = oci->cgroups_path;
		r = cgroup_create(&spec, ret, e);
	}
	/* Not to be told, or somebody else's: then there is nothing of ours. */
	spec.manager = CGROUP_DISABLED;
	if (r < 0)
		r = cgroup_create(&spec, ret, e);
	oci_resources_free(none);
	return r;
}

int state_cgroup(const struct state *s, struct cgroup **ret, struct err *e)
{
	struct json_at at;

	if (!s->cgroup)
		return find_cgroup(s, ret, e);
	at = json_root(s->cgroup, STATE_FILE ": cgroup");
	return cgroup_from_json(&at, ret, e);
}

int state_config(const struct state *s, struct oci **ret, struct err *e)
{
	cleanup_free char *text = NULL;
	size_t len;
	int r = fd_read_file(s->dirfd, STATE_CONFIG, STATE_FILE_MAX, &text, &len, e);

	return r < 0 ? r : oci_parse(text, len, s->bundle, ret, e);
}

int state_config_json(const struct state *s, json_t **ret, struct err *e)
{
	cleanup_free char *text = NULL;
	size_t len;
	int r = fd_read_file(s->dirfd, STATE_CONFIG, STATE_FILE_MAX, &text, &len, e);

	return r < 0 ? r : json_parse(text, len, STATE_CONFIG, ret, e);
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

int state_ids(const char *root, char ***ret, struct err *e)
{
	cleanup_strv char **ids = NULL;
	struct dirent *d;
	struct err bad;
	int r = 0;
	DIR *dir = opendir(root);

	if (!dir)
		return err_set(e, errno, "open '%s'", root);
	while (r == 0 && (d = readdir(dir)))
		if (d->d_type == DT_DIR && state_check_id(d->d_name, &bad) == 0)
			r = strv_add(&ids, d->d_name);
	closedir(dir);
	if (r < 0)
		return err_set(e, -r, "list '%s'", root);
	if (ids)
		qsort(ids, strv_len(ids), sizeof(*ids), by_name);
	*ret = steal_ptr(&ids);
	return 0;
}
