#include "shim/monitor_store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/path.h"
#include "base/ptr.h"
#include "base/str.h"
#include "shim/libexec.h"
#include "shim/monitor_home.h"
#include "shim/monitor_store_impl.h"
#include "shim/store_view.h"

#define PROGRAM "bottle-store"

static struct monitor_store *new_store(size_t n_repos)
{
	struct monitor_store *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	*s = (struct monitor_store){.root_fd = -1,
		.program_fd = -1,
		.log_fd = -1,
		.c = COMPONENT_NONE,
		.pidfd = -1,
		.lock_fd = -1,
		.repos = calloc(n_repos + 1, sizeof(*s->repos))};
	for (size_t i = 0; s->repos && i < n_repos; i++)
		s->repos[i] = (struct monitor_store_repo){
			.store = STORE_NONE, .view_fd = -1, .pack_fd = -1, .refs_fd = -1};
	s->n_repos = s->repos ? n_repos : 0;
	return s;
}

static void repo_done(struct monitor_store_repo *r)
{
	store_done(&r->store);
	fd_close(&r->view_fd);
	fd_close(&r->pack_fd);
	fd_close(&r->refs_fd);
	free(r->path);
}

void monitor_store_done(struct monitor *m)
{
	struct monitor_store *s = m->store;
	struct err e;

	if (!s)
		return;
	monitor_store_end_writer(s);
	for (size_t i = 0; i < s->n_repos; i++)
		repo_done(&s->repos[i]);
	if (s->views && path_remove_tree(AT_FDCWD, s->views, &e) < 0)
		log_error("%s", e.msg);
	fd_close(&s->root_fd);
	fd_close(&s->program_fd);
	fd_close(&s->log_fd);
	free(s->repos);
	free(s->views);
	free(s);
	m->store = NULL;
}

/* A deploy key is another one in each bottle: what it was made with stands for it. */
static const char *slot_of(const struct monitor *m, const struct policy_repo *repo)
{
	for (size_t i = 0; i < m->plan.n_deploy_keys; i++)
		if (str_eq(m->plan.deploy_keys[i].key_slot, repo->identity_slot))
			return m->plan.deploy_keys[i].token_slot;
	return repo->identity_slot;
}

/* What is proved to the upstream: the key, or the token. */
static const struct secret *credential_of(const struct monitor *m, const struct policy_repo *repo)
{
	static const struct secret none = {0};
	const char *slot = slot_of(m, repo);

	if (!slot)
		return &none;
	for (size_t i = 0; i < m->plan.n_secrets; i++)
		if (str_eq(m->plan.secrets[i].slot, slot))
			return &m->plan.secrets[i].value;
	return NULL;
}

static int name_store(
	const struct monitor *m, const struct policy_repo *repo, char *key, struct err *e)
{
	const struct secret *credential = credential_of(m, repo);
	const char *proof = repo->host_key ? repo->host_key : repo->tls_ca;
	const struct store_upstream u = {
		.transport = repo->transport == POLICY_SSH ? "ssh" : "https",
		.user = repo->user ? repo->user : "",
		.host = repo->host,
		.path = repo->path,
		.proof = proof ? proof : "",
		.port = repo->port,
		.credential = credential ? credential->bytes : NULL,
		.credential_len = credential ? credential->len : 0,
	};

	return credential ? store_key(&u, key, e)
			  : err_say(e, ENOKEY, "its credential is made for this bottle alone");
}

/*
 * A store that is broken, as after the machine died, is worth nothing to anybody, and would stay
 * so: it begins anew.
 */
static int fill_view(int views_fd, const char *view, struct monitor_store_repo *r, struct err *e)
{
	cleanup_fd int lock = -1;
	int n = store_view_fill(r->view_fd, &r->store, e);

	if (n == 0 || n == -EXDEV || n == -EAGAIN || n == -ENOMEM)
		return n;
	log_warning("what was kept is broken, and removed: %s", e->msg);
	lock = store_lock(&r->store, STORE_LOCK, LOCK_EX, STORE_LOCK_WAIT_MS, e);
	n = lock < 0 ? lock : store_remove_but(r->store.dirfd, 0, e);
	if (n == 0)
		n = path_remove_tree(views_fd, view, e);
	fd_close(&r->view_fd);
	if (n == 0)
		r->view_fd = store_view_make(views_fd, view, e);
	return n < 0 ? n : r->view_fd < 0 ? r->view_fd : 0;
}

static int open_repo(struct monitor *m, const struct policy_repo *repo, int views_fd,
	struct monitor_store_repo *r, struct err *e)
{
	cleanup_free char *view = str_format("%s.git", repo->name);
	char key[STORE_KEY_LEN + 1];
	int n = name_store(m, repo, key, e);

	if (n < 0)
		return n;
	r->path = str_format("%s/%s", m->plan.store_dir, key);
	if (!view || !r->path)
		return err_set(e, ENOMEM, "open a store");
	r->view_fd = store_view_make(views_fd, view, e);
	if (r->view_fd < 0)
		return r->view_fd;
	n = store_open(m->store->root_fd, key, &r->store, e);
	if (n == 0)
		n = fill_view(views_fd, view, r, e);
	if (n < 0)
		store_done(&r->store);
	return n;
}

/* Both forms of the policy: ours, and the one that the gate is told. */
static void tell_policy(struct monitor *m, size_t i)
{
	json_t *repo = json_array_get(json_object_get(m->plan.gate, "repos"), i);

	if (repo && json_object_set_new(repo, "store", json_true()) == 0)
		m->gate.repos[i].store = true;
}

static void open_repos(struct monitor *m, int views_fd)
{
	for (size_t i = 0; i < m->gate.n_repos; i++) {
		const struct policy_repo *repo = &m->gate.repos[i];
		struct err e;

		if (open_repo(m, repo, views_fd, &m->store->repos[i], &e) == 0)
			tell_policy(m, i);
		else
			log_warning("nothing of repository '%s' is kept between bottles: %s",
				repo->name, e.msg);
	}
}

static int make_views(struct monitor *m, int *ret_fd, struct err *e)
{
	static const char name[] = MONITOR_STORE_VIEWS;
	int r = path_remove_tree(m->home_dirfd, name, e);

	m->store->views = str_format("%s/%s/%s", m->plan.state_home, m->plan.slug, name);
	if (!m->store->views)
		return err_set(e, ENOMEM, "the views of stores");
	if (r < 0)
		return r;
	if (mkdirat(m->home_dirfd, name, 0755) < 0 || fchmodat(m->home_dirfd, name, 0755, 0) < 0)
		return err_set(e, errno, "make '%s'", m->store->views);
	*ret_fd = openat(m->home_dirfd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return *ret_fd < 0 ? err_set(e, errno, "open '%s'", m->store->views) : 0;
}

static int prepare(struct monitor *m, struct err *e)
{
	cleanup_fd int views_fd = -1;
	int r = store_open_root(m->plan.store_dir, &m->store->root_fd, e);

	if (r == 0)
		r = libexec_open(PROGRAM, &m->store->program_fd, e);
	if (r == 0)
		r = monitor_home_log(m, "store", &m->store->log_fd, e);
	if (r == 0)
		r = make_views(m, &views_fd, e);
	if (r == 0)
		open_repos(m, views_fd);
	return r;
}

void monitor_store_open(struct monitor *m)
{
	struct err e;

	if (!m->plan.store_dir || m->gate.n_repos == 0)
		return;
	m->store = new_store(m->gate.n_repos);
	if (!m->store || !m->store->repos)
		err_set(&e, ENOMEM, "open the stores");
	else if (prepare(m, &e) == 0)
		return;
	log_warning("nothing is kept between bottles: %s", e.msg);
	if (m->store)
		monitor_store_done(m);
}

const char *monitor_store_views(const struct monitor *m)
{
	return m->store ? m->store->views : NULL;
}
