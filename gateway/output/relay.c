/* SPDX-License-Identifier: MIT */
#include "gateway/output/relay.h"

#include "common/hash.h"
#include "common/log.h"
#include "common/mem.h"
#include "gateway/output/relay_impl.h"
#include "gateway/output/relay_pack.h"
#include "gateway/plugin/runner.h"

enum {
	PATIENCE_SECONDS = 3, /* with a plugin that is to end */
	RETRY_MS = 5000,      /* when the plugin's thread could not be started */
	MOST_PROBLEMS = 64,   /* sentences that are kept; they live as long as the sink */
};

_Static_assert((int)RUNNER_DELIVERIES <= (int)SINK_BATCHES, "the worker has as many");

struct relay {
	struct sink sink;
	const struct relay_config *config;
	const struct plugin *plugin;
	struct sink_env env;
	struct filter *filter;
	struct relay_packer packer;
	struct runner *runner; /* NULL: could not be started yet */
	struct instant start_at;
	struct batch *waiting[RUNNER_DELIVERIES]; /* for a runner; borrowed */
	size_t waiting_count;
	size_t out;  /* that the runner has */
	size_t done; /* of them, and the worker has not heard of it */
	char *problems[MOST_PROBLEMS];
	size_t problem_count;
};

static struct relay *of(struct sink *s)
{
	return container_of(s, struct relay, sink);
}

static const struct relay *of_const(const struct sink *s)
{
	return (const struct relay *)(const void *)s; /* its first member */
}

/* --- life ---------------------------------------------------------------------------------- */

static struct filter *make_filter(const struct relay_config *c)
{
	struct filter_options options = { .topics = &c->topic_filters,
		.exclude = &c->exclude_filters,
		.skip_retained = c->skip_retained,
		.min_state = (enum check_state)c->min_state,
		.changes_only = c->changes_only,
		.max_rate = c->max_rate,
		.seed = hash_seed() };

	return filter_create(&options);
}

static struct schema *make_schema(const struct relay_config *c, const struct origin *origin)
{
	struct schema_options options = { .kind = (enum schema_kind)c->schema,
		.payload = (enum schema_payload)c->payload,
		.origin = *origin,
		.tags = &c->tags,
		.type = c->type,
		.template = &c->text,
		.seed = hash_seed() };

	return schema_create(&options);
}

static void start(struct relay *r, struct instant now)
{
	const struct relay_config *c = r->config;
	struct str problem = { 0 };
	struct runner_options options = { .plugin = relay_type_of(r->sink.class)->plugin,
		.config = plugin_config_create(r->plugin, c->slots, &problem),
		.output = c->output.name,
		.gateway = r->env.gateway,
		.tls = relay_tls_of(c),
		.dead_letters = c->dead_letters,
		.dead_letters_size = c->dead_letters_size,
		.retry_first = milliseconds((int64_t)c->retry_first),
		.retry_most = seconds((int64_t)c->retry_most) };

	if (options.config == NULL)
		log_error("output \"%s\": %s", c->output.name, str_text(&problem));
	else
		r->runner = runner_start(&options);
	r->start_at = instant_after(now, milliseconds(RETRY_MS));
	str_finish(&problem);
}

static struct sink *create(const struct output_config *output, const struct sink_env *env)
{
	const struct relay_config *config = (const void *)output; /* begins with it */
	struct relay *r = xcalloc(1, sizeof(*r));

	r->sink.class = output->class;
	r->config = config;
	r->plugin = relay_type_of(output->class)->plugin;
	r->env = *env;
	r->filter = make_filter(config);
	r->packer = (struct relay_packer){
		.origin = { .journal = env->journal,
				.gateway = span_of_text(env->gateway),
				.host = config->host != NULL ? &config->host_template : NULL },
		.templates = config->templates,
		.template_count = r->plugin->template_count,
		.wants = r->plugin->relay->flags & (RELAY_WANTS_FIELDS | RELAY_WANTS_METRICS),
	};
	for (size_t i = 0; i < r->packer.template_count; i++) {
		if (record_template_is_constant(&config->templates[i]))
			r->packer.constants |= 1U << i;
	}
	r->packer.schema = make_schema(config, &r->packer.origin);
	return &r->sink;
}

static void stop(struct sink *s)
{
	runner_end(of(s)->runner);
}

static void destroy(struct sink *s)
{
	struct relay *r = of(s);

	runner_stop(r->runner, seconds(PATIENCE_SECONDS));
	filter_destroy(r->filter);
	schema_destroy(r->packer.schema);
	for (size_t i = 0; i < r->problem_count; i++)
		free(r->problems[i]);
	free(r);
}

/* Nothing is out of an earlier run: what was not confirmed is delivered again. */
static enum sink_leftover resume(struct sink *s, const struct progress *left)
{
	(void)s;
	(void)left;
	return LEFTOVER_NONE;
}

/* --- records ------------------------------------------------------------------------------- */

static bool encode_record(struct sink *s, struct str *into, const struct record *record)
{
	struct relay *r = of(s);
	enum filter_verdict verdict = filter_passes(r->filter, record);

	if (verdict == FILTER_PASS && record->kind != RECORD_RESULT &&
			(r->plugin->relay->flags & RELAY_CHECKS_ONLY))
		verdict = FILTER_KIND;
	if (verdict != FILTER_PASS) {
		count_up(&r->env.counters->held_back, 1);
		return false;
	}
	relay_pack(&r->packer, into, record);
	return true;
}

static void hand_over(struct relay *r, struct batch *batch)
{
	struct delivery *d = runner_delivery(r->runner);

	delivery_begin(d, batch->results, r->packer.template_count);
	relay_unpack(&r->packer, &batch->text, d);
	r->out++;
	runner_go(r->runner);
}

static void submit(struct sink *s, struct batch *batch)
{
	struct relay *r = of(s);

	if (r->runner != NULL)
		hand_over(r, batch);
	else
		r->waiting[r->waiting_count++] = batch;
}

static void hand_over_waiting(struct relay *r)
{
	for (size_t i = 0; i < r->waiting_count; i++)
		hand_over(r, r->waiting[i]);
	r->waiting_count = 0;
}

/* --- how it stands ------------------------------------------------------------------------- */

/* A sentence that lives as long as the sink, because others may be reading it at any time. */
static const char *keep(struct relay *r, const char *text)
{
	for (size_t i = 0; i < r->problem_count; i++) {
		if (strcmp(r->problems[i], text) == 0)
			return r->problems[i];
	}
	if (r->problem_count == MOST_PROBLEMS)
		return "something is in its way; the log says what";
	r->problems[r->problem_count] = xstrdup(text);
	return r->problems[r->problem_count++];
}

static void take_view(struct relay *r, const struct runner_view *view)
{
	struct output_counters *c = r->env.counters;

	*r->env.problem = view->reason[0] != '\0' ? keep(r, view->reason) : NULL;
	c->connected = view->connected;
	c->retries = view->retries;
	c->dead_letters = view->dead_letters;
	for (size_t i = 0; i < r->plugin->counter_count; i++)
		c->plugin[i] = runner_counter(r->runner, i);
}

static enum sink_state step(struct sink *s, struct instant now)
{
	struct relay *r = of(s);
	struct runner_view view;

	if (r->runner == NULL && instant_reached(r->start_at, now))
		start(r, now);
	if (r->runner == NULL) {
		*r->env.problem = "the plugin cannot be started; the log says why";
		return r->waiting_count > 0 ? SINK_BUSY : SINK_IDLE;
	}
	hand_over_waiting(r);
	runner_look(r->runner, &view);
	take_view(r, &view);
	r->done += view.done;
	if (r->done == 0)
		return r->out > 0 ? SINK_BUSY : SINK_IDLE;
	r->out--;
	r->done--;
	return SINK_DONE;
}

static size_t descriptors(struct sink *s, struct pollfd *fds)
{
	struct relay *r = of(s);

	if (r->runner == NULL)
		return 0;
	fds[0] = (struct pollfd){ runner_fd(r->runner), POLLIN, 0 };
	return 1;
}

static void polled(struct sink *s, const struct pollfd *fds, size_t n)
{
	(void)s;
	(void)fds;
	(void)n; /* step() looks */
}

static struct instant deadline(const struct sink *s)
{
	const struct relay *r = of_const(s);

	return r->runner == NULL ? r->start_at : INSTANT_NEVER;
}

struct sink_class relay_class_of(const struct relay_type *t)
{
	const struct relay_plugin *plugin = t->plugin->relay;

	return (struct sink_class){
		.type = plugin->name,
		.help = plugin->help,
		.settings = t->rows,
		.config_size = offsetof(struct relay_config, slots) +
			       t->plugin->setting_count * sizeof(union plugin_slot),
		.depth = RUNNER_DELIVERIES,
		.takes_messages = (plugin->flags & RELAY_CHECKS_ONLY) == 0,
		.counters = plugin->counters,
		.check = relay_check,
		.finish = relay_finish,
		.create = create,
		.destroy = destroy,
		.stop = stop,
		.resume = resume,
		.encode_record = encode_record,
		.submit = submit,
		.step = step,
		.descriptors = descriptors,
		.polled = polled,
		.deadline = deadline,
	};
}
