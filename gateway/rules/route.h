/* SPDX-License-Identifier: MIT */
/*
 * Which messages go where, and whose result a topic carries.
 *
 *     route nagios/#                      filters: which topics
 *     to      nagios icinga               outputs
 *     host    ${topic[1]}                 templates: "nagios/web1/Disk/%2Fvar" is host "web1",
 *     service ${topic[2..]}               service "Disk//var"
 *
 * A template is text with ${topic[N]}, ${topic[N..M]} and ${topic[N..]} in it, see
 * gateway/rules/topic_levels.h. ${json.host} and ${json.service}, alone in their template, say that
 * the payload names the object and the topic does not.
 *
 *     route logs/# dns/all
 *     to     logstash
 *     decode none                         the message goes on as it came, any payload, empty too
 *
 * Topics below belfry/ are for belfry's own programs, and the gateway publishes there itself. A
 * route with `decode none` takes from them only what a filter names by that level: belfry/alert/#
 * takes all alerts, # and +/alert/# take none.
 */
#ifndef GATEWAY_RULES_ROUTE_H
#define GATEWAY_RULES_ROUTE_H

#include "common/settings.h"
#include "gateway/result/command.h"
#include "gateway/rules/standing.h"
#include "gateway/rules/topic_levels.h"

struct template_part {
	char *literal; /* NULL: levels of the topic */
	struct topic_levels levels;
};

/* Zeroed memory is a valid empty template. */
struct template
{
	struct template_part *parts;
	size_t count;
	size_t capacity;
	bool from_payload;
};

/* `key` is "host" or "service". False with a sentence in *problem. */
bool template_parse(struct span text, const char *key, struct template *ret, struct str *problem);
void template_finish(struct template *t);

/* Append what the template makes of `topic`. False when a level's percent sign is not an escape. */
bool template_expand(const struct template *t, struct span topic, struct str *into);

struct route {
	struct text_list filters;
	struct template host, service;
	uint32_t naming;  /* tells host and service templates from those of other routes */
	unsigned formats; /* set of enum decode_format; 0: the payload is passed on as it is */
	size_t *outputs;  /* indices into the configuration's outputs */
	const char **output_names; /* of the same; borrowed */
	size_t output_count;
	uint64_t output_set;	     /* the same, a bit for each */
	unsigned commands;	     /* set of 1 << enum command_kind that are passed on */
	bool by_host;		     /* each host's results go to one of the outputs only */
	struct silence_rule silence; /* of a service; ttl where the payload gives none */
	struct duration will_delay;  /* of a $state that says "gone", unless it says another */
};

void route_finish(struct route *r);

bool route_matches(const struct route *r, struct span topic);

/* As above, but for topics below belfry/ that are not to be passed on by this route. */
bool route_takes(const struct route *r, struct span topic);

/* Is it "belfry" or below it? */
bool topic_is_reserved(struct span topic);

bool route_leads_to(const struct route *r, size_t output);

/*
 * The route by which an output gets a message: the first that takes `topic` and leads to
 * `output`; NULL when there is none.
 */
const struct route *routes_find(
		const struct route *routes, size_t count, struct span topic, size_t output);

/*
 * Does the output get a result that was named by `naming` when it was taken? The route that leads
 * to it must name objects so; if no route for the topic does any more, because the configuration
 * has changed since, any route will do.
 */
bool routes_lead(const struct route *routes, size_t count, struct span topic, uint32_t naming,
		struct span host, size_t output);

/*
 * Which commands are passed on from a topic by the routes that name objects so, and whether an
 * output gets one of this kind.
 */
unsigned routes_commands(
		const struct route *routes, size_t count, struct span topic, uint32_t naming);
bool routes_pass_command(const struct route *routes, size_t count, struct span topic, size_t output,
		enum command_kind kind);

/*
 * Which of the route's outputs is the host's under `by_host`: by rendezvous hashing over the
 * outputs' names, so that a changed list moves only the hosts that it has to.
 */
size_t route_output_of(const struct route *r, struct span host);

/* Does any route match that decodes what it carries? */
bool routes_match(const struct route *routes, size_t count, struct span topic);

/* Does the output get the message as it came? Does any? */
bool routes_pass_message(
		const struct route *routes, size_t count, struct span topic, size_t output);
bool routes_pass(const struct route *routes, size_t count, struct span topic);

#endif
