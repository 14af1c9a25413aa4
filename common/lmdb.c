/* SPDX-License-Identifier: MIT */
/*
 * Growing the map is only allowed while this process has no transaction open. Readers therefore
 * hold `map_lock` shared for their (short) life, and the one who grows takes it alone; `writer`
 * keeps two updates of this process from meeting at that point.
 */
#include "common/lmdb.h"

#include <errno.h>
#include <fcntl.h>
#include <lmdb.h>
#include <pthread.h>
#include <sys/stat.h>

#include "common/lmdb_check.h"
#include "common/mem.h"

enum {
	META_PAGES = 2,
	LOCK_FILE_SIZE = 8192, /* with room for as many readers as LMDB has by itself */
};

struct lmdb {
	MDB_env *env;
	size_t map_size; /* under writer */
	size_t map_limit;
	bool is_full;	     /* the map was, in the transaction at hand; under writer */
	unsigned last_table; /* the highest number given, all at start */
	pthread_mutex_t writer;
	pthread_rwlock_t map_lock;
};

static int to_errno(int result)
{
	switch (result) {
	case MDB_SUCCESS:
		return 0;
	case MDB_NOTFOUND:
		return -ENOENT;
	case MDB_KEYEXIST:
		return -EEXIST;
	case MDB_MAP_FULL:
		return -ENOSPC;
	case MDB_TXN_FULL:
		return -E2BIG;
	case MDB_READERS_FULL:
	case MDB_DBS_FULL:
		return -EMFILE;
	case MDB_BAD_VALSIZE:
		return -EINVAL;
	case MDB_PANIC:	  /* a commit before this one failed badly */
	case MDB_BAD_TXN: /* a call before this one failed */
		return -EIO;
	default:
		return result > 0 ? -result : -EUCLEAN;
	}
}

static struct MDB_val val_of(struct span s)
{
	union {
		const uint8_t *from;
		void *to;
	} data = { .from = s.data }; /* LMDB never writes through it */

	return (struct MDB_val){ s.len, data.to };
}

static struct span span_of_val(struct MDB_val v)
{
	return span_of(v.mv_data, v.mv_size);
}

/*
 * A file that was cut short would end the process with SIGBUS when a page behind its end is
 * touched. LMDB leaves files that end before their last page too, when that one is free: then all
 * pages are looked at.
 */
static int check_length(struct lmdb *db, const char *folder)
{
	struct lmdb_check_summary summary;
	struct str path = { 0 }, problem = { 0 };
	MDB_envinfo info;
	MDB_stat pages;
	struct stat file;
	int fd, result;

	if ((result = mdb_env_info(db->env, &info)) != 0 ||
			(result = mdb_env_stat(db->env, &pages)) != 0 ||
			(result = mdb_env_get_fd(db->env, &fd)) != 0)
		return to_errno(result);
	if (fstat(fd, &file) < 0)
		return -errno;
	db->map_size = info.me_mapsize;
	if ((uint64_t)file.st_size / pages.ms_psize >= info.me_last_pgno + 1)
		return 0;
	str_printf(&path, "%s/data.mdb", folder);
	result = lmdb_check(str_text(&path), &summary, &problem);
	str_finish(&path);
	str_finish(&problem);
	return result;
}

/* A reader that was killed keeps pages from being used again. */
static void forget_dead_readers(struct lmdb *db)
{
	int dead;

	(void)mdb_reader_check(db->env, &dead);
}

/*
 * LMDB maps the lock file and writes to it: where the disk had no room for its pages, that would
 * end the process with SIGBUS.
 */
static int make_lock_file(const char *folder, mode_t mode)
{
	struct str path = { 0 };
	int fd, error;

	str_printf(&path, "%s/lock.mdb", folder);
	fd = open(str_text(&path), O_RDWR | O_CREAT | O_CLOEXEC, mode);
	str_finish(&path);
	if (fd < 0)
		return 0; /* LMDB knows what to say */
	error = posix_fallocate(fd, 0, LOCK_FILE_SIZE);
	close(fd);
	return error == ENOSPC || error == EDQUOT ? -error : 0;
}

static void init_locks(struct lmdb *db)
{
	pthread_rwlockattr_t attributes;

	pthread_mutex_init(&db->writer, NULL);
	pthread_rwlockattr_init(&attributes);
	pthread_rwlockattr_setkind_np(&attributes, PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP);
	pthread_rwlock_init(&db->map_lock, &attributes);
	pthread_rwlockattr_destroy(&attributes);
}

static int open_environment(struct lmdb *db, const char *folder, const struct lmdb_options *options)
{
	int result = mdb_env_create(&db->env);

	if (result == 0)
		result = mdb_env_set_userctx(db->env, db);
	if (result == 0)
		result = mdb_env_set_maxdbs(db->env, options->tables);
	if (result == 0)
		result = mdb_env_set_mapsize(db->env, options->map_size);
	/* NOTLS: a read transaction belongs to the code that began it, not to its thread. */
	if (result == 0)
		result = mdb_env_open(db->env, folder, MDB_NOTLS, options->mode);
	return to_errno(result);
}

int lmdb_open(const char *folder, const struct lmdb_options *options, struct lmdb **ret)
{
	struct lmdb *db = xcalloc(1, sizeof(*db));
	int result;

	db->map_limit = options->map_limit;
	init_locks(db);
	result = make_lock_file(folder, options->mode);
	if (result == 0)
		result = open_environment(db, folder, options);
	if (result == 0)
		result = check_length(db, folder);
	if (result < 0) {
		lmdb_close(db);
		return result;
	}
	forget_dead_readers(db);
	*ret = db;
	return 0;
}

void lmdb_close(struct lmdb *db)
{
	if (db == NULL)
		return;
	if (db->env != NULL)
		mdb_env_close(db->env);
	pthread_rwlock_destroy(&db->map_lock);
	pthread_mutex_destroy(&db->writer);
	free(db);
}

static int grow(struct lmdb *db)
{
	size_t size = db->map_size > db->map_limit / 2 ? db->map_limit : db->map_size * 2;
	int result;

	if (db->map_size >= db->map_limit)
		return -ENOSPC;
	forget_dead_readers(db);
	pthread_rwlock_wrlock(&db->map_lock);
	result = mdb_env_set_mapsize(db->env, size);
	pthread_rwlock_unlock(&db->map_lock);
	if (result == 0)
		db->map_size = size;
	return to_errno(result);
}

/*
 * What a call of the transaction that writes has come to. That the map is full is told from a full
 * disk, for which a larger map is no help.
 */
static int written(MDB_txn *txn, int result)
{
	struct lmdb *db;

	if (result == MDB_MAP_FULL) {
		db = mdb_env_get_userctx(mdb_txn_env(txn));
		db->is_full = true;
	}
	return to_errno(result);
}

static int update_once(struct lmdb *db, int (*work)(struct MDB_txn *, void *), void *owner)
{
	MDB_txn *txn;
	int result;

	db->is_full = false;
	result = mdb_txn_begin(db->env, NULL, 0, &txn);
	if (result != 0)
		return to_errno(result);
	result = work(txn, owner);
	if (result != 0) {
		mdb_txn_abort(txn);
		return result;
	}
	result = mdb_txn_commit(txn);
	db->is_full |= result == MDB_MAP_FULL;
	return to_errno(result);
}

int lmdb_update(struct lmdb *db, int (*work)(struct MDB_txn *, void *), void *owner)
{
	int result;

	pthread_mutex_lock(&db->writer);
	do {
		result = update_once(db, work, owner);
	} while (result < 0 && db->is_full && grow(db) == 0);
	pthread_mutex_unlock(&db->writer);
	return result;
}

struct table_order {
	const char *name;
	MDB_dbi table;
};

static int open_table(struct MDB_txn *txn, void *owner)
{
	struct table_order *order = owner;

	return written(txn, mdb_dbi_open(txn, order->name, MDB_CREATE, &order->table));
}

int lmdb_table(struct lmdb *db, const char *name, unsigned *ret_table)
{
	struct table_order order = { .name = name };
	int result = lmdb_update(db, open_table, &order);

	if (result < 0)
		return result;
	*ret_table = order.table;
	if (order.table > db->last_table)
		db->last_table = order.table;
	return 0;
}

int lmdb_read_begin(struct lmdb *db, struct MDB_txn **ret_txn)
{
	int result;

	pthread_rwlock_rdlock(&db->map_lock);
	result = mdb_txn_begin(db->env, NULL, MDB_RDONLY, ret_txn);
	if (result != 0)
		pthread_rwlock_unlock(&db->map_lock);
	return to_errno(result);
}

void lmdb_read_end(struct lmdb *db, struct MDB_txn *txn)
{
	mdb_txn_abort(txn);
	pthread_rwlock_unlock(&db->map_lock);
}

int lmdb_get(struct MDB_txn *txn, unsigned table, struct span key, struct span *ret_value)
{
	MDB_val k = val_of(key), v;
	int result = mdb_get(txn, table, &k, &v);

	if (result == 0)
		*ret_value = span_of_val(v);
	return to_errno(result);
}

int lmdb_put(struct MDB_txn *txn, unsigned table, struct span key, struct span value)
{
	MDB_val k = val_of(key), v = val_of(value);

	return written(txn, mdb_put(txn, table, &k, &v, 0));
}

static int put_reserved(struct MDB_txn *txn, unsigned table, struct span key, size_t size,
		unsigned flags, uint8_t **ret_value)
{
	MDB_val k = val_of(key), v = { size, NULL };
	int result = mdb_put(txn, table, &k, &v, flags | MDB_RESERVE);

	if (result == 0)
		*ret_value = v.mv_data;
	return written(txn, result);
}

int lmdb_reserve(struct MDB_txn *txn, unsigned table, struct span key, size_t size,
		uint8_t **ret_value)
{
	return put_reserved(txn, table, key, size, 0, ret_value);
}

int lmdb_append(struct MDB_txn *txn, unsigned table, struct span key, size_t size,
		uint8_t **ret_value)
{
	return put_reserved(txn, table, key, size, MDB_APPEND, ret_value);
}

int lmdb_delete(struct MDB_txn *txn, unsigned table, struct span key)
{
	MDB_val k = val_of(key);

	return written(txn, mdb_del(txn, table, &k, NULL));
}

int lmdb_table_bytes(struct MDB_txn *txn, unsigned table, uint64_t *ret)
{
	MDB_stat pages;
	int result = mdb_stat(txn, table, &pages);

	if (result == 0)
		*ret = (uint64_t)pages.ms_psize *
		       (pages.ms_branch_pages + pages.ms_leaf_pages + pages.ms_overflow_pages);
	return to_errno(result);
}

int lmdb_used_bytes(struct MDB_txn *txn, uint64_t *ret)
{
	MDB_env *env = mdb_txn_env(txn);
	const struct lmdb *db = mdb_env_get_userctx(env);
	uint64_t sum = 0, bytes = 0;
	MDB_stat pages;
	int result = to_errno(mdb_env_stat(env, &pages));

	/* Below those that were opened: the list of free pages, and the table of their names. */
	for (unsigned table = 0; result == 0 && table <= db->last_table; table++) {
		result = lmdb_table_bytes(txn, table, &bytes);
		sum += bytes;
	}
	if (result == 0)
		*ret = sum + META_PAGES * (uint64_t)pages.ms_psize;
	return result;
}

int lmdb_file_bytes(struct lmdb *db, uint64_t *ret)
{
	struct stat file;
	int fd, result = mdb_env_get_fd(db->env, &fd);

	if (result != 0)
		return to_errno(result);
	if (fstat(fd, &file) < 0)
		return -errno;
	*ret = (uint64_t)file.st_size;
	return 0;
}

int lmdb_check_place(struct lmdb *db, const char *folder)
{
	struct str path = { 0 };
	struct stat ours, there;
	int fd, result = mdb_env_get_fd(db->env, &fd);

	if (result != 0)
		return to_errno(result);
	str_printf(&path, "%s/data.mdb", folder);
	if (fstat(fd, &ours) < 0 || stat(str_text(&path), &there) < 0 ||
			ours.st_ino != there.st_ino || ours.st_dev != there.st_dev)
		result = -ESTALE;
	str_finish(&path);
	return result;
}

int lmdb_last_commit(struct lmdb *db, uint64_t *ret)
{
	MDB_envinfo info;
	int result = mdb_env_info(db->env, &info);

	if (result == 0)
		*ret = info.me_last_txnid;
	return to_errno(result);
}

int lmdb_copy(struct lmdb *db, int fd, bool compact)
{
	int result;

	pthread_rwlock_rdlock(&db->map_lock);
	result = mdb_env_copyfd2(db->env, fd, compact ? MDB_CP_COMPACT : 0);
	pthread_rwlock_unlock(&db->map_lock);
	return to_errno(result);
}

int lmdb_cursor_open(struct MDB_txn *txn, unsigned table, struct lmdb_cursor *c)
{
	*c = (struct lmdb_cursor){ 0 };
	return to_errno(mdb_cursor_open(txn, table, &c->at));
}

void lmdb_cursor_close(struct lmdb_cursor *c)
{
	if (c->at != NULL)
		mdb_cursor_close(c->at);
	c->at = NULL;
}

static int move(struct lmdb_cursor *c, MDB_cursor_op how, struct span key)
{
	MDB_val k = val_of(key), v = { 0, NULL };
	int result = mdb_cursor_get(c->at, &k, &v, how);

	if (result == 0) {
		c->key = span_of_val(k);
		c->value = span_of_val(v);
	}
	return to_errno(result);
}

int lmdb_cursor_first(struct lmdb_cursor *c)
{
	return move(c, MDB_FIRST, (struct span){ NULL, 0 });
}

int lmdb_cursor_last(struct lmdb_cursor *c)
{
	return move(c, MDB_LAST, (struct span){ NULL, 0 });
}

int lmdb_cursor_next(struct lmdb_cursor *c)
{
	return move(c, MDB_NEXT, (struct span){ NULL, 0 });
}

int lmdb_cursor_seek(struct lmdb_cursor *c, struct span key)
{
	return move(c, MDB_SET_RANGE, key);
}

int lmdb_cursor_delete(struct lmdb_cursor *c)
{
	return written(mdb_cursor_txn(c->at), mdb_cursor_del(c->at, 0));
}
