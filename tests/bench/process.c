/* SPDX-License-Identifier: MIT */
/*
 * /proc/PID/task/TID/schedstat counts in nanoseconds; /proc/PID/stat, the fall-back for kernels
 * without it, in clock ticks of usually 10 ms. A thread that has ended is missing from the first,
 * which does not matter to a broker whose threads live as long as it does.
 */
#include "tests/bench/process.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static bool cpu_from_schedstat(pid_t pid, uint64_t *ret_ns)
{
	char path[64 + 256];
	struct dirent *entry;
	bool found = false;
	DIR *tasks;

	snprintf(path, sizeof(path), "/proc/%d/task", (int)pid);
	if ((tasks = opendir(path)) == NULL)
		return false;
	*ret_ns = 0;
	while ((entry = readdir(tasks)) != NULL) {
		unsigned long long ns;
		FILE *file;

		if (entry->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "/proc/%d/task/%s/schedstat", (int)pid, entry->d_name);
		if ((file = fopen(path, "re")) == NULL)
			continue;
		if (fscanf(file, "%llu", &ns) == 1) {
			*ret_ns += ns;
			found = true;
		}
		fclose(file);
	}
	closedir(tasks);
	return found;
}

static bool cpu_from_stat(pid_t pid, uint64_t *ret_ns)
{
	unsigned long long user, system;
	char path[64], line[1024];
	const char *p = NULL;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	if ((file = fopen(path, "re")) == NULL)
		return false;
	if (fgets(line, sizeof(line), file) != NULL)
		p = strrchr(line, ')'); /* the name may hold spaces and parentheses */
	fclose(file);
	if (p == NULL || sscanf(p, ") %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %llu %llu", &user,
					 &system) != 2)
		return false;
	*ret_ns = (user + system) * (1000000000u / (uint64_t)sysconf(_SC_CLK_TCK));
	return true;
}

bool process_cpu(pid_t pid, uint64_t *ret_ns)
{
	return cpu_from_schedstat(pid, ret_ns) || cpu_from_stat(pid, ret_ns);
}

bool process_rss(pid_t pid, uint64_t *ret_bytes)
{
	unsigned long long pages;
	char path[64];
	FILE *file;
	bool found;

	snprintf(path, sizeof(path), "/proc/%d/statm", (int)pid);
	if ((file = fopen(path, "re")) == NULL)
		return false;
	found = fscanf(file, "%*u %llu", &pages) == 1;
	fclose(file);
	if (found)
		*ret_bytes = pages * (uint64_t)sysconf(_SC_PAGESIZE);
	return found;
}

uint64_t process_own_cpu(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}
