#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "base/path.h"
#include "base/ptr.h"
#include "bundle/plan_parts.h"

/* Programs that keep roots of trust of their own: Java, and browsers by their managed policies. */

#define STORES_MAX 16
#define JVM_DIR	   "/usr/lib/jvm"

struct stores {
	int rootfd;
	struct plan_bottle *b;
	const char *pem; /* the image's bundle; NULL: it has none */
	struct stat seen[STORES_MAX];
	size_t n;
};

/* A store that was not seen by another name is covered by ours. */
static int add_java(struct stores *s, const char *path, struct err *e)
{
	cleanup_fd int fd = path_open_in_root(s->rootfd, path, O_PATH, 0);
	cleanup_free char *fallback = str_format("/dev/bottle/java-cacerts-%zu", s->n);
	const struct plan_file f = {.kind = PLAN_FILE_JAVA_ROOTS,
		.path = (char *)path,
		.fallback = fallback,
		.roots = (char *)s->pem};
	struct stat *st = &s->seen[s->n];

	if (!fallback)
		return err_set(e, ENOMEM, "plan '%s'", path);
	if (fd < 0 || s->n + 1 >= STORES_MAX || fstat(fd, st) < 0 || !S_ISREG(st->st_mode))
		return 0;
	for (size_t i = 0; i < s->n; i++)
		if (s->seen[i].st_dev == st->st_dev && s->seen[i].st_ino == st->st_ino)
			return 0;
	s->n++;
	return plan_add_file(s->b, &f, e);
}

static int add_java_home(struct stores *s, const char *home, struct err *e)
{
	static const char *const below[] = {"lib/security/cacerts", "jre/lib/security/cacerts"};

	for (size_t i = 0; i < ARRAY_LEN(below); i++) {
		cleanup_free char *path = str_format("%s/%s", home, below[i]);

		if (!path)
			return err_set(e, ENOMEM, "plan '%s'", home);
		if (add_java(s, path, e) < 0)
			return -e->code;
	}
	return 0;
}

/* Each of the distribution's; names are the image's, and so hostile: openat2 keeps them inside. */
static int add_jvms(struct stores *s, struct err *e)
{
	int fd = path_open_in_root(s->rootfd, JVM_DIR, O_RDONLY | O_DIRECTORY, 0), r = 0;
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *d;

	if (!dir) {
		fd_close(&fd);
		return 0;
	}
	while (r == 0 && (d = readdir(dir))) {
		cleanup_free char *home = str_format(JVM_DIR "/%s", d->d_name);

		if (d->d_name[0] != '.')
			r = home ? add_java_home(s, home, e) : err_set(e, ENOMEM, "plan Java");
	}
	closedir(dir);
	return r;
}

static int add_javas(struct stores *s, const struct oci *oci, struct err *e)
{
	/* Debian, Red Hat, SUSE, and the usual images' own. */
	static const char *const places[] = {"/etc/ssl/certs/java/cacerts",
		"/etc/pki/ca-trust/extracted/java/cacerts", "/var/lib/ca-certificates/java-cacerts",
		"/opt/java/openjdk/lib/security/cacerts"};
	const char *home = oci->process ? env_get(oci->process->env, "JAVA_HOME") : NULL;

	for (size_t i = 0; i < ARRAY_LEN(places); i++)
		if (add_java(s, places[i], e) < 0)
			return -e->code;
	if (home && *home == '/' && add_java_home(s, home, e) < 0)
		return -e->code;
	return add_jvms(s, e);
}

static int add_browser(struct stores *s, const char *path, const char *fallback, struct err *e)
{
	const struct plan_file f = {
		.kind = PLAN_FILE_CHROMIUM, .path = (char *)path, .fallback = (char *)fallback};
	cleanup_fd int fd = path_open_in_root(s->rootfd, path, O_PATH | O_DIRECTORY, 0);

	return fd < 0 ? 0 : plan_add_file(s->b, &f, e);
}

int plan_stores(struct plan *p, int rootfd, const char *pem, struct err *e)
{
	struct stores s = {.rootfd = rootfd, .b = p->bottle, .pem = pem};

	if (add_javas(&s, p->oci, e) < 0 ||
		add_browser(&s, "/etc/chromium", "/dev/bottle/chromium", e) < 0)
		return -e->code;
	return add_browser(&s, "/etc/opt/chrome", "/dev/bottle/chrome", e);
}
