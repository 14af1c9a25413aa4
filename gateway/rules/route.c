/* SPDX-License-Identifier: MIT */
#include "gateway/rules/route.h"

#include "common/hash.h"
#include "common/mem.h"
#include "common/topic.h"

static const struct span mark = SPAN("${");
static const struct span reserved_level = SPAN("belfry");

static struct template_part *add_part(struct template *t)
{
	t->parts = grow_array(t->parts, t->count, &t->capacity, sizeof(*t->parts));
	t->parts[t->count] = (struct template_part){ 0 };
	return &t->parts[t->count++];
}

static bool parse_variable(struct span name, bool alone, const char *key, struct template *t,
		struct str *problem)
{
	static const struct span topic = SPAN("topic"), json = SPAN("json.");
	struct topic_levels levels;

	if (span_starts_with(name, topic) &&
			topic_levels_parse(span_from(name, topic.len), &levels)) {
		add_part(t)->levels = levels;
		return true;
	}
	if (!span_starts_with(name, json)) {
		str_append_text(problem, "there is no ${");
		str_append_escaped(problem, name);
		str_printf(problem,
				"}; take ${topic[N]}, ${topic[N..M]}, ${topic[N..]} or ${json.%s}",
				key);
		return false;
	}
	if (!alone || !span_equal_text(span_from(name, json.len), key)) {
		str_printf(problem, "a %s from the payload is ${json.%s} and nothing else", key,
				key);
		return false;
	}
	t->from_payload = true;
	return true;
}

bool template_parse(struct span text, const char *key, struct template *ret, struct str *problem)
{
	struct span rest = text;

	*ret = (struct template){ 0 };
	while (rest.len > 0) {
		size_t at = 0, end;

		while (at < rest.len && !span_starts_with(span_from(rest, at), mark))
			at++;
		if (at > 0)
			add_part(ret)->literal = span_dup_text(span_first(rest, at));
		rest = span_from(rest, at);
		if (rest.len == 0)
			break;
		end = span_find(rest, '}');
		if (end == rest.len) {
			str_append_text(problem, "opens ${ and does not close it; write }");
			break;
		}
		if (!parse_variable(span_of(rest.data + 2, end - 2),
				    rest.len == text.len && end + 1 == rest.len, key, ret, problem))
			break;
		rest = span_from(rest, end + 1);
	}
	if (rest.len > 0)
		template_finish(ret);
	return rest.len == 0;
}

void template_finish(struct template *t)
{
	for (size_t i = 0; i < t->count; i++)
		free(t->parts[i].literal);
	free(t->parts);
	*t = (struct template){ 0 };
}

bool template_expand(const struct template *t, struct span topic, struct str *into)
{
	for (size_t i = 0; i < t->count; i++) {
		const struct template_part *part = &t->parts[i];

		if (part->literal != NULL)
			str_append_text(into, part->literal);
		else if (!topic_levels_append(&part->levels, topic, into))
			return false;
	}
	return true;
}

void route_finish(struct route *r)
{
	text_list_finish(&r->filters);
	template_finish(&r->host);
	template_finish(&r->service);
	free(r->outputs);
	free(r->output_names);
	*r = (struct route){ 0 };
}

bool route_matches(const struct route *r, struct span topic)
{
	for (size_t i = 0; i < r->filters.count; i++) {
		if (topic_matches(span_of_text(r->filters.texts[i]), topic))
			return true;
	}
	return false;
}

bool topic_is_reserved(struct span topic)
{
	size_t len = reserved_level.len;

	return span_starts_with(topic, reserved_level) &&
	       (topic.len == len || topic.data[len] == '/');
}

bool route_takes(const struct route *r, struct span topic)
{
	if (r->formats != 0 || !topic_is_reserved(topic))
		return route_matches(r, topic);
	for (size_t i = 0; i < r->filters.count; i++) {
		struct span filter = span_of_text(r->filters.texts[i]);

		if (topic_is_reserved(filter) && topic_matches(filter, topic))
			return true;
	}
	return false;
}

bool route_leads_to(const struct route *r, size_t output)
{
	for (size_t i = 0; i < r->output_count; i++) {
		if (r->outputs[i] == output)
			return true;
	}
	return false;
}

const struct route *routes_find(
		const struct route *routes, size_t count, struct span topic, size_t output)
{
	for (size_t i = 0; i < count; i++) {
		if (route_leads_to(&routes[i], output) && route_takes(&routes[i], topic))
			return &routes[i];
	}
	return NULL;
}

static bool names_so(const struct route *routes, size_t count, struct span topic, uint32_t naming)
{
	for (size_t i = 0; i < count; i++) {
		if (routes[i].naming == naming && routes[i].formats != 0 &&
				route_matches(&routes[i], topic))
			return true;
	}
	return false;
}

size_t route_output_of(const struct route *r, struct span host)
{
	size_t best = 0;
	uint64_t highest = 0;

	for (size_t i = 0; i < r->output_count; i++) {
		uint64_t seed = hash_span(0, span_of_text(r->output_names[i]));
		uint64_t weight = (uint64_t)hash_span(seed, host) + 1;

		if (weight > highest) {
			highest = weight;
			best = i;
		}
	}
	return r->outputs[best];
}

bool routes_lead(const struct route *routes, size_t count, struct span topic, uint32_t naming,
		struct span host, size_t output)
{
	const struct route *r = routes_find(routes, count, topic, output);

	if (r == NULL || r->formats == 0)
		return false;
	if (r->naming != naming && names_so(routes, count, topic, naming))
		return false;
	return !r->by_host || route_output_of(r, host) == output;
}

unsigned routes_commands(
		const struct route *routes, size_t count, struct span topic, uint32_t naming)
{
	unsigned commands = 0;

	for (size_t i = 0; i < count; i++) {
		if (routes[i].naming == naming && routes[i].formats != 0 &&
				route_matches(&routes[i], topic))
			commands |= routes[i].commands;
	}
	return commands;
}

bool routes_pass_command(const struct route *routes, size_t count, struct span topic, size_t output,
		enum command_kind kind)
{
	const struct route *r = routes_find(routes, count, topic, output);

	return r != NULL && (r->commands & 1u << kind) != 0;
}

bool routes_match(const struct route *routes, size_t count, struct span topic)
{
	for (size_t i = 0; i < count; i++) {
		if (routes[i].formats != 0 && route_matches(&routes[i], topic))
			return true;
	}
	return false;
}

bool routes_pass_message(const struct route *routes, size_t count, struct span topic, size_t output)
{
	const struct route *r = routes_find(routes, count, topic, output);

	return r != NULL && r->formats == 0;
}

static bool any_passes(const struct route *routes, size_t count)
{
	size_t i = 0;

	while (i < count && routes[i].formats != 0)
		i++;
	return i < count;
}

bool routes_pass(const struct route *routes, size_t count, struct span topic)
{
	uint64_t served = 0; /* outputs that get it decoded, by a route further up */

	if (!any_passes(routes, count)) /* as in most configurations: nothing is to be matched */
		return false;
	for (size_t i = 0; i < count; i++) {
		const struct route *r = &routes[i];

		if ((r->output_set & ~served) == 0 || !route_takes(r, topic))
			continue;
		if (r->formats == 0)
			return true;
		served |= r->output_set;
	}
	return false;
}
