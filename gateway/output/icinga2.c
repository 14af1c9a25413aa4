/* SPDX-License-Identifier: MIT */
#include "gateway/output/icinga2.h"

#include <inttypes.h>

#include "common/backoff.h"
#include "common/hash.h"
#include "common/log.h"
#include "common/mem.h"
#include "gateway/output/http_connection.h"
#include "gateway/output/icinga2_access.h"
#include "gateway/output/icinga2_answer.h"
#include "gateway/output/recent.h"
#include "gateway/result/encode_command.h"
#include "gateway/result/encode_icinga2.h"

enum {
	RETRY_FIRST_MS = 100,
	RETRY_MOST_MS = 5000,
	ASK_MS = 1000, /* after so long without a request: is it still the same process? */
};

/* What is in the way: sentences for log and status. */
enum trouble {
	TROUBLE_NONE = 0,
	TROUBLE_ACCESS,
	TROUBLE_NAME,
	TROUBLE_UNREACHABLE,
	TROUBLE_TLS,
	TROUBLE_SILENT,
	TROUBLE_LOST,
	TROUBLE_NOT_HTTP,
	TROUBLE_NOT_ICINGA,
	TROUBLE_CLOSES,
	TROUBLE_LOGIN,
	TROUBLE_PERMISSION,
	TROUBLE_BUSY,
};

static const char *const troubles[] = {
	[TROUBLE_ACCESS] = "url, cafile, certificate or password cannot be used; mend the file",
	[TROUBLE_NAME] = "the host of url is not known; correct url, or mend the name service",
	[TROUBLE_UNREACHABLE] = "Icinga cannot be reached; see that it runs with its api feature "
				"on, and that url names its port",
	[TROUBLE_TLS] = "Icinga's certificate is not trusted; cafile has to name its CA, and url "
			"the name in its certificate",
	[TROUBLE_SILENT] = "Icinga does not answer in time; see how busy it is",
	[TROUBLE_LOST] = "the connection to Icinga was cut; see its log",
	[TROUBLE_NOT_HTTP] = "what answers at url does not speak HTTP; url has to name Icinga's "
			     "API",
	[TROUBLE_NOT_ICINGA] = "what answers at url is not Icinga 2's API; correct url",
	[TROUBLE_CLOSES] = "the connection ends after each answer; reach Icinga without a proxy "
			   "that closes it",
	[TROUBLE_LOGIN] = "Icinga does not accept who logs in; compare user and password_file, or "
			  "certfile, with the object ApiUser",
	[TROUBLE_PERMISSION] = "the ApiUser may not do it; it needs the permissions "
			       "status/query and actions/process-check-result",
	[TROUBLE_BUSY] = "Icinga takes no results at the moment; see its log",
};

static const enum trouble trouble_of_failure[] = {
	[HTTP_NO_FAILURE] = TROUBLE_CLOSES,
	[HTTP_NO_NAME] = TROUBLE_NAME,
	[HTTP_UNREACHABLE] = TROUBLE_UNREACHABLE,
	[HTTP_NO_TLS] = TROUBLE_TLS,
	[HTTP_SILENT] = TROUBLE_SILENT,
	[HTTP_LOST] = TROUBLE_LOST,
	[HTTP_NOT_HTTP] = TROUBLE_NOT_HTTP,
};

enum lane_state {
	LANE_DOWN,
	LANE_CONNECTING,
	LANE_ASKING_PERMISSIONS,
	LANE_ASKING_PROGRAM,
	LANE_UP, /* results are on the way, or could be */
};

/* One connection, and the results of a batch that take it. */
struct lane {
	struct icinga2 *icinga;
	struct http_connection *connection;
	enum lane_state state;
	size_t *items; /* of the batch, in order */
	size_t count, capacity;
	size_t sent, answered; /* of them; answered <= sent */
	bool has_worked;       /* a result was answered on this connection */
	bool was_told;	       /* why it ends was said */
	struct backoff backoff;
	struct instant retry_at, ask_at;
};

struct icinga2 {
	struct sink sink;
	const struct icinga2_config *config;
	struct sink_env env;
	struct icinga2_access access;
	struct lane lanes[ICINGA2_MAX_CONNECTIONS];
	size_t lane_count;
	uint64_t random;
	const struct batch *batch; /* borrowed from submit() to done; NULL: none */
	bool is_shared_out;	   /* among the lanes */
	unsigned permitted;	   /* set of 1 << enum command_kind, as Icinga says */
	enum trouble trouble;	   /* as it was said */
	struct str program;	   /* which process of Icinga it is; empty: not known yet */
	bool has_changed;	   /* another one has answered */
	bool has_rewound;
	struct instant now;
	struct recent recent;
};

static struct icinga2 *of(struct sink *s)
{
	return container_of(s, struct icinga2, sink);
}

static const struct icinga2 *of_const(const struct sink *s)
{
	return (const struct icinga2 *)(const void *)s; /* its first member */
}

/* --- what is in the way ---------------------------------------------------------------------- */

/* Say it once. `detail` is escaped already. */
static void tell_trouble(struct icinga2 *s, enum trouble trouble, const char *detail)
{
	if (s->trouble != trouble)
		log_warn("output \"%s\": %s%s%s", s->config->output.name, troubles[trouble],
				detail[0] != '\0' ? ": " : "", detail);
	s->trouble = trouble;
}

static void tell_trouble_of_answer(
		struct lane *lane, enum trouble trouble, const struct http_answer *answer)
{
	struct str sentence = { 0 }, detail = { 0 };

	icinga2_sentence(answer->body, &sentence);
	str_printf(&detail, "%u ", answer->status);
	str_append_escaped(&detail, span_first(str_span(&sentence), 200));
	tell_trouble(lane->icinga, trouble, str_text(&detail));
	lane->was_told = true;
	str_finish(&sentence);
	str_finish(&detail);
}

static void tell_no_trouble(struct icinga2 *s)
{
	for (size_t i = 0; i < s->lane_count; i++) {
		if (s->lanes[i].state != LANE_UP)
			return;
	}
	if (s->trouble != TROUBLE_NONE)
		log_info("output \"%s\": Icinga takes results again", s->config->output.name);
	s->trouble = TROUBLE_NONE;
}

/* --- answers ---------------------------------------------------------------------------------- */

static void ask(struct lane *lane, const struct str *request, enum lane_state state)
{
	http_connection_send(lane->connection, str_span(request), span_of(NULL, 0));
	lane->state = state;
}

/* Of any question that is no result: an answer that is none. Always false: it ends here. */
static bool refuse_answer(struct lane *lane, const struct http_answer *answer)
{
	enum trouble trouble = answer->status == 401   ? TROUBLE_LOGIN
			       : answer->status == 403 ? TROUBLE_PERMISSION
			       : answer->status >= 500 ? TROUBLE_BUSY
						       : TROUBLE_NOT_ICINGA;

	tell_trouble_of_answer(lane, trouble, answer);
	return false;
}

/* They are asked for by the day; without them results are taken all the same. */
static void note_permitted_commands(struct icinga2 *s, struct span body)
{
	s->permitted = 0;
	for (unsigned kind = 0; kind < COMMAND_COUNT; kind++) {
		struct str action = { 0 };

		str_printf(&action, "actions/%s", icinga2_action((enum command_kind)kind));
		if (icinga2_permits(body, str_text(&action)))
			s->permitted |= 1u << kind;
		str_finish(&action);
	}
}

static bool take_permissions(struct lane *lane, const struct http_answer *answer)
{
	if (answer->status != 200)
		return refuse_answer(lane, answer);
	/* Of an action that is not allowed Icinga says no more than "No objects found". */
	if (!icinga2_permits(answer->body, "actions/process-check-result") ||
			!icinga2_permits(answer->body, "status/query")) {
		tell_trouble_of_answer(lane,
				memmem(answer->body.data, answer->body.len, "\"permissions\"", 13)
						? TROUBLE_PERMISSION
						: TROUBLE_NOT_ICINGA,
				answer);
		return false;
	}
	note_permitted_commands(lane->icinga, answer->body);
	ask(lane, &lane->icinga->access.ask_program, LANE_ASKING_PROGRAM);
	return true;
}

/* The process that was known before lives: what it took `replay_window` ago is safe. */
static void hear(struct icinga2 *s)
{
	struct duration window = seconds((int64_t)s->config->replay_window);

	recent_forget(&s->recent, instant_after(s->now, nanoseconds(-window.ns)));
}

static bool take_program(struct lane *lane, const struct http_answer *answer)
{
	struct icinga2 *s = lane->icinga;
	struct str program = { 0 };
	bool is_known = s->program.len == 0;

	if (answer->status != 200 || !icinga2_program(answer->body, &program)) {
		str_finish(&program);
		return refuse_answer(lane, answer);
	}
	if (is_known)
		str_append(&s->program, str_span(&program));
	is_known = span_equal(str_span(&s->program), str_span(&program));
	if (!is_known) {
		str_clear(&s->program);
		str_append(&s->program, str_span(&program));
		s->has_changed = true;
	}
	str_finish(&program);
	if (!is_known)
		return false;
	hear(s);
	lane->state = LANE_UP;
	lane->ask_at = instant_after(s->now, milliseconds(ASK_MS));
	if (s->batch == NULL) {
		backoff_reset(&lane->backoff);
		tell_no_trouble(s);
	}
	return true;
}

static struct span item_text(const struct icinga2 *s, size_t index)
{
	const struct batch_item *item = &s->batch->items[index];

	return span_of(s->batch->text.text + item->at, item->len);
}

static void refuse(struct icinga2 *s, size_t index, enum reject code, struct span detail)
{
	struct icinga2_item item = icinga2_item_of(item_text(s, index));
	struct rejection rejection = {
		.reject = code, .detail = detail, .host = item.host, .service = item.service
	};

	s->env.refuse(s->env.owner, index, &rejection);
}

/* Icinga says no more than that there is no such object. */
static void refuse_unknown(struct icinga2 *s, size_t index)
{
	struct icinga2_item item = icinga2_item_of(item_text(s, index));
	struct str detail = { 0 };

	str_append(&detail, item.host);
	if (item.service.len > 0) {
		str_append_byte(&detail, '!');
		str_append(&detail, item.service);
	}
	refuse(s, index, item.service.len > 0 ? REJECT_UNKNOWN_SERVICE : REJECT_UNKNOWN_HOST,
			str_span(&detail));
	str_finish(&detail);
}

/* Is it about the request, so that the same one would get the same answer for ever? */
static bool is_verdict(unsigned status)
{
	return status < 500 && status != 401 && status != 407 && status != 408 && status != 429;
}

static bool is_permitted(const struct icinga2 *s, struct span action)
{
	for (unsigned kind = 0; kind < COMMAND_COUNT; kind++) {
		if (span_equal_text(action, icinga2_action((enum command_kind)kind)))
			return (s->permitted & 1u << kind) != 0;
	}
	return true;
}

static void take_refusal(struct icinga2 *s, size_t index, const struct http_answer *answer)
{
	struct span action = icinga2_item_of(item_text(s, index)).action;
	bool is_command = action.len > 0;
	struct str sentence = { 0 };

	if (!is_permitted(s, action)) {
		str_printf(&sentence, "Icinga's ApiUser needs the permission actions/%.*s",
				SPAN_ARGS(action));
		refuse(s, index, REJECT_BAD_COMMAND, str_span(&sentence));
	} else if (answer->status == 404) {
		refuse_unknown(s, index);
	} else if (answer->status == 409 && !is_command) {
		count_up(&s->env.counters->outdated, 1);
	} else {
		icinga2_sentence(answer->body, &sentence);
		refuse(s, index, is_command ? REJECT_BAD_COMMAND : REJECT_REFUSED,
				str_span(&sentence));
	}
	str_finish(&sentence);
}

static bool take_verdict(struct lane *lane, const struct http_answer *answer)
{
	struct icinga2 *s = lane->icinga;

	if (!is_verdict(answer->status) || (answer->status >= 300 && answer->status < 400))
		return refuse_answer(lane, answer);
	if (answer->status >= 400)
		take_refusal(s, lane->items[lane->answered], answer);
	lane->answered++;
	lane->has_worked = true;
	lane->ask_at = instant_after(s->now, milliseconds(ASK_MS));
	backoff_reset(&lane->backoff);
	if (s->trouble != TROUBLE_NONE)
		tell_no_trouble(s);
	hear(s);
	return true;
}

static bool take_answer(void *owner, const struct http_answer *answer)
{
	struct lane *lane = owner;

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

/* --- lanes ------------------------------------------------------------------------------------ */

static void wait_to_retry(struct lane *lane)
{
	struct icinga2 *s = lane->icinga;

	s->random = s->random * 6364136223846793005u + 1442695040888963407u;
	lane->retry_at = instant_after(s->now, backoff_wait(&lane->backoff, s->random >> 33));
}

static void come_down(struct lane *lane)
{
	enum http_failure failure = http_connection_failure(lane->connection);
	struct icinga2 *s = lane->icinga;
	bool is_routine = lane->has_worked &&
			  (failure == HTTP_NO_FAILURE || failure == HTTP_LOST) && !lane->was_told;

	lane->state = LANE_DOWN;
	if (lane->sent > lane->answered)
		count_up(&s->env.counters->reissued, 1);
	lane->sent = lane->answered;
	if (is_routine) {
		lane->retry_at = s->now;
		return;
	}
	if (!lane->was_told && !s->has_changed)
		tell_trouble(s, trouble_of_failure[failure], http_connection_why(lane->connection));
	wait_to_retry(lane);
}

static bool all_down(const struct icinga2 *s)
{
	size_t i = 0;

	while (i < s->lane_count && s->lanes[i].state == LANE_DOWN)
		i++;
	return i == s->lane_count;
}

static void go_up(struct lane *lane)
{
	struct icinga2 *s = lane->icinga;
	struct str problem = { 0 };

	if (!instant_reached(lane->retry_at, s->now))
		return;
	if (all_down(s) && !icinga2_access_load(&s->access, s->config, &problem)) {
		tell_trouble(s, TROUBLE_ACCESS, str_text(&problem));
		icinga2_access_finish(&s->access);
		wait_to_retry(lane);
	} else if (s->access.context != NULL) {
		lane->has_worked = lane->was_told = false;
		lane->state = LANE_CONNECTING;
		http_connection_open(lane->connection, s->access.context, s->now);
	}
	str_finish(&problem);
}

static void send_result(struct lane *lane, size_t index)
{
	struct icinga2 *s = lane->icinga;
	struct icinga2_item item = icinga2_item_of(item_text(s, index));
	struct span action = item.action.len > 0 ? item.action
						 : (struct span)SPAN("process-check-result");

	http_connection_send(lane->connection,
			icinga2_access_post(&s->access, action, item.body.len), item.body);
}

/* What is to be asked or sent next. Returns true when something was. */
static bool send_more(struct lane *lane)
{
	struct icinga2 *s = lane->icinga;
	size_t before = lane->sent;

	if (lane->state == LANE_CONNECTING) {
		ask(lane, &s->access.ask_permissions, LANE_ASKING_PERMISSIONS);
		return true;
	}
	if (lane->state != LANE_UP)
		return false;
	while (lane->sent < lane->count && lane->sent - lane->answered < s->config->pipeline)
		send_result(lane, lane->items[lane->sent++]);
	if (lane->sent > before)
		return true;
	if (lane->sent > lane->answered || !instant_reached(lane->ask_at, s->now))
		return false;
	ask(lane, &s->access.ask_program, LANE_ASKING_PROGRAM);
	return true;
}

static void step_lane(struct lane *lane)
{
	enum http_state state;

	if (lane->state == LANE_DOWN)
		go_up(lane);
	if (lane->state == LANE_DOWN)
		return;
	do {
		state = http_connection_step(lane->connection, lane->icinga->now);
	} while (state == HTTP_OPEN && send_more(lane));
	if (state == HTTP_CLOSED)
		come_down(lane);
}

/* --- batches ---------------------------------------------------------------------------------- */

static struct lane *lane_of(struct icinga2 *s, struct span text, struct icinga2_item item)
{
	struct span name = span_first(text, text.len - item.action.len - item.body.len);

	return &s->lanes[hash_span(0, name) % s->lane_count];
}

static void clear_lanes(struct icinga2 *s)
{
	for (size_t i = 0; i < s->lane_count; i++)
		s->lanes[i].count = s->lanes[i].sent = s->lanes[i].answered = 0;
}

/* Among the lanes. What Icinga can have no object for is answered at once. */
static void share_out(struct icinga2 *s)
{
	for (size_t i = 0; i < s->batch->results; i++) {
		struct span text = item_text(s, i);
		struct icinga2_item item = icinga2_item_of(text);
		struct lane *lane = lane_of(s, text, item);

		if (item.body.len > 0) {
			lane->items = grow_array(lane->items, lane->count, &lane->capacity,
					sizeof(*lane->items));
			lane->items[lane->count++] = i;
		} else if (item.host.len > 0) {
			refuse_unknown(s, i);
		}
	}
	s->is_shared_out = true;
}

static bool is_done(const struct icinga2 *s)
{
	size_t i = 0;

	while (i < s->lane_count && s->lanes[i].answered == s->lanes[i].count)
		i++;
	return i == s->lane_count;
}

static void submit(struct sink *sink, const struct batch *batch)
{
	struct icinga2 *s = of(sink);

	s->batch = batch;
	s->is_shared_out = false;
	clear_lanes(s);
}

/* All connections anew: some may still lead to the process that is going. */
static void begin_again(struct icinga2 *s)
{
	log_notice("output \"%s\": Icinga was started or reloaded", s->config->output.name);
	s->has_changed = false;
	s->has_rewound = true;
	s->batch = NULL;
	clear_lanes(s);
	for (size_t i = 0; i < s->lane_count; i++) {
		http_connection_close(s->lanes[i].connection);
		s->lanes[i].state = LANE_DOWN;
		s->lanes[i].retry_at = instant_after(s->now, milliseconds(RETRY_FIRST_MS));
	}
}

static bool is_connected(const struct icinga2 *s)
{
	size_t i = 0;

	while (i < s->lane_count && s->lanes[i].state < LANE_ASKING_PROGRAM)
		i++;
	return i < s->lane_count;
}

static enum sink_state step(struct sink *sink, struct instant now)
{
	struct icinga2 *s = of(sink);

	s->now = now;
	if (s->has_rewound) /* held() was asked */
		recent_clear(&s->recent);
	s->has_rewound = false;
	if (s->batch != NULL && !s->is_shared_out)
		share_out(s);
	for (size_t i = 0; i < s->lane_count && !s->has_changed; i++)
		step_lane(&s->lanes[i]);
	*s->env.problem = troubles[s->trouble];
	s->env.counters->connected = is_connected(s);
	if (s->has_changed) {
		begin_again(s);
		return SINK_REWIND;
	}
	if (s->batch == NULL)
		return SINK_IDLE;
	if (!is_done(s))
		return SINK_BUSY;
	recent_add(&s->recent, now, s->batch->first);
	s->batch = NULL;
	clear_lanes(s);
	return SINK_DONE;
}

static uint64_t held(const struct sink *sink)
{
	return recent_before(&of_const(sink)->recent);
}

/* --- life ------------------------------------------------------------------------------------- */

static struct sink *create(const struct output_config *output, const struct sink_env *env)
{
	const struct icinga2_config *config = (const void *)output; /* begins with it */
	struct icinga2 *s = xcalloc(1, sizeof(*s));
	struct http_place place = { .patience = seconds((int64_t)config->timeout) };
	struct str problem = { 0 };

	s->sink.class = &icinga2_class;
	s->config = config;
	s->env = *env;
	s->random = hash_seed();
	s->lane_count = (size_t)config->connections;
	icinga2_access_load(&s->access, config, &problem); /* was checked; of use is where */
	place.host = s->access.url.host;
	place.port = s->access.url.port;
	for (size_t i = 0; i < s->lane_count; i++) {
		struct lane *lane = &s->lanes[i];

		lane->icinga = s;
		lane->connection = http_connection_create(&place, take_answer, lane);
		lane->backoff.first = milliseconds(RETRY_FIRST_MS);
		lane->backoff.most = milliseconds(RETRY_MOST_MS);
	}
	str_finish(&problem);
	return &s->sink;
}

static void destroy(struct sink *sink)
{
	struct icinga2 *s = of(sink);

	for (size_t i = 0; i < s->lane_count; i++) {
		http_connection_destroy(s->lanes[i].connection);
		free(s->lanes[i].items);
	}
	icinga2_access_finish(&s->access);
	recent_finish(&s->recent);
	str_finish(&s->program);
	free(s);
}

/* What an earlier run had on the way is sent again: that does no harm. */
static enum sink_leftover resume(struct sink *sink, const struct progress *left)
{
	(void)sink;
	(void)left;
	return LEFTOVER_NONE;
}

static void encode(struct sink *sink, struct str *into, const struct check_result *result,
		struct wall_time received)
{
	struct icinga2 *s = of(sink);

	if (encode_icinga2(into, result, received, s->config->output.max_output,
			    s->config->check_source))
		count_up(&s->env.counters->cut, 1);
}

static const char *encode_one_command(struct sink *sink, struct str *into,
		const struct command *command, struct wall_time received)
{
	(void)sink;
	return encode_command_icinga2(into, command, received);
}

static size_t descriptors(struct sink *sink, struct pollfd *fds)
{
	struct icinga2 *s = of(sink);

	for (size_t i = 0; i < s->lane_count; i++)
		fds[i] = http_connection_poll(s->lanes[i].connection); /* -1 is passed over */
	return s->lane_count;
}

static void polled(struct sink *sink, const struct pollfd *fds, size_t n)
{
	struct icinga2 *s = of(sink);

	for (size_t i = 0; i < n; i++)
		http_connection_polled(s->lanes[i].connection, &fds[i]);
}

static struct instant deadline(const struct sink *sink)
{
	const struct icinga2 *s = of_const(sink);
	struct instant earliest = INSTANT_NEVER;

	for (size_t i = 0; i < s->lane_count; i++) {
		const struct lane *lane = &s->lanes[i];
		struct instant at = http_connection_deadline(lane->connection);

		if (lane->state == LANE_DOWN)
			at = lane->retry_at;
		else if (lane->state == LANE_UP && lane->sent == lane->answered)
			at = lane->ask_at;
		earliest = instant_earlier(earliest, at);
	}
	return earliest;
}

const struct sink_class icinga2_class = {
	.type = "icinga2",
	.help = "Icinga 2 over its REST API.",
	.settings = icinga2_settings,
	.config_size = sizeof(struct icinga2_config),
	.check = icinga2_check,
	.create = create,
	.destroy = destroy,
	.resume = resume,
	.encode = encode,
	.encode_command = encode_one_command,
	.submit = submit,
	.step = step,
	.descriptors = descriptors,
	.polled = polled,
	.held = held,
	.deadline = deadline,
};
