/*
 * bottle-systemd: what bottle-shim has to say to systemd, over D-Bus. See shim/cgroup_systemd.c for
 * the theory of operation. A request as JSON on descriptor 0 to its end, one answer on descriptor
 *1:
 *
 *	{"do": "start", "unit": U, "properties": […]}	{"cgroup": PATH, "pid": N}, waits for
 *descriptor 3
 *	{"do": "stop",  "unit": U}			{}
 *	{"do": "set",   "unit": U, "properties": […]}	{}
 *
 * or {"errno": N, "error": TEXT}. A property is {"name", "type", "value", "optional"}: the type a
 * D-Bus signature; optional ones are tried without where systemd does not know one of them.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <systemd/sd-bus.h>
#include <unistd.h>

#include "base/err.h"
#include "base/fd.h"
#include "base/json.h"
#include "base/proc.h"
#include "base/ptr.h"
#include "base/str.h"

#define REQUEST_MAX (1U << 20)
#define HOLD_FD	    3
#define JOB_USEC    UINT64_C(30000000)

#define DESTINATION "org.freedesktop.systemd1"
#define MANAGER	    "org.freedesktop.systemd1.Manager"
#define OBJECT	    "/org/freedesktop/systemd1"

static int fail(struct err *e, int r, const char *what, const sd_bus_error *error)
{
	/* sd-bus has errno values only for the names of D-Bus itself. */
	if (error && str_eq(error->name, "org.freedesktop.systemd1.UnitExists"))
		r = -EEXIST;
	if (error && str_eq(error->name, "org.freedesktop.systemd1.NoSuchUnit"))
		r = -ENOENT;
	/* "Cannot set property X, or unknown property." */
	if (error && str_eq(error->name, SD_BUS_ERROR_PROPERTY_READ_ONLY))
		r = -ENOPROTOOPT;
	if (error && error->message)
		return err_say(e, -r, "%s: %s", what, error->message);
	return err_set(e, -r, "%s", what);
}

/* The system's bus, or where there is none systemd's own socket; the user's bus without root. */
static int open_bus(sd_bus **ret, struct err *e)
{
	sd_bus *bus = NULL;
	int r;

	if (geteuid() != 0) {
		r = sd_bus_open_user(ret);
		return r < 0 ? fail(e, r, "connect to the user's bus", NULL) : 0;
	}
	if (sd_bus_open_system(ret) >= 0)
		return 0;
	r = sd_bus_new(&bus);
	if (r >= 0)
		r = sd_bus_set_address(bus, "unix:path=/run/systemd/private");
	if (r >= 0)
		r = sd_bus_start(bus);
	if (r < 0) {
		sd_bus_unref(bus);
		return fail(e, r, "connect to systemd (is it running?)", NULL);
	}
	*ret = bus;
	return 0;
}

/* One value of a basic type (D-Bus specification, "Basic types"). -EINVAL: of another one. */
static int append_basic(sd_bus_message *m, char type, const json_t *value)
{
	int64_t n = json_integer_value(value);

	if (type == 's')
		return json_is_string(value)
			       ? sd_bus_message_append(m, "s", json_string_value(value))
			       : -EINVAL;
	if (type == 'b')
		return json_is_boolean(value)
			       ? sd_bus_message_append(m, "b", (int)json_is_true(value))
			       : -EINVAL;
	if (type == 'd')
		return sd_bus_message_append(m, "d", json_number_value(value));
	if (!json_is_integer(value))
		return -EINVAL;
	switch (type) {
	case 'y':
		return sd_bus_message_append(m, "y", (int)(uint8_t)n);
	case 'n':
	case 'q':
		return sd_bus_message_append(m, (char[]){type, 0}, (int)(uint16_t)n);
	case 'i':
	case 'u':
		return sd_bus_message_append(m, (char[]){type, 0}, (uint32_t)n);
	case 'x':
	case 't':
		return sd_bus_message_append(m, (char[]){type, 0}, (uint64_t)n);
	default:
		return -EINVAL;
	}
}

/* "a" and a basic type, or "a(ss)". */
static int append_list(sd_bus_message *m, const char *contents, const json_t *value)
{
	int r = json_is_array(value) ? sd_bus_message_open_container(m, 'a', contents) : -EINVAL;

	for (size_t i = 0; r >= 0 && i < json_array_size(value); i++) {
		const json_t *one = json_array_get(value, i);

		if (strcmp(contents, "(ss)") == 0)
			r = sd_bus_message_append(m, "(ss)",
				json_string_value(json_array_get(one, 0)),
				json_string_value(json_array_get(one, 1)));
		else
			r = append_basic(m, contents[0], one);
	}
	return r < 0 ? r : sd_bus_message_close_container(m);
}

static int append_named(sd_bus_message *m, const char *name, const char *type, const json_t *value)
{
	int r = sd_bus_message_open_container(m, 'r', "sv");

	if (r >= 0)
		r = sd_bus_message_append(m, "s", name);
	if (r >= 0)
		r = sd_bus_message_open_container(m, 'v', type);
	if (r >= 0)
		r = type[0] == 'a' ? append_list(m, type + 1, value)
				   : append_basic(m, type[0], value);
	if (r >= 0)
		r = sd_bus_message_close_container(m);
	return r < 0 ? r : sd_bus_message_close_container(m);
}

static int append_property(sd_bus_message *m, const struct json_at *at, struct err *e)
{
	cleanup_free char *name = NULL, *type = NULL;
	int r = json_need_str(at, "name", &name, e);

	if (r >= 0)
		r = json_need_str(at, "type", &type, e);
	if (r < 0)
		return r;
	r = append_named(m, name, type, json_object_get(at->j, "value"));
	if (r == -EINVAL)
		return json_err(at, EINVAL, e, "a property of an unknown type");
	return r < 0 ? fail(e, r, "build a message", NULL) : 0;
}

/*
 * The contents of an a(sv), which the caller opens and closes. all: with those that may be left
 * out.
 */
static int append_properties(
	sd_bus_message *m, const struct json_at *request, bool all, struct err *e)
{
	struct json_at list, one;
	int r = json_member(request, "properties", JSON_ARRAY, &list, e);

	if (r <= 0)
		return r;
	for (size_t i = 0; i < json_count(&list); i++) {
		r = json_element(&list, i, JSON_OBJECT, &one, e);
		if (r < 0)
			return r;
		if (!all && json_is_true(json_object_get(one.j, "optional")))
			continue;
		r = append_property(m, &one, e);
		if (r < 0)
			return r;
	}
	return 0;
}

struct job {
	const char *path; /* borrowed */
	char result[32];  /* "" while it runs */
};

static int on_job_removed(sd_bus_message *m, void *arg, sd_bus_error *error)
{
	struct job *job = arg;
	const char *path, *unit, *result;
	uint32_t id;

	(void)error;
	if (sd_bus_message_read(m, "uoss", &id, &path, &unit, &result) >= 0 &&
		str_eq(job->path, path))
		snprintf(job->result, sizeof(job->result), "%s", result);
	return 0;
}

/*
 * Sends a call that starts a job and waits until that is done. The match stands before the call;
 * signals that arrive during it are kept by sd-bus and delivered when the job's name is known.
 */
static int call_job(sd_bus *bus, sd_bus_message *call, struct err *e)
{
	sd_bus_error error = SD_BUS_ERROR_NULL;
	sd_bus_message *reply = NULL;
	sd_bus_slot *slot = NULL;
	struct job job = {0};
	int64_t deadline = proc_now_ms() + (int64_t)(JOB_USEC / 1000);
	int r = sd_bus_match_signal(
		bus, &slot, NULL, OBJECT, MANAGER, "JobRemoved", on_job_removed, &job);

	if (r >= 0)
		r = sd_bus_call(bus, call, JOB_USEC, &error, &reply);
	if (r >= 0)
		r = sd_bus_message_read(reply, "o", &job.path);
	while (r >= 0 && !job.result[0]) {
		r = sd_bus_process(bus, NULL);
		if (r == 0)
			r = sd_bus_wait(bus, JOB_USEC);
		if (r >= 0 && proc_now_ms() > deadline)
			r = -ETIMEDOUT;
	}
	if (r < 0)
		r = fail(e, r, "the job failed", &error);
	else if (strcmp(job.result, "done") != 0)
		r = err_say(e, EIO, "the job ended as '%s'", job.result);
	sd_bus_slot_unref(slot);
	sd_bus_message_unref(reply);
	sd_bus_error_free(&error);
	return r < 0 ? r : 0;
}

static bool is_slice(const char *unit)
{
	return str_ends(unit, ".slice");
}

/* What a scope is made of; a slice holds no processes. */
static int append_pid(sd_bus_message *m, const char *unit, pid_t pid)
{
	return is_slice(unit) ? 0
			      : sd_bus_message_append(m, "(sv)", "PIDs", "au", 1, (uint32_t)pid);
}

struct start {
	const char *unit;
	const struct json_at *request;
	pid_t pid; /* the first process */
	bool all;  /* with optional properties */
};

static int build_start(sd_bus_message *m, const struct start *s, struct err *e)
{
	int r = sd_bus_message_append(m, "ss", s->unit, "fail");

	if (r >= 0)
		r = sd_bus_message_open_container(m, 'a', "(sv)");
	if (r < 0)
		return fail(e, r, "build a message", NULL);
	r = append_properties(m, s->request, s->all, e);
	if (r < 0)
		return r;
	r = append_pid(m, s->unit, s->pid);
	if (r >= 0)
		r = sd_bus_message_close_container(m);
	if (r >= 0)
		r = sd_bus_message_append(m, "a(sa(sv))", 0);
	return r < 0 ? fail(e, r, "build a message", NULL) : 0;
}

static int start_once(sd_bus *bus, const struct start *s, struct err *e)
{
	sd_bus_message *m = NULL;
	int r = sd_bus_message_new_method_call(
		bus, &m, DESTINATION, OBJECT, MANAGER, "StartTransientUnit");

	if (r < 0)
		return fail(e, r, "build a message", NULL);
	r = build_start(m, s, e);
	if (r >= 0)
		r = call_job(bus, m, e);
	sd_bus_message_unref(m);
	return r;
}

static int start_scope(sd_bus *bus, struct start *s, struct err *e)
{
	int r = start_once(bus, s, e);

	if (r != -ENOPROTOOPT)
		return r;
	s->all = false;
	return start_once(bus, s, e);
}

/* Forgets a failed unit of that name; one that is not there is none. */
static void reset_failed(sd_bus *bus, const char *unit)
{
	sd_bus_call_method(
		bus, DESTINATION, OBJECT, MANAGER, "ResetFailedUnit", NULL, NULL, "s", unit);
}

static int group_of(sd_bus *bus, const char *unit, pid_t pid, json_t **ret, struct err *e)
{
	sd_bus_error error = SD_BUS_ERROR_NULL;
	cleanup_free char *path = NULL, *group = NULL;
	int r = sd_bus_path_encode("/org/freedesktop/systemd1/unit", unit, &path);

	if (r >= 0)
		r = sd_bus_get_property_string(bus, DESTINATION, path,
			is_slice(unit) ? "org.freedesktop.systemd1.Slice"
				       : "org.freedesktop.systemd1.Scope",
			"ControlGroup", &error, &group);
	if (r < 0)
		fail(e, r, "ask for the scope's control group", &error);
	else
		*ret = json_pack(
			"{s:s, s:i}", "cgroup", group, "pid", is_slice(unit) ? 0 : (int)pid);
	sd_bus_error_free(&error);
	return r < 0 ? r : 0;
}

/* A child that does nothing and dies with us. */
static int placeholder(struct proc *ret, struct err *e)
{
	pid_t pid = proc_fork(0, -1, &ret->pidfd);

	if (pid < 0)
		return err_set(e, -pid, "fork");
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		proc_close_from(0);
		for (;;)
			pause();
	}
	ret->pid = pid;
	return 0;
}

static void send_answer(json_t *answer)
{
	cleanup_free char *text = json_dumps(answer, JSON_COMPACT);

	if (text && fd_write_all(STDOUT_FILENO, text, strlen(text)) < 0)
		exit(1); /* the asker is gone */
	close(STDOUT_FILENO);
}

static int do_start(sd_bus *bus, const char *unit, const struct json_at *request, struct err *e)
{
	cleanup_proc struct proc p = PROC_NONE;
	cleanup_json json_t *answer = NULL;
	struct start start;
	char byte;
	int r = placeholder(&p, e);

	if (r < 0)
		return r;
	start = (struct start){unit, request, p.pid, true};
	r = start_scope(bus, &start, e);
	if (r == -EEXIST) {
		reset_failed(bus, unit);
		r = start_scope(bus, &start, e);
	}
	if (r >= 0)
		r = group_of(bus, unit, p.pid, &answer, e);
	if (r < 0)
		return r;
	send_answer(answer);
	/* Until the container has its own process there, or its maker is gone. */
	while (read(HOLD_FD, &byte, 1) < 0 && errno == EINTR)
		;
	return 0;
}

static int do_stop(sd_bus *bus, const char *unit, struct err *e)
{
	sd_bus_message *m = NULL;
	int r = sd_bus_message_new_method_call(bus, &m, DESTINATION, OBJECT, MANAGER, "StopUnit");

	if (r >= 0)
		r = sd_bus_message_append(m, "ss", unit, "replace");
	if (r >= 0)
		r = call_job(bus, m, e);
	else
		fail(e, r, "build a message", NULL);
	sd_bus_message_unref(m);
	reset_failed(bus, unit);
	/* It may have gone by itself with its last process. */
	return r == -ENOENT ? 0 : r;
}

static int set_once(
	sd_bus *bus, const char *unit, const struct json_at *request, bool all, struct err *e)
{
	sd_bus_error error = SD_BUS_ERROR_NULL;
	sd_bus_message *m = NULL;
	int r = sd_bus_message_new_method_call(
		bus, &m, DESTINATION, OBJECT, MANAGER, "SetUnitProperties");

	if (r >= 0)
		r = sd_bus_message_append(m, "sb", unit, 1);
	if (r >= 0)
		r = sd_bus_message_open_container(m, 'a', "(sv)");
	if (r < 0)
		fail(e, r, "build a message", NULL);
	else
		r = append_properties(m, request, all, e);
	if (r >= 0)
		r = sd_bus_message_close_container(m);
	if (r >= 0)
		r = sd_bus_call(bus, m, JOB_USEC, &error, NULL);
	if (r < 0 && !e->code)
		r = fail(e, r, "set properties", &error);
	sd_bus_message_unref(m);
	sd_bus_error_free(&error);
	return r < 0 ? r : 0;
}

static int do_set(sd_bus *bus, const char *unit, const struct json_at *request, struct err *e)
{
	int r = set_once(bus, unit, request, true, e);

	if (r != -ENOPROTOOPT)
		return r;
	*e = (struct err){0};
	return set_once(bus, unit, request, false, e);
}

static int serve(struct err *e)
{
	cleanup_free char *text = NULL, *verb = NULL, *unit = NULL;
	cleanup_json json_t *request = NULL;
	sd_bus *bus = NULL;
	struct json_at at;
	size_t len;
	int r = fd_read_all(STDIN_FILENO, "request", REQUEST_MAX, &text, &len, e);

	if (r >= 0)
		r = json_parse(text, len, "request", &request, e);
	if (r < 0)
		return r;
	at = json_root(request, "request");
	r = json_need_str(&at, "do", &verb, e);
	if (r >= 0)
		r = json_need_str(&at, "unit", &unit, e);
	if (r >= 0)
		r = open_bus(&bus, e);
	if (r < 0)
		return r;
	if (strcmp(verb, "start") == 0)
		r = do_start(bus, unit, &at, e);
	else if (strcmp(verb, "stop") == 0)
		r = do_stop(bus, unit, e);
	else if (strcmp(verb, "set") == 0)
		r = do_set(bus, unit, &at, e);
	else
		r = err_say(e, EINVAL, "unknown request '%s'", verb);
	sd_bus_flush_close_unref(bus);
	if (r >= 0 && strcmp(verb, "start") != 0)
		send_answer(json_object());
	return r;
}

int main(void)
{
	struct err e = {0};

	if (serve(&e) >= 0)
		return 0;
	send_answer(json_pack("{s:i, s:s}", "errno", e.code, "error", e.msg));
	return 1;
}
