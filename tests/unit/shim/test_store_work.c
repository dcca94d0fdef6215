#include "shim/store_work.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "shim/store_tips.h"
#include "tests/unit/shim/store_fixture.h"

/*
 * The writer without its confinement, with a place in $D/new; what it leaves becomes $D/now and
 * $D/view by `accept`, as a monitor would see to it.
 */
static int work(bool tidy, struct err *e)
{
	cleanup_fd int pack = open_in("pack"), refs = open_in("refs");
	cleanup_free char *now = str_format("%s/now", dir), *view = str_format("%s/view", dir);
	cleanup_free char *place = str_format("%s/new", dir);
	const struct store_work w = {.now = now,
		.view = view,
		.place = place,
		.tidy = tidy,
		.pack_fd = tidy ? -1 : pack,
		.refs_fd = tidy ? -1 : refs};

	assert_int_equal(run("rm -rf $D/new; mkdir $D/new"), 0);
	return store_work(&w, e);
}

static void accept(void)
{
	assert_int_equal(
		run("cd $D; for r in now view; do test -d $r || git init -q --bare $r; done;"
		    "cp new/out/pack-* now/objects/pack/ 2>/dev/null || :;"
		    "cp new/out/pack-* view/objects/pack/ 2>/dev/null || :;"
		    "cp new/out/tips now/packed-refs; cp new/out/view view/packed-refs"),
		0);
}

static void take_first(void)
{
	struct err e;

	assert_int_equal(work(false, &e), 0);
	accept();
}

static void what_refs_lead_to_is_packed(void **state)
{
	(void)state;
	take_first();
	assert_int_equal(run("cd $D; git -C now fsck --full --strict; "
			     "test $(git -C now rev-list --objects --all | wc -l) = "
			     "$(git -C up.git rev-list --objects --all | wc -l)"),
		0);
}

static void what_no_ref_leads_to_is_left_behind(void **state)
{
	struct err e;

	(void)state;
	assert_int_equal(
		run("cd $D; b=$(echo hidden | git -C up.git hash-object -w --stdin); echo $b >b;"
		    "{ git -C up.git rev-list --objects --all | cut -d' ' -f1; echo $b; } |"
		    " git -C up.git pack-objects -q --stdout >pack"),
		0);
	assert_int_equal(work(false, &e), 0);
	accept();
	assert_int_equal(run("cd $D; git -C new/git cat-file -e $(cat b)"), 0);
	assert_int_not_equal(run("cd $D; git -C now cat-file -e $(cat b) 2>/dev/null"), 0);
}

static void refs_that_lead_to_nothing_are_refused(void **state)
{
	struct err e;

	(void)state;
	assert_int_equal(
		run("cd $D; echo 1234567890123456789012345678901234567890 refs/heads/x >>refs"), 0);
	assert_int_equal(work(false, &e), -EIO);
	assert_non_null(strstr(e.msg, "pack-objects"));
}

static void a_pack_without_an_object_that_the_refs_need_is_refused(void **state)
{
	struct err e;

	(void)state;
	assert_int_equal(
		run("cd $D; git -C up.git rev-list --objects --all | cut -d' ' -f1 | tail -n +4 |"
		    " cat - refs | cut -d' ' -f1 | sort -u | head -n -1 |"
		    " git -C up.git pack-objects -q --stdout >pack"),
		0);
	assert_int_equal(work(false, &e), -EIO);
}

static void what_is_no_pack_is_refused(void **state)
{
	struct err e;

	(void)state;
	assert_int_equal(run("cd $D; head -c 5000 /dev/urandom >pack"), 0);
	assert_int_equal(work(false, &e), -EPROTO);
	assert_string_equal(e.msg, "what was brought is no pack");
}

static void a_damaged_pack_is_refused(void **state)
{
	cleanup_free char *path = str_format("%s/pack", dir);
	cleanup_fd int pack = open(path, O_RDWR | O_CLOEXEC);
	unsigned char byte;
	struct err e;

	(void)state;
	/* Another one than is there, whatever that is: dates of now are in the pack. */
	assert_int_equal(pread(pack, &byte, 1, 200), 1);
	byte ^= 0xff;
	assert_int_equal(pwrite(pack, &byte, 1, 200), 1);
	assert_int_equal(work(false, &e), -EIO);
}

static void a_pack_that_claims_four_billion_objects_costs_no_memory(void **state)
{
	struct err e;

	(void)state;
	assert_int_equal(run("cd $D; printf '\\377\\377\\377\\377' | "
			     "dd of=pack bs=1 seek=8 conv=notrunc status=none"),
		0);
	assert_int_equal(work(false, &e), -EPROTO);
	assert_non_null(strstr(e.msg, "claims 4294967295 objects"));
}

static void a_pack_of_a_hundred_gigabytes_is_refused_unread(void **state)
{
	struct err e;

	(void)state;
	assert_int_equal(run("cd $D; truncate -s 100G pack"), 0);
	assert_int_equal(work(false, &e), -EPROTO);
}

static void an_object_that_git_would_not_make_is_refused(void **state)
{
	struct err e;

	(void)state;
	assert_int_equal(
		run("cd $D; t=$(printf '100644 .git\\0aaaaaaaaaaaaaaaaaaaa' |"
		    " git -C up.git hash-object -w -t tree --literally --stdin);"
		    "c=$(git -C up.git commit-tree -m bad $t); echo $c refs/heads/bad >>refs;"
		    "printf '%s\\n%s\\n' $t $c | git -C up.git pack-objects -q --stdout >pack"),
		0);
	assert_int_equal(work(false, &e), -EIO);
	assert_non_null(strstr(e.msg, "index-pack"));
}

static void refs_that_are_none_are_refused(void **state)
{
	static const char *const bad[] = {"", "x refs/heads/a\n",
		"0000000000000000000000000000000000000000 refs/heads/a\n",
		"1234567890123456789012345678901234567890 refs/heads/a",
		"1234567890123456789012345678901234567890\n",
		"--all 1234567890123456789012345678901234567890\n",
		"1234567890123456789012345678901234567890 a\n"
		"1234567890123456789012345678901234567890123456789012345678901234 b\n"};
	struct store_tips tips;
	struct err e;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		assert_int_equal(store_tips_parse(bad[i], strlen(bad[i]), &tips, &e), -EPROTO);
}

/* A second offer: what came to the upstream since, as a pack that needs the store's objects. */
static void more(const char *change)
{
	assert_int_equal(run(change), 0);
	assert_int_equal(
		run("cd $D; git -C up.git for-each-ref --format='%(objectname) %(refname)' >refs;"
		    "{ cut -d' ' -f1 refs; sed -n 's/^\\([0-9a-f]*\\) .*/^\\1/p' now/packed-refs; "
		    "} |"
		    "git -C up.git pack-objects -q --thin --revs --stdout >pack"),
		0);
}

static void a_thin_pack_is_completed_from_the_store(void **state)
{
	struct err e;

	(void)state;
	take_first();
	more("cd $D/w; seq 3 1000 >f; git commit -qam 3; git push -q ../up.git main");
	assert_int_equal(work(false, &e), 0);
	accept();
	assert_int_equal(run("cd $D; git -C now fsck --full --strict;"
			     "git -C now cat-file -e $(git -C up.git rev-parse main)"),
		0);
}

static size_t kept_in(const char *file)
{
	cleanup_free char *path = str_format("%s/%s", dir, file);
	cleanup_tips struct store_tips t = {0};
	size_t n = 0;
	struct err e;

	assert_int_equal(store_tips_read(path, &t, &e), 0);
	for (size_t i = 0; i < t.n; i++)
		n += t.list[i].kept;
	return n;
}

static void a_tip_that_was_taken_back_stays_told_until_the_store_is_tidied(void **state)
{
	struct err e;

	(void)state;
	assert_int_equal(run("cd $D/w; echo purged >p; git add p; git commit -qm p; git rev-parse "
			     "HEAD >../p;"
			     "git push -q ../up.git main; git tag -a -m t v; git push -q ../up.git "
			     "v;" OFFER),
		0);
	take_first();
	assert_int_equal(kept_in("now/packed-refs"), 0);
	more("cd $D/w; git reset -q --hard HEAD^; echo n >n; git add n; git commit -qm n;"
	     "git push -q -f ../up.git main :v");
	assert_int_equal(work(false, &e), 0);
	accept();
	/* The commit, and the tag of it. */
	assert_int_equal(kept_in("now/packed-refs"), 2);
	assert_int_equal(kept_in("view/packed-refs"), 2);
	assert_int_equal(run("cd $D; git -C now cat-file -e $(cat p)"), 0);
	assert_int_equal(work(true, &e), 0);
	assert_int_equal(run("cd $D; rm now/objects/pack/*; cp new/out/pack-* now/objects/pack/;"
			     "cp new/out/tips now/packed-refs; git -C now fsck --full --strict"),
		0);
	assert_int_equal(kept_in("now/packed-refs"), 0);
	assert_int_not_equal(run("cd $D; git -C now cat-file -e $(cat p) 2>/dev/null"), 0);
}

static void a_tip_that_moved_on_is_not_told_any_more(void **state)
{
	struct err e;

	(void)state;
	take_first();
	more("cd $D/w; echo 3 >n; git add n; git commit -qm 3; git push -q ../up.git main");
	assert_int_equal(work(false, &e), 0);
	accept();
	assert_int_equal(kept_in("now/packed-refs"), 0);
	assert_int_equal(run("test $(grep -c refs/tips/ $D/now/packed-refs) = 1"), 0);
}

static void an_upstream_of_the_other_kind_of_ids_starts_anew(void **state)
{
	struct err e;

	(void)state;
	take_first();
	assert_int_equal(
		run("cd $D; rm -rf up.git w; git init -q --bare --object-format=sha256 up.git;"
		    "git init -q --object-format=sha256 -b main w; cd w; echo 1 >f; git add f;"
		    "git commit -qm 1; git push -q ../up.git main;" OFFER),
		0);
	assert_int_equal(work(false, &e), 0);
	assert_int_equal(run("cd $D; test $(sed -n 2p new/out/tips | cut -d' ' -f1 | tr -d '\\n' | "
			     "wc -c) = 64"),
		0);
	assert_int_equal(kept_in("new/out/tips"), 0);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, make_world, remove_world)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_refs_lead_to_is_packed),
		TEST(what_no_ref_leads_to_is_left_behind),
		TEST(refs_that_lead_to_nothing_are_refused),
		TEST(a_pack_without_an_object_that_the_refs_need_is_refused),
		TEST(what_is_no_pack_is_refused),
		TEST(a_damaged_pack_is_refused),
		TEST(a_pack_that_claims_four_billion_objects_costs_no_memory),
		TEST(a_pack_of_a_hundred_gigabytes_is_refused_unread),
		TEST(an_object_that_git_would_not_make_is_refused),
		TEST(refs_that_are_none_are_refused),
		TEST(a_thin_pack_is_completed_from_the_store),
		TEST(a_tip_that_was_taken_back_stays_told_until_the_store_is_tidied),
		TEST(a_tip_that_moved_on_is_not_told_any_more),
		TEST(an_upstream_of_the_other_kind_of_ids_starts_anew),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
