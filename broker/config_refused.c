/* SPDX-License-Identifier: MIT */
/*
 * Keywords of mosquitto.conf that are known and not carried out. They are looked up before the
 * tables: what stands here is refused even where it has a row.
 */
#include "broker/config_tables.h"

#define NOT_YET                                                                                    \
	"is known from mosquitto.conf and not carried out by this version; remove the line only "  \
	"if the site can do without it"
#define REFUSE(keyword)                                                                            \
	{                                                                                          \
		keyword, NOT_YET                                                                   \
	}

/* What a site may rely on and would miss in silence. */
const struct settings_refusal config_refusals[] = {
	REFUSE("address"),
	REFUSE("addresses"),
	REFUSE("auth_opt"),
	REFUSE("auth_plugin"),
	REFUSE("auth_plugin_deny_special_chars"),
	REFUSE("autosave_interval"),
	REFUSE("autosave_on_changes"),
	REFUSE("bridge_alpn"),
	REFUSE("bridge_attempt_unsubscribe"),
	REFUSE("bridge_bind_address"),
	REFUSE("bridge_cafile"),
	REFUSE("bridge_capath"),
	REFUSE("bridge_certfile"),
	REFUSE("bridge_identity"),
	REFUSE("bridge_insecure"),
	REFUSE("bridge_keyfile"),
	REFUSE("bridge_max_packet_size"),
	REFUSE("bridge_max_topic_alias"),
	REFUSE("bridge_outgoing_retain"),
	REFUSE("bridge_protocol_version"),
	REFUSE("bridge_psk"),
	REFUSE("bridge_receive_maximum"),
	REFUSE("bridge_require_ocsp"),
	REFUSE("bridge_session_expiry_interval"),
	REFUSE("bridge_tcp_keepalive"),
	REFUSE("bridge_tcp_user_timeout"),
	REFUSE("bridge_tls_version"),
	REFUSE("cleansession"),
	REFUSE("clientid"),
	REFUSE("connection"),
	REFUSE("enable_control_api"),
	REFUSE("global_plugin"),
	REFUSE("http_dir"),
	REFUSE("idle_timeout"),
	REFUSE("keepalive_interval"),
	REFUSE("local_cleansession"),
	REFUSE("local_clientid"),
	REFUSE("local_password"),
	REFUSE("local_username"),
	REFUSE("notification_topic"),
	REFUSE("notifications"),
	REFUSE("notifications_local_only"),
	REFUSE("packet_buffer_size"),
	REFUSE("password"),
	REFUSE("persistence_file"),
	REFUSE("persistence_location"),
	REFUSE("plugin"),
	REFUSE("plugin_load"),
	REFUSE("plugin_use"),
	REFUSE("remote_clientid"),
	REFUSE("remote_password"),
	REFUSE("remote_username"),
	REFUSE("restart_timeout"),
	REFUSE("retry_interval"),
	REFUSE("round_robin"),
	REFUSE("start_type"),
	REFUSE("threshold"),
	REFUSE("tls_engine"),
	REFUSE("tls_engine_kpass_sha1"),
	REFUSE("tls_keyform"),
	REFUSE("topic"),
	REFUSE("try_private"),
	REFUSE("username"),
	REFUSE("websockets_log_level"),
	{ NULL, NULL },
};
