/* SPDX-License-Identifier: MIT */
#include "gateway/output/icinga2_batch.h"

#include "gateway/output/icinga2_answer.h"
#include "gateway/result/encode_command.h"

/* They are asked for by the day; without them results are taken all the same. */
void icinga2_batch_note_permitted(struct icinga2_batch *b, struct span body)
{
	b->permitted = 0;
	for (unsigned kind = 0; kind < COMMAND_COUNT; kind++) {
		struct str action = { 0 };

		str_printf(&action, "actions/%s", icinga2_action((enum command_kind)kind));
		if (icinga2_permits(body, str_text(&action)))
			b->permitted |= 1u << kind;
		str_finish(&action);
	}
}

struct span icinga2_batch_text(const struct icinga2_batch *b, size_t index)
{
	const struct batch_item *item = &b->batch->items[index];

	return span_of(b->batch->text.text + item->at, item->len);
}

static void refuse(struct icinga2_batch *b, size_t index, enum reject code, struct span detail)
{
	struct icinga2_item item = icinga2_item_of(icinga2_batch_text(b, index));
	struct rejection rejection = {
		.reject = code, .detail = detail, .host = item.host, .service = item.service
	};

	b->env->refuse(b->env->owner, index, &rejection);
}

void icinga2_batch_refuse_unknown(struct icinga2_batch *b, size_t index)
{
	struct icinga2_item item = icinga2_item_of(icinga2_batch_text(b, index));
	struct str detail = { 0 };

	str_append(&detail, item.host);
	if (item.service.len > 0) {
		str_append_byte(&detail, '!');
		str_append(&detail, item.service);
	}
	refuse(b, index, item.service.len > 0 ? REJECT_UNKNOWN_SERVICE : REJECT_UNKNOWN_HOST,
			str_span(&detail));
	str_finish(&detail);
}

bool icinga2_is_verdict(unsigned status)
{
	bool is_redirection = status >= 300 && status < 400;

	return status < 500 && status != 401 && status != 407 && status != 408 && status != 429 &&
	       !is_redirection;
}

static bool is_permitted(const struct icinga2_batch *b, struct span action)
{
	for (unsigned kind = 0; kind < COMMAND_COUNT; kind++) {
		if (span_equal_text(action, icinga2_action((enum command_kind)kind)))
			return (b->permitted & 1u << kind) != 0;
	}
	return true;
}

static void take_refusal(struct icinga2_batch *b, size_t index, const struct http_answer *answer)
{
	struct span action = icinga2_item_of(icinga2_batch_text(b, index)).action;
	bool is_command = action.len > 0;
	struct str sentence = { 0 };

	if (!is_permitted(b, action)) {
		str_printf(&sentence, "Icinga's ApiUser needs the permission actions/%.*s",
				SPAN_ARGS(action));
		refuse(b, index, REJECT_BAD_COMMAND, str_span(&sentence));
	} else if (answer->status == 404) {
		icinga2_batch_refuse_unknown(b, index);
	} else if (answer->status == 409 && !is_command) {
		count_up(&b->env->counters->outdated, 1);
	} else {
		icinga2_sentence(answer->body, &sentence);
		refuse(b, index, is_command ? REJECT_BAD_COMMAND : REJECT_REFUSED,
				str_span(&sentence));
	}
	str_finish(&sentence);
}

void icinga2_batch_take(struct icinga2_batch *b, size_t index, const struct http_answer *answer)
{
	struct icinga2_item item = icinga2_item_of(icinga2_batch_text(b, index));

	/* 404, too, is said of an action that is not permitted. */
	if (answer->status < 300 || answer->status == 409)
		b->env->found(b->env->owner, item.host, item.service);
	if (answer->status >= 400)
		take_refusal(b, index, answer);
}
