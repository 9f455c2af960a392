// SPDX-License-Identifier: GPL-2.0-or-later
/* What the parser, which is the daemon's own, says of the configuration file. */
#include "ctl/check/configuration.h"

#include <string.h>

static void judge_note(const struct ebc_config_note *note, const char *path, struct findings *findings)
{
	struct finding *f =
		finding_add(findings, note->is_error ? FINDING_PROBLEM : FINDING_NOTE, "configuration", "");

	finding_text(f, "%s: %s", path,
		     note->is_error ? "ebpf-bc would refuse this file" : "ebpf-bc would warn of this file");
	finding_why(f, "%s", note->text);
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

		judge_note(&note, name, findings);
	}
	if (error < 0)
		return;
	f = finding_add(findings, FINDING_GOOD, "configuration", "");
	finding_text(f, "%s: ebpf-bc would take this file, with %zu port%s", name, n_ports,
		     n_ports == 1 ? "" : "s");
}
