/* SPDX-License-Identifier: MIT */
#include "cli/answer.h"

#include <mqtt_protocol.h>

/*
 * Reasons of MQTT 5, and the return codes of 3.1.1 below 6, as sentences. What is worth trying
 * again later counts as lost, the rest as refused.
 */
static const struct {
	int code;
	enum answer answer;
	const char *sentence;
} reasons[] = {
	{ 1, ANSWER_REFUSED, "the broker speaks neither MQTT 5 nor 3.1.1" },
	{ 2, ANSWER_REFUSED, "the broker does not accept our client identifier" },
	{ 3, ANSWER_LOST, "the broker is not available at the moment" },
	{ 4, ANSWER_REFUSED, "user name or password is wrong (user in the URL, --password-file)" },
	{ REASON_NOT_LET_IN, ANSWER_REFUSED,
			"the broker does not let us in; check the user in the URL and "
			"--password-file" },
	{ MQTT_RC_NO_MATCHING_SUBSCRIBERS, ANSWER_REFUSED,
			"nobody is subscribed to it, so the broker threw it away; is "
			"belfry-gateway running, and has it a route for this topic?" },
	{ MQTT_RC_UNSPECIFIED, ANSWER_REFUSED, "the broker refuses it and does not say why" },
	{ MQTT_RC_IMPLEMENTATION_SPECIFIC, ANSWER_REFUSED,
			"the broker refuses it for a reason of its own" },
	{ MQTT_RC_UNSUPPORTED_PROTOCOL_VERSION, ANSWER_REFUSED,
			"the broker speaks neither MQTT 5 nor 3.1.1" },
	{ MQTT_RC_CLIENTID_NOT_VALID, ANSWER_REFUSED,
			"the broker does not accept our client identifier" },
	{ MQTT_RC_BAD_USERNAME_OR_PASSWORD, ANSWER_REFUSED,
			"user name or password is wrong (user in the URL, --password-file)" },
	{ MQTT_RC_NOT_AUTHORIZED, ANSWER_REFUSED,
			"the broker does not allow it to this user; its access rules (acl_file) "
			"decide that" },
	{ MQTT_RC_SERVER_UNAVAILABLE, ANSWER_LOST, "the broker is not available at the moment" },
	{ MQTT_RC_SERVER_BUSY, ANSWER_LOST, "the broker is too busy at the moment" },
	{ MQTT_RC_BANNED, ANSWER_REFUSED, "the broker has banned this client" },
	{ MQTT_RC_SERVER_SHUTTING_DOWN, ANSWER_LOST, "the broker is shutting down" },
	{ MQTT_RC_TOPIC_NAME_INVALID, ANSWER_REFUSED,
			"the broker does not accept this topic; look at --topic-prefix" },
	{ MQTT_RC_PACKET_TOO_LARGE, ANSWER_REFUSED,
			"it is larger than the broker accepts (max_packet_size)" },
	{ MQTT_RC_MESSAGE_RATE_TOO_HIGH, ANSWER_LOST, "the broker wants fewer messages a second" },
	{ MQTT_RC_QUOTA_EXCEEDED, ANSWER_LOST, "a quota of the broker is exceeded" },
	{ MQTT_RC_ADMINISTRATIVE_ACTION, ANSWER_LOST, "an operator ended the connection" },
	{ MQTT_RC_PAYLOAD_FORMAT_INVALID, ANSWER_REFUSED, "the broker does not accept its text" },
	{ MQTT_RC_QOS_NOT_SUPPORTED, ANSWER_REFUSED, "the broker does not accept QoS 1" },
	{ MQTT_RC_USE_ANOTHER_SERVER, ANSWER_REFUSED, "the broker names another one to use" },
	{ MQTT_RC_SERVER_MOVED, ANSWER_REFUSED, "the broker has moved to another address" },
	{ MQTT_RC_CONNECTION_RATE_EXCEEDED, ANSWER_LOST, "too many connections in a short time" },
};

enum answer answer_explain(int code, const mosquitto_property *properties, struct str *into)
{
	char *own = NULL;
	size_t i = 0;

	while (i < array_size(reasons) && reasons[i].code != code)
		i++;
	if (i < array_size(reasons))
		str_append_text(into, reasons[i].sentence);
	else
		str_printf(into, "the broker answers with reason 0x%02x (%s)", (unsigned)code,
				mosquitto_reason_string(code));
	if (mosquitto_property_read_string(properties, MQTT_PROP_REASON_STRING, &own, false) !=
			NULL) {
		str_append_text(into, "; it says: ");
		str_append_escaped(into, span_of_text(own));
		free(own);
	}
	return i < array_size(reasons) ? reasons[i].answer : ANSWER_REFUSED;
}
