// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The findings about interfaces, time namespace and PPS: which interfaces are looked at, and what concerns
 * several of them.
 */
#include "ctl/check/ports.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "ctl/check/plan.h"
#include "ctl/check/port_judge.h"
#include "ctl/check/pps.h"
#include "ctl/check/time_namespace.h"
#include "util/cleanup.h"
#include "util/macros.h"

#define INTERFACES_MAX 512
#define PORTS_MAX      128

static void cleanup_links(struct ebc_links **links)
{
	ebc_links_free(*links);
}

/* Nobody serves time there. */
static bool is_no_port(const struct ebc_link_detail *detail)
{
	static const char *const kinds[] = {"bridge", "ifb", "dummy", "vrf", "nlmon"};

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		if (strcmp(detail->kind_name, kinds[i]) == 0)
			return true;
	return !detail->is_ethernet;
}

struct checked {
	const struct check_options *options;
	const struct kernel_facts *kernel;
	struct ebc_links *links;
	struct findings *findings;
	/* Those that were judged. */
	size_t n;
	struct {
		int ifindex;
		char name[IFNAMSIZ];
		uint8_t mac[6];
		bool is_port, is_stacked; /* stacked ones have the MAC address of what is below */
	} list[PORTS_MAX];
};

static bool is_checked(const struct checked *checked, int ifindex)
{
	for (size_t i = 0; i < checked->n; i++)
		if (checked->list[i].ifindex == ifindex)
			return true;
	return false;
}

static void remember(struct checked *checked, const struct port_facts *facts)
{
	const struct ebc_link *link = &facts->link;

	if (checked->n == PORTS_MAX)
		return;
	checked->list[checked->n].ifindex = link->ifindex;
	checked->list[checked->n].is_port = !facts->below;
	checked->list[checked->n].is_stacked = *facts->lowest || link->is_bond_member;
	memcpy(checked->list[checked->n].name, link->name, sizeof(link->name));
	memcpy(checked->list[checked->n].mac, link->mac, sizeof(link->mac));
	checked->n++;
}

/* The wire of a VLAN or bond is at the interfaces below it. */
static void check_below(struct checked *checked, const struct port_facts *port)
{
	for (size_t i = 0; i < port->link.n_lowest && checked->n < PORTS_MAX; i++) {
		_cleanup_free_ struct port_facts *facts = NULL;
		struct ebc_link_detail detail;

		if (is_checked(checked, port->link.lowest[i]) ||
		    ebc_link_detail_get(checked->links, port->link.lowest[i], &detail) < 0)
			continue;
		facts = calloc(1, sizeof(*facts));
		if (!facts) {
			checked->findings->error = -ENOMEM;
			return;
		}
		facts->below = port->link.name;
		facts->use = port->use;
		port_look(checked->options->root, checked->links, detail.name, facts);
		port_judge(facts, checked->findings);
		if (facts->error == 0)
			remember(checked, facts);
	}
}

static void check_port(struct checked *checked, const char *name, bool is_named)
{
	_cleanup_free_ struct port_facts *facts = calloc(1, sizeof(*facts));

	if (!facts) {
		checked->findings->error = -ENOMEM;
		return;
	}
	facts->use.is_named = is_named;
	facts->use.is_stamped_behind_queue = kernel_stamps_behind_queue(checked->kernel);
	port_use_of(checked->options->config, name, &facts->use);
	port_look(checked->options->root, checked->links, name, facts);
	if (facts->error == 0 && is_checked(checked, facts->link.ifindex))
		return;
	port_judge(facts, checked->findings);
	if (facts->error < 0 || !facts->link.is_ethernet)
		return;
	remember(checked, facts);
	check_below(checked, facts);
}

/* Two ports that are on one network would be one to its switches. */
static void judge_same_mac(const struct checked *checked)
{
	for (size_t i = 0; i < checked->n; i++) {
		for (size_t j = 0; j < i; j++) {
			struct finding *f;

			if (memcmp(checked->list[i].mac, checked->list[j].mac, 6) != 0 ||
			    checked->list[i].is_stacked || checked->list[j].is_stacked ||
			    !checked->list[i].is_port || !checked->list[j].is_port)
				continue;
			f = finding_add(checked->findings, FINDING_NOTE, "mac", checked->list[i].name);
			finding_text(f, "the MAC address is that of %s, too", checked->list[j].name);
			finding_why(f, "a switch that is connected to both sends what is for one to either");
			finding_mend(f, "ip link set dev %s address %02x:%02x:%02x:%02x:%02x:%02x",
				     checked->list[i].name, (checked->list[i].mac[0] | 2U) & ~1U,
				     checked->list[i].mac[1], checked->list[i].mac[2],
				     checked->list[i].mac[3], checked->list[i].mac[4] ^ 0x80U,
				     (unsigned int)checked->list[i].ifindex & 0xff);
			break;
		}
	}
}

static void judge_number(size_t n_left_out, size_t n_checked, struct findings *findings)
{
	struct finding *f;

	if (n_left_out > 0) {
		f = finding_add(findings, FINDING_NOTE, "ports", "");
		finding_text(f, "%zu more interfaces were not looked at", n_left_out);
		finding_why(f, "a clock has no more than that many ports");
		finding_mend(f, "ebpf-bcctl check --port NAME");
	} else if (n_checked == 0) {
		f = finding_add(findings, FINDING_PROBLEM, "ports", "");
		finding_text(f, "there is no Ethernet interface");
		finding_why(f, "a clock needs a port");
		finding_mend(f, "ip link  # shows what there is in this network namespace");
	}
}

static int check_all(struct checked *checked)
{
	_cleanup_free_ struct ebc_link_detail *list = calloc(INTERFACES_MAX, sizeof(*list));
	size_t n = 0, n_left_out, n_ports = 0;
	int r = list ? ebc_link_detail_list(checked->links, list, INTERFACES_MAX, &n) : -ENOMEM;

	if (r < 0)
		return r;
	n_left_out = n - MIN(n, INTERFACES_MAX);
	for (size_t i = 0; i < MIN(n, INTERFACES_MAX); i++) {
		if (is_no_port(&list[i]))
			continue;
		if (n_ports++ < PORTS_MAX)
			check_port(checked, list[i].name, false);
		else
			n_left_out++;
	}
	judge_number(n_left_out, checked->n, checked->findings);
	return 0;
}

static void check_host_of_ports(const struct check_options *options, const struct kernel_facts *kernel,
				struct findings *findings)
{
	struct time_namespace_facts namespace;
	struct plan plan = plan_of(options->config);
	struct pps_facts pps = {.is_system_clock = plan.is_system_clock, .has_sysfs = kernel->has_sysfs};
	struct timex tx = {};

	time_namespace_look(options->root, &namespace);
	time_namespace_judge(&namespace, findings);
	pps_look(options->root, &pps);
	if (adjtimex(&tx) >= 0)
		pps_read(&tx, &pps);
	pps_judge(&pps, findings);
}

int check_ports(const struct check_options *options, const struct kernel_facts *kernel,
		struct findings *findings)
{
	_cleanup_(cleanup_links) struct ebc_links *links = NULL;
	_cleanup_free_ struct checked *checked = calloc(1, sizeof(*checked));
	int r = checked ? ebc_links_new(&links) : -ENOMEM;

	if (r < 0)
		return r;
	check_host_of_ports(options, kernel, findings);
	*checked =
		(struct checked){.options = options, .kernel = kernel, .links = links, .findings = findings};
	for (size_t i = 0; i < options->n_ports; i++)
		check_port(checked, options->ports[i], true);
	if (options->n_ports == 0)
		r = check_all(checked);
	judge_same_mac(checked);
	return r;
}
