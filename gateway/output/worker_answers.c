/* SPDX-License-Identifier: MIT */
#include "common/mem.h"
#include "gateway/answer/receipt.h"
#include "gateway/output/worker_impl.h"

static struct outbound *outbound_of(struct worker *w, unsigned source)
{
	return w->env.outbounds[source % w->env.outbound_count];
}

void worker_answer(struct worker *w, const struct rejection *rejection, struct span topic,
		unsigned source)
{
	struct outbound_message *m;
	struct str to = { 0 };

	count(w->env.counters, COUNT_RESULTS_REJECTED, 1);
	count_up(&w->env.counters->rejects[rejection->reject], 1);
	str_clear(&w->text);
	reject_format(&w->text, rejection, topic, span_of_text(w->env.config->client_id));
	reject_topic(&to, topic);
	m = outbound_message_create(
			OUTBOUND_REJECT, str_span(&to), str_span(&w->text), (struct span){ 0 });
	if (!outbound_push(outbound_of(w, source), m))
		count(w->env.counters, COUNT_REJECTS_DROPPED, 1);
	str_finish(&to);
}

void worker_send_receipt(
		struct worker *w, struct span response, struct span correlation, unsigned source)
{
	struct outbound_message *m = outbound_message_create(
			OUTBOUND_RECEIPT, response, str_span(&w->text), correlation);

	if (!outbound_push(outbound_of(w, source), m))
		count(w->env.counters, COUNT_RECEIPTS_DROPPED, 1);
}

static void send_batch_receipt(
		struct worker *w, const struct batch *b, const struct batch_receipt *r)
{
	const char *text = b->texts.text;

	worker_send_receipt(w, span_of(text + r->response, r->response_len),
			span_of(text + r->correlation, r->correlation_len), r->source);
}

void worker_format_rejected(struct worker *w, const struct rejection *rejection, struct span topic)
{
	str_clear(&w->text);
	receipt_format_rejected(&w->text, rejection, topic, w->config->name,
			span_of_text(w->env.config->client_id));
}

/* The core refuses a result of the batch that is out. */
void worker_take_refusal(void *owner, size_t index, const struct rejection *rejection)
{
	struct worker *w = owner;
	struct batch *b = worker_oldest(w);
	const struct batch_item *item = &b->items[index];

	count_up(&w->health.counters.refused, 1);
	worker_answer(w, rejection, batch_topic(b, item), item->source);
	if (rejection->reject == REJECT_UNKNOWN_HOST ||
			rejection->reject == REJECT_UNKNOWN_SERVICE) {
		struct check_result result = { .host = rejection->host,
			.service = rejection->service,
			.state = CHECK_UNKNOWN };

		unknown_note(&w->unknown, &result, rejection, NULL, item->received);
	}
	if (item->receipt == 0)
		return;
	worker_format_rejected(w, rejection, batch_topic(b, item));
	send_batch_receipt(w, b, &b->receipts[item->receipt - 1]);
}

void worker_take_found(void *owner, struct span host, struct span service)
{
	struct worker *w = owner;

	pending_found(w->env.pending, w->env.output, host, service);
}

/* Who asked for receipts hears of the batch that has arrived, but not of what is replayed. */
void worker_send_receipts(struct worker *w, const struct batch *b)
{
	struct wall_time now = wall_time_now();

	for (size_t i = 0; i < b->receipt_count; i++) {
		const struct batch_receipt *r = &b->receipts[i];

		if (!r->is_last || r->sequence <= w->told)
			continue;
		str_clear(&w->text);
		receipt_format_confirmed(&w->text, span_of(b->texts.text + r->topic, r->topic_len),
				w->config->name, r->received, now,
				span_of_text(w->env.config->client_id));
		send_batch_receipt(w, b, r);
	}
	if (b->last > w->told)
		w->told = b->last;
}
