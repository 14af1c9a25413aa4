/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "common/lmdb.h"
#include "common/mem.h"

static const struct lmdb_options small = {
	.map_size = 1 << 20, .map_limit = 64 << 20, .tables = 2, .mode = 0600
};

struct fixture {
	char folder[64];
	struct lmdb *db;
	unsigned table;
	uint32_t from, count;
	size_t size;
	int result;
};

static int setup(void **state)
{
	struct fixture *f = xcalloc(1, sizeof(*f));

	strcpy(f->folder, "/tmp/belfry-lmdb-XXXXXX");
	assert_non_null(mkdtemp(f->folder));
	assert_int_equal(lmdb_open(f->folder, &small, &f->db), 0);
	assert_int_equal(lmdb_table(f->db, "t", &f->table), 0);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	char path[128];

	lmdb_close(f->db);
	snprintf(path, sizeof(path), "%s/data.mdb", f->folder);
	unlink(path);
	snprintf(path, sizeof(path), "%s/lock.mdb", f->folder);
	unlink(path);
	rmdir(f->folder);
	free(f);
	return 0;
}

static struct span key_of(uint32_t n, uint8_t key[4])
{
	for (int i = 0; i < 4; i++)
		key[i] = (uint8_t)(n >> (24 - 8 * i));
	return span_of(key, 4);
}

static int append_some(struct MDB_txn *txn, void *owner)
{
	struct fixture *f = owner;

	for (uint32_t i = 0; i < f->count; i++) {
		uint8_t key[4], *value;
		int r = lmdb_append(txn, f->table, key_of(f->from + i, key), f->size, &value);

		if (r < 0)
			return r;
		memset(value, (int)(f->from + i), f->size);
	}
	return f->result;
}

static uint32_t count_all(struct fixture *f)
{
	struct MDB_txn *txn;
	struct lmdb_cursor c;
	uint32_t n = 0;
	uint8_t key[4];

	assert_int_equal(lmdb_read_begin(f->db, &txn), 0);
	assert_int_equal(lmdb_cursor_open(txn, f->table, &c), 0);
	for (int r = lmdb_cursor_first(&c); r == 0; r = lmdb_cursor_next(&c)) {
		assert_true(span_equal(c.key, key_of(n, key)));
		assert_int_equal(c.value.data[0], (uint8_t)n);
		n++;
	}
	lmdb_cursor_close(&c);
	lmdb_read_end(f->db, txn);
	return n;
}

static void what_was_appended_is_read_in_order(void **state)
{
	struct fixture *f = *state;

	f->count = 100;
	f->size = 10;
	assert_int_equal(lmdb_update(f->db, append_some, f), 0);
	assert_int_equal(count_all(f), 100);
}

static void an_append_out_of_order_is_refused(void **state)
{
	struct fixture *f = *state;

	f->count = 2;
	f->size = 1;
	assert_int_equal(lmdb_update(f->db, append_some, f), 0);
	assert_int_equal(lmdb_update(f->db, append_some, f), -EEXIST);
	assert_int_equal(count_all(f), 2);
}

static void work_that_fails_leaves_nothing(void **state)
{
	struct fixture *f = *state;

	f->count = 10;
	f->size = 10;
	f->result = -ECANCELED;
	assert_int_equal(lmdb_update(f->db, append_some, f), -ECANCELED);
	assert_int_equal(count_all(f), 0);
}

static void a_full_map_grows(void **state)
{
	struct fixture *f = *state;

	f->size = 3000;
	f->count = 1000;
	for (int i = 0; i < 5; i++) {
		assert_int_equal(lmdb_update(f->db, append_some, f), 0);
		f->from += f->count;
	}
	assert_int_equal(count_all(f), 5000);
}

static void a_map_at_its_limit_says_no_space_and_keeps_what_it_had(void **state)
{
	struct fixture *f = *state;

	f->size = 100000;
	f->count = 300;
	assert_int_equal(lmdb_update(f->db, append_some, f), 0);
	f->from = 300;
	f->count = 1000;
	assert_int_equal(lmdb_update(f->db, append_some, f), -ENOSPC);
	assert_int_equal(count_all(f), 300);
}

static int delete_front(struct MDB_txn *txn, void *owner)
{
	struct fixture *f = owner;
	struct lmdb_cursor c;
	int r = lmdb_cursor_open(txn, f->table, &c);

	r = r < 0 ? r : lmdb_cursor_first(&c);
	for (uint32_t i = 0; r == 0 && i < f->count; i++) {
		r = lmdb_cursor_delete(&c);
		if (r == 0)
			r = lmdb_cursor_next(&c);
	}
	lmdb_cursor_close(&c);
	return r;
}

static void a_deleted_front_is_gone_and_a_seek_finds_what_follows(void **state)
{
	struct fixture *f = *state;
	struct MDB_txn *txn;
	struct lmdb_cursor c;
	uint8_t key[4];

	f->size = 50;
	f->count = 1000;
	assert_int_equal(lmdb_update(f->db, append_some, f), 0);
	f->count = 700;
	assert_int_equal(lmdb_update(f->db, delete_front, f), 0);
	assert_int_equal(lmdb_read_begin(f->db, &txn), 0);
	assert_int_equal(lmdb_cursor_open(txn, f->table, &c), 0);
	assert_int_equal(lmdb_cursor_seek(&c, key_of(3, key)), 0);
	assert_true(span_equal(c.key, key_of(700, key)));
	assert_int_equal(lmdb_cursor_seek(&c, key_of(1000, key)), -ENOENT);
	lmdb_cursor_close(&c);
	lmdb_read_end(f->db, txn);
}

static int put_one(struct MDB_txn *txn, void *owner)
{
	struct fixture *f = owner;
	struct span name = SPAN("name"), value = SPAN("value");

	return lmdb_put(txn, f->table, name, value);
}

static int get_one(struct fixture *f)
{
	struct span name = SPAN("name"), value;
	struct MDB_txn *txn;
	int r;

	assert_int_equal(lmdb_read_begin(f->db, &txn), 0);
	r = lmdb_get(txn, f->table, name, &value);
	if (r == 0)
		assert_true(span_equal_text(value, "value"));
	lmdb_read_end(f->db, txn);
	return r;
}

static void a_key_can_be_put_and_got_and_survives_reopening(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(get_one(f), -ENOENT);
	assert_int_equal(lmdb_update(f->db, put_one, f), 0);
	lmdb_close(f->db);
	assert_int_equal(lmdb_open(f->folder, &small, &f->db), 0);
	assert_int_equal(lmdb_table(f->db, "t", &f->table), 0);
	assert_int_equal(get_one(f), 0);
}

static void spoil(struct fixture *f, off_t length, const char *text)
{
	char path[128];
	int fd;

	lmdb_close(f->db);
	f->db = NULL;
	snprintf(path, sizeof(path), "%s/data.mdb", f->folder);
	fd = open(path, O_RDWR);
	assert_true(fd >= 0);
	if (text != NULL)
		assert_int_equal(pwrite(fd, text, strlen(text), 16), (ssize_t)strlen(text));
	else
		assert_int_equal(ftruncate(fd, length), 0);
	close(fd);
}

static void a_file_cut_short_is_recognised(void **state)
{
	struct fixture *f = *state;

	f->size = 3000;
	f->count = 100;
	assert_int_equal(lmdb_update(f->db, append_some, f), 0);
	spoil(f, 5 * 4096, NULL);
	assert_int_equal(lmdb_open(f->folder, &small, &f->db), -EUCLEAN);
	f->db = NULL;
}

static void a_file_that_is_something_else_is_recognised(void **state)
{
	struct fixture *f = *state;

	spoil(f, 0, "this is not a database");
	assert_int_equal(lmdb_open(f->folder, &small, &f->db), -EUCLEAN);
	f->db = NULL;
}

static int replace_and_delete(struct MDB_txn *txn, void *owner)
{
	struct fixture *f = owner;
	uint8_t key[4], *value;
	int r = lmdb_reserve(txn, f->table, key_of(1, key), 5, &value);

	if (r == 0)
		memcpy(value, "\1new!", 5);
	if (r == 0)
		r = lmdb_delete(txn, f->table, key_of(2, key));
	assert_int_equal(lmdb_delete(txn, f->table, key_of(7, key)), -ENOENT);
	return r;
}

static void a_value_is_replaced_and_another_deleted(void **state)
{
	struct fixture *f = *state;
	struct MDB_txn *txn;
	struct span value;
	uint8_t key[4];

	f->count = 3;
	f->size = 100;
	assert_int_equal(lmdb_update(f->db, append_some, f), 0);
	assert_int_equal(lmdb_update(f->db, replace_and_delete, f), 0);
	assert_int_equal(lmdb_read_begin(f->db, &txn), 0);
	assert_int_equal(lmdb_get(txn, f->table, key_of(1, key), &value), 0);
	assert_true(span_equal_text(value, "\1new!"));
	assert_int_equal(lmdb_get(txn, f->table, key_of(2, key), &value), -ENOENT);
	assert_int_equal(lmdb_get(txn, f->table, key_of(0, key), &value), 0);
	assert_int_equal(value.len, 100);
	lmdb_read_end(f->db, txn);
}

static uint64_t used(struct fixture *f)
{
	struct MDB_txn *txn;
	uint64_t bytes;

	assert_int_equal(lmdb_read_begin(f->db, &txn), 0);
	assert_int_equal(lmdb_used_bytes(txn, &bytes), 0);
	lmdb_read_end(f->db, txn);
	return bytes;
}

static void what_is_removed_is_not_used_and_the_file_keeps_its_size(void **state)
{
	struct fixture *f = *state;
	uint64_t empty = used(f), full, file, file_after;

	f->size = 1000;
	f->count = 2000;
	assert_int_equal(lmdb_update(f->db, append_some, f), 0);
	full = used(f);
	assert_int_equal(lmdb_file_bytes(f->db, &file), 0);
	assert_true(full >= 2000 * 1000 && full <= file);
	f->count = 1999;
	assert_int_equal(lmdb_update(f->db, delete_front, f), 0);
	assert_int_equal(lmdb_file_bytes(f->db, &file_after), 0);
	assert_true(file_after >= file);
	/* But for the list of what is free. */
	assert_true(used(f) < empty + 100 * 1024);
}

static void a_copy_holds_the_same_and_a_compact_one_is_small(void **state)
{
	struct fixture *f = *state;
	char path[128], data[128];
	uint64_t file, copy;
	int fd;

	f->size = 1000;
	f->count = 2000;
	assert_int_equal(lmdb_update(f->db, append_some, f), 0);
	assert_int_equal(lmdb_file_bytes(f->db, &file), 0);
	snprintf(path, sizeof(path), "%s/copy", f->folder);
	for (int compact = 0; compact < 2; compact++) {
		fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
		assert_true(fd >= 0);
		assert_int_equal(lmdb_copy(f->db, fd, compact), 0);
		copy = (uint64_t)lseek(fd, 0, SEEK_END);
		close(fd);
		assert_true(copy >= 2000 * 1000 && copy <= file);
	}
	lmdb_close(f->db);
	snprintf(data, sizeof(data), "%s/data.mdb", f->folder);
	assert_int_equal(rename(path, data), 0);
	assert_int_equal(lmdb_open(f->folder, &small, &f->db), 0);
	assert_int_equal(lmdb_table(f->db, "t", &f->table), 0);
	assert_int_equal(count_all(f), 2000);
}

static void every_commit_has_a_number_and_none_that_failed(void **state)
{
	struct fixture *f = *state;
	uint64_t before, after;

	assert_int_equal(lmdb_last_commit(f->db, &before), 0);
	f->count = 1;
	f->size = 10;
	assert_int_equal(lmdb_update(f->db, append_some, f), 0);
	assert_int_equal(lmdb_last_commit(f->db, &after), 0);
	assert_true(after == before + 1);
	f->from = 1;
	f->result = -ECANCELED;
	assert_int_equal(lmdb_update(f->db, append_some, f), -ECANCELED);
	assert_int_equal(lmdb_last_commit(f->db, &after), 0);
	assert_true(after == before + 1);
}

static void read_and_die(struct fixture *f)
{
	struct MDB_txn *txn;
	struct lmdb *db;

	if (lmdb_open(f->folder, &small, &db) < 0 || lmdb_read_begin(db, &txn) < 0)
		_exit(1);
	_exit(0);
}

static int replace_large(struct MDB_txn *txn, void *owner)
{
	struct fixture *f = owner;
	uint8_t key[4], *value;
	int r = lmdb_reserve(txn, f->table, key_of(0, key), f->size, &value);

	if (r == 0)
		memset(value, 0, f->size);
	return r;
}

/* What it looked at can be used again. */
static void a_reader_that_died_does_not_make_the_file_grow(void **state)
{
	struct fixture *f = *state;
	uint64_t bytes;
	int status;
	pid_t child = fork();

	if (child == 0)
		read_and_die(f);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	f->size = 300000;
	for (int i = 0; i < 100; i++)
		assert_int_equal(lmdb_update(f->db, replace_large, f), 0);
	assert_int_equal(lmdb_file_bytes(f->db, &bytes), 0);
	assert_true(bytes < 4 << 20);
}

static int never_room(struct MDB_txn *txn, void *owner)
{
	unsigned *calls = owner;

	(void)txn;
	(*calls)++;
	return -ENOSPC;
}

/* A larger map is no help then. */
static void a_full_disk_is_told_once(void **state)
{
	struct fixture *f = *state;
	unsigned calls = 0;

	assert_int_equal(lmdb_update(f->db, never_room, &calls), -ENOSPC);
	assert_int_equal(calls, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		TEST(what_was_appended_is_read_in_order),
		TEST(an_append_out_of_order_is_refused),
		TEST(work_that_fails_leaves_nothing),
		TEST(a_full_map_grows),
		TEST(a_map_at_its_limit_says_no_space_and_keeps_what_it_had),
		TEST(a_deleted_front_is_gone_and_a_seek_finds_what_follows),
		TEST(a_key_can_be_put_and_got_and_survives_reopening),
		TEST(a_value_is_replaced_and_another_deleted),
		TEST(what_is_removed_is_not_used_and_the_file_keeps_its_size),
		TEST(a_copy_holds_the_same_and_a_compact_one_is_small),
		TEST(every_commit_has_a_number_and_none_that_failed),
		TEST(a_reader_that_died_does_not_make_the_file_grow),
		TEST(a_full_disk_is_told_once),
		TEST(a_file_cut_short_is_recognised),
		TEST(a_file_that_is_something_else_is_recognised),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
