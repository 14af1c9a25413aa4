/* SPDX-License-Identifier: MIT */
/*
 * nebcount.so: an event broker module for Nagios Core 4 that counts what the core has applied, not
 * what somebody wrote to it. Its file is mapped, so a reader sees every count the instant it
 * changes:
 *
 *     broker_module=/path/nebcount.so /path/counts.bin     event_broker_options=-1
 *
 * The counts go on over restarts of the core; remove the file, or fill it with zeros, to reset
 * them. Where the plugin output starts with t=<CLOCK_MONOTONIC ns>, the time from then to the
 * moment the core has applied the result is counted as latency too.
 *
 * Debian's nagios4-core has no headers; what is needed of the core's interface is declared here.
 */
#include <fcntl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

/*
 * The file, all fields 64 bit in the machine's byte order. A latency is counted in the bucket of
 * its highest bit and the SUB_BITS bits behind that, so that each is exact to 1/32:
 *
 *     bucket of ns < 32: ns;  else: (e << 5) + (ns >> (e - 1)) - 32, e = position of the bit - 4
 */
enum { SUB_BITS = 5, BUCKETS = (64 - SUB_BITS + 1) << SUB_BITS };

struct counts {
	uint64_t services, hosts;   /* results applied */
	uint64_t first_ns, last_ns; /* CLOCK_MONOTONIC of the first and the last of them */
	uint64_t latencies, latency_max_ns;
	uint64_t states[4]; /* of the services: OK, WARNING, CRITICAL, UNKNOWN */
	uint64_t reserved[6];
	uint64_t buckets[BUCKETS];
};

_Static_assert(offsetof(struct counts, buckets) == 128, "readers know this offset");

enum { CALLBACK_SERVICE_CHECK = 6, CALLBACK_HOST_CHECK = 7 };
enum { EVENT_SERVICE_CHECK_PROCESSED = 701, EVENT_HOST_CHECK_PROCESSED = 801 };

/* What the core hands to a service check callback, up to the last field used here. */
struct service_check_event {
	int type, flags, attr;
	struct timeval timestamp;
	char *host, *service;
	int check_type, attempt, max_attempts, state_type, state, timeout;
	char *command, *command_arguments, *command_line;
	struct timeval start, end;
	int early_timeout;
	double execution_time, latency;
	int return_code;
	char *output;
};

int neb_register_callback(int type, void *module, int priority, int (*callback)(int, void *));
int nebmodule_init(int flags, char *arguments, void *module);
int nebmodule_deinit(int flags, int reason);

extern int __neb_api_version; /* the core looks for this name */
int __neb_api_version = 4;

static struct counts *counts; /* the core's interface passes no owner through */

static uint64_t clock_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static unsigned bucket(uint64_t ns)
{
	unsigned e;

	if (ns < 1u << SUB_BITS)
		return (unsigned)ns;
	e = 63 - (unsigned)__builtin_clzll(ns) - SUB_BITS + 1;
	return (e << SUB_BITS) + (unsigned)(ns >> (e - 1)) - (1u << SUB_BITS);
}

static void note_latency(const char *output, uint64_t now)
{
	uint64_t sent;

	if (output == NULL || strncmp(output, "t=", 2) != 0)
		return;
	sent = strtoull(output + 2, NULL, 10);
	if (sent == 0 || sent > now)
		return;
	counts->latencies++;
	counts->buckets[bucket(now - sent)]++;
	if (now - sent > counts->latency_max_ns)
		counts->latency_max_ns = now - sent;
}

static void note_time(uint64_t now)
{
	if (counts->first_ns == 0)
		counts->first_ns = now;
	counts->last_ns = now;
}

static int on_check(int type, void *event)
{
	const struct service_check_event *check = event;
	uint64_t now = clock_ns();

	if (type == CALLBACK_HOST_CHECK && check->type == EVENT_HOST_CHECK_PROCESSED) {
		note_time(now);
		counts->hosts++;
	} else if (type == CALLBACK_SERVICE_CHECK && check->type == EVENT_SERVICE_CHECK_PROCESSED) {
		note_time(now);
		note_latency(check->output, now);
		counts->states[check->state & 3]++;
		counts->services++; /* last: who sees it sees the rest */
	}
	return 0;
}

/* Whether the file is mapped. It is made when it is missing, and never cleared. */
static bool map_counts(const char *path)
{
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
	void *map = MAP_FAILED;

	if (fd < 0)
		return false;
	if (ftruncate(fd, sizeof(struct counts)) == 0)
		map = mmap(NULL, sizeof(struct counts), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	if (map == MAP_FAILED)
		return false;
	counts = map;
	return true;
}

int nebmodule_init(int flags, char *arguments, void *module)
{
	(void)flags;
	if (arguments == NULL || !map_counts(arguments))
		return -1;
	neb_register_callback(CALLBACK_SERVICE_CHECK, module, 0, on_check);
	neb_register_callback(CALLBACK_HOST_CHECK, module, 0, on_check);
	return 0;
}

int nebmodule_deinit(int flags, int reason)
{
	(void)flags;
	(void)reason;
	munmap(counts, sizeof(*counts));
	counts = NULL;
	return 0;
}
