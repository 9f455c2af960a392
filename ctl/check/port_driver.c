// SPDX-License-Identifier: GPL-2.0-or-later
/* The driver: which kind of device, what its stamps see and what they do not, and which it takes itself. */
#include <string.h>

#include "ctl/check/port_judge.h"
#include "util/macros.h"

#define GUEST_STAMPS "its stamps are taken in the guest: "
#define COME_AFTER \
	" come after them, tens of microseconds and more; a card that is passed through does better"
#define CLOUD                                                                                        \
	"the cloud's network comes after its stamps; it carries no multicast, so unicast has to be " \
	"configured"

/* Devices that are no card: what lies between the stamp and a wire. */
static const struct {
	const char *driver;
	enum finding_level level;
	bool is_part; /* of the interface below */
	const char *kind, *why;
} virtual_devices[] = {
	{"veth", FINDING_GOOD, false, "a cable between namespaces of this machine", ""},
	{"virtio_net", FINDING_NOTE, false, "a virtual machine's card",
	 GUEST_STAMPS
	 "the host's threads and switch, and the CPU time that the guest does not get," COME_AFTER},
	{"vmxnet3", FINDING_NOTE, false, "a virtual machine's card",
	 GUEST_STAMPS "the hypervisor's switch, and the CPU time that the guest does not get," COME_AFTER},
	{"vif", FINDING_NOTE, false, "a virtual machine's card (Xen)",
	 GUEST_STAMPS "the back end's domain and its bridge" COME_AFTER},
	{"hv_netvsc", FINDING_NOTE, false, "a virtual machine's card (Hyper-V)",
	 GUEST_STAMPS "the host's threads and switch" COME_AFTER},
	{"ena", FINDING_NOTE, false, "a cloud's card", CLOUD},
	{"gve", FINDING_NOTE, false, "a cloud's card", CLOUD},
	{"tun", FINDING_NOTE, false, "a tunnel, or the host's end of a virtual machine's card",
	 "a process carries each frame on, when the scheduler lets it"},
	{"macvlan", FINDING_NOTE, true, "a part of another interface",
	 "multicast comes to it by a work queue, in its own time; let the other interface be the port"},
	{"ipvlan", FINDING_NOTE, true, "a part of another interface",
	 "both have one MAC address; let the other interface be the port"},
};

/* What macvlan and the like call their driver is their kind. */
static const char *driver_name(const struct port_facts *facts)
{
	return facts->has_driver && *facts->driver.driver ? facts->driver.driver : facts->detail.kind_name;
}

static void judge_wireless(const struct port_facts *facts, struct findings *findings)
{
	struct finding *f = port_finding(facts, findings, FINDING_NOTE, "driver");

	finding_text(f, "a wireless interface (%s)", driver_name(facts));
	finding_why(
		f,
		"frames wait for the air, are sent again when lost, and multicast is kept back for sleeping "
		"stations: milliseconds, other ones in each direction");
	finding_mend(f, "iw dev %s set power_save off", facts->link.name);
}

static void judge_usb(const struct port_facts *facts, struct findings *findings)
{
	struct finding *f = port_finding(facts, findings, FINDING_NOTE, "driver");

	finding_text(f, "driver %s, on USB", driver_name(facts));
	finding_why(
		f, "USB is asked for frames every 125 us, and several come at once: stamps are late by up to "
		   "that, in both directions");
}

static void judge_kind(const struct port_facts *facts, struct findings *findings)
{
	const char *driver = driver_name(facts);
	struct finding *f;

	if (facts->is_wireless) {
		judge_wireless(facts, findings);
		return;
	}
	if (strcmp(facts->detail.parent_bus, "usb") == 0) {
		judge_usb(facts, findings);
		return;
	}
	for (size_t i = 0; i < ARRAY_SIZE(virtual_devices); i++) {
		if (strcmp(virtual_devices[i].driver, driver) != 0)
			continue;
		f = port_finding(facts, findings, virtual_devices[i].level, "driver");
		finding_text(f, "driver %s: %s", driver, virtual_devices[i].kind);
		finding_why(f, "%s", virtual_devices[i].why);
		if (virtual_devices[i].is_part && *facts->lowest && facts->use.is_named)
			port_mend_by_other(facts, findings, facts->lowest, f);
		return;
	}
	f = port_finding(facts, findings, FINDING_GOOD, "driver");
	finding_text(f, "driver %s", *driver ? driver : "unknown");
}

static void judge_stamps(const struct port_facts *facts, struct findings *findings)
{
	const struct ebc_ethtool_info *info = &facts->driver;
	bool is_lost = facts->use.is_software && !info->has_tx_software;
	struct finding *f;

	if (!facts->has_driver)
		return;
	if (info->has_tx_software) {
		f = port_finding(facts, findings, FINDING_GOOD, "stamping");
		finding_text(f, "the driver stamps what it sends%s",
			     info->has_tx_hardware ? "; so does the hardware, which is not used" : "");
		return;
	}
	f = port_finding(facts, findings, is_lost ? FINDING_PROBLEM : FINDING_NOTE, "stamping");
	finding_text(f, "the driver does not stamp what it sends");
	if (is_lost) {
		finding_why(f, "with time_stamping software there is no other stamp: the port is FAULTY");
		finding_mend_by_option(f, &findings->distribution, "time_stamping", "bpf");
	} else {
		finding_why(f,
			    "Delay_Req is stamped as other messages are then, a little further from what a "
			    "neighbour without hardware stamps does; time_stamping software cannot be used");
	}
}

void port_judge_driver(const struct port_facts *facts, struct findings *findings)
{
	judge_kind(facts, findings);
	judge_stamps(facts, findings);
}
