// SPDX-License-Identifier: GPL-2.0-or-later
/* Looking at one interface: rtnetlink, ethtool netlink, nfnetlink, bpf(2), and the rest in /sys. */
#include "ctl/check/port_facts.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "ctl/check/look.h"
#include "util/cleanup.h"
#include "util/macros.h"

#define INTERFACES_MAX 512
#define FLOWTABLES_MAX 16
#define QUEUES_MAX     64
#define FILTERS_MAX    16
/* So many letters may be wrong in a name that is still meant. */
#define NEAR_LETTERS 2

static size_t least(size_t a, size_t b, size_t c)
{
	return MIN(MIN(a, b), c);
}

/* How many letters have to be changed, put in or taken out to make one name of the other. */
static size_t name_distance(const char *a, const char *b)
{
	size_t n = strnlen(b, IFNAMSIZ), row[IFNAMSIZ + 1];

	for (size_t j = 0; j <= n; j++)
		row[j] = j;
	for (size_t i = 0; a[i]; i++) {
		size_t corner = row[0];

		row[0] = i + 1;
		for (size_t j = 1; j <= n; j++) {
			size_t above = row[j];

			row[j] = least(above + 1, row[j - 1] + 1, corner + (a[i] != b[j - 1]));
			corner = above;
		}
	}
	return row[n];
}

const char *port_nearest_name(const struct ebc_link_detail *list, size_t n, const char *name)
{
	size_t nearest = NEAR_LETTERS + 1;
	const char *found = NULL;

	for (size_t i = 0; i < n; i++) {
		size_t distance = name_distance(name, list[i].name);

		/* "eth9" is as near to "lo" as to anything, if all of its letters may change. */
		if (distance < nearest && distance < strlen(name) && list[i].is_ethernet) {
			nearest = distance;
			found = list[i].name;
		}
	}
	return found;
}

static size_t port_of(const struct ebc_config *config, const char *name)
{
	for (size_t i = 0; i < ebc_config_n_ports(config); i++)
		if (strcmp(ebc_config_port_name(config, i), name) == 0)
			return i;
	return EBC_CONFIG_GLOBAL;
}

void port_use_of(const struct ebc_config *config, const char *name, struct port_use *ret)
{
	int64_t clock_type, transport;
	size_t port;

	if (!config)
		return;
	port = port_of(config, name);
	clock_type = ebc_config_int(config, EBC_CONFIG_GLOBAL, EBC_OPT_CLOCK_TYPE);
	transport = ebc_config_int(config, port, EBC_OPT_NETWORK_TRANSPORT);
	ret->is_udp4 = transport == EBC_NETWORK_TRANSPORT_UDPV4;
	ret->is_udp6 = transport == EBC_NETWORK_TRANSPORT_UDPV6;
	ret->is_transparent = clock_type == EBC_CLOCK_TYPE_E2E_TC || clock_type == EBC_CLOCK_TYPE_P2P_TC;
	ret->needs_address = (ret->is_udp4 || ret->is_udp6) && clock_type != EBC_CLOCK_TYPE_E2E_TC &&
			     clock_type != EBC_CLOCK_TYPE_MONITOR &&
			     *ebc_config_string(config, port, EBC_OPT_UDP_SOURCE_ADDRESS) == '\0';
	ret->is_software = ebc_config_int(config, EBC_CONFIG_GLOBAL, EBC_OPT_TIME_STAMPING) ==
			   EBC_TIME_STAMPING_SOFTWARE;
}

static void look_nearest(struct ebc_links *links, struct port_facts *facts)
{
	_cleanup_free_ struct ebc_link_detail *list = calloc(INTERFACES_MAX, sizeof(*list));
	const char *nearest;
	size_t n;

	if (!list || ebc_link_detail_list(links, list, INTERFACES_MAX, &n) < 0)
		return;
	nearest = port_nearest_name(list, MIN(n, INTERFACES_MAX), facts->name);
	if (nearest)
		snprintf(facts->nearest, sizeof(facts->nearest), "%s", nearest);
}

static void look_stack(struct ebc_links *links, struct port_facts *facts)
{
	const struct ebc_link *link = &facts->link;
	struct ebc_link_detail detail;
	size_t len = 0;

	if (ebc_link_detail_get(links, link->ifindex, &facts->detail) < 0)
		facts->detail.is_multicast = true; /* gone meanwhile: nothing to say */
	if (link->master_ifindex)
		(void)ebc_link_detail_get(links, link->master_ifindex, &facts->master);
	if (facts->detail.bond.active_ifindex &&
	    ebc_link_detail_get(links, facts->detail.bond.active_ifindex, &detail) == 0)
		memcpy(facts->active, detail.name, sizeof(facts->active));
	for (size_t i = 0; i < link->n_lowest; i++) {
		if (link->lowest[i] == link->ifindex ||
		    ebc_link_detail_get(links, link->lowest[i], &detail) < 0)
			continue;
		len += (size_t)snprintf(facts->lowest + len, sizeof(facts->lowest) - len, "%s%s",
					len ? ", " : "", detail.name);
		if (len >= sizeof(facts->lowest))
			break;
	}
}

static void look_switch(struct ebc_links *links, struct port_facts *facts)
{
	_cleanup_free_ struct ebc_link_detail *list = NULL;
	const struct ebc_link_detail *ours = &facts->detail;
	size_t n;

	if (ours->switch_id_len == 0 || !facts->link.is_bridge_member)
		return;
	list = calloc(INTERFACES_MAX, sizeof(*list));
	if (!list || ebc_link_detail_list(links, list, INTERFACES_MAX, &n) < 0)
		return;
	facts->n_of_same_switch = port_n_of_same_switch(ours, list, MIN(n, INTERFACES_MAX));
}

size_t port_n_of_same_switch(const struct ebc_link_detail *ours, const struct ebc_link_detail *list, size_t n)
{
	size_t n_same = 0;

	for (size_t i = 0; i < n; i++)
		n_same += list[i].ifindex != ours->ifindex &&
			  list[i].master_ifindex == ours->master_ifindex &&
			  list[i].switch_id_len == ours->switch_id_len &&
			  memcmp(list[i].switch_id, ours->switch_id, ours->switch_id_len) == 0;
	return n_same;
}

static bool is_our_filter(const struct ebc_tc_filter *filter)
{
	return strncmp(filter->program, "ebc_ingress", strlen("ebc_ingress")) == 0 ||
	       strncmp(filter->program, "ebc_egress", strlen("ebc_egress")) == 0;
}

static size_t look_filters(struct ebc_links *links, int ifindex, bool is_egress,
			   struct ebc_tc_filter *ret_first)
{
	struct ebc_tc_filter list[FILTERS_MAX];
	size_t n, n_others = 0;

	if (ebc_tc_filter_list(links, ifindex, is_egress, list, FILTERS_MAX, &n) < 0)
		return 0;
	for (size_t i = 0; i < MIN(n, FILTERS_MAX); i++) {
		if (is_our_filter(&list[i]))
			continue;
		if (n_others++ == 0)
			*ret_first = list[i];
	}
	return n_others;
}

static bool has_device(const struct ebc_flowtable *flowtable, const char *name)
{
	for (size_t i = 0; i < flowtable->n_devices; i++)
		if (strcmp(flowtable->devices[i], name) == 0)
			return true;
	return false;
}

static void look_flowtables(struct port_facts *facts)
{
	_cleanup_free_ struct ebc_flowtable *list = calloc(FLOWTABLES_MAX, sizeof(*list));
	size_t n = 0;

	facts->flowtables_error = list ? ebc_flowtable_list(list, FLOWTABLES_MAX, &n) : -ENOMEM;
	if (facts->flowtables_error < 0)
		return;
	for (size_t i = 0; i < MIN(n, FLOWTABLES_MAX); i++) {
		if (!has_device(&list[i], facts->link.name) ||
		    (facts->has_flowtable && (facts->flowtable.is_offloaded || !list[i].is_offloaded)))
			continue;
		facts->has_flowtable = true;
		facts->flowtable = list[i];
	}
}

/* /sys shows the interfaces of the namespace that it was mounted in, where a name may be another's. */
static bool is_in_sysfs(const char *root, const struct ebc_link *link)
{
	char address[32], ours[32];
	long long ifindex;

	snprintf(ours, sizeof(ours), "%02x:%02x:%02x:%02x:%02x:%02x", link->mac[0], link->mac[1],
		 link->mac[2], link->mac[3], link->mac[4], link->mac[5]);
	return look_number(root, &ifindex, "/sys/class/net/%s/ifindex", link->name) == 0 &&
	       ifindex == link->ifindex &&
	       look_text(root, address, sizeof(address), "/sys/class/net/%s/address", link->name) == 0 &&
	       strcmp(address, ours) == 0;
}

static bool has_rps(const char *root, const char *name)
{
	char mask[1024];

	for (unsigned int i = 0; i < QUEUES_MAX; i++) {
		if (look_text(root, mask, sizeof(mask), "/sys/class/net/%s/queues/rx-%u/rps_cpus", name, i) <
		    0)
			return false;
		if (strspn(mask, "0,") != strlen(mask))
			return true;
	}
	return false;
}

static bool has_bql(const char *root, const char *name)
{
	long long limit;

	for (unsigned int i = 0; i < QUEUES_MAX; i++) {
		if (look_number(root, &limit, "/sys/class/net/%s/queues/tx-%u/byte_queue_limits/limit", name,
				i) < 0)
			return false;
		if (limit > 0)
			return true;
	}
	return false;
}

static void look_sysfs(const char *root, struct port_facts *facts)
{
	const char *name = facts->link.name;
	long long number;

	if (look_number(root, &number, "/proc/sys/net/core/netdev_tstamp_prequeue") == 0)
		facts->is_stamped_before_rps = number ? ANSWER_YES : ANSWER_NO;
	facts->has_ipv6 = look_exists(root, "/proc/sys/net/ipv6");
	facts->is_ipv6_disabled =
		look_number(root, &number, "/proc/sys/net/ipv6/conf/%s/disable_ipv6", name) == 0 && number;
	facts->has_sysfs = is_in_sysfs(root, &facts->link);
	if (!facts->has_sysfs)
		return;
	facts->is_wireless = look_exists(root, "/sys/class/net/%s/phy80211", name);
	facts->has_rps = has_rps(root, name);
	facts->has_bql = has_bql(root, name);
	facts->is_threaded = look_number(root, &number, "/sys/class/net/%s/threaded", name) == 0 && number;
	look_number(root, &facts->gro_flush_timeout_ns, "/sys/class/net/%s/gro_flush_timeout", name);
	look_number(root, &facts->napi_defer_hard_irqs, "/sys/class/net/%s/napi_defer_hard_irqs", name);
}

void port_look(const char *root, struct ebc_links *links, const char *name, struct port_facts *ret)
{
	struct port_facts facts = {.use = ret->use, .below = ret->below};

	snprintf(facts.name, sizeof(facts.name), "%s", name);
	facts.error = ebc_link_get_by_name(links, name, &facts.link);
	if (facts.error == -ENODEV)
		look_nearest(links, &facts);
	if (facts.error == 0) {
		int ifindex = facts.link.ifindex;

		look_stack(links, &facts);
		look_switch(links, &facts);
		if (facts.detail.xdp_program)
			port_look_program_name(facts.detail.xdp_program, facts.xdp_name,
					       sizeof(facts.xdp_name));
		facts.has_driver = ebc_ethtool_get(facts.link.name, &facts.driver) == 0;
		facts.has_tuning = ebc_ethtool_tuning_get(facts.link.name, &facts.tuning) == 0;
		facts.qdiscs_error = ebc_qdisc_list(links, ifindex, facts.qdiscs, ARRAY_SIZE(facts.qdiscs),
						    &facts.n_qdiscs);
		facts.n_ingress_filters = look_filters(links, ifindex, false, &facts.ingress_filter);
		facts.n_egress_filters = look_filters(links, ifindex, true, &facts.egress_filter);
		port_look_programs(ifindex, false, &facts.tcx_ingress);
		port_look_programs(ifindex, true, &facts.tcx_egress);
		look_flowtables(&facts);
		look_sysfs(root, &facts);
	}
	*ret = facts;
}
