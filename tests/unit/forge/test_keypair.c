#include "forge/keypair.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/proc.h"

/* What ssh-keygen reads from the private key, which stands in a file of ours alone. */
static void read_back(const struct keypair *k, char *buf, size_t size)
{
	char path[] = "/tmp/test-keypair-XXXXXX";
	char *const argv[] = {(char *)"ssh-keygen", (char *)"-y", (char *)"-f", path, NULL};
	int out[2], fd = mkstemp(path);
	struct proc_fd table = {-1, STDOUT_FILENO};
	const struct proc_spec spec = {
		.path = "/usr/bin/ssh-keygen", .argv = argv, .fds = &table, .n_fds = 1};
	struct proc p = PROC_NONE;
	struct err e = {0};
	ssize_t n;

	assert_true(fd >= 0);
	assert_int_equal(
		write(fd, k->private_text.bytes, k->private_text.len), k->private_text.len);
	close(fd);
	assert_int_equal(pipe(out), 0);
	table.from = out[1];
	assert_int_equal(proc_spawn(&spec, &p, &e), 0);
	close(out[1]);
	assert_int_equal(proc_wait(&p, -1, NULL, &e), 1);
	n = read(out[0], buf, size - 1);
	buf[n < 0 ? 0 : n] = '\0';
	close(out[0]);
	unlink(path);
}

static void ssh_reads_the_private_key_and_has_the_public_one_of_it(void **state)
{
	struct keypair k;
	struct err e = {0};
	char found[512], wanted[512];

	(void)state;
	assert_int_equal(keypair_make("bot-bottle:dev:app", &k, &e), 0);
	read_back(&k, found, sizeof(found));
	snprintf(wanted, sizeof(wanted), "%s\n", k.public_line);
	assert_string_equal(found, wanted);
	keypair_done(&k);
}

static void the_public_line_names_type_and_comment(void **state)
{
	struct keypair k;
	struct err e = {0};

	(void)state;
	assert_int_equal(keypair_make("t", &k, &e), 0);
	assert_memory_equal(k.public_line, "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI", 37);
	assert_string_equal(k.public_line + strlen(k.public_line) - 2, " t");
	keypair_done(&k);
}

static void no_two_pairs_are_alike(void **state)
{
	struct keypair a, b;
	struct err e = {0};

	(void)state;
	assert_int_equal(keypair_make("t", &a, &e), 0);
	assert_int_equal(keypair_make("t", &b, &e), 0);
	assert_string_not_equal(a.public_line, b.public_line);
	keypair_done(&a);
	keypair_done(&b);
}

static void a_comment_of_two_words_or_a_page_is_refused(void **state)
{
	struct keypair k;
	struct err e = {0};
	char page[4096];

	(void)state;
	memset(page, 'a', sizeof(page));
	page[sizeof(page) - 1] = '\0';
	assert_true(keypair_make("two words", &k, &e) < 0);
	assert_true(keypair_make("two\nlines", &k, &e) < 0);
	assert_true(keypair_make(page, &k, &e) < 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ssh_reads_the_private_key_and_has_the_public_one_of_it),
		cmocka_unit_test(the_public_line_names_type_and_comment),
		cmocka_unit_test(no_two_pairs_are_alike),
		cmocka_unit_test(a_comment_of_two_words_or_a_page_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
