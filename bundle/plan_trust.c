#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "base/path.h"
#include "base/ptr.h"
#include "bundle/plan_parts.h"

/* Where the agent's programs look for roots of trust: the image's places, and our variables. */

#define FALLBACK "/dev/bottle/ca-bundle.crt"

/* Debian and Alpine, Red Hat, SUSE, OpenSSL's own default. */
static const char *const places[] = {"/etc/ssl/certs/ca-certificates.crt",
	"/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem", "/etc/pki/tls/certs/ca-bundle.crt",
	"/etc/pki/tls/cert.pem", "/var/lib/ca-certificates/ca-bundle.pem", "/etc/ssl/ca-bundle.pem",
	"/etc/ssl/cert.pem"};

/* SSL_CERT_DIR stays as it is: programs that read it also read the bundle. */
static const char *const variables[] = {"SSL_CERT_FILE", "NODE_EXTRA_CA_CERTS",
	"REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "GIT_SSL_CAINFO", "PIP_CERT", "CARGO_HTTP_CAINFO",
	"AWS_CA_BUNDLE", "DENO_CERT", "CODEX_CA_CERTIFICATE", "GRPC_DEFAULT_SSL_ROOTS_FILE_PATH"};

struct found {
	struct stat st[ARRAY_LEN(places)];
	size_t n;
};

/* A regular file that was not seen by another name: most of the places are links to one. */
static bool is_new_place(int rootfd, const char *path, struct found *found)
{
	cleanup_fd int fd = path_open_in_root(rootfd, path, O_PATH, 0);
	struct stat *st = &found->st[found->n];

	if (fd < 0 || fstat(fd, st) < 0 || !S_ISREG(st->st_mode))
		return false;
	for (size_t i = 0; i < found->n; i++)
		if (found->st[i].st_dev == st->st_dev && found->st[i].st_ino == st->st_ino)
			return false;
	found->n++;
	return true;
}

/* All the variables; `names` gets them, separated by blanks. */
static int set_variables(struct plan_bottle *b, const char *path, struct str *names)
{
	for (size_t i = 0; i < ARRAY_LEN(variables); i++) {
		if (env_set(&b->env, variables[i], path) < 0)
			return -ENOMEM;
		str_addf(names, "%s%s", i ? " " : "", variables[i]);
	}
	return names->failed ? -ENOMEM : 0;
}

/*
 * Over one place of the image's. The first is what the variables point to. Each has a fallback of
 * its own, since places may hold different roots.
 */
static int add_place(struct plan_bottle *b, const char *path, size_t index, struct err *e)
{
	cleanup_free char *other = str_format("/dev/bottle/ca-bundle-%zu.crt", index);
	struct plan_file f = {.kind = PLAN_FILE_ROOTS, .path = (char *)path};
	cleanup_str struct str names = {0};

	if (!other || (index == 0 && set_variables(b, path, &names) < 0))
		return err_set(e, ENOMEM, "plan the trust bundle");
	f.fallback = index == 0 ? (char *)FALLBACK : other;
	f.env = names.s;
	return plan_add_file(b, &f, e);
}

int plan_trust(struct plan *p, int rootfd, struct err *e)
{
	const struct plan_file none = {.kind = PLAN_FILE_ROOTS, .path = (char *)FALLBACK};
	cleanup_str struct str names = {0};
	struct found found = {.n = 0};
	const char *first = NULL;

	for (size_t i = 0; rootfd >= 0 && i < ARRAY_LEN(places); i++) {
		if (!is_new_place(rootfd, places[i], &found))
			continue;
		if (!first)
			first = places[i];
		if (add_place(p->bottle, places[i], found.n - 1, e) < 0)
			return -e->code;
	}
	if (found.n > 0)
		return plan_stores(p, rootfd, first, e);
	if (set_variables(p->bottle, FALLBACK, &names) < 0)
		return err_set(e, ENOMEM, "plan the trust bundle");
	if (plan_add_file(p->bottle, &none, e) < 0)
		return -e->code;
	return rootfd < 0 ? 0 : plan_stores(p, rootfd, NULL, e);
}
