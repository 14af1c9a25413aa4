/* SPDX-License-Identifier: MIT */
#include "gateway/output/icinga2_lanes.h"

#include "common/hash.h"
#include "common/mem.h"
#include "gateway/output/icinga2_answer.h"

enum {
	RETRY_FIRST_MS = 100,
	RETRY_MOST_MS = 5000,
	ASK_MS = 1000, /* after so long without a request: is it still the same process? */
};

/* --- answers ---------------------------------------------------------------------------------- */

static void tell_answer(struct icinga2_lane *lane, enum icinga2_trouble_kind kind,
		const struct http_answer *answer)
{
	icinga2_trouble_tell_answer(&lane->all->trouble, kind, answer);
	lane->was_told = true;
}

static void tell_no_trouble(struct icinga2_lanes *l)
{
	for (size_t i = 0; i < l->count; i++) {
		if (l->lanes[i].state != LANE_UP)
			return;
	}
	icinga2_trouble_end(&l->trouble);
}

static void ask(struct icinga2_lane *lane, const struct str *request, enum icinga2_lane_state state)
{
	http_connection_send(lane->connection, str_span(request), span_of(NULL, 0));
	lane->state = state;
}

/* It is none to what was asked. Always false: it ends here. */
static bool refuse_answer(struct icinga2_lane *lane, const struct http_answer *answer)
{
	tell_answer(lane, icinga2_trouble_of_status(answer->status), answer);
	return false;
}

static bool take_permissions(struct icinga2_lane *lane, const struct http_answer *answer)
{
	if (answer->status != 200)
		return refuse_answer(lane, answer);
	/* Of an action that is not allowed Icinga says no more than "No objects found". */
	if (!icinga2_permits(answer->body, "actions/process-check-result") ||
			!icinga2_permits(answer->body, "status/query")) {
		tell_answer(lane,
				memmem(answer->body.data, answer->body.len, "\"permissions\"", 13)
						? TROUBLE_PERMISSION
						: TROUBLE_NOT_ICINGA,
				answer);
		return false;
	}
	icinga2_batch_note_permitted(&lane->all->batch, answer->body);
	ask(lane, &lane->all->access.ask_program, LANE_ASKING_PROGRAM);
	return true;
}

/* The process that was known before lives. */
static void hear(struct icinga2_lane *lane)
{
	struct icinga2_lanes *l = lane->all;

	icinga2_program_hear(&l->program, l->now);
	lane->ask_at = instant_after(l->now, milliseconds(ASK_MS));
}

static bool take_program(struct icinga2_lane *lane, const struct http_answer *answer)
{
	struct icinga2_lanes *l = lane->all;
	struct str id = { 0 };
	bool is_answer = answer->status == 200 && icinga2_program_id(answer->body, &id);
	bool is_known = is_answer && icinga2_program_meet(&l->program, str_span(&id));

	str_finish(&id);
	if (!is_answer)
		return refuse_answer(lane, answer);
	if (!is_known)
		return false;
	hear(lane);
	lane->state = LANE_UP;
	if (l->batch.batch == NULL) {
		backoff_reset(&lane->backoff);
		tell_no_trouble(l);
	}
	return true;
}

static bool take_verdict(struct icinga2_lane *lane, const struct http_answer *answer)
{
	struct icinga2_lanes *l = lane->all;

	if (!icinga2_is_verdict(answer->status))
		return refuse_answer(lane, answer);
	icinga2_batch_take(&l->batch, lane->items[lane->answered++], answer);
	lane->has_worked = true;
	backoff_reset(&lane->backoff);
	if (l->trouble.kind != TROUBLE_NONE)
		tell_no_trouble(l);
	hear(lane);
	return true;
}

static bool take_answer(void *owner, const struct http_answer *answer)
{
	struct icinga2_lane *lane = owner;

	switch (lane->state) {
	case LANE_ASKING_PERMISSIONS:
		return take_permissions(lane, answer);
	case LANE_ASKING_PROGRAM:
		return take_program(lane, answer);
	case LANE_UP:
		return take_verdict(lane, answer);
	case LANE_DOWN:
	case LANE_CONNECTING:
		break;
	}
	return false;
}

/* --- one lane --------------------------------------------------------------------------------- */

static void wait_to_retry(struct icinga2_lane *lane)
{
	struct icinga2_lanes *l = lane->all;

	lane->retry_at = instant_after(
			l->now, backoff_wait(&lane->backoff, backoff_random(&l->random)));
}

static void come_down(struct icinga2_lane *lane)
{
	enum http_failure failure = http_connection_failure(lane->connection);
	struct icinga2_lanes *l = lane->all;
	bool is_routine = lane->has_worked &&
			  (failure == HTTP_NO_FAILURE || failure == HTTP_LOST) && !lane->was_told;

	lane->state = LANE_DOWN;
	if (lane->sent > lane->answered)
		count_up(&l->batch.env->counters->reissued, 1);
	lane->sent = lane->answered;
	if (is_routine) {
		lane->retry_at = l->now;
		return;
	}
	if (!lane->was_told && !l->program.has_changed)
		icinga2_trouble_tell(&l->trouble, icinga2_trouble_of_failure(failure),
				http_connection_why(lane->connection));
	wait_to_retry(lane);
}

static bool all_down(const struct icinga2_lanes *l)
{
	size_t i = 0;

	while (i < l->count && l->lanes[i].state == LANE_DOWN)
		i++;
	return i == l->count;
}

static void go_up(struct icinga2_lane *lane)
{
	struct icinga2_lanes *l = lane->all;
	struct str problem = { 0 };

	if (!instant_reached(lane->retry_at, l->now))
		return;
	if (all_down(l) && !icinga2_access_load(&l->access, l->config, &problem)) {
		icinga2_trouble_tell(&l->trouble, TROUBLE_ACCESS, str_text(&problem));
		icinga2_access_finish(&l->access);
		wait_to_retry(lane);
	} else if (l->access.context != NULL) {
		lane->has_worked = lane->was_told = false;
		lane->state = LANE_CONNECTING;
		http_connection_open(lane->connection, l->access.context, l->now);
	}
	str_finish(&problem);
}

static void send_result(struct icinga2_lane *lane, size_t index)
{
	struct icinga2_lanes *l = lane->all;
	struct icinga2_item item = icinga2_item_of(icinga2_batch_text(&l->batch, index));
	struct span action = item.action.len > 0 ? item.action
						 : (struct span)SPAN("process-check-result");

	http_connection_send(lane->connection,
			icinga2_access_post(&l->access, action, item.body.len), item.body);
}

/*
 * By a quarter of it at least: a request by itself costs a TLS record, and a wake-up at the other
 * end. Returns true when something was sent.
 */
static bool fill_pipeline(struct icinga2_lane *lane)
{
	size_t most = (size_t)lane->all->config->pipeline, before = lane->sent;

	if (lane->sent - lane->answered > most - most / 4)
		return false;
	while (lane->sent < lane->count && lane->sent - lane->answered < most)
		send_result(lane, lane->items[lane->sent++]);
	return lane->sent > before;
}

/* What is to be asked or sent next. Returns true when something was. */
static bool send_more(struct icinga2_lane *lane)
{
	struct icinga2_lanes *l = lane->all;

	if (lane->state == LANE_CONNECTING) {
		ask(lane, &l->access.ask_permissions, LANE_ASKING_PERMISSIONS);
		return true;
	}
	if (lane->state != LANE_UP)
		return false;
	if (fill_pipeline(lane))
		return true;
	if (lane->sent > lane->answered || !instant_reached(lane->ask_at, l->now))
		return false;
	ask(lane, &l->access.ask_program, LANE_ASKING_PROGRAM);
	return true;
}

static void step_lane(struct icinga2_lane *lane)
{
	enum http_state state;

	if (lane->state == LANE_DOWN)
		go_up(lane);
	if (lane->state == LANE_DOWN)
		return;
	do {
		state = http_connection_step(lane->connection, lane->all->now);
	} while (state == HTTP_OPEN && send_more(lane));
	if (state == HTTP_CLOSED)
		come_down(lane);
}

/* --- all of them ------------------------------------------------------------------------------ */

void icinga2_lanes_init(struct icinga2_lanes *l, const struct icinga2_config *config,
		const struct sink_env *env)
{
	struct http_place place = { .patience = seconds((int64_t)config->timeout) };
	struct str problem = { 0 };

	l->config = config;
	l->batch.env = env;
	l->program.window = seconds((int64_t)config->replay_window);
	l->trouble.output = config->output.name;
	l->random = hash_seed();
	l->count = (size_t)config->connections;
	icinga2_access_load(&l->access, config, &problem); /* was checked; of use is where */
	place.host = l->access.url.host;
	place.port = l->access.url.port;
	for (size_t i = 0; i < l->count; i++) {
		struct icinga2_lane *lane = &l->lanes[i];

		lane->all = l;
		lane->connection = http_connection_create(&place, take_answer, lane);
		lane->backoff.first = milliseconds(RETRY_FIRST_MS);
		lane->backoff.most = milliseconds(RETRY_MOST_MS);
	}
	str_finish(&problem);
}

void icinga2_lanes_finish(struct icinga2_lanes *l)
{
	for (size_t i = 0; i < l->count; i++) {
		http_connection_destroy(l->lanes[i].connection);
		free(l->lanes[i].items);
	}
	icinga2_access_finish(&l->access);
	icinga2_program_finish(&l->program);
}

void icinga2_lanes_clear(struct icinga2_lanes *l)
{
	for (size_t i = 0; i < l->count; i++)
		l->lanes[i].count = l->lanes[i].sent = l->lanes[i].answered = 0;
}

static struct icinga2_lane *lane_of(
		struct icinga2_lanes *l, struct span text, struct icinga2_item item)
{
	struct span name = span_first(text, text.len - item.action.len - item.body.len);

	return &l->lanes[hash_span(0, name) % l->count];
}

/* What Icinga can have no object for is answered at once. */
void icinga2_lanes_share_out(struct icinga2_lanes *l)
{
	for (size_t i = 0; i < l->batch.batch->results; i++) {
		struct span text = icinga2_batch_text(&l->batch, i);
		struct icinga2_item item = icinga2_item_of(text);
		struct icinga2_lane *lane = lane_of(l, text, item);

		if (item.body.len > 0) {
			lane->items = grow_array(lane->items, lane->count, &lane->capacity,
					sizeof(*lane->items));
			lane->items[lane->count++] = i;
		} else if (item.host.len > 0) {
			icinga2_batch_refuse_unknown(&l->batch, i);
		}
	}
}

void icinga2_lanes_step(struct icinga2_lanes *l, struct instant now)
{
	l->now = now;
	for (size_t i = 0; i < l->count && !l->program.has_changed; i++)
		step_lane(&l->lanes[i]);
}

bool icinga2_lanes_are_done(const struct icinga2_lanes *l)
{
	size_t i = 0;

	while (i < l->count && l->lanes[i].answered == l->lanes[i].count)
		i++;
	return i == l->count;
}

bool icinga2_lanes_are_connected(const struct icinga2_lanes *l)
{
	size_t i = 0;

	while (i < l->count && l->lanes[i].state < LANE_ASKING_PROGRAM)
		i++;
	return i < l->count;
}

void icinga2_lanes_reconnect(struct icinga2_lanes *l)
{
	for (size_t i = 0; i < l->count; i++) {
		http_connection_close(l->lanes[i].connection);
		l->lanes[i].state = LANE_DOWN;
		l->lanes[i].retry_at = instant_after(l->now, milliseconds(RETRY_FIRST_MS));
	}
}

size_t icinga2_lanes_descriptors(const struct icinga2_lanes *l, struct pollfd *fds)
{
	for (size_t i = 0; i < l->count; i++)
		fds[i] = http_connection_poll(l->lanes[i].connection); /* -1 is passed over */
	return l->count;
}

void icinga2_lanes_polled(struct icinga2_lanes *l, const struct pollfd *fds, size_t n)
{
	for (size_t i = 0; i < n; i++)
		http_connection_polled(l->lanes[i].connection, &fds[i]);
}

struct instant icinga2_lanes_deadline(const struct icinga2_lanes *l)
{
	struct instant earliest = INSTANT_NEVER;

	for (size_t i = 0; i < l->count; i++) {
		const struct icinga2_lane *lane = &l->lanes[i];
		struct instant at = http_connection_deadline(lane->connection);

		if (lane->state == LANE_DOWN)
			at = lane->retry_at;
		else if (lane->state == LANE_UP && lane->sent == lane->answered)
			at = lane->ask_at;
		earliest = instant_earlier(earliest, at);
	}
	return earliest;
}
