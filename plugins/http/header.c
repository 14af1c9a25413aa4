/* SPDX-License-Identifier: MIT */
#include "plugins/http/header.h"

#include <stdio.h>

#include "common/mem.h"
#include "common/str.h"

static struct curl_slist *add_token(struct curl_slist *list, const struct http_config *config)
{
	static const char *const words[] = {
		[HTTP_BEARER] = "Bearer", [HTTP_TOKEN] = "Token", [HTTP_APIKEY] = "ApiKey"
	};
	struct str line = { 0 };

	str_printf(&line, "Authorization: %s %s", words[config->auth], config->token);
	list = curl_slist_append(list, line.text);
	wipe(line.text, line.len);
	str_finish(&line);
	return list;
}

struct curl_slist *http_headers_make(
		const struct http_config *config, const char *content_type, bool is_gzip)
{
	struct str type = { 0 };
	/* "Expect: 100-continue" would cost a second where a server does not know it. */
	struct curl_slist *list = curl_slist_append(NULL, "Expect:");

	str_printf(&type, "Content-Type: %s", content_type);
	list = curl_slist_append(list, type.text);
	str_finish(&type);
	if (is_gzip)
		list = curl_slist_append(list, "Content-Encoding: gzip");
	if (config->token != NULL)
		list = add_token(list, config);
	for (size_t i = 0; i < config->headers.count; i++)
		list = curl_slist_append(list, config->headers.texts[i]);
	return list;
}

static bool is_name(struct span name)
{
	for (size_t i = 0; i < name.len; i++)
		if (name.data[i] <= ' ' || name.data[i] >= 0x7f ||
				strchr("()<>@,;:\\\"/[]?={}", name.data[i]) != NULL)
			return false;
	return name.len > 0;
}

static bool is_text(struct span value)
{
	for (size_t i = 0; i < value.len; i++)
		if ((value.data[i] < ' ' && value.data[i] != '\t') || value.data[i] == 0x7f)
			return false;
	return value.len > 0;
}

bool http_header_valid(const char *text, char problem[RELAY_REASON])
{
	static const struct {
		const char *name, *remedy;
	} ours[] = {
		{ "authorization", "; take user and password_file, or token_file" },
		{ "content-type", ", which follows from format and body" },
		{ "content-encoding", "; take compression" },
		{ "content-length", "" },
		{ "transfer-encoding", "" },
		{ "connection", "" },
		{ "expect", "" },
	};
	struct span value = span_of_text(text), name = span_cut(&value, ':');

	value = value.data != NULL ? span_trim(value) : value;
	if (!is_name(name) || !is_text(value)) {
		snprintf(problem, RELAY_REASON, "header %.100s: it should be NAME: VALUE", text);
		return false;
	}
	for (size_t i = 0; i < array_size(ours); i++)
		if (span_equal_nocase(name, span_of_text(ours[i].name))) {
			snprintf(problem, RELAY_REASON, "header %.*s is set by the plugin itself%s",
					SPAN_ARGS(name), ours[i].remedy);
			return false;
		}
	return true;
}
