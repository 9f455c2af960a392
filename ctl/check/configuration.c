// SPDX-License-Identifier: GPL-2.0-or-later
/* What the parser, which is the daemon's own, says of the configuration file. */
#include "ctl/check/configuration.h"

#include <errno.h>
#include <string.h>

static size_t n_errors(const struct ebc_config *config)
{
	size_t n = 0;

	for (size_t i = 0; i < ebc_config_n_notes(config); i++)
		n += ebc_config_note(config, i).is_error;
	return n;
}

int configuration_finish(struct ebc_config *config, const char *const *ports, size_t n_ports)
{
	bool has_ports = ebc_config_n_ports(config) > 0;
	int r;

	for (size_t i = 0; !has_ports && i < n_ports; i++) {
		r = ebc_config_add_port(config, ports[i]);
		if (r < 0)
			return r;
	}
	r = ebc_config_finish(config);
	/* That there is none is then one of the errors. */
	return r < 0 && ebc_config_n_ports(config) == 0 && n_errors(config) == 1 ? -ENODATA : r;
}

static void judge_missing_ports(const char *path, struct findings *findings)
{
	struct finding *f = finding_add(findings, FINDING_NOTE, "configuration", "");

	finding_text(f, "%s names no port", path);
	finding_why(f, "the command line of ebpf-bc has to, by -i");
	if (*findings->distribution.uci_clock)
		finding_mend(f,
			     "uci add ebpf-bc port && uci set ebpf-bc.@port[-1].device=PORT && uci set "
			     "ebpf-bc.@port[-1].clock=%s && uci commit ebpf-bc  # for each",
			     findings->distribution.uci_clock);
	else
		finding_mend(f, "[PORT]  # a section for each, in the file");
}

static void judge_note(const struct ebc_config_note *note, const char *path, struct findings *findings)
{
	struct finding *f =
		finding_add(findings, note->is_error ? FINDING_PROBLEM : FINDING_NOTE, "configuration", "");

	finding_text(f, "%s: %s", path,
		     note->is_error ? "ebpf-bc would refuse this file" : "ebpf-bc would warn of this file");
	finding_why(f, "%s", note->text);
	if (*findings->distribution.uci_clock)
		finding_mend(f, "uci show ebpf-bc  # of which the file is made");
	else if (findings->distribution.family != FAMILY_OPENWRT) /* without man pages */
		finding_mend(f, "man ebpf-bc.conf");
}

void configuration_judge(const struct ebc_config *config, const char *path, int error,
			 struct findings *findings)
{
	const char *name = strcmp(path, "-") == 0 ? "the standard input" : path;
	size_t n_ports = ebc_config_n_ports(config);
	struct finding *f;

	for (size_t i = 0; i < ebc_config_n_notes(config); i++) {
		struct ebc_config_note note = ebc_config_note(config, i);

		if (note.is_error && error == -ENODATA)
			judge_missing_ports(name, findings);
		else
			judge_note(&note, name, findings);
	}
	if (error < 0)
		return;
	f = finding_add(findings, FINDING_GOOD, "configuration", "");
	finding_text(f, "%s: ebpf-bc would take this file, with %zu port%s", name, n_ports,
		     n_ports == 1 ? "" : "s");
}
