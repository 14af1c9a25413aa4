/* SPDX-License-Identifier: MIT */
/*
 * Files that LMDB has written pass; files of which any byte was changed do not, or LMDB reads in
 * them what it has written, and can write on.
 */
#include "tests/unit/common/lmdb_fixture.h"

#include "common/lmdb_salvage.h"

static int check(struct fixture *f)
{
	str_clear(&f->problem);
	return lmdb_check_tables(f->path, names, &f->summary, &f->problem);
}

static void assert_whole(struct fixture *f)
{
	if (check(f) != 0)
		fail_msg("%s", str_text(&f->problem));
	assert_int_equal(f->summary.leaked, 0);
}

/* --- whole files ---------------------------------------------------------------------------- */

static void what_lmdb_writes_passes(void **state)
{
	struct fixture *f = *state;

	assert_whole(f);
	assert_int_equal(f->summary.records, 0);
	for (int i = 0; i < 60; i++) {
		struct contents all;

		f->largest = i % 3 == 0 ? 30000 : 3000;
		update(f, i < 30 ? 3000 : 30, 1 + dice_roll(&f->dice, 600),
				dice_roll(&f->dice, 90));
		all = read_all(f);
		assert_whole(f);
		assert_int_equal(f->summary.records, all.good);
		assert_int_equal(all.bad, 0);
	}
}

/* LMDB does not write pages that are set free in the transaction that first used them. */
static void a_file_may_end_before_its_last_page(void **state)
{
	struct fixture *f = *state;

	f->largest = 3000;
	for (int i = 0; i < 200; i++) {
		update(f, 3000, 300, 60);
		assert_whole(f);
		if (f->summary.pages < f->summary.used + f->summary.free)
			break;
	}
	assert_true(f->summary.pages < f->summary.used + f->summary.free);
	lmdb_close(f->db);
	open_all(f);
	assert_int_equal(read_all(f).good, f->summary.records);
}

static void while_there_is_a_reader_pages_are_kept_and_the_file_passes(void **state)
{
	struct fixture *f = *state;
	struct MDB_txn *txn;

	f->largest = 1000;
	update(f, 1000, 200, 0);
	assert_int_equal(lmdb_read_begin(f->db, &txn), 0);
	for (int i = 0; i < 20; i++) {
		update(f, 1000, 20, 50);
		assert_whole(f);
	}
	lmdb_read_end(f->db, txn);
	update(f, 1000, 20, 50);
	assert_whole(f);
}

/* --- damaged files -------------------------------------------------------------------------- */

static int count_record(void *owner, const struct lmdb_record *r)
{
	struct contents *all = owner;

	if (!r->is_older)
		add_record(all, r->key, r->value);
	return 0;
}

/* How often damage was found by whom. */
struct tally {
	unsigned by_check, by_checksum, harmless;
};

/* LMDB reads what is in the file, it has no memory of its own, but for what it reads at its start.
 */
static void try_change(
		struct fixture *f, const struct contents *whole, bool anew, struct tally *tally)
{
	const struct lmdb_visitor visitor = { &(struct contents){ 0 }, NULL, count_record };
	struct contents now;
	uint64_t gaps;

	lmdb_salvage(f->path, &visitor, &gaps); /* survives it */
	if (check(f) != 0) {
		assert_true(f->problem.len > 0);
		tally->by_check++;
		return;
	}
	if (anew) {
		lmdb_close(f->db);
		open_all(f);
	}
	now = read_all(f);
	if (now.bad > 0) {
		assert_int_equal(now.good + now.bad, whole->good);
		tally->by_checksum++;
		return;
	}
	assert_int_equal(now.good, whole->good);
	assert_true(now.hash == whole->hash);
	tally->harmless++;
}

/* A small file with everything: large values, pages that are free, tables that are empty. */
static struct contents make_small(struct fixture *f)
{
	struct contents all;

	f->largest = 1;
	update(f, 40, 60, 0);
	f->largest = 9000;
	update(f, 40, 20, 10);
	f->largest = 1;
	update(f, 40, 10, 50);
	update(f, 40, 60, 0);
	all = read_all(f);
	assert_whole(f);
	assert_true(f->summary.free > 2);
	return all;
}

static void every_byte_that_is_changed_is_found_or_harmless(void **state)
{
	struct fixture *f = *state;
	struct contents whole = make_small(f);
	struct tally tally = { 0 };
	int fd = open(f->path, O_RDWR);
	off_t size = (off_t)(f->summary.pages * f->summary.page_size);

	for (off_t at = 0; at < size; at++) {
		uint8_t before, change = (uint8_t)(1U << dice_roll(&f->dice, 8));

		assert_int_equal(pread(fd, &before, 1, at), 1);
		if (dice_roll(&f->dice, 2) == 0)
			change = (uint8_t)(1 + dice_roll(&f->dice, 255));
		exchange_byte(fd, at, before ^ change);
		try_change(f, &whole, at < 2 * (off_t)f->summary.page_size && at % 4096 < 160,
				&tally);
		exchange_byte(fd, at, before);
	}
	close(fd);
	assert_whole(f);
	print_message("%u found, %u found by checksums, %u harmless\n", tally.by_check,
			tally.by_checksum, tally.harmless);
	assert_true(tally.by_check > 100 && tally.by_checksum > 1000);
}

/* All single bits of the meta pages, which are short and of which each bit counts. */
static void every_bit_of_the_meta_pages_is_found_or_harmless(void **state)
{
	struct fixture *f = *state;
	struct contents whole = make_small(f);
	struct tally tally = { 0 };
	int fd = open(f->path, O_RDWR);

	for (int bit = 0; bit < 2 * 160 * 8; bit++) {
		off_t at = bit / 8 % 160 + (bit < 160 * 8 ? 0 : (off_t)f->summary.page_size);
		uint8_t before;

		assert_int_equal(pread(fd, &before, 1, at), 1);
		exchange_byte(fd, at, (uint8_t)(before ^ 1U << bit % 8));
		try_change(f, &whole, true, &tally);
		exchange_byte(fd, at, before);
	}
	close(fd);
	assert_true(tally.by_check > 1000);
}

static void a_large_file_with_some_bytes_changed_is_never_misread(void **state)
{
	struct fixture *f = *state;
	struct contents whole;
	struct tally tally = { 0 };
	int fd;

	f->largest = 9000;
	for (int i = 0; i < 20; i++)
		update(f, 5000, 400, 10);
	whole = read_all(f);
	assert_whole(f);
	fd = open(f->path, O_RDWR);
	for (int i = 0; i < 500; i++) {
		uint32_t page = dice_roll(&f->dice, (uint32_t)f->summary.pages);
		uint32_t bound = dice_roll(&f->dice, 2) > 0 ? 40 : 4096;
		off_t at = (off_t)(page * f->summary.page_size + dice_roll(&f->dice, bound));
		uint8_t before = exchange_byte(fd, at, (uint8_t)dice_roll(&f->dice, 256));

		try_change(f, &whole, false, &tally);
		exchange_byte(fd, at, before);
	}
	close(fd);
	assert_whole(f);
	print_message("%u found, %u found by checksums, %u harmless\n", tally.by_check,
			tally.by_checksum, tally.harmless);
	assert_true(tally.by_check > 20);
}

static void copy_file(const char *from, const char *to, uint64_t size)
{
	AUTO_CLOSE int in = open(from, O_RDONLY),
		       out = open(to, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	AUTO_FREE char *bytes = xmalloc(size);

	assert_int_equal(pread(in, bytes, size, 0), (ssize_t)size);
	assert_int_equal(pwrite(out, bytes, size, 0), (ssize_t)size);
}

/* What is harmless to readers must be to who writes too. */
static void what_passes_can_be_written_on(void **state)
{
	struct fixture *f = *state;
	unsigned written = 0;
	char whole[96];
	uint64_t pages, size;

	make_small(f);
	pages = f->summary.pages;
	size = pages * f->summary.page_size;
	snprintf(whole, sizeof(whole), "%s/whole", f->folder);
	copy_file(f->path, whole, size);
	for (int i = 0; i < 600; i++) {
		uint32_t page = dice_roll(&f->dice, (uint32_t)pages);
		off_t at = (off_t)(page * 4096 + dice_roll(&f->dice, page < 2 ? 160 : 60));
		int fd;

		lmdb_close(f->db);
		f->db = NULL;
		copy_file(whole, f->path, size);
		fd = open(f->path, O_RDWR);
		exchange_byte(fd, at, (uint8_t)dice_roll(&f->dice, 256));
		close(fd);
		if (check(f) == 0) {
			written++;
			open_all(f);
			for (int j = 0; j < 3; j++)
				update(f, 40, 20, 50);
			assert_int_equal(check(f), 0);
		}
	}
	assert_true(written > 100);
	unlink(whole);
}

static void a_file_that_is_cut_short_is_found(void **state)
{
	struct fixture *f = *state;
	off_t size;

	f->largest = 9000;
	update(f, 300, 500, 0);
	assert_whole(f);
	size = (off_t)(f->summary.pages * f->summary.page_size);
	lmdb_close(f->db);
	f->db = NULL;
	assert_int_equal(truncate(f->path, size - 1), 0);
	assert_int_equal(check(f), -EUCLEAN);
	for (off_t length = size; length > 0; length -= 1 + size / 40) {
		assert_int_equal(truncate(f->path, length - 1), 0);
		assert_int_equal(check(f), -EUCLEAN);
		assert_true(f->problem.len > 0);
	}
}

static void what_is_no_file_of_lmdb_is_said_to_be_none(void **state)
{
	struct fixture *f = *state;

	lmdb_close(f->db);
	f->db = NULL;
	assert_int_equal(truncate(f->path, 0), 0);
	assert_int_equal(check(f), -EUCLEAN);
	unlink(f->path);
	assert_int_equal(check(f), -ENOENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		TEST(what_lmdb_writes_passes),
		TEST(a_file_may_end_before_its_last_page),
		TEST(while_there_is_a_reader_pages_are_kept_and_the_file_passes),
		TEST(every_byte_that_is_changed_is_found_or_harmless),
		TEST(every_bit_of_the_meta_pages_is_found_or_harmless),
		TEST(a_large_file_with_some_bytes_changed_is_never_misread),
		TEST(what_passes_can_be_written_on),
		TEST(a_file_that_is_cut_short_is_found),
		TEST(what_is_no_file_of_lmdb_is_said_to_be_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
