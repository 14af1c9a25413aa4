/* SPDX-License-Identifier: MIT */
#include "common/store_folder.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "common/folder.h"

/* Paths of files in it; one that is too long is found by the call that it is for. */
static const char *join(char at[PATH_MAX], const char *path, const char *name)
{
	snprintf(at, PATH_MAX, "%s/%s", path, name);
	return at;
}

int store_folder_make(const char *path)
{
	if (mkdir(path, 0700) < 0)
		return -errno;
	/* An umask may have taken more than others' rights. */
	return chmod(path, 0700) < 0 ? -errno : 0;
}

bool store_folder_is_safe(const char *path)
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

int store_folder_lock(const char *path, bool alone, int *ret_fd, long *ret_holder)
{
	char name[PATH_MAX];
	int flags = (alone ? O_RDWR | O_CREAT : O_RDONLY) | O_NOFOLLOW | O_CLOEXEC;
	AUTO_CLOSE int fd = open(join(name, path, STORE_LOCK_FILE), flags, 0600);

	*ret_holder = 0;
	if (fd < 0)
		return -errno;
	if (flock(fd, (alone ? LOCK_EX : LOCK_SH) | LOCK_NB) < 0) {
		if (errno != EWOULDBLOCK)
			return -errno;
		*ret_holder = read_holder(fd);
		return -EBUSY;
	}
	/* Only people read it: a full disk is no reason not to begin. */
	if (alone)
		(void)write_holder(fd);
	*ret_fd = take_fd(&fd);
	return 0;
}

/* Names change last, when there is something to change them to. */
int store_folder_exchange(const char *path, const char *successor, const char *aside)
{
	int error;

	if (rename(path, aside) < 0)
		return -errno;
	if (rename(successor, path) < 0) {
		error = -errno;
		(void)rename(aside, path);
		return error;
	}
	return folder_sync_parent(path);
}

int store_folder_create(const char *path, const char *name)
{
	char full[PATH_MAX];
	int fd = open(join(full, path, name), O_RDWR | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC,
			0600);

	return fd < 0 ? -errno : fd;
}

int store_folder_rename(const char *path, const char *from, const char *to)
{
	char old[PATH_MAX], new[PATH_MAX];

	return rename(join(old, path, from), join(new, path, to)) < 0 ? -errno : 0;
}

void store_folder_remove(const char *path, const char *name)
{
	char full[PATH_MAX];

	unlink(join(full, path, name));
}

uint64_t store_folder_file_size(const char *path, const char *name)
{
	char full[PATH_MAX];
	struct stat file;

	return stat(join(full, path, name), &file) < 0 ? 0 : (uint64_t)file.st_size;
}

void store_folder_destroy(const char *path)
{
	store_folder_remove(path, STORE_FILE);
	store_folder_remove(path, STORE_READERS_FILE);
	store_folder_remove(path, STORE_LOCK_FILE);
	store_folder_remove(path, STORE_COPY_FILE);
	rmdir(path);
}
