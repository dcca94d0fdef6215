#include "shim/monitor_home.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/json.h"
#include "base/log.h"
#include "base/path.h"
#include "base/ptr.h"
#include "base/str.h"
#include "shim/component_root.h"
#include "shim/monitor_keys.h"

#define MIRRORS	       "mirrors"
#define LOCK_WAIT_MS   3000
#define LOCK_STEP_MS   10
#define RESOLVED_STUB  "127.0.0.53"
#define RESOLVED_PLAIN "/run/systemd/resolve/resolv.conf"

/*
 * Two live bottles of one name (under two runtime roots, say) would share logs and, worse, mirrors.
 * The lock goes with the monitor; one that is just ending is given a moment.
 */
static int lock_home(const struct monitor *m, struct err *e)
{
	int64_t until = proc_now_ms() + LOCK_WAIT_MS;

	while (flock(m->home_dirfd, LOCK_EX | LOCK_NB) < 0) {
		if (errno != EWOULDBLOCK)
			return err_set(e, errno, "lock '%s/%s'", m->plan.state_home, m->plan.slug);
		if (proc_now_ms() >= until)
			return err_say(e, EBUSY,
				"a bottle '%s' is running already, with its state in '%s'; choose "
				"another name",
				m->plan.slug, m->plan.state_home);
		poll(NULL, 0, LOCK_STEP_MS);
	}
	return 0;
}

int monitor_home_open(struct monitor *m, struct err *e)
{
	cleanup_free char *path = str_format("%s/%s", m->plan.state_home, m->plan.slug);
	int log_fd, r;

	if (!*m->plan.slug || strchr(m->plan.slug, '/') || m->plan.slug[0] == '.')
		return err_say(e, EINVAL, "'%s' cannot be a bottle's name", m->plan.slug);
	m->record.work_dir = str_format("%s/%s/" MIRRORS, m->plan.state_home, m->plan.slug);
	if (!path || !m->record.work_dir)
		return err_set(e, ENOMEM, "the bottle's directory");
	r = path_mkdir_p(path, 0700, e);
	if (r < 0)
		return r;
	m->home_dirfd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (m->home_dirfd < 0)
		return err_set(e, errno, "open '%s'", path);
	r = lock_home(m, e);
	if (r < 0) {
		/* What is there is another's: nothing of it is ours to remove. */
		free(steal_ptr(&m->record.work_dir));
		return r;
	}
	if (mkdirat(m->home_dirfd, "logs", 0700) < 0 && errno != EEXIST)
		return err_set(e, errno, "make '%s/logs'", path);
	r = monitor_home_log(m, "monitor", &log_fd, e);
	if (r < 0)
		return r;
	log_to_stderr(0);
	log_setup(log_fd, LOG_TEXT, LOG_INFO);
	return 0;
}

int monitor_home_log(struct monitor *m, const char *name, int *ret_fd, struct err *e)
{
	char path[64];

	snprintf(path, sizeof(path), "logs/%s.log", name);
	*ret_fd = openat(
		m->home_dirfd, path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
	return *ret_fd < 0 ? err_set(e, errno, "open '%s/%s/%s'", m->plan.state_home, m->plan.slug,
				     path)
			   : 0;
}

static json_t *names_to_json(char *const *names)
{
	json_t *list = json_array();

	for (; list && names && *names; names++)
		json_array_append_new(list, json_string(*names));
	return list;
}

int monitor_home_metadata(struct monitor *m, struct err *e)
{
	cleanup_json json_t *j = NULL;
	cleanup_free char *text = NULL;
	time_t now = time(NULL);
	char when[32];
	struct tm tm;

	gmtime_r(&now, &tm);
	strftime(when, sizeof(when), "%Y-%m-%dT%H:%M:%SZ", &tm);
	j = json_pack("{s:s?, s:o, s:s, s:s, s:s, s:s, s:s}", "agent", m->plan.agent_name,
		"bottle_names", names_to_json(m->plan.bottle_names), "cwd", m->plan.cwd,
		"started_at", when, "backend", m->plan.engine_network ? "engine" : "direct",
		"engine_id", m->plan.id, "state_dir", m->plan.state_dir);
	text = j ? json_dumps(j, JSON_INDENT(2)) : NULL;
	if (!text)
		return err_set(e, ENOMEM, "metadata.json");
	/* A new file needs no temporary name, which would stay here when we are killed over it. */
	if (unlinkat(m->home_dirfd, "metadata.json", 0) < 0 && errno != ENOENT)
		return err_set(e, errno, "remove the former metadata.json");
	return path_write_file(m->home_dirfd, "metadata.json", text, strlen(text), 0600, e);
}

int monitor_home_mirrors(struct monitor *m, struct err *e)
{
	uid_t uid = monitor_uid(m, COMPONENT_GATE);
	int r = path_remove_tree(m->home_dirfd, MIRRORS, e);

	if (r < 0)
		return r;
	if (mkdirat(m->home_dirfd, MIRRORS, 0700) < 0 ||
		fchownat(m->home_dirfd, MIRRORS, uid, uid, AT_SYMLINK_NOFOLLOW) < 0)
		return err_set(e, errno, "make '%s'", m->record.work_dir);
	return 0;
}

/* ---- credentials */

/* One that came with the plan, or a deploy key that was made. */
static const struct secret *find_secret(const struct monitor *m, const char *slot)
{
	for (size_t i = 0; i < m->plan.n_secrets; i++)
		if (str_eq(m->plan.secrets[i].slot, slot))
			return &m->plan.secrets[i].value;
	return monitor_keys_find(m, slot);
}

/* sshd(8), SSH_KNOWN_HOSTS: a port other than 22 stands with the host in brackets. */
static char *known_hosts(const struct policy_repo *repo)
{
	if (repo->port == 22)
		return str_format("%s %s\n", repo->host, repo->host_key);
	return str_format("[%s]:%u %s\n", repo->host, repo->port, repo->host_key);
}

static int add_file(const struct policy_repo *repo, const char *kind, const char *bytes, size_t len,
	int memfd, struct err *e)
{
	cleanup_free char *name = str_format("%s-%s", repo->name, kind);

	return name ? component_creds_add(memfd, name, bytes, len, e)
		    : err_set(e, ENOMEM, "credentials of '%s'", repo->name);
}

/* NAME-key or NAME-token. */
static int add_credential(
	struct monitor *m, const struct policy_repo *repo, int memfd, struct err *e)
{
	const char *kind = repo->transport == POLICY_HTTPS ? "token" : "key";
	const struct secret *s = find_secret(m, repo->identity_slot);

	if (!repo->identity_slot && repo->transport == POLICY_HTTPS)
		return 0;
	if (!s || s->len == 0)
		return err_say(e, ENOKEY, "repository '%s' has no %s", repo->name, kind);
	return add_file(repo, kind, s->bytes, s->len, memfd, e);
}

static int add_repo(struct monitor *m, const struct policy_repo *repo, int memfd, struct err *e)
{
	cleanup_free char *hosts = NULL;
	int r = add_credential(m, repo, memfd, e);

	if (r == 0 && repo->tls_ca)
		r = add_file(repo, "ca", repo->tls_ca, strlen(repo->tls_ca), memfd, e);
	if (r < 0 || repo->transport == POLICY_HTTPS)
		return r;
	hosts = known_hosts(repo);
	return hosts ? add_file(repo, "known_hosts", hosts, strlen(hosts), memfd, e)
		     : err_set(e, ENOMEM, "credentials of '%s'", repo->name);
}

int monitor_home_creds(struct monitor *m, int *ret_fd, struct err *e)
{
	cleanup_fd int memfd = memfd_create("credentials", MFD_CLOEXEC);
	int r = 0;

	if (memfd < 0)
		return err_set(e, errno, "memfd for credentials");
	for (size_t i = 0; r == 0 && i < m->gate.n_repos; i++)
		r = add_repo(m, &m->gate.repos[i], memfd, e);
	if (r == 0)
		*ret_fd = steal_fd(&memfd);
	return r;
}

/* ---- names */

/* Whether a nameserver line has this address. */
static bool asks(const char *resolv_conf, const char *address)
{
	for (const char *p = resolv_conf; p && *p; p = strchr(p, '\n')) {
		char found[64];

		p += *p == '\n';
		if (sscanf(p, "nameserver %63s", found) == 1 && str_eq(found, address))
			return true;
		if (!*p)
			break;
	}
	return false;
}

int monitor_home_resolv(struct monitor *m, struct err *e)
{
	cleanup_free char *text = NULL;
	const char *path = m->plan.resolv_conf;
	struct err missing;

	if (!path)
		path = "/etc/resolv.conf";
	if (fd_read_file(AT_FDCWD, path, 1U << 20, &text, NULL, &missing) < 0) {
		log_warning("no name of the outside can be resolved: %s", missing.msg);
		return 0;
	}
	if (asks(text, RESOLVED_STUB) && access(RESOLVED_PLAIN, R_OK) == 0)
		path = RESOLVED_PLAIN;
	m->resolv_conf = strdup(path);
	return m->resolv_conf ? 0 : err_set(e, ENOMEM, "resolv.conf");
}
