/* SPDX-License-Identifier: MIT */
#include "plugins/http/status.h"

#include <cjson/cJSON.h>
#include <stdio.h>

#include "common/utf8.h"

enum {
	MOST_WORDS = 160,	  /* bytes of a server's sentence */
	MOST_PARSED = 64 * 1024,  /* no sentence is looked for in a longer answer */
	MOST_RETRY_AFTER_S = 600, /* a server that asks for more is asked again all the same */
};

/* Statuses that are about the settings or the server's, not about records. */
static const struct mending {
	unsigned status;
	const char *remedy;
} mendings[] = {
	{ 401, "set user and password_file, or token_file" },
	{ 403, "the credentials do not allow this; give the user that right" },
	{ 404, "there is no such thing at this url; create it, or mend url" },
	{ 405, "url is not one that takes POST" },
	{ 406, "the server answers in no form that is known here" },
	{ 407, "a proxy wants credentials; give a url that needs no proxy" },
	{ 415, "the server does not know this body; see format, body and compression" },
	{ 421, "the server is not the one for this name; mend url" },
	{ 426, "the server wants another protocol; mend url" },
};

static const char *remedy_of(unsigned status)
{
	for (size_t i = 0; i < array_size(mendings); i++)
		if (mendings[i].status == status)
			return mendings[i].remedy;
	return NULL;
}

/*
 * {"error":"..."} of InfluxDB 1, {"message":"..."} of InfluxDB 2 and many others,
 * {"error":{"reason":"..."}} of Elasticsearch.
 */
static const char *find_sentence(const cJSON *json)
{
	static const char *const keys[] = { "error", "message", "reason" };
	const cJSON *error = cJSON_GetObjectItemCaseSensitive(json, "error");

	if (cJSON_IsObject(error))
		return cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(error, "reason"));
	for (size_t i = 0; i < array_size(keys); i++) {
		const char *text = cJSON_GetStringValue(
				cJSON_GetObjectItemCaseSensitive(json, keys[i]));

		if (text != NULL)
			return text;
	}
	return NULL;
}

static void append_line(struct str *into, struct span text)
{
	text = span_trim(text);
	text = span_trim(span_first(text, span_find(text, '\n')));
	str_append_escaped(into, utf8_first(text, MOST_WORDS));
}

void http_append_words(struct str *into, const struct http_answer *answer)
{
	struct span body = span_trim(answer->body);
	cJSON *json = NULL;
	const char *sentence;

	if (answer->is_page || body.len == 0)
		return;
	if (body.data[0] != '{') {
		append_line(into, body);
		return;
	}
	if (!answer->is_cut && body.len <= MOST_PARSED)
		json = cJSON_ParseWithLength((const char *)body.data, body.len);
	sentence = find_sentence(json);
	if (sentence != NULL)
		append_line(into, span_of_text(sentence));
	cJSON_Delete(json);
}

void http_set_reason(
		char reason[RELAY_REASON], unsigned status, struct span words, const char *remedy)
{
	snprintf(reason, RELAY_REASON, "%u%s%.*s%s%s", status, words.len > 0 ? ": " : "",
			SPAN_ARGS(words), remedy != NULL ? "; " : "", remedy != NULL ? remedy : "");
}

static void explain(
		const struct http_answer *answer, const char *remedy, struct relay_outcome *outcome)
{
	struct str words = { 0 };

	http_append_words(&words, answer);
	http_set_reason(outcome->reason, answer->status, str_span(&words), remedy);
	str_finish(&words);
}

static enum relay_verdict judge_redirect(
		const struct http_answer *answer, struct relay_outcome *outcome)
{
	struct str to = { 0 };

	if (answer->location != NULL)
		append_line(&to, span_of_text(answer->location));
	snprintf(outcome->reason, RELAY_REASON,
			"%u: the server sends elsewhere%s%s, and redirects are not followed; mend "
			"url",
			answer->status, to.len > 0 ? ", to " : "", str_text(&to));
	outcome->retry_after_ms = HTTP_MENDING_MS;
	str_finish(&to);
	return RELAY_RETRY;
}

enum relay_verdict http_judge_status(
		const struct http_answer *answer, struct relay_outcome *outcome)
{
	const unsigned status = answer->status;
	const char *remedy = remedy_of(status);
	uint32_t wait_s = answer->retry_after_s;

	if (status >= 200 && status <= 299)
		return RELAY_OK;
	if (status >= 300 && status <= 399)
		return judge_redirect(answer, outcome);
	explain(answer, remedy, outcome);
	if (remedy != NULL) {
		outcome->retry_after_ms = HTTP_MENDING_MS;
		return RELAY_RETRY;
	}
	if (status >= 500 || status < 200 || status == 408 || status == 425 || status == 429) {
		if (wait_s > MOST_RETRY_AFTER_S)
			wait_s = MOST_RETRY_AFTER_S;
		outcome->retry_after_ms = wait_s * 1000;
		return RELAY_RETRY;
	}
	return RELAY_REJECT;
}

enum relay_verdict http_judge_stranger(const struct http_answer *answer, const char *expected,
		struct relay_outcome *outcome)
{
	snprintf(outcome->reason, RELAY_REASON, "the answer is not %s (%u%s); mend url", expected,
			answer->status, answer->is_page ? ", a page for people" : "");
	outcome->retry_after_ms = HTTP_MENDING_MS;
	return RELAY_RETRY;
}
