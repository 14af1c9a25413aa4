/* SPDX-License-Identifier: MIT */
/*
 * Building a publication from its templates.
 */
#include "tests/bench/publication.h"

#include <stdio.h>
#include <stdlib.h>

#include "tests/bench/memory.h"

enum { TIME_DIGITS = 19, SEQ_DIGITS = 10 };

/* Whether `at` starts with the word; moves behind it when it does. */
static bool skip_word(const char **at, const char *word)
{
	size_t len = strlen(word);

	if (strncmp(*at, word, len) != 0)
		return false;
	*at += len;
	return true;
}

/* {item}, {item/N} or {item%N} */
static bool put_item(FILE *out, const char **at, unsigned item)
{
	unsigned divisor;
	char operator;
	int len = 0;

	if (skip_word(at, "{item}")) {
		fprintf(out, "%u", item);
		return true;
	}
	if (sscanf(*at, "{item%c%u}%n", &operator, & divisor, &len) != 2 || len == 0 ||
			divisor == 0)
		return false;
	fprintf(out, "%u", operator== '/' ? item / divisor : item % divisor);
	*at += len;
	return true;
}

char *publication_name(const char *template, unsigned client, unsigned topic, unsigned topics)
{
	char *name = NULL;
	size_t len;
	FILE *out = open_memstream(&name, &len);

	memory_checked(out);
	while (*template != '\0') {
		if (skip_word(&template, "{publisher}") || skip_word(&template, "{subscriber}"))
			fprintf(out, "%u", client);
		else if (skip_word(&template, "{topic}"))
			fprintf(out, "%u", topic);
		else if (put_item(out, &template, client * topics + topic))
			continue;
		else
			fputc(*template ++, out);
	}
	fclose(out);
	return memory_checked(name);
}

/* Replace the word by `size` times `filler` and return where; 0 when it does not occur. */
static size_t hole(char **text, const char *word, size_t size, char filler)
{
	char *at = strstr(*text, word), *wider;
	size_t before;

	if (at == NULL)
		return 0;
	before = (size_t)(at - *text);
	wider = memory_zeroed(strlen(*text) + size + 1, 1);
	memcpy(wider, *text, before);
	memset(wider + before, filler, size);
	strcpy(wider + before + size, at + strlen(word));
	free(*text);
	*text = wider;
	return before;
}

/* The offsets are those in the payload, plus one so that 0 stays "none". */
static char *text_payload(struct publication *p, const struct publication_plan *plan,
		unsigned publisher, unsigned topic)
{
	char *text = publication_name(plan->payload, publisher, topic, plan->topics);
	size_t len;

	hole(&text, "{time}", TIME_DIGITS, '\1');
	hole(&text, "{seq}", SEQ_DIGITS, '\2');
	hole(&text, "{state}", 1, '\3');
	len = strlen(text); /* all but {fill} has its final size now */
	if (strstr(text, "{fill}") != NULL) {
		len -= strlen("{fill}");
		hole(&text, "{fill}", plan->payload_size > len ? plan->payload_size - len : 0, 'x');
	}
	p->time_at = strchr(text, '\1') != NULL ? (size_t)(strchr(text, '\1') - text) + 1 : 0;
	p->seq_at = strchr(text, '\2') != NULL ? (size_t)(strchr(text, '\2') - text) + 1 : 0;
	p->state_at = strchr(text, '\3') != NULL ? (size_t)(strchr(text, '\3') - text) + 1 : 0;
	return text;
}

void publication_init(struct publication *p, const struct publication_plan *plan,
		unsigned publisher, unsigned topic)
{
	char *name = publication_name(plan->topic, publisher, topic, plan->topics), *text = NULL;
	size_t name_len = strlen(name), payload_len = plan->payload_size, body_len, at = 1;

	*p = (struct publication){ .is_text = plan->payload != NULL };
	if (p->is_text) {
		text = text_payload(p, plan, publisher, topic);
		payload_len = strlen(text);
	}
	body_len = 2 + name_len + (plan->qos > 0 ? 2 : 0) + (plan->version == MQTT_V5 ? 1 : 0) +
		   payload_len;
	p->packet = memory_zeroed(CODEC_FIXED_HEADER_MAX + body_len, 1);
	p->packet[0] = (uint8_t)(PACKET_PUBLISH << 4 | plan->qos << 1 | plan->is_retained);
	at += codec_varint(p->packet + at, body_len);
	p->packet[at] = (uint8_t)(name_len >> 8);
	p->packet[at + 1] = (uint8_t)name_len;
	memcpy(p->packet + at + 2, name, name_len);
	at += 2 + name_len;
	p->id_at = plan->qos > 0 ? at : 0;
	at += (plan->qos > 0 ? 2 : 0) + (plan->version == MQTT_V5 ? 1 : 0);
	p->payload_at = at;
	p->len = at + payload_len;
	p->content = name_len + payload_len;
	if (p->is_text)
		memcpy(p->packet + at, text, payload_len);
	else
		memset(p->packet + at, 'x', payload_len);
	free(text);
	free(name);
}

void publication_finish(struct publication *p)
{
	free(p->packet);
	p->packet = NULL;
}

static void put_digits(uint8_t *out, unsigned n, uint64_t value)
{
	while (n > 0) {
		out[--n] = (uint8_t)('0' + value % 10);
		value /= 10;
	}
}

void publication_stamp_text(const struct publication *p, uint8_t *out, uint32_t seq, uint64_t time)
{
	uint8_t *payload = out + p->payload_at - 1; /* the offsets are one too large */

	if (p->time_at > 0)
		put_digits(payload + p->time_at, TIME_DIGITS, time);
	if (p->seq_at > 0)
		put_digits(payload + p->seq_at, SEQ_DIGITS, seq);
	if (p->state_at > 0)
		put_digits(payload + p->state_at, 1, seq & 3);
}
