/* SPDX-License-Identifier: MIT */
#include "broker/store/folder.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>

#define LOCK_FILE "broker.lock"

/* Paths of files in it; one that is too long is found by the call that it is for. */
static const char *join(char at[PATH_MAX], const char *path, const char *name)
{
	snprintf(at, PATH_MAX, "%s/%s", path, name);
	return at;
}

int folder_make(const char *path)
{
	if (mkdir(path, 0700) < 0)
		return errno == EEXIST ? 0 : -errno;
	/* An umask may have taken more than others' rights. */
	return chmod(path, 0700) < 0 ? -errno : 0;
}

bool folder_is_safe(const char *path)
{
	struct stat info;

	return stat(path, &info) == 0 && (info.st_uid == geteuid() || info.st_uid == 0) &&
	       (info.st_mode & S_IWOTH) == 0;
}

static long read_holder(int fd)
{
	char text[32] = "";

	return pread(fd, text, sizeof(text) - 1, 0) > 0 ? strtol(text, NULL, 10) : 0;
}

static int write_holder(int fd)
{
	char text[32];
	int len = snprintf(text, sizeof(text), "%ld\n", (long)getpid());

	if (ftruncate(fd, 0) < 0 || pwrite(fd, text, (size_t)len, 0) < 0)
		return -errno;
	return 0;
}

int folder_lock(const char *path, int *ret_fd, long *ret_holder)
{
	char name[PATH_MAX];
	AUTO_CLOSE int fd = open(join(name, path, LOCK_FILE),
			O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);

	*ret_holder = 0;
	if (fd < 0)
		return -errno;
	if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
		if (errno != EWOULDBLOCK)
			return -errno;
		*ret_holder = read_holder(fd);
		return -EBUSY;
	}
	/* Only people read it: a full disk is no reason not to begin. */
	(void)write_holder(fd);
	*ret_fd = take_fd(&fd);
	return 0;
}

int folder_sync(const char *path)
{
	AUTO_CLOSE int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return fd < 0 || fsync(fd) < 0 ? -errno : 0;
}

int folder_sync_parent(const char *path)
{
	char name[PATH_MAX];

	return folder_sync(join(name, path, ".."));
}

int folder_create(const char *path, const char *name)
{
	char full[PATH_MAX];
	int fd = open(join(full, path, name), O_RDWR | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC,
			0600);

	return fd < 0 ? -errno : fd;
}

int folder_rename(const char *path, const char *from, const char *to)
{
	char old[PATH_MAX], new[PATH_MAX];

	return rename(join(old, path, from), join(new, path, to)) < 0 ? -errno : 0;
}

void folder_remove(const char *path, const char *name)
{
	char full[PATH_MAX];

	unlink(join(full, path, name));
}

uint64_t folder_file_size(const char *path, const char *name)
{
	char full[PATH_MAX];
	struct stat file;

	return stat(join(full, path, name), &file) < 0 ? 0 : (uint64_t)file.st_size;
}

void folder_destroy(const char *path)
{
	folder_remove(path, "data.mdb");
	folder_remove(path, "lock.mdb");
	folder_remove(path, LOCK_FILE);
	folder_remove(path, COPY_FILE);
	rmdir(path);
}
