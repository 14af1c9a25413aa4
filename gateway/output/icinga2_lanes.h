/* SPDX-License-Identifier: MIT */
/*
 * The connections to Icinga 2, and the results of a batch that take each of them.
 *
 *     DOWN ─▶ CONNECTING ─▶ ASKING_PERMISSIONS ─▶ ASKING_PROGRAM ─▶ UP ─ any trouble ─▶ DOWN
 *                                                      ▲            │
 *                                                      └─ idle ─────┘
 *
 * Host and service decide the lane, and a lane goes on only in order: what was not answered when
 * its connection ended is sent again, from the first on. A turn takes all answers that are there,
 * then fills the pipeline in one piece.
 */
#ifndef GATEWAY_OUTPUT_ICINGA2_LANES_H
#define GATEWAY_OUTPUT_ICINGA2_LANES_H

#include "common/backoff.h"
#include "gateway/output/http_connection.h"
#include "gateway/output/icinga2_access.h"
#include "gateway/output/icinga2_batch.h"
#include "gateway/output/icinga2_program.h"
#include "gateway/output/icinga2_trouble.h"

enum icinga2_lane_state {
	LANE_DOWN,
	LANE_CONNECTING,
	LANE_ASKING_PERMISSIONS,
	LANE_ASKING_PROGRAM,
	LANE_UP, /* results are on the way, or could be */
};

/* One connection, and the results that take it. */
struct icinga2_lane {
	struct icinga2_lanes *all;
	struct http_connection *connection;
	enum icinga2_lane_state state;
	size_t *items; /* of the batch, in order */
	size_t count, capacity;
	size_t sent, answered; /* of them; answered <= sent */
	bool has_worked;       /* a result was answered on this connection */
	bool was_told;	       /* why it ends was said */
	struct backoff backoff;
	struct instant retry_at, ask_at;
};

/* All of them, and what they share. */
struct icinga2_lanes {
	const struct icinga2_config *config; /* borrowed */
	struct icinga2_access access;
	struct icinga2_batch batch;
	struct icinga2_program program;
	struct icinga2_trouble trouble;
	struct icinga2_lane lanes[ICINGA2_MAX_CONNECTIONS];
	size_t count;
	uint64_t random;
	struct instant now;
};

/* Both borrowed until finish. */
void icinga2_lanes_init(struct icinga2_lanes *l, const struct icinga2_config *config,
		const struct sink_env *env);
void icinga2_lanes_finish(struct icinga2_lanes *l);

/* No lane has anything to send. */
void icinga2_lanes_clear(struct icinga2_lanes *l);

/* Among the lanes, which are clear: the batch. */
void icinga2_lanes_share_out(struct icinga2_lanes *l);

/* Until another process of Icinga has answered, which program.has_changed tells. */
void icinga2_lanes_step(struct icinga2_lanes *l, struct instant now);

/* Was everything answered that was shared out? */
bool icinga2_lanes_are_done(const struct icinga2_lanes *l);

/* Has any got as far as to be let in? */
bool icinga2_lanes_are_connected(const struct icinga2_lanes *l);

/* All connections anew, in a moment: some may still lead to a process that is going. */
void icinga2_lanes_reconnect(struct icinga2_lanes *l);

/* As struct sink_class has them. */
size_t icinga2_lanes_descriptors(const struct icinga2_lanes *l, struct pollfd *fds);
void icinga2_lanes_polled(struct icinga2_lanes *l, const struct pollfd *fds, size_t n);
struct instant icinga2_lanes_deadline(const struct icinga2_lanes *l);

#endif
