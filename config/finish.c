/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What can be said only when everything was read: values that are refused or have no effect, where they are
 * in force, and relations between options. A value that another one overrides is nobody's concern.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <string.h>
#include <sys/un.h>

#include "config/private.h"
#include "util/macros.h"

/* A transparent clock's type decides: nothing else than its own mechanism will do. A monitor has none. */
static enum ebc_option_status delay_mechanism_status(int64_t clock_type, int64_t mechanism,
						     const char **ret_reason)
{
	const struct ebc_option_value *row = &ebc_option_info(EBC_OPT_DELAY_MECHANISM)->values[mechanism];

	switch (clock_type) {
	case EBC_CLOCK_TYPE_MONITOR:
		return EBC_STATUS_IMPLEMENTED;
	case EBC_CLOCK_TYPE_P2P_TC:
		*ret_reason = "P2P TC needs P2P ports";
		return mechanism == EBC_DELAY_MECHANISM_P2P ? EBC_STATUS_IMPLEMENTED : EBC_STATUS_REFUSED;
	case EBC_CLOCK_TYPE_E2E_TC:
		*ret_reason = "E2E TC needs E2E ports";
		return mechanism == EBC_DELAY_MECHANISM_E2E ? EBC_STATUS_IMPLEMENTED : EBC_STATUS_REFUSED;
	default:
		*ret_reason = row->reason;
		return row->status;
	}
}

/* What becomes of a value in force. The reason may be NULL. */
static enum ebc_option_status status_of(const struct ebc_config *config, enum ebc_option option,
					const struct ebc_value *value, const char **ret_reason)
{
	const struct ebc_option_info *info = ebc_option_info(option);
	struct ebc_value preset = {.text = (char *)info->default_text};

	*ret_reason = info->reason;
	if (option == EBC_OPT_DELAY_MECHANISM)
		return delay_mechanism_status(config->global[EBC_OPT_CLOCK_TYPE].integer, value->integer,
					      ret_reason);
	if (info->type == EBC_TYPE_ENUM && info->values[value->integer].status != EBC_STATUS_IMPLEMENTED) {
		*ret_reason = info->values[value->integer].reason;
		return info->values[value->integer].status;
	}
	(void)ebc_value_parse(info, info->default_text, &preset);
	return ebc_value_equal(info, value, &preset) ? EBC_STATUS_IMPLEMENTED : info->status;
}

/* Of one value in force. Returns whether a note was made; counts the errors. */
static bool check_value(struct ebc_config *config, enum ebc_option option, const struct ebc_value *value,
			size_t *errors)
{
	const struct ebc_option_info *info = ebc_option_info(option);
	enum ebc_option_status status;
	const char *reason;
	bool is_refused;

	if (value->origin.source == EBC_SOURCE_NONE)
		return false;
	status = status_of(config, option, value, &reason);
	if (status == EBC_STATUS_IMPLEMENTED)
		return false;
	is_refused = status == EBC_STATUS_REFUSED ||
		     (status == EBC_STATUS_SUBSTITUTED && value->origin.source == EBC_SOURCE_COMMAND_LINE);
	if (is_refused)
		ebc_config_add_note(config, true, &value->origin, "%s %s is refused: %s", info->name,
				    value->text, reason);
	else if (status == EBC_STATUS_SUBSTITUTED)
		ebc_config_add_note(config, false, &value->origin, "%s %s is not used: %s", info->name,
				    value->text, reason);
	else if (reason)
		ebc_config_add_note(config, false, &value->origin, "%s %s has no effect: %s", info->name,
				    value->text, reason);
	else
		ebc_config_add_note(config, false, &value->origin, "%s %s has no effect yet", info->name,
				    value->text);
	*errors += is_refused;
	return true;
}

/* One note an option is enough, so the first port that has one is the last one looked at. */
static size_t check_statuses(struct ebc_config *config)
{
	size_t errors = 0;

	for (size_t i = 0; i < EBC_N_OPTIONS; i++) {
		enum ebc_option option = (enum ebc_option)i;

		if (ebc_option_info(option)->scope == EBC_SCOPE_GLOBAL) {
			check_value(config, option, ebc_config_value(config, EBC_CONFIG_GLOBAL, option),
				    &errors);
			continue;
		}
		for (size_t port = 0; port < config->n_ports; port++) {
			if (check_value(config, option, ebc_config_value(config, port, option), &errors))
				break;
		}
	}
	return errors;
}

/* After the notes: a value that is not used becomes the default. */
static void substitute(struct ebc_config *config)
{
	int64_t stamping = config->global[EBC_OPT_TIME_STAMPING].integer;

	/* As in ptp4l, whatever twoStepFlag says. */
	if (stamping == EBC_TIME_STAMPING_ONESTEP || stamping == EBC_TIME_STAMPING_P2P1STEP)
		config->global[EBC_OPT_TWO_STEP_FLAG].integer = 0;
	for (size_t i = 0; i < EBC_N_OPTIONS; i++) {
		const struct ebc_option_info *info = ebc_option_info((enum ebc_option)i);
		struct ebc_value *value = &config->global[i];

		if (info->type == EBC_TYPE_ENUM &&
		    info->values[value->integer].status == EBC_STATUS_SUBSTITUTED) {
			(void)ebc_value_parse(info, info->default_text, value);
			value->origin = (struct ebc_origin){.source = EBC_SOURCE_NONE};
		}
	}
}

/* What the clock's type and its ports say of each other, and what follows from them. */
static size_t check_clock(struct ebc_config *config)
{
	static const struct ebc_origin nowhere = {.source = EBC_SOURCE_NONE};
	struct ebc_value *type = &config->global[EBC_OPT_CLOCK_TYPE];
	struct ebc_value *mechanism = &config->global[EBC_OPT_DELAY_MECHANISM];

	if (type->integer == EBC_CLOCK_TYPE_P2P_TC && mechanism->origin.source == EBC_SOURCE_NONE)
		mechanism->integer = EBC_DELAY_MECHANISM_P2P;
	if (config->n_ports == 0) {
		ebc_config_add_note(config, true, &nowhere,
				    "no port: name one by -i or by a section such as [eth0]");
		return 1;
	}
	if (config->n_ports == 1 && type->integer != EBC_CLOCK_TYPE_OC) {
		ebc_config_add_note(config, true, &type->origin, "clock_type %s needs two ports or more",
				    ebc_option_info(EBC_OPT_CLOCK_TYPE)->values[type->integer].name);
		return 1;
	}
	if (config->n_ports > 1 && type->integer == EBC_CLOCK_TYPE_OC)
		type->integer = EBC_CLOCK_TYPE_BC; /* as ptp4l does */
	return 0;
}

/* gmCapable is 802.1AS's word and clientOnly IEEE 1588's for two things that differ in what a port may do. */
static size_t check_roles(struct ebc_config *config)
{
	const struct ebc_value *gm_capable = &config->global[EBC_OPT_GM_CAPABLE];

	if (gm_capable->integer || !config->global[EBC_OPT_CLIENT_ONLY].integer)
		return 0;
	ebc_config_add_note(config, true, &gm_capable->origin,
			    "gmCapable 0 and clientOnly 1 exclude each other");
	return 1;
}

/* Without BPF there is nothing that could correct, or publish what it sees. ptp4l's software stamps are for
 * the system's clock, so that is the clock unless somebody says otherwise. */
static size_t check_software_stamps(struct ebc_config *config)
{
	const struct ebc_value *stamps = &config->global[EBC_OPT_TIME_STAMPING];
	const struct ebc_value *type = &config->global[EBC_OPT_CLOCK_TYPE];
	const struct ebc_value *publish = &config->global[EBC_OPT_PUBLISH_STAMPS];
	struct ebc_value *clock = &config->global[EBC_OPT_LOCAL_CLOCK];
	size_t errors = 0;

	if (stamps->integer != EBC_TIME_STAMPING_SOFTWARE)
		return 0;
	if (clock->origin.source == EBC_SOURCE_NONE)
		clock->integer = EBC_LOCAL_CLOCK_SYSTEM;
	if (type->integer != EBC_CLOCK_TYPE_OC && type->integer != EBC_CLOCK_TYPE_BC) {
		ebc_config_add_note(
			config, true, &stamps->origin,
			"time_stamping software is refused: clock_type %s is made of BPF programs",
			ebc_option_info(EBC_OPT_CLOCK_TYPE)->values[type->integer].name);
		errors++;
	}
	if (publish->integer) {
		ebc_config_add_note(
			config, true, &publish->origin,
			"publish_stamps 1 is refused: with time_stamping software no BPF program takes any");
		errors++;
	}
	return errors;
}

static size_t check_own_options(struct ebc_config *config)
{
	const struct ebc_value *ring = &config->global[EBC_OPT_RX_RING_BYTES];
	const struct ebc_value *publish = &config->global[EBC_OPT_PUBLISH_STAMPS];
	const struct ebc_value *control = &config->global[EBC_OPT_CONTROL_SOCKET];
	size_t errors = 0;

	if (ring->integer & (ring->integer - 1)) {
		ebc_config_add_note(config, true, &ring->origin, "rx_ring_bytes %s is not a power of two",
				    ring->text);
		errors++;
	}
	if (publish->integer && config->global[EBC_OPT_BPF_PIN_PATH].text[0] == '\0') {
		ebc_config_add_note(config, true, &publish->origin,
				    "publish_stamps needs a bpf_pin_path, which is empty");
		errors++;
	}
	if (strlen(control->text) >= sizeof(((struct sockaddr_un *)NULL)->sun_path)) {
		ebc_config_add_note(config, true, &control->origin,
				    "control_socket is longer than the name of a socket can be");
		errors++;
	}
	return errors;
}

/* Only a boundary clock has a domain that others are not, and only BPF programs correct what passes. */
static size_t check_other_domains(struct ebc_config *config)
{
	const struct ebc_value *other = &config->global[EBC_OPT_TC_OTHER_DOMAINS];
	const char *reason = NULL;

	if (other->integer == EBC_TC_OTHER_DOMAINS_NONE)
		return 0;
	if (config->global[EBC_OPT_CLOCK_TYPE].integer != EBC_CLOCK_TYPE_BC)
		reason = "clock_type BC and two ports or more";
	else if (config->global[EBC_OPT_TIME_STAMPING].integer == EBC_TIME_STAMPING_SOFTWARE)
		reason = "time_stamping bpf";
	if (!reason)
		return 0;
	ebc_config_add_note(config, true, &other->origin, "tc_other_domains %s needs %s", other->text,
			    reason);
	return 1;
}

/* One-step Sync is written by a BPF program, and no Follow_Up comes. */
static size_t check_one_step(struct ebc_config *config)
{
	const struct ebc_value *two_step = &config->global[EBC_OPT_TWO_STEP_FLAG];
	const struct ebc_value *stamping = &config->global[EBC_OPT_TIME_STAMPING];
	size_t errors = 0;

	if (two_step->integer)
		return 0;
	if (stamping->integer == EBC_TIME_STAMPING_SOFTWARE) {
		ebc_config_add_note(config, true, &two_step->origin,
				    "twoStepFlag 0 needs time_stamping bpf: a socket's stamp comes when the "
				    "Sync has left");
		errors++;
	}
	for (size_t port = 0; port < config->n_ports; port++) {
		if (!ebc_config_int(config, port, EBC_OPT_FOLLOW_UP_INFO))
			continue;
		ebc_config_add_note(
			config, true, &two_step->origin,
			"twoStepFlag 0 contradicts follow_up_info of port %s: its TLV is in Follow_Up",
			config->ports[port]->name);
		errors++;
		break;
	}
	return errors;
}

static size_t check_port(struct ebc_config *config, size_t port)
{
	const struct ebc_value *server_only = ebc_config_value(config, port, EBC_OPT_SERVER_ONLY);
	const struct ebc_value *source = ebc_config_value(config, port, EBC_OPT_UDP_SOURCE_ADDRESS);
	int64_t transport = ebc_config_int(config, port, EBC_OPT_NETWORK_TRANSPORT);
	bool is_ipv6 = strchr(source->text, ':');
	const struct ebc_value *bmca = ebc_config_value(config, port, EBC_OPT_BMCA);
	bool is_role_fixed = bmca->integer == EBC_BMCA_NOOP;
	size_t errors = 0;

	/* Fixed roles are the one case for both: all ports are clients but those that are servers. */
	if (server_only->integer && config->global[EBC_OPT_CLIENT_ONLY].integer && !is_role_fixed) {
		ebc_config_add_note(config, true, &server_only->origin,
				    "serverOnly of port %s contradicts the clock's clientOnly",
				    config->ports[port]->name);
		errors++;
	}
	if (is_role_fixed && !server_only->integer && !config->global[EBC_OPT_CLIENT_ONLY].integer) {
		ebc_config_add_note(
			config, true, &bmca->origin,
			"BMCA noop of port %s needs serverOnly or clientOnly to say which role it has",
			config->ports[port]->name);
		errors++;
	}
	if (source->text[0] != '\0' && ((transport == EBC_NETWORK_TRANSPORT_UDPV4 && is_ipv6) ||
					(transport == EBC_NETWORK_TRANSPORT_UDPV6 && !is_ipv6))) {
		ebc_config_add_note(config, true, &source->origin,
				    "udp_source_address %s does not fit the network_transport of port %s",
				    source->text, config->ports[port]->name);
		errors++;
	}
	return errors + ebc_unicast_check_port(config, port);
}

int ebc_config_finish(struct ebc_config *config)
{
	size_t errors = check_statuses(config);

	substitute(config);
	errors += check_clock(config);
	errors += check_roles(config);
	errors += check_software_stamps(config);
	errors += check_own_options(config);
	errors += check_one_step(config);
	errors += ebc_unicast_check_tables(config);
	errors += check_other_domains(config);
	for (size_t port = 0; port < config->n_ports; port++)
		errors += check_port(config, port);
	return errors > 0 ? -EINVAL : 0;
}
