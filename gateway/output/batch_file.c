/* SPDX-License-Identifier: MIT */
/*
 * All access goes through the folder's descriptor. When the folder itself is replaced, "gone" would
 * not mean "applied": batch_folder_has() therefore looks whether the descriptor still is what the
 * path leads to.
 */
#include "gateway/output/batch_file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <inttypes.h>
#include <pwd.h>
#include <sys/inotify.h>
#include <sys/stat.h>

#include "common/hash.h"
#include "common/log.h"
#include "common/wire.h"

void batch_folder_init(
		struct batch_folder *f, const char *path, const char *output, uint64_t journal)
{
	*f = (struct batch_folder){ .path = path,
		.output = output,
		.journal = journal,
		.mode = 0640,
		.fd = -1,
		.watch_fd = -1 };
}

static void close_both(struct batch_folder *f)
{
	if (f->fd >= 0)
		close(f->fd);
	if (f->watch_fd >= 0)
		close(f->watch_fd);
	f->fd = f->watch_fd = -1;
}

void batch_folder_finish(struct batch_folder *f)
{
	close_both(f);
}

void batch_folder_say(struct batch_folder *f, const char *problem, int error)
{
	if (problem != NULL && f->problem != problem)
		log_warn_errno(error, "output \"%s\": %s %s", f->output, f->path, problem);
	if (problem == NULL && f->problem != NULL)
		log_info("output \"%s\": %s works again", f->output, f->path);
	f->problem = problem;
}

/* Is it still the folder that the path leads to? */
static int check_current(const struct batch_folder *f)
{
	struct stat ours, theirs;

	if (f->fd < 0)
		return -EBADF;
	if (fstat(f->fd, &ours) < 0 || stat(f->path, &theirs) < 0)
		return -errno;
	return ours.st_ino == theirs.st_ino && ours.st_dev == theirs.st_dev ? 0 : -ESTALE;
}

/* Where strangers cannot enter, the files need not be locked as well. */
static bool set_mode(struct batch_folder *f)
{
	struct stat st;

	if (fstat(f->fd, &st) < 0)
		return false;
	f->mode = (st.st_mode & S_IXOTH) == 0 ? 0644 : 0640;
	return true;
}

int batch_folder_open(struct batch_folder *f)
{
	int error;

	close_both(f);
	if (!f->is_foreign && mkdir(f->path, 0770) == 0) {
		/* setgid: the files belong to the folder's group, whoever made them */
		if (chmod(f->path, 02770) < 0)
			return -errno;
	} else if (!f->is_foreign && errno != EEXIST) {
		return -errno;
	}
	f->fd = open(f->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	f->watch_fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	if (f->fd >= 0 && f->watch_fd >= 0 && set_mode(f) &&
			inotify_add_watch(f->watch_fd, f->path, IN_DELETE | IN_ONLYDIR) >= 0)
		return 0;
	error = errno;
	close_both(f);
	return -error;
}

static int write_all(int fd, struct span text)
{
	while (text.len > 0) {
		ssize_t n = write(fd, text.data, text.len);

		if (n < 0 && errno != EINTR)
			return -errno;
		if (n > 0)
			text = span_from(text, (size_t)n);
	}
	return 0;
}

static bool is_member(uid_t user, gid_t group)
{
	struct passwd entry, *found = NULL;
	char strings[4096];
	gid_t groups[256];
	int n = (int)array_size(groups);

	if (getpwuid_r(user, &entry, strings, sizeof(strings), &found) != 0 || found == NULL)
		return false;
	if (getgrouplist(found->pw_name, found->pw_gid, groups, &n) < 0)
		return true; /* more groups than we look at: leave it to the core to find out */
	while (n > 0) {
		if (groups[--n] == group)
			return true;
	}
	return false;
}

bool batch_folder_lets_remove(const struct batch_folder *f, uid_t user)
{
	struct stat st;
	mode_t needed;

	if (user == 0 || f->fd < 0 || fstat(f->fd, &st) < 0)
		return true;
	if (st.st_uid == user)
		needed = S_IWUSR | S_IXUSR;
	else if (st.st_mode & S_ISVTX && user != geteuid())
		return false; /* sticky: only the file's owner and the folder's may */
	else if (is_member(user, st.st_gid))
		needed = S_IWGRP | S_IXGRP;
	else
		needed = S_IWOTH | S_IXOTH;
	return (st.st_mode & needed) == needed;
}

/* The inode alone will not do: ext4 gives it to the next folder made, and a tmpfs begins anew. */
uint64_t batch_folder_place(const struct batch_folder *f)
{
	uint8_t bytes[4 * sizeof(uint64_t)];
	struct writer w = writer_of(bytes, sizeof(bytes));
	struct statx st;

	if (f->fd < 0 || statx(f->fd, "", AT_EMPTY_PATH, STATX_INO | STATX_BTIME, &st) < 0)
		return 0;
	write_u64(&w, st.stx_ino);
	write_u64(&w, (uint64_t)st.stx_dev_major << 32 | st.stx_dev_minor);
	write_u64(&w, st.stx_mask & STATX_BTIME ? (uint64_t)st.stx_btime.tv_sec : 0);
	write_u64(&w, st.stx_mask & STATX_BTIME ? st.stx_btime.tv_nsec : 0);
	return (uint64_t)hash_span(1, writer_span(&w)) << 32 | hash_span(2, writer_span(&w));
}

int batch_folder_write(struct batch_folder *f, struct span name, struct span text)
{
	AUTO_CLOSE int fd = -1;
	AUTO_FREE char *path = span_dup_text(name);
	int over = f->is_foreign ? O_EXCL : O_TRUNC;
	int r = f->fd >= 0 ? 0 : batch_folder_open(f);

	if (r < 0)
		return r;
	fd = openat(f->fd, path, O_WRONLY | O_CREAT | over | O_NOFOLLOW | O_CLOEXEC, f->mode);
	if (fd < 0)
		return -errno;
	r = write_all(fd, text);
	if (r < 0)
		unlinkat(f->fd, path, 0);
	return r;
}

void batch_folder_remove(struct batch_folder *f, struct span name)
{
	AUTO_FREE char *path = span_dup_text(name);

	if (f->fd >= 0 && name.len > 0)
		unlinkat(f->fd, path, 0);
}

int batch_folder_has(struct batch_folder *f, struct span name)
{
	AUTO_FREE char *path = span_dup_text(name);
	struct stat st;
	int there, r;

	if (f->fd < 0)
		return -EBADF;
	there = fstatat(f->fd, path, &st, AT_SYMLINK_NOFOLLOW) == 0 ? 1 : -errno;
	r = check_current(f);
	if (r < 0)
		return r;
	return there == -ENOENT ? 0 : there;
}

bool batch_folder_saw_removal(struct batch_folder *f, struct span name)
{
	_Alignas(struct inotify_event) char events[4096];
	bool seen = false;
	ssize_t n;

	while (f->watch_fd >= 0 && (n = read(f->watch_fd, events, sizeof(events))) > 0) {
		for (ssize_t at = 0; at < n;) {
			const struct inotify_event *e = (const void *)(events + at);

			seen |= e->len > 0 && span_equal_text(name, e->name);
			at += (ssize_t)(sizeof(*e) + e->len);
		}
	}
	return seen;
}

void batch_file_prefix(const struct batch_folder *f, struct str *into)
{
	str_printf(into, "%s-%08" PRIx32 "-", f->output, (uint32_t)f->journal);
}

/*
 * As batch_file_name() makes them. What was made for another journal is somebody else's, who takes
 * its end for a confirmation.
 */
static bool is_ours(const struct batch_folder *f, struct span name)
{
	struct str start = { 0 };
	bool ours;

	batch_file_prefix(f, &start);
	ours = span_starts_with(name, str_span(&start));
	str_finish(&start);
	return ours;
}

void batch_folder_sweep(struct batch_folder *f, struct span keep)
{
	DIR *dir = opendir(f->path);
	struct dirent *entry;
	unsigned removed = 0;

	while (dir != NULL && (entry = readdir(dir)) != NULL) {
		struct span name = span_of_text(entry->d_name);

		if (is_ours(f, name) && !span_equal(name, keep))
			removed += unlinkat(dirfd(dir), entry->d_name, 0) == 0;
	}
	if (dir != NULL)
		closedir(dir);
	if (removed > 0)
		log_notice("output \"%s\": removed %u batch file%s of an earlier run that %s never "
			   "handed over; their results are still in the journal",
				f->output, removed, removed == 1 ? "" : "s",
				removed == 1 ? "was" : "were");
}

void batch_file_name(const struct batch_folder *f, uint64_t first, uint64_t last, struct str *into)
{
	batch_file_prefix(f, into);
	str_printf(into, "%" PRIu64 "-%" PRIu64, first, last);
}
