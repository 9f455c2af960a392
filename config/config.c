/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The store of a configuration: values with their origin, ports, notes. A port's own value comes before the
 * command line's, that before [global]'s, that before the default.
 */
#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "config/private.h"
#include "util/cleanup.h"
#include "util/macros.h"

static const struct ebc_origin command_line = {.source = EBC_SOURCE_COMMAND_LINE};

static void cleanup_config(struct ebc_config **config)
{
	ebc_config_free(*config);
}

int ebc_config_new(struct ebc_config **ret_config)
{
	_cleanup_(cleanup_config) struct ebc_config *config = calloc(1, sizeof(*config));

	if (!config)
		return -ENOMEM;
	for (size_t i = 0; i < EBC_N_OPTIONS; i++) {
		const struct ebc_option_info *info = ebc_option_info((enum ebc_option)i);
		int r = ebc_value_parse(info, info->default_text, &config->global[i]);

		assert(r == 0); /* the table's own mistake; a test walks the whole table */
		(void)r;
		config->global[i].text = strdup(info->default_text);
		if (!config->global[i].text)
			return -ENOMEM;
	}
	*ret_config = TAKE_PTR(config);
	return 0;
}

static void free_port(struct ebc_port *port)
{
	for (size_t i = 0; i < EBC_N_OPTIONS; i++)
		free(port->values[i].text);
	free(port);
}

void ebc_config_free(struct ebc_config *config)
{
	if (!config)
		return;
	for (size_t i = 0; i < EBC_N_OPTIONS; i++)
		free(config->global[i].text);
	for (size_t i = 0; i < config->n_ports; i++)
		free_port(config->ports[i]);
	for (size_t i = 0; i < config->n_unicast_tables; i++)
		free(config->unicast_tables[i].table);
	for (size_t i = 0; i < config->n_files; i++)
		free(config->files[i]);
	for (size_t i = 0; i < config->n_notes; i++)
		free((char *)config->notes[i].text);
	free(config);
}

void ebc_config_add_note(struct ebc_config *config, bool is_error, const struct ebc_origin *origin,
			 const char *format, ...)
{
	char text[MAX_NOTE_LEN + 1];
	size_t len = 0;
	va_list args;
	char *copy;

	if (config->n_notes == MAX_NOTES)
		return;
	if (origin->source == EBC_SOURCE_FILE && origin->line > 0)
		snprintf(text, sizeof(text), "%.*s:%u: ", MAX_NOTE_LEN / 2, origin->file, origin->line);
	else if (origin->source == EBC_SOURCE_FILE)
		snprintf(text, sizeof(text), "%.*s: ", MAX_NOTE_LEN / 2, origin->file);
	else if (origin->source == EBC_SOURCE_COMMAND_LINE)
		snprintf(text, sizeof(text), "command line: ");
	else
		text[0] = '\0';
	len = strlen(text);
	va_start(args, format);
	vsnprintf(text + len, sizeof(text) - len, format, args);
	va_end(args);
	/* It goes to a log and a terminal, and holds what the user's file held. */
	for (char *c = text; *c != '\0'; c++) {
		if ((unsigned char)*c < ' ' || *c == 0x7f)
			*c = '?';
	}
	copy = strdup(text);
	if (copy)
		config->notes[config->n_notes++] = (struct ebc_config_note){is_error, copy};
}

size_t ebc_config_n_notes(const struct ebc_config *config)
{
	return config->n_notes;
}

struct ebc_config_note ebc_config_note(const struct ebc_config *config, size_t i)
{
	assert(i < config->n_notes);
	return config->notes[i];
}

/* What the kernel takes for a name, without control characters. */
static bool is_interface_name(const char *name)
{
	size_t len = strlen(name);

	if (len == 0 || len >= IFNAMSIZ || strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
		return false;
	for (size_t i = 0; i < len; i++) {
		if ((unsigned char)name[i] <= ' ' || name[i] == 0x7f || strchr("/:[]", name[i]))
			return false;
	}
	return true;
}

int ebc_config_get_port(struct ebc_config *config, const struct ebc_origin *origin, const char *name,
			struct ebc_port **ret_port)
{
	struct ebc_port *port;

	if (!is_interface_name(name)) {
		ebc_config_add_note(config, true, origin, "\"%s\" is not the name of an interface", name);
		return -EINVAL;
	}
	for (size_t i = 0; i < config->n_ports; i++) {
		if (strcmp(config->ports[i]->name, name) == 0) {
			*ret_port = config->ports[i];
			return 0;
		}
	}
	if (config->n_ports == MAX_PORTS) {
		ebc_config_add_note(config, true, origin, "port %s: more than %d ports", name, MAX_PORTS);
		return -E2BIG;
	}
	port = calloc(1, sizeof(*port));
	if (!port)
		return -ENOMEM;
	memcpy(port->name, name, strlen(name) + 1);
	config->ports[config->n_ports++] = port;
	*ret_port = port;
	return 0;
}

static void note_bad_value(struct ebc_config *config, const struct ebc_origin *origin,
			   const struct ebc_option_info *info, const char *name, const char *text, int error)
{
	static const char *const expected[] = {
		[EBC_TYPE_INT] = "an integer",
		[EBC_TYPE_DOUBLE] = "a number",
		[EBC_TYPE_BOOL] = "0 or 1",
		[EBC_TYPE_STRING] = "a text",
		[EBC_TYPE_PATH] = "an absolute path",
		[EBC_TYPE_MAC] = "an Ethernet address as 01:1B:19:00:00:00",
		[EBC_TYPE_OUI] = "three octets as 00:00:00",
		[EBC_TYPE_IPV4_GROUP] = "an IPv4 multicast address",
		[EBC_TYPE_IPV6_GROUP] = "an IPv6 multicast address",
		[EBC_TYPE_IP] = "an IPv4 or IPv6 address",
		[EBC_TYPE_CLOCK_IDENTITY] = "a clock identity as 001122.fffe.334455",
	};

	if (text[0] == '\0')
		ebc_config_add_note(config, true, origin, "%s has no value", name);
	else if (info->type == EBC_TYPE_ENUM)
		ebc_config_add_note(config, true, origin, "%s %s is not one of %s", name, text,
				    info->range_text);
	else if (error == -ERANGE && info->range_text[0] != '\0')
		ebc_config_add_note(config, true, origin, "%s %s is out of range %s", name, text,
				    info->range_text);
	else
		ebc_config_add_note(config, true, origin, "%s %s is not %s", name, text,
				    expected[info->type]);
}

int ebc_config_set(struct ebc_config *config, struct ebc_port *port, const struct ebc_origin *origin,
		   const char *name, const char *text)
{
	_cleanup_free_ char *copy = NULL;
	struct ebc_value parsed = {0}, *value;
	const struct ebc_option_info *info;
	enum ebc_option option;
	int r;

	if (ebc_option_is_foreign(name))
		return 0;
	if (ebc_option_find(name, &option) < 0) {
		ebc_config_add_note(config, true, origin, "%s is not an option", name);
		return -EINVAL;
	}
	info = ebc_option_info(option);
	if (port && info->scope != EBC_SCOPE_PORT) {
		ebc_config_add_note(config, true, origin,
				    "%s is a global option, it cannot stand in the section of port %s", name,
				    port->name);
		return -EINVAL;
	}
	r = ebc_value_parse(info, text, &parsed);
	if (r < 0) {
		note_bad_value(config, origin, info, name, text, r);
		return r;
	}
	copy = strdup(text);
	if (!copy)
		return -ENOMEM;
	value = port ? &port->values[option] : &config->global[option];
	if (value->origin.source > origin->source)
		return 0; /* the command line has said otherwise */
	free(value->text);
	parsed.text = TAKE_PTR(copy);
	parsed.origin = *origin;
	*value = parsed;
	return 0;
}

int ebc_config_set_from_command_line(struct ebc_config *config, const char *name, const char *value)
{
	_cleanup_free_ char *copy = NULL;

	if (strncmp(name, "--", 2) == 0)
		name += 2;
	if (strlen(name) > MAX_LINE_LEN || (value && strlen(value) > MAX_LINE_LEN)) {
		ebc_config_add_note(config, true, &command_line, "%.32s... is too long", name);
		return -EINVAL;
	}
	if (!value) {
		char *equals;

		copy = strdup(name);
		if (!copy)
			return -ENOMEM;
		equals = strchr(copy, '=');
		if (!equals) {
			ebc_config_add_note(config, true, &command_line, "%s has no value", name);
			return -EINVAL;
		}
		*equals = '\0';
		name = copy;
		value = equals + 1;
	}
	return ebc_config_set(config, NULL, &command_line, name, value);
}

int ebc_config_add_port(struct ebc_config *config, const char *interface_name)
{
	size_t n_before = config->n_ports;
	struct ebc_port *port;
	int r = ebc_config_get_port(config, &command_line, interface_name, &port);

	if (r == 0 && config->n_ports == n_before)
		ebc_config_add_note(config, false, &command_line, "-i %s is given twice: it is one port",
				    interface_name);
	return r;
}

size_t ebc_config_n_ports(const struct ebc_config *config)
{
	return config->n_ports;
}

const char *ebc_config_port_name(const struct ebc_config *config, size_t port)
{
	assert(port < config->n_ports);
	return config->ports[port]->name;
}

const struct ebc_value *ebc_config_value(const struct ebc_config *config, size_t port, enum ebc_option option)
{
	assert((unsigned int)option < EBC_N_OPTIONS);
	if (port != EBC_CONFIG_GLOBAL) {
		assert(port < config->n_ports);
		if (config->ports[port]->values[option].origin.source != EBC_SOURCE_NONE)
			return &config->ports[port]->values[option];
	}
	return &config->global[option];
}

int64_t ebc_config_int(const struct ebc_config *config, size_t port, enum ebc_option option)
{
	enum ebc_option_type type = ebc_option_info(option)->type;

	assert(type == EBC_TYPE_INT || type == EBC_TYPE_BOOL || type == EBC_TYPE_ENUM);
	(void)type; /* with NDEBUG */
	return ebc_config_value(config, port, option)->integer;
}

double ebc_config_double(const struct ebc_config *config, size_t port, enum ebc_option option)
{
	assert(ebc_option_info(option)->type == EBC_TYPE_DOUBLE);
	return ebc_config_value(config, port, option)->real;
}

const char *ebc_config_string(const struct ebc_config *config, size_t port, enum ebc_option option)
{
	assert(ebc_option_info(option)->type >= EBC_TYPE_STRING);
	return ebc_config_value(config, port, option)->text;
}

bool ebc_config_is_set(const struct ebc_config *config, size_t port, enum ebc_option option)
{
	return ebc_config_value(config, port, option)->origin.source != EBC_SOURCE_NONE;
}
