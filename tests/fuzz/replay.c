/* SPDX-License-Identifier: MIT */
/*
 * Runs a fuzz target over the files of the directories given, without libFuzzer: `make check`
 * replays every corpus with the ordinary compiler.
 */
#include "common/mem.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* False when the file cannot be read. */
static bool replay_file(const char *path)
{
	FILE *file = fopen(path, "rb");
	struct stat info;
	uint8_t *data;
	bool read;

	if (file == NULL || fstat(fileno(file), &info) != 0) {
		fprintf(stderr, "%s: %s\n", path, strerror(errno));
		if (file != NULL)
			fclose(file);
		return false;
	}
	/* Of the exact size, so that a sanitizer sees a read behind the end. */
	data = xmalloc(info.st_size > 0 ? (size_t)info.st_size : 1);
	read = fread(data, 1, (size_t)info.st_size, file) == (size_t)info.st_size;
	fclose(file);
	if (read)
		LLVMFuzzerTestOneInput(data, (size_t)info.st_size);
	else
		fprintf(stderr, "%s: cannot be read\n", path);
	free(data);
	return read;
}

/* How many inputs the directory has; -1 after a message. */
static int replay_directory(const char *directory)
{
	DIR *dir = opendir(directory);
	struct dirent *entry;
	int count = 0;

	if (dir == NULL) {
		fprintf(stderr, "%s: %s\n", directory, strerror(errno));
		return -1;
	}
	while (count >= 0 && (entry = readdir(dir)) != NULL) {
		char path[4096];

		if (entry->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "%s/%s", directory, entry->d_name);
		count = replay_file(path) ? count + 1 : -1;
	}
	closedir(dir);
	if (count == 0)
		fprintf(stderr, "%s: no inputs\n", directory);
	return count > 0 ? count : -1;
}

int main(int argc, char **argv)
{
	int total = 0;

	if (argc < 2) {
		fprintf(stderr, "usage: %s DIRECTORY...\n", argv[0]);
		return 1;
	}
	for (int i = 1; i < argc; i++) {
		int count = replay_directory(argv[i]);

		if (count < 0)
			return 1;
		total += count;
	}
	printf("%d inputs\n", total);
	return 0;
}
