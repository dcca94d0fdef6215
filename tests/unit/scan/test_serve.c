/*
 * bottle-scan's side and its client's, over real sockets: the server in a child, as the component
 * runs it but for the lock-down.
 */
#include "scan/serve.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/component.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/msg.h"
#include "base/path.h"
#include "base/ptr.h"
#include "scan/cache.h"
#include "scan/serve_client.h"
#include "tests/lib/random.h"

static struct scan_rules *rules;
static char directory[64];
static char secret[33]; /* made at run time */
static int door[2] = {-1, -1}, control[2] = {-1, -1};
static pid_t server;

/* ---- the server */

static void make_secret(void)
{
	for (size_t i = 0; i < sizeof(secret) - 1; i++)
		secret[i] = "abcdefghijkmnpqrstuvwxyz23456789"[next_random() % 32];
}

static int load_rules(void **state)
{
	struct scan_secret known = {.name = "TOKEN", .value = secret, .len = 32};
	struct scan_sources from = {.known = &known, .n_known = 1};
	struct err e = {0};

	(void)state;
	signal(SIGPIPE, SIG_IGN);
	make_secret();
	snprintf(directory, sizeof(directory), "/tmp/test-serve.XXXXXX");
	if (!mkdtemp(directory))
		return -1;
	from.cache_fd = scan_cache_open(directory, NULL, 0, NULL, &e);
	if (from.cache_fd < 0 || scan_rules_new(&from, &rules, &e) < 0)
		print_error("%s\n", e.msg);
	fd_close(&from.cache_fd);
	return rules ? 0 : -1;
}

static int unload_rules(void **state)
{
	struct err e;

	(void)state;
	scan_rules_free(rules);
	return path_remove_tree(AT_FDCWD, directory, &e);
}

static int start(void **state)
{
	struct err e;

	(void)state;
	if (msg_pair(door, &e) < 0 || msg_pair(control, &e) < 0)
		return -1;
	server = fork();
	if (server == 0) {
		log_to_stderr(0);
		close(door[1]);
		close(control[1]);
		_exit(serve_run(rules, door[0], control[0], &e) < 0);
	}
	fd_close(&control[0]);
	return 0;
}

static int status_of_server(void)
{
	int status;

	assert_int_equal(waitpid(server, &status, 0), server);
	server = 0;
	return status;
}

static int stop(void **state)
{
	(void)state;
	fd_close(&door[0]);
	fd_close(&door[1]);
	fd_close(&control[1]);
	if (server)
		(void)status_of_server();
	return 0;
}

/* ---- clients */

struct heard {
	size_t n;
	struct serve_finding list[SERVE_TOLD_MAX + 1];
};

static void hear(void *arg, const struct serve_finding *f)
{
	struct heard *h = arg;

	if (h->n <= SERVE_TOLD_MAX)
		h->list[h->n++] = *f;
}

static struct serve_client *enter(void)
{
	struct serve_client *c = NULL;
	struct err e = {0};

	assert_int_equal(serve_client_open(door[1], &c, &e), 0);
	return c;
}

static void send_text(struct serve_client *c, const char *tag, const char *path, const char *text)
{
	struct err e = {0};

	assert_int_equal(serve_client_begin(c, tag, path, &e), 0);
	assert_int_equal(serve_client_feed(c, text, strlen(text), &e), 0);
	assert_int_equal(serve_client_end(c, &e), 0);
}

static void a_secret_is_found_with_the_clients_own_words(void **state)
{
	struct serve_client *c = enter();
	struct heard heard = {0};
	struct serve_done done;
	struct err e = {0};

	(void)state;
	send_text(c, "1 first", "", "nothing to see");
	send_text(c, "2 second", "a/path", secret);
	assert_int_equal(serve_client_finish(c, hear, &heard, &done, &e), 0);
	assert_int_equal(done.texts, 2);
	assert_int_equal(done.bytes, 14 + 32);
	assert_int_equal(done.found, 1);
	assert_int_equal(heard.n, 1);
	assert_string_equal(heard.list[0].tag, "2 second");
	assert_string_equal(heard.list[0].path, "a/path");
	assert_string_equal(heard.list[0].rule, SCAN_RULE_KNOWN);
	assert_string_equal(heard.list[0].what, "TOKEN");
	assert_int_equal(heard.list[0].line, 1);
	assert_null(strstr(heard.list[0].excerpt, secret));
	serve_client_close(c);
}

static void what_cannot_be_read_has_a_count_of_its_own(void **state)
{
	static const char opaque[] =
		"7z\xbc\xaf\x27\x1c and what follows in an archive of its kind";
	struct serve_client *c = enter();
	struct heard heard = {0};
	struct serve_done done;
	struct err e = {0};

	(void)state;
	send_text(c, "", "", opaque);
	send_text(c, "", "", secret);
	assert_int_equal(serve_client_finish(c, hear, &heard, &done, &e), 0);
	assert_int_equal(done.unreadable, 1);
	assert_int_equal(done.found, 1);
	assert_int_equal(heard.n, 2);
	assert_string_equal(heard.list[0].rule, SCAN_RULE_UNREADABLE);
	assert_int_equal(heard.list[1].start, 0);
	assert_int_equal(heard.list[1].end, strlen(secret));
	serve_client_close(c);
}

static void what_is_split_over_two_texts_is_no_finding(void **state)
{
	struct serve_client *c = enter();
	struct serve_done done;
	struct err e = {0};
	char half[17] = "";

	(void)state;
	memcpy(half, secret, 8);
	send_text(c, "", "", half);
	memcpy(half, secret + 8, 8);
	send_text(c, "", "", half);
	assert_int_equal(serve_client_finish(c, NULL, NULL, &done, &e), 0);
	assert_int_equal(done.found, 0);
	serve_client_close(c);
}

static void several_clients_do_not_hear_of_one_another(void **state)
{
	struct serve_client *list[12];
	struct heard heard = {0};
	struct serve_done done;
	struct err e = {0};

	(void)state;
	/* More than are served at once: the last ones wait in the door. */
	for (size_t i = 0; i < ARRAY_LEN(list); i++) {
		list[i] = enter();
		send_text(list[i], "", "", i == 7 ? secret : "harmless");
	}
	for (size_t i = 0; i < ARRAY_LEN(list); i++) {
		assert_int_equal(serve_client_finish(list[i], hear, &heard, &done, &e), 0);
		assert_int_equal(done.found, i == 7);
		serve_client_close(list[i]);
	}
	assert_int_equal(heard.n, 1);
}

static void findings_beyond_what_is_told_are_counted(void **state)
{
	struct serve_client *c = enter();
	struct heard heard = {0};
	struct serve_done done;
	struct err e = {0};

	(void)state;
	for (int i = 0; i < 100; i++)
		send_text(c, "", "", secret);
	assert_int_equal(serve_client_finish(c, hear, &heard, &done, &e), 0);
	assert_int_equal(done.found, 100);
	assert_int_equal(heard.n, SERVE_TOLD_MAX);
	serve_client_close(c);
}

static void a_large_text_is_read_whole(void **state)
{
	const size_t size = 3U << 20;
	cleanup_free char *text = malloc(size);
	struct serve_client *c = enter();
	struct serve_done done;
	struct err e = {0};

	(void)state;
	assert_non_null(text);
	memset(text, '\n', size);
	memcpy(text + size - 40, secret, 32);
	assert_int_equal(serve_client_begin(c, "", "", &e), 0);
	assert_int_equal(serve_client_feed(c, text, size, &e), 0);
	assert_int_equal(serve_client_end(c, &e), 0);
	assert_int_equal(serve_client_finish(c, NULL, NULL, &done, &e), 0);
	assert_int_equal(done.bytes, size);
	assert_int_equal(done.found, 1);
	serve_client_close(c);
}

static void of_a_long_path_the_end_is_kept(void **state)
{
	char path[2000];
	struct serve_client *c = enter();
	struct heard heard = {0};
	struct serve_done done;
	struct err e = {0};

	(void)state;
	memset(path, 'x', sizeof(path));
	snprintf(path + sizeof(path) - 10, 10, "/end.txt");
	send_text(c, "", path, secret);
	assert_int_equal(serve_client_finish(c, hear, &heard, &done, &e), 0);
	assert_int_equal(strlen(heard.list[0].path), SERVE_PATH_MAX - 1);
	assert_non_null(strstr(heard.list[0].path, "/end.txt"));
	serve_client_close(c);
}

/* ---- a server that ends */

static void a_scanner_that_is_killed_amid_a_text_is_no_scanner(void **state)
{
	static char text[1U << 20];
	struct serve_client *c = enter();
	struct serve_done done;
	struct err e = {0};
	int r;

	(void)state;
	memset(text, 'x', sizeof(text));
	assert_int_equal(serve_client_begin(c, "", "", &e), 0);
	/* More than the socket holds: it has been let in when this returns. */
	assert_int_equal(serve_client_feed(c, text, sizeof(text), &e), 0);
	kill(server, SIGKILL);
	assert_true(WIFSIGNALED(status_of_server()));
	r = serve_client_feed(c, text, sizeof(text), &e);
	if (r == 0)
		r = serve_client_end(c, &e);
	if (r == 0)
		r = serve_client_finish(c, NULL, NULL, &done, &e);
	assert_true(r < 0);
	assert_non_null(strstr(e.msg, "no scanner"));
	serve_client_close(c);
}

static void who_knocks_while_there_is_none_is_heard_by_the_next(void **state)
{
	struct serve_client *c;
	struct serve_done done;
	struct err e = {0};

	(void)state;
	kill(server, SIGKILL);
	(void)status_of_server();
	fd_close(&control[1]);
	c = enter();
	send_text(c, "", "", secret);
	assert_int_equal(msg_pair(control, &e), 0);
	server = fork();
	if (server == 0) {
		close(control[1]);
		_exit(serve_run(rules, door[0], control[0], &e) < 0);
	}
	fd_close(&control[0]);
	assert_int_equal(serve_client_finish(c, NULL, NULL, &done, &e), 0);
	assert_int_equal(done.found, 1);
	serve_client_close(c);
}

static void a_door_without_anybody_behind_it_is_no_scanner(void **state)
{
	struct serve_client *c = NULL;
	struct err e = {0};

	(void)state;
	kill(server, SIGKILL);
	(void)status_of_server();
	fd_close(&door[0]);
	assert_true(serve_client_open(door[1], &c, &e) < 0);
	assert_non_null(strstr(e.msg, "no scanner"));
	assert_null(c);
}

static void it_ends_when_told_to_and_with_its_monitor(void **state)
{
	struct err e = {0};

	(void)state;
	assert_int_equal(msg_send(control[1], COMPONENT_STOP, NULL, 0, NULL, 0, &e), 0);
	assert_int_equal(WEXITSTATUS(status_of_server()), 0);
	assert_int_equal(stop(NULL), 0);
	assert_int_equal(start(NULL), 0);
	fd_close(&control[1]);
	assert_int_equal(WEXITSTATUS(status_of_server()), 1);
}

/* ---- records that no client of ours would send */

struct record {
	uint32_t type, len;
	size_t body; /* bytes sent behind the head */
};

/* Sends these through a socket of its own; the type of the last answer, 0: it hung up at once. */
static uint32_t answer_to(const struct record *list, size_t n)
{
	static const char zeros[sizeof(struct serve_text) + 8];
	uint32_t last = 0;
	struct serve_head h;
	char body[1024];
	struct err e = {0};
	int pair[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
	assert_int_equal(msg_send(door[1], SERVE_CONNECT, NULL, 0, &pair[1], 1, &e), 0);
	close(pair[1]);
	for (size_t i = 0; i < n; i++) {
		h = (struct serve_head){list[i].type, list[i].len};
		(void)send(pair[0], &h, sizeof(h), MSG_NOSIGNAL);
		(void)send(pair[0], zeros, list[i].body, MSG_NOSIGNAL);
	}
	while (recv(pair[0], &h, sizeof(h), MSG_WAITALL) == sizeof(h)) {
		last = h.type;
		assert_true(h.len <= sizeof(body));
		assert_int_equal(recv(pair[0], body, h.len, MSG_WAITALL), h.len);
	}
	close(pair[0]);
	return last;
}

#define BEGIN_RECORD                                                                               \
	{                                                                                          \
		SERVE_BEGIN, sizeof(struct serve_text), sizeof(struct serve_text)                  \
	}

static void unknown_early_or_malformed_records_end_the_connection(void **state)
{
	static const struct record unknown[] = {{77, 0, 0}};
	static const struct record early_data[] = {{SERVE_DATA, 4, 4}};
	static const struct record early_end[] = {{SERVE_END, 0, 0}};
	static const struct record twice[] = {BEGIN_RECORD, BEGIN_RECORD};
	static const struct record amid[] = {BEGIN_RECORD, {SERVE_FINISH, 0, 0}};
	static const struct record short_begin[] = {{SERVE_BEGIN, 4, 4}};
	static const struct record empty_data[] = {BEGIN_RECORD, {SERVE_DATA, 0, 0}};
	static const struct record huge_data[] = {BEGIN_RECORD, {SERVE_DATA, ~0U, 0}};
	static const struct record answer[] = {{SERVE_DONE, 0, 0}};

	(void)state;
	assert_int_equal(answer_to(unknown, 1), SERVE_FAILED);
	assert_int_equal(answer_to(early_data, 1), SERVE_FAILED);
	assert_int_equal(answer_to(early_end, 1), SERVE_FAILED);
	assert_int_equal(answer_to(twice, 2), SERVE_FAILED);
	assert_int_equal(answer_to(amid, 2), SERVE_FAILED);
	assert_int_equal(answer_to(short_begin, 1), SERVE_FAILED);
	assert_int_equal(answer_to(empty_data, 2), SERVE_FAILED);
	assert_int_equal(answer_to(huge_data, 2), SERVE_FAILED);
	assert_int_equal(answer_to(answer, 1), SERVE_FAILED);
}

static void what_comes_through_the_door_otherwise_is_dropped_and_the_next_served(void **state)
{
	int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
	struct serve_client *c;
	struct serve_done done;
	struct err e = {0};

	(void)state;
	assert_int_equal(msg_send(door[1], SERVE_CONNECT, NULL, 0, NULL, 0, &e), 0);
	assert_int_equal(msg_send(door[1], SERVE_CONNECT, "x", 1, &null, 1, &e), 0);
	assert_int_equal(msg_send(door[1], SERVE_CONNECT, NULL, 0, &null, 1, &e), 0);
	assert_int_equal(msg_send(door[1], 4711, NULL, 0, &null, 1, &e), 0);
	assert_int_equal(send(door[1], "short", 5, 0), 5);
	close(null);
	c = enter();
	send_text(c, "", "", secret);
	assert_int_equal(serve_client_finish(c, NULL, NULL, &done, &e), 0);
	assert_int_equal(done.found, 1);
	serve_client_close(c);
}

/* ---- a scanner that is none */

/* Plays one: takes the client in, waits for its FINISH, says this, and hangs up. */
static int finish_against(const void *said, size_t len, struct err *e)
{
	static char sink[64U << 10];
	cleanup_msg struct msg m = {0};
	struct serve_client *c = NULL;
	struct serve_done done;
	struct err ignored;
	int r;

	kill(server, SIGKILL);
	(void)status_of_server();
	assert_int_equal(serve_client_open(door[1], &c, e), 0);
	assert_int_equal(msg_recv(door[0], &m, &ignored), 1);
	send_text(c, "", "", "text");
	assert_int_equal(send(m.fds[0], said, len, 0), len);
	assert_int_equal(shutdown(m.fds[0], SHUT_WR), 0);
	r = serve_client_finish(c, NULL, NULL, &done, e);
	(void)recv(m.fds[0], sink, sizeof(sink), MSG_DONTWAIT);
	serve_client_close(c);
	return r;
}

static void a_done_with_other_counts_is_none(void **state)
{
	struct {
		struct serve_head head;
		struct serve_done done;
	} said = {{SERVE_DONE, sizeof(struct serve_done)}, {.texts = 1, .bytes = 3}};
	struct err e = {0};

	(void)state;
	assert_true(finish_against(&said, sizeof(said), &e) < 0);
	assert_string_equal(e.msg, "no scanner: it has read 3 bytes of 4");
}

static void half_an_answer_is_none(void **state)
{
	struct serve_head head = {SERVE_DONE, sizeof(struct serve_done)};
	struct err e = {0};

	(void)state;
	assert_true(finish_against(&head, sizeof(head), &e) < 0);
	assert_string_equal(e.msg, "no scanner: it has ended");
}

static void an_unknown_answer_is_none(void **state)
{
	struct serve_head head = {4711, 0};
	struct err e = {0};

	(void)state;
	assert_true(finish_against(&head, sizeof(head), &e) < 0);
	assert_string_equal(e.msg, "no scanner: it says what it should not");
}

static void what_the_scanner_could_not_decide_is_told_in_its_words(void **state)
{
	struct {
		struct serve_head head;
		struct err why;
	} said = {{SERVE_FAILED, sizeof(struct err)}, {.code = EIO, .msg = "too hard"}};
	struct err e = {0};

	(void)state;
	assert_int_equal(finish_against(&said, sizeof(said), &e), -EIO);
	assert_string_equal(e.msg, "the scanner: too hard");
}

#define WITH_SERVER(test) cmocka_unit_test_setup_teardown(test, start, stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_SERVER(a_secret_is_found_with_the_clients_own_words),
		WITH_SERVER(what_cannot_be_read_has_a_count_of_its_own),
		WITH_SERVER(what_is_split_over_two_texts_is_no_finding),
		WITH_SERVER(several_clients_do_not_hear_of_one_another),
		WITH_SERVER(findings_beyond_what_is_told_are_counted),
		WITH_SERVER(a_large_text_is_read_whole),
		WITH_SERVER(of_a_long_path_the_end_is_kept),
		WITH_SERVER(a_scanner_that_is_killed_amid_a_text_is_no_scanner),
		WITH_SERVER(who_knocks_while_there_is_none_is_heard_by_the_next),
		WITH_SERVER(a_door_without_anybody_behind_it_is_no_scanner),
		WITH_SERVER(it_ends_when_told_to_and_with_its_monitor),
		WITH_SERVER(unknown_early_or_malformed_records_end_the_connection),
		WITH_SERVER(what_comes_through_the_door_otherwise_is_dropped_and_the_next_served),
		WITH_SERVER(a_done_with_other_counts_is_none),
		WITH_SERVER(half_an_answer_is_none),
		WITH_SERVER(an_unknown_answer_is_none),
		WITH_SERVER(what_the_scanner_could_not_decide_is_told_in_its_words),
	};

	return cmocka_run_group_tests(tests, load_rules, unload_rules);
}
