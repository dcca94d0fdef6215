#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/path.h"
#include "base/ptr.h"
#include "bundle/login.h"
#include "bundle/plan.h"
#include "bundle/secret_command.h"
#include "bundle/settings.h"
#include "bundle/user.h"

/* Values of secrets: looked up at create, handed on, never in a plan. */

#define SECRET_MAX 65536
#define SECRET_MIN 8

/* Errors name the file, never what is in it. The buffer does not outlive this function unwiped. */
static int read_wiped(const char *path, bool is_key, struct secret *ret, struct err *e)
{
	static const char newline = '\n';
	cleanup_fd int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	char buf[SECRET_MAX + 2];
	struct stat st;
	ssize_t n;
	int r;

	if (fd < 0 || fstat(fd, &st) < 0)
		return err_set(e, errno, "open '%s'", path);
	if (!S_ISREG(st.st_mode))
		return err_say(e, EINVAL, "'%s' is not a regular file", path);
	n = fd_read_full(fd, buf, SECRET_MAX + 1);
	if (n < 0)
		return err_set(e, (int)-n, "read '%s'", path);
	if (n > SECRET_MAX) {
		secret_wipe(buf, sizeof(buf));
		return err_say(e, EFBIG, "'%s' is longer than %d bytes", path, SECRET_MAX);
	}
	while (n > 0 && (buf[n - 1] == '\n' || buf[n - 1] == '\r'))
		n--;
	/* ssh wants the last line of a key to end. */
	if (is_key)
		buf[n++] = newline;
	r = secret_set(ret, buf, (size_t)n, e);
	secret_wipe(buf, sizeof(buf));
	return r;
}

static int owner_of(const struct plan_bottle *b, uid_t *ret, struct err *e)
{
	struct stat home;

	if (stat(b->home, &home) < 0)
		return err_set(e, errno, "stat '%s'", b->home);
	*ret = home.st_uid;
	return 0;
}

/* Root's or the operator's, and for nobody else to read. */
static int check_file(const struct plan_bottle *b, const char *path, bool systemd, struct err *e)
{
	/*
	 * systemd gives a service's user a file of root's by an access list, whose mask is seen
	 * where the group's mode would be.
	 */
	mode_t others = systemd ? 037 : 077;
	struct stat st;
	uid_t owner;
	int r = owner_of(b, &owner, e);

	if (r == 0)
		r = path_check_strict(path, owner, e);
	if (r < 0)
		return r;
	if (stat(path, &st) < 0)
		return err_set(e, errno, "stat '%s'", path);
	if (st.st_uid != 0 || st.st_gid != 0)
		others = 077;
	if (st.st_mode & others)
		return err_say(e, EPERM, "'%s' can be read by others (mode %04o); chmod 0600 it",
			path, (unsigned int)st.st_mode & 07777);
	return 0;
}

static int find_key(
	const struct plan_bottle *b, const struct plan_secret *s, struct secret *ret, struct err *e)
{
	int r = check_file(b, s->name, false, e);

	if (r >= 0)
		r = read_wiped(s->name, true, ret, e);
	if (r >= 0 &&
		(!str_starts(ret->bytes, "-----BEGIN ") || !strstr(ret->bytes, "PRIVATE KEY-----")))
		r = err_say(e, EINVAL, "'%s' is no private key%s", s->name,
			str_starts(s->slot, "REPO_") ? " (identity wants the file without .pub)"
						     : "");
	if (r >= 0)
		return 0;
	if (!str_starts(s->slot, "REPO_"))
		return err_wrap(e, "egress.routes: tls.client_key");
	/* The slot's name says of which repository it is; the operator knows it by that. */
	return err_wrap(e, "git-gate.repos.%.*s.identity",
		(int)(strlen(s->slot) - strlen("REPO__KEY")), s->slot + strlen("REPO_"));
}

/* What a token must be, wherever it came from. */
static int check_value(
	const struct plan_secret *s, const char *place, struct secret *v, struct err *e)
{
	if (v->len < SECRET_MIN)
		return err_say(e, EINVAL,
			"the secret '%s' (%s) is shorter than %d characters: too short to be told "
			"from ordinary text",
			s->name, place, SECRET_MIN);
	for (size_t i = 0; i < v->len; i++)
		if ((unsigned char)v->bytes[i] < 0x20 || v->bytes[i] == 0x7f)
			return err_say(e, EINVAL,
				"the secret '%s' (%s) holds a line break or control character",
				s->name, place);
	return 0;
}

/* Where a name is looked up, in this order; each: 1 found, 0 not there, -errno. */
struct search {
	const struct plan_bottle *b;
	const struct plan_secret *s;
	bool with_env;
	struct secret *ret;
};

static int look_in_env(const struct search *at, struct err *e)
{
	const char *value = at->with_env ? getenv(at->s->name) : NULL;
	int r;

	if (!value || !*value)
		return 0;
	r = secret_set(at->ret, value, strlen(value), e);
	if (r == 0)
		r = check_value(at->s, "environment", at->ret, e);
	return r < 0 ? r : 1;
}

static int look_in(const struct search *at, const char *path, bool systemd, struct err *e)
{
	struct stat st;
	int r;

	if (stat(path, &st) < 0 && (errno == ENOENT || errno == ENOTDIR))
		return 0;
	r = check_file(at->b, path, systemd, e);
	if (r >= 0)
		r = read_wiped(path, false, at->ret, e);
	if (r >= 0)
		r = check_value(at->s, path, at->ret, e);
	return r < 0 ? r : 1;
}

static int ask_command(const struct search *at, struct err *e)
{
	cleanup_strv char **argv = NULL;
	struct secret_command c = {.with_env = at->with_env, .limit_ms = SECRET_COMMAND_MS};
	int r = settings_secret_command(at->b->home, at->s->name, &argv, e);

	if (r <= 0)
		return r;
	c.argv = argv;
	r = owner_of(at->b, &c.owner, e);
	if (r == 0)
		r = secret_command_run(&c, at->ret, e);
	if (r < 0)
		return err_wrap(e, "the secret '%s': the command '%s' of %s/settings.yml",
			at->s->name, argv[0], at->b->home);
	r = check_value(at->s, argv[0], at->ret, e);
	return r < 0 ? r : 1;
}

static int find_named(const struct search *at, struct err *e)
{
	const char *credentials = getenv("CREDENTIALS_DIRECTORY");
	cleanup_free char *given = NULL;
	cleanup_free char *own = str_format("%s/secrets/%s", at->b->home, at->s->name);
	int r;

	if (credentials)
		given = str_format("%s/%s", credentials, at->s->name);
	if (!own || (credentials && !given))
		return err_set(e, ENOMEM, "look for the secret '%s'", at->s->name);
	r = look_in_env(at, e);
	if (r == 0)
		r = look_in(at, own, false, e);
	if (r == 0 && given)
		r = look_in(at, given, true, e);
	if (r == 0)
		r = ask_command(at, e);
	if (r != 0)
		return r < 0 ? r : 0;
	return err_say(e, ENOENT,
		"the secret '%s' was not found; looked in: %s%s, %s, secrets of %s/settings.yml",
		at->s->name, at->with_env ? "the environment, " : "", own,
		given ? given : "$CREDENTIALS_DIRECTORY (not set)", at->b->home);
}

/* ---- logins */

/* The route that a slot is of. */
static const struct policy_auth *auth_of(const struct plan_bottle *b, const char *slot)
{
	for (size_t i = 0; i < b->egress.n_routes; i++)
		if (str_eq(b->egress.routes[i].auth.slot, slot))
			return &b->egress.routes[i].auth;
	return NULL;
}

/* The file that was named, or the one that the provider's program keeps for who owns the home. */
static char *login_path(const struct search *at, const struct login_provider *p)
{
	const char *dir = at->with_env ? getenv(p->dir_env) : NULL;
	cleanup_user struct user u = {0};
	uid_t owner;
	struct err e;

	if (*at->s->name == '/')
		return strdup(at->s->name);
	if (dir && *dir == '/')
		return str_format("%s%s", dir, strrchr(p->place, '/'));
	if (owner_of(at->b, &owner, &e) < 0 || user_find(owner, &u) < 0)
		return NULL;
	return str_format("%s/%s", u.home, p->place);
}

static int read_login(
	const struct search *at, const struct login_provider *p, const char *path, struct err *e)
{
	cleanup_login_tokens struct login_tokens tokens = {0};
	int r;

	if (access(path, F_OK) < 0 && errno == ENOENT)
		return err_say(e, ENOENT,
			"it is not there: log in with %s, or name its file with auth.file",
			p->name);
	r = check_file(at->b, path, false, e);
	if (r == 0)
		r = read_wiped(path, false, at->ret, e);
	return r < 0 ? r : login_read(p, at->ret, &tokens, e);
}

static int find_login(const struct search *at, struct err *e)
{
	const struct policy_auth *auth = auth_of(at->b, at->s->slot);
	const struct login_provider *p = login_provider_find(auth ? auth->provider : NULL);
	cleanup_free char *path = p ? login_path(at, p) : NULL;

	if (!path)
		return err_say(e, ENOENT,
			"egress.routes: the login '%s': its owner's home directory is not known; "
			"name "
			"its file with auth.file",
			at->s->name);
	if (read_login(at, p, path, e) < 0)
		return err_wrap(e, "egress.routes: the login of %s, '%s'", p->name, path);
	return 0;
}

char *plan_secret_place(const struct plan_bottle *b, const struct plan_secret *s, bool with_env)
{
	const struct search at = {b, s, with_env, NULL};
	const struct policy_auth *auth = auth_of(b, s->slot);
	cleanup_free char *path = NULL;

	if (!auth)
		return NULL;
	if (s->is_login)
		path = login_path(&at, login_provider_find(auth->provider));
	else if (auth->scheme == POLICY_AUTH_OAUTH && auth->grant == POLICY_REFRESH_TOKEN &&
		 !(with_env && getenv(s->name) && *getenv(s->name)))
		path = str_format("%s/secrets/%s", b->home, s->name);
	return path ? realpath(path, NULL) : NULL;
}

int plan_secret_find(const struct plan_bottle *b, const struct plan_secret *s, bool with_env,
	struct secret *ret, struct err *e)
{
	cleanup_secret struct secret found = {0};
	const struct search at = {b, s, with_env, &found};
	const char *canary;
	int r;

	if (str_eq(s->slot, PLAN_CANARY_SLOT)) {
		canary = env_get(b->env, s->name);
		r = canary ? secret_set(&found, canary, strlen(canary), e)
			   : err_say(e, ENOENT, "the canary is missing");
	} else if (s->is_file) {
		r = find_key(b, s, &found, e);
	} else if (s->is_login) {
		r = find_login(&at, e);
	} else {
		r = find_named(&at, e);
	}
	if (r < 0)
		return r;
	*ret = found;
	found = (struct secret){0};
	return 0;
}
