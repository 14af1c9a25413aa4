/* SPDX-License-Identifier: MIT */
#include "broker/core/bridge_topics.h"

#include "common/mem.h"
#include "common/topic.h"

static void topic_finish(struct bridge_topic *topic)
{
	free(topic->local_prefix);
	free(topic->remote_prefix);
	free(topic->local_filter);
	free(topic->remote_filter);
}

void bridge_topics_finish(struct bridge_topics *t)
{
	for (size_t i = 0; i < t->count; i++)
		topic_finish(&t->topics[i]);
	free(t->topics);
	*t = (struct bridge_topics){ 0 };
}

/* --- reading a line ------------------------------------------------------------------------- */

static bool read_direction(struct settings_line *line, uint8_t *ret)
{
	struct span word = settings_word(line);

	if (word.len == 0 || span_equal_text(word, "out"))
		*ret = BRIDGE_OUT;
	else if (span_equal_text(word, "in"))
		*ret = BRIDGE_IN;
	else if (span_equal_text(word, "both"))
		*ret = BRIDGE_BOTH;
	else
		return settings_error(line, word, "is no direction; write out, in or both");
	return true;
}

static bool read_qos(struct settings_line *line, uint8_t *ret)
{
	struct span word = settings_word(line);

	*ret = 0;
	if (word.len == 0)
		return true;
	if (word.len > 1 || word.data[0] < '0' || word.data[0] > '2')
		return settings_error(line, word, "is no QoS; write 0, 1 or 2");
	*ret = (uint8_t)(word.data[0] - '0');
	return true;
}

static bool is_empty_marker(struct span word)
{
	return span_equal_text(word, "\"\"");
}

/* `*ret` is owned by the caller; NULL: empty or not given. */
static bool read_prefix(struct settings_line *line, const char *which, char **ret)
{
	struct span word = settings_word(line);

	if (word.len == 0 || is_empty_marker(word))
		return true;
	if (!topic_name_valid(word))
		return settings_error(line, word,
				"is no %s prefix: it must be a topic name without wildcards",
				which);
	*ret = span_dup_text(word);
	return true;
}

static char *join(const char *prefix, struct span pattern)
{
	struct str s = { 0 };

	str_append_text(&s, prefix != NULL ? prefix : "");
	str_append(&s, pattern);
	return str_take(&s);
}

static bool is_shared(const char *filter)
{
	static const struct span prefix = SPAN("$share/");

	return span_starts_with(span_of_text(filter), prefix);
}

/* What is left of the line is checked too: a word that nobody reads is a mistake. */
static bool check_topic(
		struct settings_line *line, const struct bridge_topic *topic, struct span pattern)
{
	struct span more = settings_word(line), group, filter;

	if (more.len > 0)
		return settings_error(line, more,
				"is one word too many; write: topic PATTERN "
				"[out|in|both [QOS [LOCAL REMOTE]]]");
	if (pattern.len == 0 && (topic->local_prefix == NULL || topic->remote_prefix == NULL))
		return settings_error(line, line->keyword,
				"has an empty pattern; then it needs both a local and a remote "
				"topic");
	if (!topic_filter_valid(span_of_text(topic->local_filter)) ||
			!topic_filter_valid(span_of_text(topic->remote_filter)))
		return settings_error(line, pattern,
				"is no topic filter; + and # stand alone between slashes, and # "
				"last");
	if (topic->direction != BRIDGE_IN && is_shared(topic->local_filter))
		return settings_error(line, pattern,
				"is a shared subscription, which can only be passed in");
	if (is_shared(topic->remote_filter) &&
			!topic_share_split(span_of_text(topic->remote_filter), &group, &filter))
		return settings_error(line, pattern,
				"is no shared subscription; write $share/GROUP/FILTER");
	return true;
}

bool bridge_topics_add(struct bridge_topics *t, struct settings_line *line)
{
	struct bridge_topic topic = { 0 };
	struct span pattern = settings_word(line);
	bool ok;

	if (is_empty_marker(pattern))
		pattern.len = 0;
	ok = read_direction(line, &topic.direction) && read_qos(line, &topic.qos) &&
	     read_prefix(line, "local", &topic.local_prefix) &&
	     read_prefix(line, "remote", &topic.remote_prefix);
	if (ok) {
		topic.local_filter = join(topic.local_prefix, pattern);
		topic.remote_filter = join(topic.remote_prefix, pattern);
		ok = check_topic(line, &topic, pattern);
	}
	if (!ok) {
		topic_finish(&topic);
		return false;
	}
	t->topics = grow_array(t->topics, t->count, &t->capacity, sizeof(*t->topics));
	t->topics[t->count++] = topic;
	return true;
}

/* --- mapping -------------------------------------------------------------------------------- */

/* The two ends of a line, in the order of the message's way. */
struct mapping {
	const char *from_filter;
	const char *from_prefix, *to_prefix;
};

static struct mapping mapping_of(const struct bridge_topic *topic, enum bridge_direction direction)
{
	if (direction == BRIDGE_OUT)
		return (struct mapping){ topic->local_filter, topic->local_prefix,
			topic->remote_prefix };
	return (struct mapping){ topic->remote_filter, topic->remote_prefix, topic->local_prefix };
}

static bool matches(const struct mapping *m, struct span topic)
{
	struct span filter = span_of_text(m->from_filter), group;

	if (is_shared(m->from_filter))
		topic_share_split(filter, &group, &filter);
	return topic_matches(filter, topic);
}

/* The line by which `topic` passes; false when none does. */
static bool find(const struct bridge_topics *t, enum bridge_direction direction, struct span topic,
		struct mapping *ret)
{
	bool is_found = false;

	for (size_t i = 0; i < t->count; i++) {
		const struct bridge_topic *line = &t->topics[i];
		bool has_prefix = line->local_prefix != NULL || line->remote_prefix != NULL;
		struct mapping m = mapping_of(line, direction);

		if ((line->direction & direction) == 0 || (is_found && !has_prefix) ||
				!matches(&m, topic))
			continue;
		*ret = m;
		is_found = true;
		if (has_prefix)
			break;
	}
	return is_found;
}

static struct span without_slash(struct span prefix)
{
	if (prefix.len > 0 && prefix.data[prefix.len - 1] == '/')
		prefix.len--;
	return prefix;
}

static bool map(const struct bridge_topics *t, enum bridge_direction direction, struct span topic,
		struct str *into)
{
	size_t start = into->len;
	struct span from, to;
	struct mapping m;

	if (!find(t, direction, topic, &m))
		return false;
	from = span_of_text(m.from_prefix != NULL ? m.from_prefix : "");
	to = span_of_text(m.to_prefix != NULL ? m.to_prefix : "");
	/* "a/#" matches "a" too: that is the "b" of "b/#". */
	if (topic.len < from.len)
		to = without_slash(to);
	str_append(into, to);
	str_append(into, span_from(topic, from.len));
	return topic_name_valid(span_from(str_span(into), start));
}

bool bridge_topics_map_out(const struct bridge_topics *t, struct span topic, struct str *into)
{
	return map(t, BRIDGE_OUT, topic, into);
}

bool bridge_topics_map_in(const struct bridge_topics *t, struct span topic, struct str *into)
{
	return map(t, BRIDGE_IN, topic, into);
}
