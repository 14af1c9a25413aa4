/* SPDX-License-Identifier: MIT */
#include "gateway/output/icinga2.h"

#include "common/log.h"
#include "common/mem.h"
#include "gateway/output/icinga2_lanes.h"
#include "gateway/result/encode_command.h"

struct icinga2 {
	struct sink sink;
	const struct icinga2_config *config;
	struct sink_env env;
	struct icinga2_lanes lanes; /* and the batch that takes them */
	bool is_shared_out;	    /* among them */
	bool has_rewound;
};

static struct icinga2 *of(struct sink *s)
{
	return container_of(s, struct icinga2, sink);
}

static const struct icinga2 *of_const(const struct sink *s)
{
	return (const struct icinga2 *)(const void *)s; /* its first member */
}

/* --- batches ---------------------------------------------------------------------------------- */

static void submit(struct sink *sink, struct batch *batch)
{
	struct icinga2 *s = of(sink);

	s->lanes.batch.batch = batch;
	s->is_shared_out = false;
	icinga2_lanes_clear(&s->lanes);
}

static void end_batch(struct icinga2 *s)
{
	s->lanes.batch.batch = NULL;
	icinga2_lanes_clear(&s->lanes);
}

static void begin_again(struct icinga2 *s)
{
	log_notice("output \"%s\": Icinga was started or reloaded", s->config->output.name);
	s->lanes.program.has_changed = false;
	s->has_rewound = true;
	end_batch(s);
	icinga2_lanes_reconnect(&s->lanes);
}

static enum sink_state step(struct sink *sink, struct instant now)
{
	struct icinga2 *s = of(sink);
	struct icinga2_lanes *l = &s->lanes;

	if (s->has_rewound) /* held() was asked */
		recent_clear(&l->program.recent);
	s->has_rewound = false;
	if (l->batch.batch != NULL && !s->is_shared_out) {
		icinga2_lanes_share_out(l);
		s->is_shared_out = true;
	}
	icinga2_lanes_step(l, now);
	*s->env.problem = icinga2_trouble_sentence(&l->trouble);
	s->env.counters->connected = icinga2_lanes_are_connected(l);
	if (l->program.has_changed) {
		begin_again(s);
		return SINK_REWIND;
	}
	if (l->batch.batch == NULL)
		return SINK_IDLE;
	if (!icinga2_lanes_are_done(l))
		return SINK_BUSY;
	icinga2_program_deliver(&l->program, now, l->batch.batch->first);
	end_batch(s);
	return SINK_DONE;
}

static uint64_t held(const struct sink *sink)
{
	return icinga2_program_held(&of_const(sink)->lanes.program);
}

static void keep(const struct sink *sink, struct progress *p)
{
	p->held = held(sink);
	p->peer = of_const(sink)->lanes.program.id;
}

static void recall(struct sink *sink, const struct progress *left, struct instant now)
{
	icinga2_program_recall(&of(sink)->lanes.program, left->peer, left->held, now);
}

/* --- life ------------------------------------------------------------------------------------- */

static struct sink *create(const struct output_config *output, const struct sink_env *env)
{
	const struct icinga2_config *config = (const void *)output; /* begins with it */
	struct icinga2 *s = xcalloc(1, sizeof(*s));

	s->sink.class = &icinga2_class;
	s->config = config;
	s->env = *env;
	icinga2_lanes_init(&s->lanes, config, &s->env);
	return &s->sink;
}

static void destroy(struct sink *sink)
{
	struct icinga2 *s = of(sink);

	icinga2_lanes_finish(&s->lanes);
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
	return icinga2_lanes_descriptors(&of(sink)->lanes, fds);
}

static void polled(struct sink *sink, const struct pollfd *fds, size_t n)
{
	icinga2_lanes_polled(&of(sink)->lanes, fds, n);
}

static struct instant deadline(const struct sink *sink)
{
	return icinga2_lanes_deadline(&of_const(sink)->lanes);
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
	.keep = keep,
	.recall = recall,
	.deadline = deadline,
};
