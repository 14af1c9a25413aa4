/* SPDX-License-Identifier: MIT */
#include "broker/io/http_upgrade.h"

#include <http_parser.h>
#include <openssl/evp.h>

#include "common/mem.h"

enum header { HOST, UPGRADE, CONNECTION, KEY, VERSION, PROTOCOL, ORIGIN, HEADERS };

static const char *const header_names[HEADERS] = {
	[HOST] = "Host",
	[UPGRADE] = "Upgrade",
	[CONNECTION] = "Connection",
	[KEY] = "Sec-WebSocket-Key",
	[VERSION] = "Sec-WebSocket-Version",
	[PROTOCOL] = "Sec-WebSocket-Protocol",
	[ORIGIN] = "Origin",
};

/* A way to be refused: status line, what the status asks for, and a line for whoever reads it. */
struct refusal {
	const char *status;
	const char *headers;
	const char *text;
};

static const struct refusal not_http = { "400 Bad Request", "", "the request is not HTTP/1.1" };
static const struct refusal too_large = { "431 Request Header Fields Too Large", "",
	"the request is larger than websockets_headers_size" };
static const struct refusal not_get = { "405 Method Not Allowed", "Allow: GET\r\n",
	"only GET is answered here" };
static const struct refusal no_upgrade = { "404 Not Found", "",
	"nothing is served here but MQTT over WebSocket" };
static const struct refusal no_host = { "400 Bad Request", "", "the header Host is missing" };
static const struct refusal other_version = { "426 Upgrade Required",
	"Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n",
	"only version 13 of WebSocket is spoken here" };
static const struct refusal bad_key = { "400 Bad Request", "",
	"Sec-WebSocket-Key is not 16 bytes in base64" };
static const struct refusal no_protocol = { "400 Bad Request", "",
	"the subprotocol mqtt is not offered" };
static const struct refusal other_origin = { "403 Forbidden", "",
	"pages of this origin may not connect (websockets_origin)" };

enum { NAME_SIZE = 32 }; /* longer than any name that matters */

struct http_upgrade {
	struct http_upgrade_rules *rules;
	http_parser parser;
	size_t size; /* bytes fed so far */
	char name[NAME_SIZE];
	size_t name_len; /* NAME_SIZE: too long to matter */
	bool in_value;	 /* of the header `name` */
	bool is_complete;
	struct str values[HEADERS]; /* a repeated header's are joined with commas */
	bool is_given[HEADERS];
	const struct refusal *refusal;
};

/* --- reading -------------------------------------------------------------------------------- */

static int on_header_field(http_parser *parser, const char *at, size_t len)
{
	struct http_upgrade *u = parser->data;

	if (u->in_value)
		u->name_len = 0;
	u->in_value = false;
	if (len >= NAME_SIZE - u->name_len) {
		u->name_len = NAME_SIZE;
		return 0;
	}
	memcpy(u->name + u->name_len, at, len);
	u->name_len += len;
	return 0;
}

static enum header find_header(const struct http_upgrade *u)
{
	enum header h = 0;

	while (h < HEADERS && !span_equal_nocase(span_of(u->name, u->name_len),
					      span_of_text(header_names[h])))
		h++;
	return h;
}

static int on_header_value(http_parser *parser, const char *at, size_t len)
{
	struct http_upgrade *u = parser->data;
	enum header h = find_header(u);

	if (h < HEADERS) {
		if (!u->in_value && u->is_given[h])
			str_append_byte(&u->values[h], ',');
		u->is_given[h] = true;
		str_append(&u->values[h], span_of(at, len));
	}
	u->in_value = true;
	return 0;
}

static int on_headers_complete(http_parser *parser)
{
	struct http_upgrade *u = parser->data;

	u->is_complete = true;
	return 2; /* no body: what follows is another protocol's */
}

static const http_parser_settings callbacks = {
	.on_header_field = on_header_field,
	.on_header_value = on_header_value,
	.on_headers_complete = on_headers_complete,
};

struct http_upgrade_rules *http_upgrade_rules_create(
		const struct text_list *origins, size_t max_size)
{
	struct http_upgrade_rules *rules = xcalloc(1, sizeof(*rules));

	rules->refs = 1;
	rules->max_size = max_size;
	for (size_t i = 0; i < origins->count; i++)
		text_list_add(&rules->origins, span_of_text(origins->texts[i]));
	return rules;
}

void http_upgrade_rules_unref(struct http_upgrade_rules *rules)
{
	if (rules == NULL || --rules->refs > 0)
		return;
	text_list_finish(&rules->origins);
	free(rules);
}

struct http_upgrade *http_upgrade_create(struct http_upgrade_rules *rules)
{
	struct http_upgrade *u = xcalloc(1, sizeof(*u));

	u->rules = http_upgrade_rules_ref(rules);
	http_parser_init(&u->parser, HTTP_REQUEST);
	u->parser.data = u;
	return u;
}

void http_upgrade_destroy(struct http_upgrade *u)
{
	if (u == NULL)
		return;
	for (size_t i = 0; i < HEADERS; i++)
		str_finish(&u->values[i]);
	http_upgrade_rules_unref(u->rules);
	free(u);
}

const char *http_upgrade_refusal(const struct http_upgrade *u)
{
	return u->refusal != NULL ? u->refusal->text : NULL;
}

/* --- judging -------------------------------------------------------------------------------- */

static struct span value_of(const struct http_upgrade *u, enum header h)
{
	return span_trim(str_span(&u->values[h]));
}

/* Is `token` in a list with commas, in whatever case? */
static bool has_token(struct span list, const char *token)
{
	while (list.data != NULL) {
		if (span_equal_nocase(span_trim(span_cut(&list, ',')), span_of_text(token)))
			return true;
	}
	return false;
}

/* The first subprotocol offered that is MQTT; the second name is Mosquitto's old one. */
static const char *choose_protocol(struct span list)
{
	while (list.data != NULL) {
		struct span one = span_trim(span_cut(&list, ','));

		if (span_equal_text(one, "mqtt"))
			return "mqtt";
		if (span_equal_text(one, "mqttv3.1"))
			return "mqttv3.1";
	}
	return NULL;
}

static bool key_is_sound(struct span key)
{
	enum { KEY_TEXT = 24, KEY_BLOCKS = 18 };
	uint8_t bytes[KEY_BLOCKS];

	return key.len == KEY_TEXT && key.data[21] != '=' && key.data[22] == '=' &&
	       key.data[23] == '=' && EVP_DecodeBlock(bytes, key.data, KEY_TEXT) == KEY_BLOCKS;
}

static bool origin_is_allowed(const struct http_upgrade *u)
{
	const struct text_list *origins = &u->rules->origins;

	if (origins->count == 0 || !u->is_given[ORIGIN])
		return true;
	for (size_t i = 0; i < origins->count; i++) {
		if (span_equal_text(value_of(u, ORIGIN), origins->texts[i]))
			return true;
	}
	return false;
}

static const struct refusal *judge(const struct http_upgrade *u)
{
	if (u->parser.http_major != 1 || u->parser.http_minor < 1)
		return &not_http;
	if (u->parser.method != HTTP_GET)
		return &not_get;
	if (!has_token(value_of(u, UPGRADE), "websocket") ||
			!has_token(value_of(u, CONNECTION), "upgrade"))
		return &no_upgrade;
	if (!u->is_given[HOST])
		return &no_host;
	if (!span_equal_text(value_of(u, VERSION), "13"))
		return &other_version;
	if (!key_is_sound(value_of(u, KEY)))
		return &bad_key;
	if (choose_protocol(value_of(u, PROTOCOL)) == NULL)
		return &no_protocol;
	if (!origin_is_allowed(u))
		return &other_origin;
	return NULL;
}

/* --- answering ------------------------------------------------------------------------------ */

/* RFC 6455 4.2.2: what shows that the key was read by somebody who speaks WebSocket */
static void append_accept(struct str *answer, struct span key)
{
	uint8_t input[64], digest[EVP_MAX_MD_SIZE], text[EVP_MAX_MD_SIZE * 2];
	static const struct span guid = SPAN("258EAFA5-E914-47DA-95CA-C5AB0DC85B11");
	unsigned len;

	memcpy(input, key.data, key.len);
	memcpy(input + key.len, guid.data, guid.len);
	if (EVP_Digest(input, key.len + guid.len, digest, &len, EVP_sha1(), NULL) != 1)
		abort();
	EVP_EncodeBlock(text, digest, (int)len);
	str_append_text(answer, (const char *)text);
}

static void accept_upgrade(const struct http_upgrade *u, struct str *answer)
{
	str_append_text(answer, "HTTP/1.1 101 Switching Protocols\r\n"
				"Upgrade: websocket\r\n"
				"Connection: Upgrade\r\n"
				"Sec-WebSocket-Accept: ");
	append_accept(answer, value_of(u, KEY));
	str_printf(answer, "\r\nSec-WebSocket-Protocol: %s\r\n\r\n",
			choose_protocol(value_of(u, PROTOCOL)));
}

static void refuse(const struct refusal *r, struct str *answer)
{
	str_printf(answer,
			"HTTP/1.1 %s\r\n"
			"%s"
			"Content-Type: text/plain\r\n"
			"Content-Length: %zu\r\n"
			"Connection: close\r\n"
			"\r\n"
			"%s\n",
			r->status, r->headers, strlen(r->text) + 1, r->text);
}

enum http_upgrade_result http_upgrade_feed(
		struct http_upgrade *u, struct span input, size_t *ret_used, struct str *answer)
{
	struct span allowed = span_first(input, u->rules->max_size - u->size);

	*ret_used = http_parser_execute(
			&u->parser, &callbacks, (const char *)allowed.data, allowed.len);
	u->size += *ret_used;
	if (u->is_complete)
		u->refusal = judge(u);
	else if (HTTP_PARSER_ERRNO(&u->parser) != HPE_OK)
		u->refusal = &not_http;
	else if (u->size == u->rules->max_size)
		u->refusal = &too_large;
	else
		return HTTP_UPGRADE_INCOMPLETE;
	if (u->refusal != NULL) {
		refuse(u->refusal, answer);
		return HTTP_UPGRADE_REFUSED;
	}
	accept_upgrade(u, answer);
	return HTTP_UPGRADE_ACCEPTED;
}
