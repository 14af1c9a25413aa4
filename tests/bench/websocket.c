/* SPDX-License-Identifier: MIT */
#include "tests/bench/websocket.h"

#include <openssl/evp.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <string.h>

enum { FIN = 0x80, MASKED = 0x80, RESERVED = 0x70, CONTROL = 8 };

static size_t put_header(uint8_t *out, enum websocket_opcode opcode, size_t len)
{
	size_t n = 2;

	out[0] = (uint8_t)(FIN | opcode);
	if (len < 126) {
		out[1] = (uint8_t)(MASKED | len);
		return n;
	}
	out[1] = MASKED | (len < 65536 ? 126 : 127);
	for (int shift = len < 65536 ? 8 : 56; shift >= 0; shift -= 8)
		out[n++] = (uint8_t)((uint64_t)len >> shift);
	return n;
}

size_t websocket_frame(uint8_t *out, enum websocket_opcode opcode, const uint8_t *payload,
		size_t len, uint32_t mask)
{
	size_t n = put_header(out, opcode, len), i = 0;
	uint64_t wide = (uint64_t)mask << 32 | mask, word;

	memcpy(out + n, &mask, 4);
	n += 4;
	for (; i + 8 <= len; i += 8) {
		memcpy(&word, payload + i, 8);
		word ^= wide;
		memcpy(out + n + i, &word, 8);
	}
	for (; i < len; i++)
		out[n + i] = payload[i] ^ out[n - 4 + i % 4];
	return n + len;
}

/* Bytes the header has in all, as far as its first two tell. */
static unsigned header_size(const struct websocket *w)
{
	if (w->header_len < 2)
		return 2;
	return w->header[1] == 127 ? 10 : w->header[1] == 126 ? 4 : 2;
}

/* The header is complete. False: no server may send it. */
static bool frame_begin(struct websocket *w)
{
	bool is_final = (w->header[0] & FIN) != 0;
	uint8_t opcode = w->header[0] & 15;

	w->left = w->header[1];
	if (w->left >= 126) {
		w->left = 0;
		for (unsigned i = 2; i < w->header_len; i++)
			w->left = w->left << 8 | w->header[i];
	}
	if ((w->header[0] & RESERVED) != 0 || w->is_closed)
		return false;
	w->opcode = opcode;
	w->control_len = 0;
	if (opcode >= CONTROL)
		return opcode <= WEBSOCKET_PONG && is_final && w->left <= WEBSOCKET_CONTROL_MAX;
	if (opcode != (w->in_message ? WEBSOCKET_CONTINUATION : WEBSOCKET_BINARY))
		return false;
	w->in_message = !is_final;
	return true;
}

static void frame_end(struct websocket *w)
{
	w->header_len = 0;
	if (w->opcode == WEBSOCKET_CLOSE)
		w->is_closed = true;
	if (w->opcode != WEBSOCKET_PING)
		return;
	w->is_pinged = true;
	w->ping_len = w->control_len;
	memcpy(w->ping, w->control, w->control_len);
}

ssize_t websocket_unframe(struct websocket *w, uint8_t *data, size_t len)
{
	size_t at = 0, out = 0;

	while (at < len) {
		size_t n;

		if (w->header_len < header_size(w)) {
			w->header[w->header_len++] = data[at++];
			if (w->header_len == 2 && (w->header[1] & MASKED) != 0)
				return -1;
			if (w->header_len < header_size(w))
				continue;
			if (!frame_begin(w))
				return -1;
		}
		n = len - at < w->left ? len - at : (size_t)w->left;
		if (w->opcode >= CONTROL) {
			memcpy(w->control + w->control_len, data + at, n);
			w->control_len += (unsigned)n;
		} else {
			memmove(data + out, data + at, n);
			out += n;
		}
		at += n;
		w->left -= n;
		if (w->left == 0)
			frame_end(w);
	}
	return (ssize_t)out;
}

void websocket_key(char out[WEBSOCKET_KEY_SIZE], uint64_t seed)
{
	uint64_t bytes[2] = { seed, ~seed * 0x9e3779b97f4a7c15u };

	EVP_EncodeBlock((unsigned char *)out, (const unsigned char *)bytes, sizeof(bytes));
}

void websocket_request(char *out, size_t size, const char *host, unsigned port, const char *key)
{
	snprintf(out, size,
			"GET /mqtt HTTP/1.1\r\n"
			"Host: %s:%u\r\n"
			"Upgrade: websocket\r\n"
			"Connection: Upgrade\r\n"
			"Sec-WebSocket-Key: %s\r\n"
			"Sec-WebSocket-Version: 13\r\n"
			"Sec-WebSocket-Protocol: mqtt\r\n"
			"\r\n",
			host, port, key);
}

/* Whether a header line has that name and that value, in whatever case both where `fold`. */
static bool has_header(const char *response, const char *name, const char *value, bool fold)
{
	size_t name_len = strlen(name), value_len = strlen(value);
	const char *line = response, *at;

	while ((line = strstr(line, "\r\n")) != NULL) {
		line += 2;
		if (strncasecmp(line, name, name_len) != 0 || line[name_len] != ':')
			continue;
		at = line + name_len + 1;
		at += strspn(at, " \t");
		if ((fold ? strncasecmp : strncmp)(at, value, value_len) != 0)
			continue;
		at += value_len;
		at += strspn(at, " \t");
		if (strncmp(at, "\r\n", 2) == 0)
			return true;
	}
	return false;
}

static void expected_answer(char *out, const char *key)
{
	uint8_t digest[SHA_DIGEST_LENGTH];
	char text[128];

	snprintf(text, sizeof(text), "%s258EAFA5-E914-47DA-95CA-C5AB0DC85B11", key);
	EVP_Digest(text, strlen(text), digest, NULL, EVP_sha1(), NULL);
	EVP_EncodeBlock((unsigned char *)out, digest, sizeof(digest));
}

bool websocket_is_accepted(const char *response, const char *key, const char **ret_reason)
{
	char answer[SHA_DIGEST_LENGTH * 2];

	expected_answer(answer, key);
	*ret_reason = NULL;
	if (strncmp(response, "HTTP/1.1 101 ", 13) != 0)
		*ret_reason = "the broker did not answer the WebSocket request with 101";
	else if (!has_header(response, "Upgrade", "websocket", true))
		*ret_reason = "the broker's answer has no Upgrade: websocket";
	else if (!has_header(response, "Connection", "Upgrade", true))
		*ret_reason = "the broker's answer has no Connection: Upgrade";
	else if (!has_header(response, "Sec-WebSocket-Accept", answer, false))
		*ret_reason = "the broker's Sec-WebSocket-Accept is wrong";
	else if (!has_header(response, "Sec-WebSocket-Protocol", "mqtt", false))
		*ret_reason = "the broker did not choose the subprotocol mqtt";
	return *ret_reason == NULL;
}
