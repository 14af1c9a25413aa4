/* SPDX-License-Identifier: MIT */
/*
 * Telling the result. A message counts once per delivery; where nobody subscribes, once when it
 * was published.
 */
#include "tests/bench/report.h"

#include <inttypes.h>
#include <stdio.h>

static double milliseconds(const struct histogram *h, double quantile)
{
	return (double)histogram_quantile(h, quantile) / 1e6;
}

static double per(uint64_t n, uint64_t ns)
{
	return ns > 0 ? (double)n * 1e9 / (double)ns : 0;
}

static uint64_t messages(const struct options *o, const struct result *r)
{
	return o->fanout > 0 ? r->received : r->published;
}

static uint64_t memory_each(const struct result *r)
{
	if (r->connections == 0 || r->memory_after < r->memory_before)
		return 0;
	return (r->memory_after - r->memory_before) / r->connections;
}

static void print_latency(const char *what, const struct histogram *h)
{
	printf("; %s ms p50 %.2f p90 %.2f p99 %.2f p99.9 %.2f max %.2f", what, milliseconds(h, 0.5),
			milliseconds(h, 0.9), milliseconds(h, 0.99), milliseconds(h, 0.999),
			(double)h->max / 1e6);
}

static void load_line(const struct options *o, const struct result *r)
{
	uint64_t n = messages(o, r);

	printf(" qos %u: %" PRIu64 " messages, %.0f/s", o->qos, n, per(n, r->elapsed));
	if (r->broker_cpu > 0)
		printf(", %.0f per broker CPU-s", per(n, r->broker_cpu));
	printf(", own CPU %.0f ns each; lost %" PRIu64 ", duplicates %" PRIu64
	       ", disorder %" PRIu64,
			n > 0 ? (double)r->own_cpu / (double)n : 0, r->lost, r->duplicates,
			r->disorder);
	if (r->refused > 0)
		printf(", refused %" PRIu64, r->refused);
	if (r->latency.n > 0)
		print_latency("latency", &r->latency);
	if (r->answers.n > 0)
		print_latency("acknowledged", &r->answers);
	if (r->lateness.n > 0)
		printf("; sent late ms p50 %.2f p99 %.2f", milliseconds(&r->lateness, 0.5),
				milliseconds(&r->lateness, 0.99));
}

static void storm_line(const struct result *r)
{
	printf(": %" PRIu64 " connections, %" PRIu64 " broken, %" PRIu64 " subscriptions, %" PRIu64
	       " refused, %.3f s",
			r->connections, r->broken, r->subscriptions, r->refused,
			(double)r->elapsed / 1e9);
	if (r->expected > 0)
		printf(", %" PRIu64 " of %" PRIu64 " received", r->received, r->expected);
	if (r->latency.n > 0)
		print_latency("after", &r->latency);
}

void report_line(const struct options *o, const struct result *r)
{
	printf("%s", o->scenario);
	if (o->play == PLAY_LOAD && o->publishers == 0)
		printf(": %" PRIu64 " connections, %" PRIu64 " B of memory each", r->connections,
				memory_each(r));
	else if (o->play == PLAY_LOAD || o->play == PLAY_REPLAY)
		load_line(o, r);
	else
		storm_line(r);
	if (r->memory_after > r->memory_before)
		printf("; memory %" PRIu64 " kB more than before",
				(r->memory_after - r->memory_before) / 1024);
	printf("\n");
}

static void json_histogram(const char *name, const struct histogram *h)
{
	printf(", \"%s\": {\"n\": %" PRIu64 ", \"p50\": %.4f, \"p90\": %.4f, \"p99\": %.4f, "
	       "\"p999\": %.4f, \"max\": %.4f}",
			name, h->n, milliseconds(h, 0.5), milliseconds(h, 0.9),
			milliseconds(h, 0.99), milliseconds(h, 0.999), (double)h->max / 1e6);
}

/* Failures are our own sentences, but they may quote strerror(): keep the quotes out. */
static void json_text(const char *name, const char *text)
{
	printf(", \"%s\": \"", name);
	for (; *text != '\0'; text++)
		putchar(*text == '"' || *text == '\\' || (unsigned char)*text < ' ' ? '\'' : *text);
	putchar('"');
}

static const char *transport(const struct options *o)
{
	if (o->cafile != NULL)
		return o->websocket ? "wss" : "tls";
	return o->websocket ? "ws" : "tcp";
}

void report_json(const struct options *o, const struct result *r)
{
	uint64_t n = messages(o, r);

	printf("{\"qos\": %u, \"version\": %u, \"publishers\": %u, \"subscribers\": %u", o->qos,
			o->version, o->publishers, o->subscribers);
	json_text("scenario", o->scenario);
	json_text("transport", transport(o));
	printf(", \"published\": %" PRIu64 ", \"acknowledged\": %" PRIu64 ", \"refused\": %" PRIu64,
			r->published, r->acknowledged, r->refused);
	printf(", \"expected\": %" PRIu64 ", \"received\": %" PRIu64 ", \"lost\": %" PRIu64
	       ", \"duplicates\": %" PRIu64 ", \"disorder\": %" PRIu64,
			r->expected, r->received, r->lost, r->duplicates, r->disorder);
	printf(", \"seconds\": %.6f, \"broker_cpu_seconds\": %.6f, \"own_cpu_seconds\": %.6f",
			(double)r->elapsed / 1e9, (double)r->broker_cpu / 1e9,
			(double)r->own_cpu / 1e9);
	printf(", \"rate\": %.1f, \"per_cpu_second\": %.1f, \"own_ns_per_message\": %.1f",
			per(n, r->elapsed), per(n, r->broker_cpu),
			n > 0 ? (double)r->own_cpu / (double)n : 0);
	printf(", \"connections\": %" PRIu64 ", \"broken\": %" PRIu64
	       ", \"subscriptions\": %" PRIu64,
			r->connections, r->broken, r->subscriptions);
	printf(", \"memory_before\": %" PRIu64 ", \"memory_after\": %" PRIu64
	       ", \"memory_per_connection\": %" PRIu64 ", \"content\": %" PRIu64,
			r->memory_before, r->memory_after, memory_each(r), r->content);
	json_histogram("latency_ms", &r->latency);
	json_histogram("acknowledged_ms", &r->answers);
	json_histogram("sent_late_ms", &r->lateness);
	json_text("failure", r->failure);
	printf("}\n");
}
