#include "gate/reachable.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/fd.h"
#include "base/path.h"
#include "base/proc.h"
#include "base/ptr.h"
#include "base/str.h"
#include "gate/borrowed.h"
#include "gate/brought.h"
#include "gate/etc.h"
#include "gate/mirror.h"
#include "gate/past.h"

/*
 * An upstream $D/up.git, its mirror $D/git/app.git, and what a former bottle left of it,
 * $D/store/app.git. `git` in scripts is the host's.
 */
static char dir[64];
static struct gate gate;
static struct policy_repo repo = {.name = (char *)"app", .store = true};
static const struct git_job job = {.gate = &gate, .repo = &repo};

static int run(const char *script)
{
	char *const argv[] = {(char *)"sh", (char *)"-ec", (char *)script, NULL};
	cleanup_free char *home = str_format("HOME=%s", dir), *here = str_format("D=%s", dir);
	char *const envp[] = {(char *)"PATH=/usr/bin:/bin", home, here,
		(char *)"GIT_CONFIG_NOSYSTEM=1", (char *)"GIT_AUTHOR_NAME=a",
		(char *)"GIT_AUTHOR_EMAIL=a@example.com", (char *)"GIT_COMMITTER_NAME=a",
		(char *)"GIT_COMMITTER_EMAIL=a@example.com", NULL};
	const struct proc_spec spec = {.path = "/bin/sh", .argv = argv, .envp = envp};
	struct proc p;
	struct err e;
	int status = -1;

	if (proc_spawn(&spec, &p, &e) < 0 || proc_wait(&p, -1, &status, &e) < 0)
		return -1;
	return status;
}

/* The mirror gets what the upstream has, as a refresh would bring it. */
static void refresh(struct refs *refs)
{
	struct err e;

	assert_int_equal(run("cd $D; git --git-dir=git/app.git fetch -q --prune --no-tags -u "
			     "up.git '+refs/*:refs/*'"),
		0);
	refs_done(refs);
	*refs = (struct refs){0};
	assert_int_equal(mirror_refs(&gate, &repo, refs, &e), 0);
	assert_int_equal(past_note(&job, refs, &e), 0);
}

static int set_up(void **state)
{
	struct err e;

	(void)state;
	snprintf(dir, sizeof(dir), "/tmp/test-reachable-XXXXXX");
	if (!mkdtemp(dir))
		return -1;
	gate = (struct gate){.policy = {.repos = &repo, .n_repos = 1},
		.git_dir = str_format("%s/git", dir),
		.etc_dir = str_format("%s/etc", dir),
		.creds_dir = str_format("%s/creds", dir),
		.store_dir = str_format("%s/store", dir)};
	if (mirror_prepare(&gate, &e) < 0 || run("mkdir $D/etc") != 0 ||
		etc_lay_out(gate.etc_dir, gate.git_dir, &gate.policy, &e) < 0 ||
		mirror_init(&gate, &repo, false, &e) < 0)
		return -1;
	return run("cd $D; git init -q --bare -b main up.git; git init -q -b main w; cd w;"
		   "for i in 1 2 3; do echo $i >f$i; git add .; git commit -qm $i;"
		   "git rev-parse HEAD >../commit$i; git rev-parse HEAD^{tree} >../tree$i;"
		   "git rev-parse HEAD:f$i >../blob$i; done; git push -q ../up.git main");
}

static int tear_down(void **state)
{
	struct err e;

	(void)state;
	free(gate.git_dir);
	free(gate.etc_dir);
	free(gate.creds_dir);
	free(gate.store_dir);
	return path_remove_tree(AT_FDCWD, dir, &e);
}

/* The agent asks for the id that stands in $D/NAME. */
static int ask(const struct refs *refs, const char *name)
{
	cleanup_free char *path = str_format("%s/%s", dir, name), *text = NULL;
	cleanup_oids struct oids asked = {0};
	struct err e = {0};
	int r;

	assert_int_equal(fd_read_file(AT_FDCWD, path, 1000, &text, NULL, &e), 0);
	assert_int_equal(oids_add_lines(&asked, text, &e), 0);
	r = reachable_check(&job, refs, &asked, &e);
	if (r == -EACCES)
		assert_true(str_starts(e.msg, "upload-pack: not our ref "));
	return r;
}

static void as_long_as_nothing_was_taken_back_all_may_be_had(void **state)
{
	cleanup_refs struct refs refs = {0};
	struct err e;
	bool present = false;

	(void)state;
	refresh(&refs);
	assert_int_equal(run("cd $D/w; echo 4 >f4; git add f4; git commit -qm 4;"
			     "git push -q ../up.git main main:other"),
		0);
	refresh(&refs);
	assert_int_equal(past_is_present(&job, &refs, &present, &e), 0);
	assert_true(present);
	assert_int_equal(ask(&refs, "commit1"), 0);
	assert_int_equal(ask(&refs, "blob2"), 0);
	assert_int_equal(ask(&refs, "tree3"), 0);
}

/* Commit 3 is purged: another one with file f2 stands in its place. */
static void purge(struct refs *refs)
{
	assert_int_equal(
		run("cd $D/w; git reset -q --hard HEAD^; echo n >n; git add n;"
		    "git commit -qm n; git rev-parse HEAD >../commit; git push -qf ../up.git main"),
		0);
	refresh(refs);
}

static void what_was_taken_back_cannot_be_had(void **state)
{
	static const char *const hidden[] = {"commit3", "tree3", "blob3"};
	static const char *const shown[] = {
		"commit", "commit1", "commit2", "tree1", "tree2", "blob1", "blob2"};
	cleanup_refs struct refs refs = {0};
	struct err e;
	bool present = true;

	(void)state;
	refresh(&refs);
	purge(&refs);
	assert_int_equal(past_is_present(&job, &refs, &present, &e), 0);
	assert_false(present);
	for (size_t i = 0; i < sizeof(hidden) / sizeof(*hidden); i++)
		assert_int_equal(ask(&refs, hidden[i]), -EACCES);
	for (size_t i = 0; i < sizeof(shown) / sizeof(*shown); i++)
		assert_int_equal(ask(&refs, shown[i]), 0);
	assert_int_equal(run("cat $D/blob1 $D/blob3 $D/blob2 >$D/blobs"), 0);
	assert_int_equal(ask(&refs, "blobs"), -EACCES);
}

static void nor_what_only_a_former_bottle_has_seen(void **state)
{
	cleanup_refs struct refs refs = {0};

	(void)state;
	assert_int_equal(run("cd $D; git clone -q --mirror up.git store/app.git;"
			     "git -C store/app.git pack-refs --all;"
			     "git -C w reset -q --hard HEAD^; git -C w push -qf ../up.git main"),
		0);
	refresh(&refs);
	assert_int_equal(ask(&refs, "commit3"), -EACCES);
	assert_int_equal(ask(&refs, "blob3"), -EACCES);
	assert_int_equal(ask(&refs, "commit2"), 0);
	assert_int_equal(ask(&refs, "blob1"), 0);
	/* Control: git itself would give it. */
	assert_int_equal(run("GIT_ALTERNATE_OBJECT_DIRECTORIES=$D/store/app.git/objects "
			     "git --git-dir=$D/git/app.git cat-file -e $(cat $D/commit3)"),
		0);
}

static void a_deleted_tag_is_taken_back_though_its_commit_is_there(void **state)
{
	cleanup_refs struct refs refs = {0};

	(void)state;
	assert_int_equal(run("cd $D/w; git tag -a -m secret v1; git rev-parse v1 >../tag;"
			     "git push -q ../up.git v1"),
		0);
	refresh(&refs);
	assert_int_equal(ask(&refs, "tag"), 0);
	assert_int_equal(run("cd $D/w; git push -q ../up.git :v1"), 0);
	refresh(&refs);
	assert_int_equal(ask(&refs, "tag"), -EACCES);
	assert_int_equal(ask(&refs, "commit3"), 0);
	assert_int_equal(ask(&refs, "commit1"), 0);
}

static void what_comes_back_can_be_had_again(void **state)
{
	cleanup_refs struct refs refs = {0};

	(void)state;
	refresh(&refs);
	purge(&refs);
	assert_int_equal(ask(&refs, "blob3"), -EACCES);
	assert_int_equal(
		run("cd $D/w; git push -q ../up.git $(cat ../commit3):refs/heads/again"), 0);
	refresh(&refs);
	assert_int_equal(ask(&refs, "blob3"), 0);
	assert_int_equal(ask(&refs, "commit3"), 0);
}

/* A push of one commit, whose tree names the blob $D/BLOB as "f" and has a new file. */
static int push(const struct refs *refs, const char *script)
{
	struct command one = {.ref = (char *)"refs/heads/new"};
	const struct commands cmds = {.list = &one, .n = 1};
	cleanup_free char *own = str_format("%s/quarantine", dir);
	cleanup_free char *others =
		str_format("%s/git/app.git/objects:%s/store/app.git/objects", dir, dir);
	cleanup_free char *path = str_format("%s/pushed", dir), *text = NULL;
	char *const header[] = {(char *)"index-pack", (char *)"--pack_header=2,100", NULL};
	struct err e;
	int r;

	assert_int_equal(run(script), 0);
	assert_int_equal(fd_read_file(AT_FDCWD, path, 100, &text, NULL, &e), 0);
	memcpy(one.new, text, 40);
	setenv("GIT_OBJECT_DIRECTORY", own, 1);
	setenv("GIT_QUARANTINE_PATH", own, 1);
	assert_int_equal(brought_note(header, &e), 0);
	setenv("GIT_ALTERNATE_OBJECT_DIRECTORIES", others, 1);
	r = borrowed_check(&job, &cmds, refs, &e);
	unsetenv("GIT_OBJECT_DIRECTORY");
	unsetenv("GIT_QUARANTINE_PATH");
	unsetenv("GIT_ALTERNATE_OBJECT_DIRECTORIES");
	return r;
}

#define PUSH(blob, more)                                                                           \
	"cd $D; mkdir -p quarantine/pack; export GIT_OBJECT_DIRECTORY=$D/quarantine;"              \
	"export GIT_ALTERNATE_OBJECT_DIRECTORIES=$D/git/app.git/objects;" more                     \
	"n=$(echo new | git --git-dir=git/app.git hash-object -w --stdin);"                        \
	"t=$(printf '100644 blob %s\\tf\\n100644 blob %s\\tg\\n' $(cat " blob ") $n |"             \
	" git --git-dir=git/app.git mktree);"                                                      \
	"git --git-dir=git/app.git commit-tree -m x $t >pushed"

static void a_push_cannot_name_what_was_taken_back(void **state)
{
	cleanup_refs struct refs refs = {0};

	(void)state;
	refresh(&refs);
	/* Control: nothing was taken back. */
	assert_int_equal(push(&refs, PUSH("blob3", "")), 0);
	purge(&refs);
	assert_int_equal(push(&refs, PUSH("blob3", "")), -ENOENT);
	assert_int_equal(push(&refs, PUSH("blob1", "")), 0);
	/* Who has it brings it. */
	assert_int_equal(
		push(&refs, PUSH("blob3", "echo 3 | GIT_ALTERNATE_OBJECT_DIRECTORIES="
					  " git --git-dir=w/.git hash-object -w --stdin;")),
		0);
}

static void how_many_objects_a_pack_has_is_what_git_said(void **state)
{
	static const char *const bad[] = {"--stdin", "--pack_header=2", "--pack_header=2,",
		"--pack_header=2,-1", "--pack_header=2,4294967296", "--pack_header=2,7x"};
	char *argv[] = {(char *)"index-pack", (char *)"--pack_header=2,4294967295", NULL};
	struct err e;
	long n = 1;

	(void)state;
	assert_int_equal(brought_note(argv, &e), -EINVAL);
	setenv("GIT_QUARANTINE_PATH", dir, 1);
	assert_int_equal(brought_count(&n, &e), 0);
	assert_int_equal(n, 0);
	assert_int_equal(brought_note(argv, &e), 0);
	assert_int_equal(brought_count(&n, &e), 0);
	assert_int_equal(n, 4294967295);
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		argv[1] = (char *)bad[i];
		assert_int_equal(brought_note(argv, &e), -EINVAL);
	}
	unsetenv("GIT_QUARANTINE_PATH");
}

static void a_set_of_ids_takes_ids_only(void **state)
{
	cleanup_oids struct oids o = {0};
	struct err e;

	(void)state;
	assert_int_equal(oids_add(&o, "xyz", &e), -EPROTO);
	assert_int_equal(oids_add(&o, "", &e), -EPROTO);
	assert_int_equal(oids_add_lines(&o,
				 "# a comment\n1234567890123456789012345678901234567890 refs/a\n"
				 "1234567890123456789012345678901234567890\nhalf a line",
				 &e),
		0);
	oids_sort(&o);
	assert_int_equal(o.n, 1);
	assert_true(oids_has(&o, "1234567890123456789012345678901234567890"));
	assert_false(oids_has(&o, "1234567890123456789012345678901234567891"));
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(as_long_as_nothing_was_taken_back_all_may_be_had),
		TEST(what_was_taken_back_cannot_be_had),
		TEST(nor_what_only_a_former_bottle_has_seen),
		TEST(a_deleted_tag_is_taken_back_though_its_commit_is_there),
		TEST(what_comes_back_can_be_had_again),
		TEST(a_push_cannot_name_what_was_taken_back),
		TEST(how_many_objects_a_pack_has_is_what_git_said),
		cmocka_unit_test(a_set_of_ids_takes_ids_only),
	};

	/* What git below a gate is given; none of it is used here. */
	for (int fd = GATE_FD_SELF; fd < GATE_FD_END; fd++)
		dup2(STDIN_FILENO, fd);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
