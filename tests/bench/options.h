/* SPDX-License-Identifier: MIT */
#ifndef BENCH_OPTIONS_H
#define BENCH_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum play { PLAY_LOAD, PLAY_REPLAY, PLAY_RECONNECT, PLAY_WILLS, PLAY_FILTERS, PLAY_DRIP, N_PLAYS };

/*
 * What to generate. A scenario is a set of values for these fields; options on the command line
 * change single ones.
 *
 * Load is a closed loop unless there is a rate: then message k is meant to leave at k / rate
 * seconds after the start, and latency counts from then, however late it really left. So a broker
 * that stalls cannot hide that by stalling the generator too.
 */
struct options {
	const char *scenario;
	enum play play;
	const char *host;
	unsigned port;
	const char *cafile; /* NULL: no TLS */
	bool websocket;
	const char *username, *password; /* templates; NULL: none */
	unsigned version;		 /* enum mqtt_version; on the command line 3, 4 or 5 */
	unsigned publishers, subscribers;
	unsigned qos;		    /* of both sides */
	const char *topic, *filter; /* templates, see publication.h */
	unsigned topics;	    /* a publisher goes round so many */
	bool once;		    /* each topic once, then it is over */
	bool retain;
	const char *payload;	  /* a template; NULL: the stamp */
	unsigned size;		  /* of the payload in bytes */
	unsigned fanout;	  /* deliveries one message causes; 0: one per subscriber */
	bool is_shared;		  /* subscribers share the messages: no order between them */
	bool deaf;		  /* subscribers read nothing once they are subscribed */
	bool durable;		  /* sessions of subscribers outlive their connections */
	bool leave;		  /* subscribers are durable, and gone before the first message */
	const char *will;	  /* template of a topic; NULL: no wills */
	double over;		  /* seconds in which those who lost their connection come back */
	uint64_t count;		  /* messages in all; 0: until `duration` is over */
	double duration;	  /* seconds; 0: until `count` is sent */
	double rate;		  /* messages a second, all publishers; 0: closed loop */
	double tick;		  /* open loop: seconds to sleep between turns; 0: until needed */
	unsigned window;	  /* messages inside the broker, all publishers; 0: any number */
	unsigned inflight;	  /* unacknowledged messages of one publisher */
	unsigned burst;		  /* messages one publisher sends before the next gets its turn */
	double timeout;		  /* seconds without progress after which the run is over */
	unsigned broker_pid, cpu; /* cpu is UINT32_MAX when free */
	bool step;		  /* wait for a line when all is ready; SIGTERM asks for the end */
	bool json, help;
};

/* Prints what is wrong to stderr and returns false then; --help only sets `help`. */
bool options_parse(struct options *o, int argc, char **argv);

void options_print_help(void);

#endif
