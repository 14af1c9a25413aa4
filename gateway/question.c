/* SPDX-License-Identifier: MIT */
#include "gateway/question.h"

#include <pthread.h>

#include "common/json.h"
#include "common/log.h"
#include "common/mem.h"
#include "common/topic.h"

enum {
	MAX_WAITING = 100,
	MAX_BYTES = 4096, /* of a question */
};

static const struct span reply_prefix = SPAN("belfry/reply/");

struct questions {
	const struct question_kind *kinds;
	void *owner;
	struct outbound *const *outbounds;
	size_t outbound_count;
	pthread_t thread;
	bool running;

	pthread_mutex_t lock; /* guards what follows */
	pthread_cond_t changed;
	bool stopping;
	size_t waiting;
	struct question *first, **last;
};

static void question_destroy(struct question *q)
{
	free(q->payload);
	free(q->ask);
	free(q->reply_topic);
	free(q->correlation);
	free(q);
}

/* --- answering ---------------------------------------------------------------------------- */

static const char *member(const cJSON *body, const char *name)
{
	return cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(body, name));
}

static bool may_reply_to(const char *topic)
{
	return topic != NULL && span_starts_with(span_of_text(topic), reply_prefix) &&
	       topic_name_valid(span_of_text(topic));
}

static const struct question_kind *kind_of(const struct questions *q, const char *name)
{
	const struct question_kind *k = q->kinds;

	while (k->name != NULL && strcmp(k->name, name) != 0)
		k++;
	return k->name != NULL ? k : NULL;
}

static void say_unknown(const struct questions *q, struct str *problem)
{
	str_append_text(problem, "there is no such question; known are:");
	for (const struct question_kind *k = q->kinds; k->name != NULL; k++)
		str_printf(problem, " %s", k->name);
}

static void send_object(struct reply *r, bool is_last)
{
	const struct question *question = r->question;
	struct questions *q = r->questions;
	struct str text = { 0 };

	str_append_text(&text, "{\"ask\":");
	json_append_string(&text, span_of_text(question->ask));
	str_append(&text, str_span(&r->members));
	if (r->problem.len > 0) {
		str_append_text(&text, ",\"error\":");
		json_append_string(&text, str_span(&r->problem));
	}
	str_append_text(&text, is_last ? ",\"end\":true}" : "}");
	outbound_push(q->outbounds[question->source % q->outbound_count],
			outbound_message_create(OUTBOUND_ANSWER,
					span_of_text(question->reply_topic), str_span(&text),
					span_of(question->correlation, question->correlation_len)));
	str_finish(&text);
	str_clear(&r->members);
}

bool reply_is_wanted(const struct reply *r)
{
	bool stopping;

	pthread_mutex_lock(&r->questions->lock);
	stopping = r->questions->stopping;
	pthread_mutex_unlock(&r->questions->lock);
	return !stopping;
}

void reply_part(struct reply *r)
{
	send_object(r, false);
}

/* What the body says of where to answer, where MQTT 5 does not. */
static void read_body(struct question *question, const cJSON *body)
{
	const char *ask = member(body, "ask"), *topic = member(body, "reply");

	question->ask = xstrdup(ask != NULL ? ask : "");
	if (question->reply_topic == NULL && topic != NULL)
		question->reply_topic = xstrdup(topic);
}

static void answer(struct questions *q, struct question *question)
{
	cJSON *body = cJSON_ParseWithLength(question->payload, question->payload_len);
	struct reply r = { .questions = q, .question = question };
	const struct question_kind *kind;

	read_body(question, body);
	kind = kind_of(q, question->ask);
	if (!may_reply_to(question->reply_topic)) {
		log_info("a question is not answered: its response topic does not begin with "
			 "belfry/reply/");
	} else {
		if (kind == NULL)
			say_unknown(q, &r.problem);
		else if (!kind->answer(q->owner, body, &r))
			str_clear(&r.members);
		send_object(&r, true);
	}
	cJSON_Delete(body);
	str_finish(&r.members);
	str_finish(&r.problem);
}

/* --- the thread --------------------------------------------------------------------------- */

static struct question *next_question(struct questions *q)
{
	struct question *question;

	pthread_mutex_lock(&q->lock);
	while (!q->stopping && q->first == NULL)
		pthread_cond_wait(&q->changed, &q->lock);
	question = q->stopping ? NULL : q->first;
	if (question != NULL) {
		q->first = question->next;
		if (q->first == NULL)
			q->last = &q->first;
		q->waiting--;
	}
	pthread_mutex_unlock(&q->lock);
	return question;
}

static void *run(void *owner)
{
	struct questions *q = owner;
	struct question *question;

	while ((question = next_question(q)) != NULL) {
		answer(q, question);
		question_destroy(question);
	}
	return NULL;
}

void questions_take(struct questions *q, const struct record *message)
{
	struct question *question;

	/* A retained one would be asked again with every connect. */
	if (message->payload.len > MAX_BYTES || message->retain)
		return;
	question = xcalloc(1, sizeof(*question));
	question->payload = span_dup_text(message->payload);
	question->payload_len = message->payload.len;
	if (message->response_topic.len > 0)
		question->reply_topic = span_dup_text(message->response_topic);
	question->correlation_len = message->correlation.len;
	question->correlation = xmemdup(message->correlation.data, message->correlation.len);
	question->source = message->source;
	pthread_mutex_lock(&q->lock);
	if (q->waiting < MAX_WAITING) {
		*q->last = question;
		q->last = &question->next;
		q->waiting++;
		question = NULL;
		pthread_cond_signal(&q->changed);
	}
	pthread_mutex_unlock(&q->lock);
	if (question != NULL)
		question_destroy(question);
}

/* --- life --------------------------------------------------------------------------------- */

struct questions *questions_create(const struct question_kind *kinds, void *owner,
		struct outbound *const *outbounds, size_t outbound_count)
{
	struct questions *q = xcalloc(1, sizeof(*q));

	q->kinds = kinds;
	q->owner = owner;
	q->outbounds = outbounds;
	q->outbound_count = outbound_count;
	q->last = &q->first;
	pthread_mutex_init(&q->lock, NULL);
	pthread_cond_init(&q->changed, NULL);
	return q;
}

bool questions_start(struct questions *q)
{
	int r = pthread_create(&q->thread, NULL, run, q);

	q->running = r == 0;
	if (r != 0)
		log_error_errno(r, "no thread to be had for questions");
	return q->running;
}

void questions_stop(struct questions *q)
{
	if (!q->running)
		return;
	pthread_mutex_lock(&q->lock);
	q->stopping = true;
	pthread_cond_signal(&q->changed);
	pthread_mutex_unlock(&q->lock);
	pthread_join(q->thread, NULL);
	q->running = false;
}

void questions_destroy(struct questions *q)
{
	if (q == NULL)
		return;
	questions_stop(q);
	while (q->first != NULL) {
		struct question *question = q->first;

		q->first = question->next;
		question_destroy(question);
	}
	pthread_cond_destroy(&q->changed);
	pthread_mutex_destroy(&q->lock);
	free(q);
}
