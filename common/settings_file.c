/* SPDX-License-Identifier: MIT */
#include "common/settings_file.h"

#include <dirent.h>
#include <errno.h>
#include <strings.h>

#include "common/mem.h"

enum { MAX_FILE = 16 * 1024 * 1024 };

int settings_read_file(const char *path, struct str *into)
{
	FILE *file = fopen(path, "re");
	int error = 0;

	if (file == NULL)
		return -errno;
	while (error == 0) {
		size_t n;

		str_reserve(into, 65536);
		n = fread(into->text + into->len, 1, 65536, file);
		into->len += n;
		if (n == 0) {
			error = ferror(file) ? -EIO : 1;
		} else if (into->len > MAX_FILE) {
			error = -EFBIG;
		}
	}
	fclose(file);
	return error < 0 ? error : 0;
}

static bool is_conf(const char *name)
{
	size_t len = strlen(name);

	return len > 5 && strcmp(name + len - 5, ".conf") == 0;
}

static int compare(const void *a, const void *b)
{
	const char *const *x = a, *const *y = b;
	int order = strcasecmp(*x, *y);

	return order != 0 ? order : strcmp(*x, *y);
}

int settings_list_folder(struct span folder, struct text_list *ret_paths)
{
	AUTO_FREE char *path = span_dup_text(folder);
	DIR *dir = opendir(path);
	struct dirent *entry;

	if (dir == NULL)
		return -errno;
	while ((entry = readdir(dir)) != NULL) {
		struct str full = { 0 };

		if (!is_conf(entry->d_name))
			continue;
		str_printf(&full, "%s/%s", path, entry->d_name);
		text_list_add(ret_paths, str_span(&full));
		str_finish(&full);
	}
	closedir(dir);
	qsort(ret_paths->texts, ret_paths->count, sizeof(char *), compare);
	return 0;
}
