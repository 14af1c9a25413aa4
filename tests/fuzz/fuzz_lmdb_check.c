/* SPDX-License-Identifier: MIT */
/*
 * A file of LMDB that was damaged: the input is changes of it, three bytes where and one what. It
 * is looked at without a crash, and of a file that passes all records are met.
 */
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "common/lmdb.h"
#include "common/lmdb_check.h"
#include "common/lmdb_salvage.h"
#include "common/mem.h"
#include "tests/fuzz/report.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MAX_FILE = 1 << 20, KEYS = 40 };

struct base {
	uint8_t bytes[MAX_FILE];
	size_t size;
};

struct work {
	unsigned tables[2];
	unsigned round;
};

/* Small and large values, and in later rounds fewer of them. */
static int fill(struct MDB_txn *txn, void *owner)
{
	static const uint8_t zeros[9000];
	struct work *w = owner;
	int result = 0;

	for (unsigned i = 0; i < KEYS && result == 0; i++) {
		uint8_t key[4] = { 0, 0, 0, (uint8_t)i };
		struct lmdb_cursor c;

		if (i % 2 < w->round && i % 3 == 0) {
			result = lmdb_cursor_open(txn, w->tables[i & 1], &c);
			if (result == 0 && lmdb_cursor_seek(&c, span_of(key, 4)) == 0)
				result = lmdb_cursor_delete(&c);
			lmdb_cursor_close(&c);
		} else {
			result = lmdb_put(txn, w->tables[i & 1], span_of(key, 4),
					span_of(zeros, i == 7 ? sizeof(zeros) : i * 9));
		}
	}
	return result;
}

static void make_base(struct base *b)
{
	const struct lmdb_options options = { 1 << 20, 1 << 22, 2, 0600 };
	char folder[] = "/tmp/belfry-fuzz-XXXXXX", path[64];
	struct lmdb *db;
	struct work w;
	FILE *file;

	REQUIRE(mkdtemp(folder) != NULL && lmdb_open(folder, &options, &db) == 0);
	REQUIRE(lmdb_table(db, "one", &w.tables[0]) == 0);
	REQUIRE(lmdb_table(db, "two", &w.tables[1]) == 0);
	for (w.round = 0; w.round < 3; w.round++)
		REQUIRE(lmdb_update(db, fill, &w) == 0);
	lmdb_close(db);
	snprintf(path, sizeof(path), "%s/lock.mdb", folder);
	unlink(path);
	snprintf(path, sizeof(path), "%s/data.mdb", folder);
	file = fopen(path, "rb");
	REQUIRE(file != NULL);
	b->size = fread(b->bytes, 1, sizeof(b->bytes), file);
	fclose(file);
	unlink(path);
	rmdir(folder);
}

static int count_record(void *owner, const struct lmdb_record *r)
{
	uint64_t *count = owner;
	uint8_t sum = 0;

	for (size_t i = 0; i < r->value.len; i++) /* all of it can be read */
		sum ^= r->value.data[i];
	*count += 1 + (sum & 0);
	return 0;
}

static void look_at(const char *path)
{
	struct lmdb_check_summary summary = { 0 };
	struct str problem = { 0 };
	uint64_t count = 0, gaps = 0;
	const struct lmdb_visitor visitor = { &count, NULL, count_record };
	int checked = lmdb_check(path, &summary, &problem);
	int salvaged = lmdb_salvage(path, &visitor, &gaps);

	REQUIRE(checked == 0 || problem.len > 0);
	if (checked == 0)
		REQUIRE(salvaged == 0 && gaps == 0 && count == summary.records);
	str_finish(&problem);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct base base; /* the same for all inputs */
	AUTO_CLOSE int fd = memfd_create("damaged", 0);
	char path[64];

	if (base.size == 0)
		make_base(&base);
	REQUIRE(fd >= 0 && write(fd, base.bytes, base.size) == (ssize_t)base.size);
	for (; size >= 4; data += 4, size -= 4) {
		size_t at = (size_t)data[0] << 16 | (size_t)data[1] << 8 | data[2];

		REQUIRE(pwrite(fd, data + 3, 1, (off_t)(at % base.size)) == 1);
	}
	if (size == 1) /* and it is cut short */
		REQUIRE(ftruncate(fd, (off_t)(base.size * data[0] / 256)) == 0);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	look_at(path);
	return 0;
}
