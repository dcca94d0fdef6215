#include "shim/criu_opts.h"

#include <sched.h>
#include <stdlib.h>

#include "base/ptr.h"
#include "shim/protobuf.h"

/* Settings of criu that the machine's owner wants for every container; runc reads the same. */
#define CONFIG_FILE	  "/etc/criu/runc.conf"
#define CONFIG_ANNOTATION "org.criu.config"
#define LOG_LEVEL	  4

/* criu_opts, as far as it is used. */
enum {
	OPT_IMAGES_DIR_FD = 1,
	OPT_PID = 2,
	OPT_LEAVE_RUNNING = 3,
	OPT_EXT_UNIX_SK = 4,
	OPT_TCP_ESTABLISHED = 5,
	OPT_EVASIVE_DEVICES = 6,
	OPT_SHELL_JOB = 7,
	OPT_FILE_LOCKS = 8,
	OPT_LOG_LEVEL = 9,
	OPT_LOG_FILE = 10,
	OPT_PAGE_SERVER = 11,
	OPT_NOTIFY_SCRIPTS = 12,
	OPT_ROOT = 13,
	OPT_PARENT_IMG = 14,
	OPT_TRACK_MEM = 15,
	OPT_AUTO_DEDUP = 16,
	OPT_WORK_DIR_FD = 17,
	OPT_LINK_REMAP = 18,
	OPT_EXT_MNT = 23,
	OPT_MANAGE_CGROUPS = 24,
	OPT_CG_ROOT = 25,
	OPT_RST_SIBLING = 26,
	OPT_INHERIT_FD = 27,
	OPT_MANAGE_CGROUPS_MODE = 34,
	OPT_EXTERNAL = 37,
	OPT_EMPTY_NS = 38,
	OPT_JOIN_NS = 39,
	OPT_FREEZE_CGROUP = 44,
	OPT_TCP_SKIP_IN_FLIGHT = 46,
	OPT_LAZY_PAGES = 48,
	OPT_ORPHAN_PTS_MASTER = 50,
	OPT_CONFIG_FILE = 51,
	OPT_LSM_PROFILE = 53,
	OPT_LSM_MOUNT_CONTEXT = 63,
};

/* An empty annotation: no file at all. */
static void add_config_file(struct str *out, char *const *annotations)
{
	const char *file = env_get(annotations, CONFIG_ANNOTATION);

	if (!file)
		file = CONFIG_FILE;
	if (*file)
		protobuf_add_text(out, OPT_CONFIG_FILE, file);
}

int criu_opts_common(struct str *out, const struct checkpoint_options *o,
	const struct checkpoint_dirs *dirs, const struct criu_subject *s, struct err *e)
{
	int mode = checkpoint_cgroups_mode(o->cgroups_mode, e);

	if (mode < 0)
		return mode;
	protobuf_add_int(out, OPT_IMAGES_DIR_FD, dirs->images);
	if (dirs->work >= 0)
		protobuf_add_int(out, OPT_WORK_DIR_FD, dirs->work);
	protobuf_add_int(out, OPT_LOG_LEVEL, LOG_LEVEL);
	protobuf_add_text(out, OPT_LOG_FILE, s->log);
	protobuf_add_text(out, OPT_ROOT, s->root);
	protobuf_add_bool(out, OPT_NOTIFY_SCRIPTS, true);
	protobuf_add_bool(out, OPT_ORPHAN_PTS_MASTER, true);
	protobuf_add_bool(out, OPT_MANAGE_CGROUPS, true);
	protobuf_add_int(out, OPT_MANAGE_CGROUPS_MODE, mode);
	protobuf_add_bool(out, OPT_SHELL_JOB, o->shell_job);
	protobuf_add_bool(out, OPT_EXT_UNIX_SK, o->ext_unix_sk);
	protobuf_add_bool(out, OPT_TCP_ESTABLISHED, o->tcp_established);
	protobuf_add_bool(out, OPT_FILE_LOCKS, o->file_locks);
	protobuf_add_bool(out, OPT_AUTO_DEDUP, o->auto_dedup);
	protobuf_add_bool(out, OPT_LAZY_PAGES, o->lazy_pages);
	/* Links and addresses are their makers' business: --empty-ns network always, as in runc. */
	protobuf_add_int(out, OPT_EMPTY_NS, CLONE_NEWNET);
	add_config_file(out, s->annotations);
	return 0;
}

static int add_page_server(struct str *out, const char *text, struct err *e)
{
	cleanup_str struct str server = {0};
	cleanup_free char *host = NULL;
	long port;
	int r = checkpoint_page_server(text, &host, &port, e);

	if (r < 0)
		return r;
	protobuf_add_text(&server, 1, host);
	protobuf_add_int(&server, 2, port);
	protobuf_add_message(out, OPT_PAGE_SERVER, &server);
	return 0;
}

int criu_opts_dump(struct str *out, const struct checkpoint_options *o, pid_t pid,
	const char *freezer, struct err *e)
{
	protobuf_add_int(out, OPT_PID, pid);
	protobuf_add_bool(out, OPT_LEAVE_RUNNING, o->leave_running);
	protobuf_add_bool(out, OPT_TCP_SKIP_IN_FLIGHT, o->tcp_skip_in_flight);
	protobuf_add_bool(out, OPT_LINK_REMAP, o->link_remap);
	protobuf_add_text(out, OPT_FREEZE_CGROUP, freezer);
	if (o->parent) {
		protobuf_add_text(out, OPT_PARENT_IMG, o->parent);
		protobuf_add_bool(out, OPT_TRACK_MEM, true);
	}
	return o->page_server ? add_page_server(out, o->page_server, e) : 0;
}

void criu_opts_restore(struct str *out, const struct checkpoint_options *o)
{
	protobuf_add_bool(out, OPT_EVASIVE_DEVICES, true);
	/* init becomes our child, not criu's. */
	protobuf_add_bool(out, OPT_RST_SIBLING, true);
	protobuf_add_text(out, OPT_LSM_PROFILE, o->lsm_profile);
	protobuf_add_text(out, OPT_LSM_MOUNT_CONTEXT, o->lsm_mount_context);
}

/* Messages of two strings, fields 1 and 2. */
static void add_pair(struct str *out, unsigned int field, const char *first, const char *second)
{
	cleanup_str struct str pair = {0};

	protobuf_add_text(&pair, 1, first);
	protobuf_add_text(&pair, 2, second);
	protobuf_add_message(out, field, &pair);
}

void criu_opts_mount(struct str *out, const char *key, const char *value)
{
	add_pair(out, OPT_EXT_MNT, key, value);
}

void criu_opts_external(struct str *out, const char *what)
{
	protobuf_add_text(out, OPT_EXTERNAL, what);
}

void criu_opts_join(struct str *out, const char *name, const char *path)
{
	add_pair(out, OPT_JOIN_NS, name, path);
}

void criu_opts_inherit(struct str *out, const char *key, int fd)
{
	cleanup_str struct str inherit = {0};

	protobuf_add_text(&inherit, 1, key);
	protobuf_add_int(&inherit, 2, fd);
	protobuf_add_message(out, OPT_INHERIT_FD, &inherit);
}

void criu_opts_cgroup(struct str *out, const char *controller, const char *path)
{
	add_pair(out, OPT_CG_ROOT, controller, path);
}
