/* SPDX-License-Identifier: MIT */
/*
 * The running demo, shared by its two modes: the live picture and --oneshot.
 */
#ifndef CLI_DEMO_H
#define CLI_DEMO_H

#include "cli/demo_client.h"
#include "cli/demo_processes.h"
#include "cli/demo_watch.h"
#include "cli/nagios_log.h"

struct demo {
	bool oneshot, keep; /* options */

	struct world world;
	struct processes processes;
	struct demo_client *client;
	struct nagios_log log;
	struct watch watch;
	int signals; /* a signalfd */
	int keys;    /* stdin while the picture is shown, else -1 */
	bool gateway_online;
	uint64_t published; /* with demo_publish() */
	bool interrupted;   /* Ctrl-C or SIGTERM */
	bool died;	    /* one of the programs did */
	bool polling;	    /* what is waited for may come without an event */
	bool stale;	    /* something happened since it was last set to false */
	int key;	    /* pressed since it was last set to 0 */
};

/* A result to publish, written as anybody would with mosquitto_pub. */
struct demo_result {
	unsigned pause_ms; /* before it */
	const char *topic;
	const char *payload;
};

enum demo_wait { DEMO_DONE, DEMO_TIMEOUT, DEMO_INTERRUPTED, DEMO_DIED };

/*
 * Serve everything until `is_done` says so (NULL: never) or `deadline`. It is asked after each
 * event, and every 20 ms while d->polling.
 */
enum demo_wait demo_wait(struct demo *d, struct instant deadline, bool (*is_done)(struct demo *d));

/* Publish, and note when. */
void demo_publish(struct demo *d, const struct demo_result *r);

/* The modes. Both return an exit_code and leave the cleaning up to the caller. */
int demo_live(struct demo *d);
int demo_oneshot(struct demo *d);

#endif
