/* SPDX-License-Identifier: MIT */
/*
 * clockshift.so, to be preloaded: the wall clock of a program is off by what stands in the file
 * that CLOCKSHIFT names, a decimal number of seconds. It is read again each time, so that a test
 * makes the clock jump by writing it. The monotonic clocks stay as they are, as they do when a real
 * clock is set.
 */
#include <dlfcn.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

int clock_gettime(clockid_t clock, struct timespec *ret);
int gettimeofday(struct timeval *restrict ret, void *restrict zone);
time_t time(time_t *ret);

static long shift(void)
{
	const char *path = getenv("CLOCKSHIFT");
	int fd = path != NULL ? open(path, O_RDONLY | O_CLOEXEC) : -1;
	char text[24] = { 0 };

	if (fd < 0)
		return 0;
	if (read(fd, text, sizeof(text) - 1) < 0)
		text[0] = 0;
	close(fd);
	return strtol(text, NULL, 10);
}

int clock_gettime(clockid_t clock, struct timespec *ret)
{
	static int (*original)(clockid_t, struct timespec *);
	int r;

	if (original == NULL)
		*(void **)&original = dlsym(RTLD_NEXT, "clock_gettime");
	r = original(clock, ret);
	if (r == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE))
		ret->tv_sec += shift();
	return r;
}

int gettimeofday(struct timeval *restrict ret, void *restrict zone)
{
	struct timespec now;

	(void)zone;
	clock_gettime(CLOCK_REALTIME, &now);
	ret->tv_sec = now.tv_sec;
	ret->tv_usec = now.tv_nsec / 1000;
	return 0;
}

time_t time(time_t *ret)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	if (ret != NULL)
		*ret = now.tv_sec;
	return now.tv_sec;
}
