/* SPDX-License-Identifier: MIT */
#include "cli/awaited.h"

#include "cli/result.h"
#include "cli/show.h"
#include "common/mem.h"

void awaited_init(struct awaited *a, size_t count)
{
	*a = (struct awaited){ .count = count, .missing = count };
	a->all = xcalloc(count, sizeof(*a->all));
}

void awaited_finish(struct awaited *a)
{
	for (size_t i = 0; i < a->count; i++) {
		struct awaited_message *m = &a->all[i];

		for (size_t o = 0; o < m->count; o++)
			free(m->outputs[o].name);
		free(m->outputs);
	}
	free(a->all);
	*a = (struct awaited){ 0 };
}

void awaited_drop(struct awaited *a, size_t index)
{
	if (a->all == NULL || a->all[index].is_over)
		return;
	a->all[index].is_over = true;
	a->missing--;
}

static const char *text_of(const cJSON *object, const char *name)
{
	const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, name));

	return text != NULL ? text : "";
}

static double number_of(const cJSON *object, const char *name)
{
	const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, name);

	return cJSON_IsNumber(item) ? item->valuedouble : 0;
}

/* The receipt of an output may overtake the one that names it. */
static struct awaited_output *output_of(struct awaited_message *m, const char *name)
{
	for (size_t i = 0; i < m->count; i++) {
		if (strcmp(m->outputs[i].name, name) == 0)
			return &m->outputs[i];
	}
	m->outputs = grow_array(m->outputs, m->count, &m->capacity, sizeof(*m->outputs));
	m->outputs[m->count] = (struct awaited_output){ .name = xstrdup(name), .ms = -1 };
	return &m->outputs[m->count++];
}

static void add_refusal(struct str *refusals, const cJSON *refusal)
{
	char *printed = cJSON_PrintUnformatted(refusal);
	AUTO_FREE char *sentence = reject_sentence(span_of_text(printed));

	cJSON_free(printed);
	if (refusals->len > 0)
		str_append_byte(refusals, '\n');
	str_append_escaped(refusals, span_of_text(text_of(refusal, "code")));
	str_append_text(refusals, ": ");
	str_append_escaped(refusals, span_of_text(sentence));
}

static void take_journaled(struct awaited_message *m, const cJSON *receipt, struct str *refusals)
{
	const cJSON *item;

	m->is_journaled = true;
	m->ms = number_of(receipt, "journaled_ms");
	cJSON_ArrayForEach(item, cJSON_GetObjectItemCaseSensitive(receipt, "outputs"))
	{
		if (cJSON_IsString(item))
			output_of(m, item->valuestring)->is_named = true;
	}
	cJSON_ArrayForEach(item, cJSON_GetObjectItemCaseSensitive(receipt, "rejects"))
	{
		add_refusal(refusals, item);
	}
}

static bool has_all(const struct awaited_message *m)
{
	for (size_t i = 0; i < m->count; i++) {
		if (m->outputs[i].is_named && !m->outputs[i].has_answered)
			return false;
	}
	return m->is_journaled;
}

bool awaited_take(struct awaited *a, size_t index, const cJSON *receipt, struct str *refusals)
{
	const char *kind = text_of(receipt, "receipt");
	struct awaited_message *m = &a->all[index];
	struct awaited_output *output;

	if (m->is_over)
		return false;
	if (strcmp(kind, "journaled") == 0) {
		take_journaled(m, receipt, refusals);
	} else if (strcmp(kind, "confirmed") == 0 || strcmp(kind, "rejected") == 0) {
		output = output_of(m, text_of(receipt, "output"));
		output->has_answered = true;
		if (strcmp(kind, "confirmed") == 0)
			output->ms = number_of(receipt, "confirmed_ms");
		else
			add_refusal(refusals, receipt);
	}
	if (!has_all(m))
		return false;
	awaited_drop(a, index);
	return true;
}

static void append_ms(struct str *into, double ms)
{
	str_append_text(into, " after ");
	show_number(into, ms);
	str_append_text(into, " ms");
}

void awaited_describe(const struct awaited *a, size_t index, struct str *into)
{
	const struct awaited_message *m = &a->all[index];

	str_append_text(into, m->is_journaled ? "journaled" : "not journaled");
	if (m->is_journaled)
		append_ms(into, m->ms);
	for (size_t i = 0; i < m->count; i++) {
		const struct awaited_output *o = &m->outputs[i];

		str_append_text(into, ", ");
		str_append_escaped(into, span_of_text(o->name));
		str_append_text(into, o->ms >= 0	? " confirmed"
				      : o->has_answered ? " refused it"
							: " has not confirmed");
		if (o->ms >= 0)
			append_ms(into, o->ms);
	}
}
