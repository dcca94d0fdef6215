#include "bundle/oci.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/fd.h"
#include "base/ptr.h"
#include "base/str.h"
#include "bundle/oci_read.h"

#define CONFIG_MAX_BYTES (16U << 20)

void oci_free(struct oci *oci)
{
	if (!oci)
		return;
	free(oci->oci_version);
	free(oci->bundle);
	free(oci->root_path);
	free(oci->hostname);
	free(oci->domainname);
	oci_process_free(oci->process);
	oci_free_mounts(oci);
	oci_free_hooks(oci);
	strv_free(oci->annotations);
	oci_free_linux(oci);
	json_decref(oci->json);
	free(oci);
}

/* Any 1.x, with whatever suffix ("1.0.2-dev"): members of later versions are ignored. */
static int read_version(const struct json_at *root, struct oci *oci, struct err *e)
{
	int r = json_need_str(root, "ociVersion", &oci->oci_version, e);

	if (r < 0)
		return r;
	if (!str_starts(oci->oci_version, "1."))
		return json_err(root, EINVAL, e,
			"ociVersion: '%s' is not supported; this runtime speaks 1.x",
			oci->oci_version);
	return 0;
}

static int read_root(const struct json_at *root, struct oci *oci, struct err *e)
{
	cleanup_free char *path = NULL;
	struct json_at at;
	int r = json_member(root, "root", JSON_OBJECT, &at, e);

	if (r == 0)
		return json_err(root, EINVAL, e, "the member 'root' is missing");
	if (r > 0)
		r = json_need_str(&at, "path", &path, e);
	if (r < 0)
		return r;
	if (!*path)
		return json_err(&at, EINVAL, e, "path: it is empty; a directory is needed");
	oci->root_path = oci_absolute(oci->bundle, path);
	if (!oci->root_path)
		return err_set(e, ENOMEM, "read root.path");
	return json_get_bool(&at, "readonly", &oci->root_readonly, e);
}

static int read_process(const struct json_at *root, struct oci *oci, struct err *e)
{
	struct json_at at;
	int r = json_member(root, "process", JSON_OBJECT, &at, e);

	if (r <= 0)
		return r;
	oci->process = calloc(1, sizeof(*oci->process));
	if (!oci->process)
		return err_set(e, ENOMEM, "read process");
	return oci_read_process(&at, oci->process, e);
}

static int read_linux(const struct json_at *root, struct oci *oci, struct err *e)
{
	struct json_at at;
	int r = json_member(root, "linux", JSON_OBJECT, &at, e);

	oci->personality = OCI_UNSET;
	oci->resources = oci_resources_new();
	if (!oci->resources)
		return err_set(e, ENOMEM, "read linux.resources");
	return r <= 0 ? r : oci_read_linux(&at, oci, e);
}

static int read_all(const struct json_at *root, struct oci *oci, struct err *e)
{
	int r;

	if ((r = read_version(root, oci, e)) < 0 || (r = read_root(root, oci, e)) < 0 ||
		(r = read_process(root, oci, e)) < 0 || (r = oci_read_mounts(root, oci, e)) < 0 ||
		(r = oci_read_hooks(root, oci, e)) < 0 || (r = read_linux(root, oci, e)) < 0 ||
		(r = json_get_str(root, "hostname", &oci->hostname, e)) < 0 ||
		(r = json_get_str(root, "domainname", &oci->domainname, e)) < 0 ||
		(r = oci_read_map(root, "annotations", &oci->annotations, e)) < 0)
		return r;
	return 0;
}

static int parse_named(
	const char *text, size_t len, const char *file, struct oci *oci, struct err *e)
{
	struct json_at root;
	int r = json_parse(text, len, file, &oci->json, e);

	if (r < 0)
		return r;
	root = json_root(oci->json, file);
	if (!json_is_object(oci->json))
		return json_err(&root, EINVAL, e, "the document must be an object");
	return read_all(&root, oci, e);
}

int oci_parse(const char *text, size_t len, const char *bundle, struct oci **ret, struct err *e)
{
	cleanup_oci struct oci *oci = calloc(1, sizeof(*oci));
	int r;

	if (!oci || !(oci->bundle = strdup(bundle)))
		return err_set(e, ENOMEM, "read config.json");
	r = parse_named(text, len, "config.json", oci, e);
	if (r < 0)
		return r;
	*ret = steal_ptr(&oci);
	return 0;
}

int oci_load(const char *bundle, const char *file, struct oci **ret, struct err *e)
{
	cleanup_free char *dir = realpath(bundle, NULL), *text = NULL, *own = NULL;
	size_t len;
	int r;

	if (!dir)
		return err_set(e, errno, "bundle '%s'", bundle);
	if (!file)
		file = own = str_format("%s/config.json", dir);
	if (!file)
		return err_set(e, ENOMEM, "read config.json");
	r = fd_read_file(AT_FDCWD, file, CONFIG_MAX_BYTES, &text, &len, e);
	return r < 0 ? r : oci_parse(text, len, dir, ret, e);
}

const char *oci_annotation(const struct oci *oci, const char *key)
{
	return env_get(oci->annotations, key);
}

int oci_process_parse(
	const char *text, size_t len, const char *file, struct oci_process **ret, struct err *e)
{
	cleanup_json json_t *j = NULL;
	struct oci_process *p;
	struct json_at root;
	int r = json_parse(text, len, file, &j, e);

	if (r < 0)
		return r;
	root = json_root(j, file);
	if (!json_is_object(j))
		return json_err(&root, EINVAL, e, "the document must be an object");
	p = calloc(1, sizeof(*p));
	if (!p)
		return err_set(e, ENOMEM, "read '%s'", file);
	r = oci_read_process(&root, p, e);
	if (r < 0) {
		oci_process_free(p);
		return r;
	}
	*ret = p;
	return 0;
}

int oci_resources_parse(
	const char *text, size_t len, const char *file, struct oci_resources **ret, struct err *e)
{
	cleanup_json json_t *j = NULL;
	struct oci_resources *res;
	struct json_at root;
	int r = json_parse(text, len, file, &j, e);

	if (r < 0)
		return r;
	root = json_root(j, file);
	if (!json_is_object(j))
		return json_err(&root, EINVAL, e, "the document must be an object");
	res = oci_resources_new();
	if (!res)
		return err_set(e, ENOMEM, "read '%s'", file);
	r = oci_read_resources(&root, res, e);
	if (r < 0) {
		oci_resources_free(res);
		return r;
	}
	*ret = res;
	return 0;
}
