#include "shim/store.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "shim/store_commit.h"
#include "shim/store_trim.h"
#include "shim/store_view.h"
#include "tests/unit/shim/store_fixture.h"

static const struct store_upstream upstream = {.transport = "ssh",
	.user = "git",
	.host = "git.example.com",
	.path = "team/app.git",
	.proof = "ssh-ed25519 AAAA",
	.port = 22,
	.credential = "one",
	.credential_len = 3};

static void a_store_is_named_by_all_that_tells_upstreams_apart(void **state)
{
	struct store_upstream others[8];
	char first[STORE_KEY_LEN + 1], other[STORE_KEY_LEN + 1];
	struct err e;

	(void)state;
	for (size_t i = 0; i < 8; i++)
		others[i] = upstream;
	others[0].transport = "https";
	others[1].user = "root";
	others[2].host = "git.example.org";
	others[3].path = "team/other.git";
	others[4].proof = "ssh-ed25519 BBBB";
	others[5].port = 2222;
	others[6].credential = "two";
	/* The same letters, parted elsewhere. */
	others[7].user = "gitg";
	others[7].host = "it.example.com";
	assert_int_equal(store_key(&upstream, first, &e), 0);
	assert_int_equal(strspn(first, "0123456789abcdef"), STORE_KEY_LEN);
	for (size_t i = 0; i < 8; i++) {
		assert_int_equal(store_key(&others[i], other, &e), 0);
		assert_string_not_equal(first, other);
	}
	assert_int_equal(store_key(&upstream, other, &e), 0);
	assert_string_equal(first, other);
}

static int open_root(struct err *e)
{
	cleanup_free char *path = str_format("%s/store", dir);
	int fd = -1, r = store_open_root(path, &fd, e);

	return r < 0 ? r : fd;
}

static void a_directory_that_others_can_write_is_refused(void **state)
{
	struct err e;
	int fd = open_root(&e);

	(void)state;
	assert_true(fd >= 0);
	close(fd);
	assert_int_equal(run("chmod 770 $D/store"), 0);
	assert_int_equal(open_root(&e), -EPERM);
	assert_non_null(strstr(e.msg, "0770"));
	assert_int_equal(run("chmod 700 $D/store; chmod 777 $D"), 0);
	assert_int_equal(open_root(&e), -EPERM);
	assert_int_equal(
		run("chmod 700 $D; rmdir $D/store; mkdir $D/real; ln -s real $D/store"), 0);
	assert_true(open_root(&e) < 0);
}

/* What a writer leaves: $D/up.git as one pack. */
#define LEFT                                                                                       \
	"cd $D; rm -rf out; mkdir out; git -C up.git for-each-ref --format='%(objectname)' |"      \
	" git -C up.git -c pack.writeReverseIndex=true pack-objects -q --revs $D/out/pack;"        \
	"git -C up.git for-each-ref --format='%(objectname) refs/tips/%(objectname)' >out/tips;"   \
	"cp out/tips out/view;"

static int commit(const struct store *s, bool keep_old, struct err *e)
{
	const struct store_result w = {.store = s, .writer = geteuid(), .keep_old = keep_old};
	cleanup_fd int out = open_in("out"), version = -1;

	return store_commit(&w, out, &version, e);
}

static void open_one(struct store *s)
{
	char key[STORE_KEY_LEN + 1];
	struct err e;
	int root = open_root(&e);

	assert_int_equal(store_key(&upstream, key, &e), 0);
	assert_int_equal(store_open(root, key, s, &e), 0);
	close(root);
}

static void what_is_committed_is_in_force_and_nobodys_to_write(void **state)
{
	struct store s;
	unsigned int n;
	struct err e;

	(void)state;
	open_one(&s);
	assert_int_equal(store_newest(s.dirfd, &n, &e), 0);
	assert_int_equal(n, 0);
	assert_int_equal(run(LEFT), 0);
	assert_int_equal(commit(&s, true, &e), 0);
	assert_int_equal(store_newest(s.dirfd, &n, &e), 0);
	assert_int_equal(n, 1);
	assert_int_equal(run("cd $D/store/*/1; git --git-dir=. fsck --full;"
			     "test $(find . -name '*.pack' -perm 444 | wc -l) = 1;"
			     "test -z \"$(find . -type f -perm /022)\""),
		0);
	store_done(&s);
}

static void a_second_commit_keeps_the_packs_of_the_first(void **state)
{
	struct store s;
	struct err e;

	(void)state;
	open_one(&s);
	assert_int_equal(run(LEFT), 0);
	assert_int_equal(commit(&s, true, &e), 0);
	assert_int_equal(run("cd $D/w; echo 3 >h; git add h; git commit -qm 3;"
			     "git push -q ../up.git main;" LEFT),
		0);
	assert_int_equal(commit(&s, true, &e), 0);
	assert_int_equal(run("cd $D/store/*; test \"$(ls -d [0-9]*)\" = 2;"
			     "test $(ls 2/objects/pack/*.idx | wc -l) = 2"),
		0);
	/* Tidied: one. */
	assert_int_equal(run(LEFT), 0);
	assert_int_equal(commit(&s, false, &e), 0);
	assert_int_equal(run("cd $D/store/*; test \"$(ls -d [0-9]*)\" = 3;"
			     "test $(ls 3/objects/pack/*.idx | wc -l) = 1"),
		0);
	store_done(&s);
}

static void what_a_writer_would_not_leave_is_refused(void **state)
{
	static const char *const tricks[] = {
		"rm $D/out/*.pack; ln -s /etc/passwd $D/out/$(basename $D/out/*.idx .idx).pack",
		"rm $D/out/*.pack; mkfifo $D/out/$(basename $D/out/*.idx .idx).pack",
		"rm $D/out/*.pack; mkdir $D/out/$(basename $D/out/*.idx .idx).pack",
		"ln $D/out/*.pack $D/kept-open",
		"chown 12345 $D/out/*.pack",
		"rm $D/out/tips; ln -s /etc/passwd $D/out/tips",
		"rm $D/out/tips",
		"echo nonsense >$D/out/tips",
		"rm $D/out/view",
		"for e in pack idx rev; do cp $D/out/*.$e $D/out/pack-2.$e; done",
		"rm $D/out/*.rev",
	};
	struct store s;
	unsigned int n;
	struct err e;

	(void)state;
	open_one(&s);
	for (size_t i = 0; i < sizeof(tricks) / sizeof(*tricks); i++) {
		if (geteuid() != 0 && str_starts(tricks[i], "chown"))
			continue;
		assert_int_equal(run(LEFT), 0);
		assert_int_equal(run(tricks[i]), 0);
		assert_true(commit(&s, true, &e) < 0);
		assert_int_equal(store_newest(s.dirfd, &n, &e), 0);
		assert_int_equal(n, 0);
		assert_int_equal(run("test -z \"$(ls -d $D/store/*/*.new 2>/dev/null)\""), 0);
	}
	store_done(&s);
}

static void what_a_killed_monitor_left_goes_with_the_next_commit(void **state)
{
	struct store s;
	struct err e;

	(void)state;
	open_one(&s);
	assert_int_equal(run(LEFT), 0);
	assert_int_equal(commit(&s, true, &e), 0);
	assert_int_equal(run("cd $D/store/*; cp -r 1 0; mv 0 2.new; rm 2.new/packed-refs"), 0);
	assert_int_equal(run(LEFT), 0);
	assert_int_equal(commit(&s, true, &e), 0);
	assert_int_equal(
		run("cd $D/store/*; test \"$(ls -d [0-9]*)\" = 2; test -e 2/packed-refs"), 0);
	store_done(&s);
}

static int make_view(void)
{
	struct err e;
	int views = open_in("."), view = store_view_make(views, "app.git", &e);

	close(views);
	assert_true(view >= 0);
	return view;
}

static void a_view_outlives_the_store(void **state)
{
	struct store s;
	struct err e;
	int view;

	(void)state;
	open_one(&s);
	view = make_view();
	assert_int_equal(store_view_fill(view, &s, &e), 0);
	assert_int_equal(run("cd $D; test -z \"$(ls app.git/objects/pack)\"; "
			     "git --git-dir=app.git for-each-ref"),
		0);
	assert_int_equal(run(LEFT), 0);
	assert_int_equal(commit(&s, true, &e), 0);
	assert_int_equal(store_view_fill(view, &s, &e), 0);
	assert_int_equal(run("cd $D; rm -r store; git --git-dir=app.git fsck --full;"
			     "git --git-dir=app.git cat-file -e $(git -C up.git rev-parse main)"),
		0);
	close(view);
	store_done(&s);
}

static void a_pack_that_a_dying_machine_left_is_not_borrowed(void **state)
{
	static const char *const damage[] = {
		"truncate -s 0 $D/store/*/1/objects/pack/*.pack",
		"p=$(echo $D/store/*/1/objects/pack/*.pack); n=$(stat -c %s $p); truncate -s 0 $p; "
		"truncate -s $n $p",
		"truncate -s 100 $D/store/*/1/objects/pack/*.idx",
		"rm $D/store/*/1/objects/pack/*.pack",
	};
	struct store s;
	struct err e;

	(void)state;
	open_one(&s);
	assert_int_equal(run(LEFT), 0);
	for (size_t i = 0; i < sizeof(damage) / sizeof(*damage); i++) {
		int view;

		assert_int_equal(run("rm -rf $D/app.git $D/store/*/[0-9]*;" LEFT), 0);
		assert_int_equal(commit(&s, true, &e), 0);
		assert_int_equal(run(damage[i]), 0);
		view = make_view();
		assert_true(store_view_fill(view, &s, &e) < 0);
		close(view);
	}
	store_done(&s);
}

static void a_writer_waits_for_another(void **state)
{
	struct store a, b;
	struct err e;
	int lock;

	(void)state;
	open_one(&a);
	open_one(&b);
	lock = store_lock(&a, STORE_WRITER, LOCK_EX, 0, &e);
	assert_true(lock >= 0);
	assert_int_equal(store_lock(&b, STORE_WRITER, LOCK_EX, 0, &e), -EAGAIN);
	close(lock);
	lock = store_lock(&b, STORE_WRITER, LOCK_EX, 0, &e);
	assert_true(lock >= 0);
	close(lock);
	store_done(&a);
	store_done(&b);
}

/* Three stores of 1,000,000 bytes; the second was used longest ago, the first is in use. */
static void the_least_recently_used_goes_first_but_none_in_use(void **state)
{
	cleanup_free char *k1 = NULL;
	struct store used = STORE_NONE;
	struct err e;
	int root = open_root(&e);

	(void)state;
	assert_int_equal(run("cd $D/store; for n in 1 2 3; do k=$(printf %064d $n); mkdir -p "
			     "$k/7/objects/pack;"
			     "truncate -s 1000000 $k/7/objects/pack/pack-a.pack; touch "
			     "$k/7/objects/pack/pack-a.idx;"
			     "touch $k/use; done;"
			     "touch -d '3 days ago' *1/use; touch -d '2 days ago' *2/use; touch -d "
			     "'1 day ago' *3/use;"
			     "mkdir .removed-x"),
		0);
	k1 = str_format("%064d", 1);
	assert_int_equal(store_open(root, k1, &used, &e), 0);
	assert_int_equal(run("touch -d '3 days ago' $D/store/*1/use"), 0);
	assert_int_equal(store_trim(root, 3000000, &e), 0);
	assert_int_equal(run("test $(ls -A $D/store | wc -l) = 3"), 0);
	assert_int_equal(store_trim(root, 2500000, &e), 0);
	assert_int_equal(run("cd $D/store; test -d *1; test ! -e *2; test -d *3"), 0);
	assert_int_equal(store_trim(root, 1, &e), 0);
	assert_int_equal(run("cd $D/store; test -d *1; test ! -e *3"), 0);
	store_done(&used);
	assert_int_equal(store_trim(root, 1, &e), 0);
	assert_int_equal(run("test -z \"$(ls -A $D/store)\""), 0);
	close(root);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, make_world, remove_world)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_store_is_named_by_all_that_tells_upstreams_apart),
		TEST(a_directory_that_others_can_write_is_refused),
		TEST(what_is_committed_is_in_force_and_nobodys_to_write),
		TEST(a_second_commit_keeps_the_packs_of_the_first),
		TEST(what_a_writer_would_not_leave_is_refused),
		TEST(what_a_killed_monitor_left_goes_with_the_next_commit),
		TEST(a_view_outlives_the_store),
		TEST(a_pack_that_a_dying_machine_left_is_not_borrowed),
		TEST(a_writer_waits_for_another),
		TEST(the_least_recently_used_goes_first_but_none_in_use),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
