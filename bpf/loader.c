/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Loads the two objects of an instance so that they share one set of maps, maps the control block,
 * and takes all of it down again. Nothing is pinned besides the map of stamps, if that is wished, so the
 * kernel forgets the rest with the process.
 */
#include "bpf/loader.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <linux/pkt_cls.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "ebc_tc.skel.h"
#include "ebc_tx.skel.h"
#include "bpf/loader_internal.h"
#include "util/cleanup.h"
#include "util/macros.h"

#define HANDLE_BASE 0xEBC00000U

static void cleanup_loader(struct ebc_loader **loader)
{
	ebc_loader_free(*loader);
}

static bool is_ring_size(uint32_t octets)
{
	uint32_t page = (uint32_t)sysconf(_SC_PAGESIZE);

	return octets >= page && (octets & (octets - 1)) == 0;
}

static int check_options(const struct ebc_loader_options *options, char *reason, size_t reason_size)
{
	if (!is_ring_size(options->rx_ring_bytes) || !is_ring_size(options->tx_ring_bytes)) {
		snprintf(reason, reason_size, "ring sizes must be powers of two of at least a page");
		return -EINVAL;
	}
	if (options->sdo_id > 0xFFF) {
		snprintf(reason, reason_size, "sdoId has 12 bits");
		return -EINVAL;
	}
	return 0;
}

/* Upper half of the marks: not zero, and another for each instance of a host. */
static uint32_t choose_tx_mark(void)
{
	uint16_t mark = 0;

	if (getrandom(&mark, sizeof(mark), GRND_NONBLOCK) != sizeof(mark) || !mark)
		mark = (uint16_t)(getpid() | 1);
	return (uint32_t)mark << 16;
}

static int program_id(int fd, uint32_t *ret_id)
{
	struct bpf_prog_info info = {};
	uint32_t len = sizeof(info);
	int r = bpf_obj_get_info_by_fd(fd, &info, &len);

	if (r < 0)
		return r;
	*ret_id = info.id;
	return 0;
}

/* Attach mode is known before the programs are loaded: the verdict that consumes depends on it. */
static bool kernel_has_tcx(void)
{
	static const struct bpf_insn pass[] = {
		{.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = TC_ACT_UNSPEC},
		{.code = BPF_JMP | BPF_EXIT},
	};
	_cleanup_fd_ int fd = bpf_prog_load(BPF_PROG_TYPE_SCHED_CLS, "ebc_probe", "GPL", pass,
					    sizeof(pass) / sizeof(pass[0]), NULL);

	return fd >= 0 && ebc_hooks_has_tcx(fd);
}

static int load_tc(struct ebc_loader *loader, const struct ebc_loader_options *options, uint32_t tx_mark)
{
	struct ebc_tc_bpf *tc = ebc_tc_bpf__open();
	int r;

	if (!tc)
		return -errno;
	loader->tc = tc;
	tc->rodata->ebc_consume_verdict = loader->programs.use_tcx ? TC_ACT_SHOT : TC_ACT_STOLEN;
	tc->rodata->ebc_tx_mark = tx_mark;
	r = bpf_map__set_max_entries(tc->maps.ebc_rx_ring, options->rx_ring_bytes);
	if (r == 0)
		r = bpf_map__set_max_entries(tc->maps.ebc_tx_ring, options->tx_ring_bytes);
	if (r == 0 && !options->publish_stamps) /* preallocated: the smallest there is */
		r = bpf_map__set_max_entries(tc->maps.ebc_stamps, 1);
	if (r == 0)
		r = ebc_tc_bpf__load(tc);
	if (r < 0)
		return r;

	loader->programs.fd[EBC_DIRECTION_RX] = bpf_program__fd(tc->progs.ebc_ingress);
	loader->programs.fd[EBC_DIRECTION_TX] = bpf_program__fd(tc->progs.ebc_egress);
	loader->programs.handle = HANDLE_BASE | (uint32_t)options->sdo_id << 8 | options->domain_number;
	r = program_id(loader->programs.fd[EBC_DIRECTION_RX], &loader->programs.id[EBC_DIRECTION_RX]);
	if (r < 0)
		return r;
	return program_id(loader->programs.fd[EBC_DIRECTION_TX], &loader->programs.id[EBC_DIRECTION_TX]);
}

/* Gives the transmit object the maps of the tc object, by name. */
static int share_maps(const struct ebc_tc_bpf *tc, const struct ebc_tx_bpf *tx)
{
	struct bpf_map *map;

	bpf_object__for_each_map(map, tx->obj)
	{
		const struct bpf_map *shared = bpf_object__find_map_by_name(tc->obj, bpf_map__name(map));
		int r;

		if (!shared || bpf_map__is_internal(map))
			continue;
		r = bpf_map__reuse_fd(map, bpf_map__fd(shared));
		if (r < 0)
			return r;
	}
	return 0;
}

static int load_tx(struct ebc_loader *loader, uint32_t tx_mark, bool is_halfway)
{
	struct ebc_tx_bpf *tx = ebc_tx_bpf__open();
	int r;

	if (!tx)
		return -errno;
	tx->rodata->ebc_tx_mark = tx_mark;
	tx->rodata->ebc_tx_halfway = is_halfway;
	r = share_maps(loader->tc, tx);
	if (r == 0)
		r = ebc_tx_bpf__load(tx);
	if (r == 0)
		r = ebc_tx_bpf__attach(tx);
	if (r < 0)
		ebc_tx_bpf__destroy(tx);
	else
		loader->tx = tx;
	return r;
}

static void choose_tx_stamp(struct ebc_loader *loader, enum ebc_stamp_source wish, uint32_t tx_mark)
{
	int r;

	loader->tx_stamp = EBC_STAMP_TC;
	if (wish == EBC_STAMP_TC || wish == EBC_STAMP_DRIVER) {
		loader->tx_stamp = wish;
		return;
	}
	ebc_reason_start();
	r = load_tx(loader, tx_mark, wish != EBC_STAMP_START_XMIT);
	if (r == 0)
		loader->tx_stamp = wish == EBC_STAMP_START_XMIT ? wish : EBC_STAMP_XMIT;
	else if (access("/sys/kernel/btf/vmlinux", F_OK) < 0)
		snprintf(loader->tx_reason, sizeof(loader->tx_reason), "kernel without BTF");
	else
		ebc_reason_describe(r, loader->tx_reason, sizeof(loader->tx_reason));
}

static int map_ctl(struct ebc_loader *loader, const struct ebc_loader_options *options)
{
	size_t octets = (size_t)sysconf(_SC_PAGESIZE);
	int fd = bpf_map__fd(loader->tc->maps.ebc_ctl_map);
	struct stat netns;
	void *ctl;

	if (stat("/proc/thread-self/ns/net", &netns) < 0)
		return -errno;
	ctl = mmap(NULL, octets, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (ctl == MAP_FAILED)
		return -errno;
	loader->ctl = ctl;
	loader->ctl_octets = octets;
	loader->ctl->rx_rate_per_s = options->rx_rate_per_s;
	loader->ctl->rx_burst = MAX(options->rx_burst, 1U);
	loader->ctl->daemon_tgid = (uint32_t)getpid();
	loader->ctl->netns_inum = (uint32_t)netns.st_ino;
	loader->ctl->sdo_id = options->sdo_id;
	loader->ctl->domain_number = options->domain_number;
	loader->ctl->publish_stamps = options->publish_stamps;
	loader->ctl->rx_stamp_source = options->rx_stamp == EBC_STAMP_TC ? EBC_STAMP_TC : EBC_STAMP_SKB;
	loader->ctl->tx_stamp_source = (uint8_t)loader->tx_stamp;
	return 0;
}

static int set_up(struct ebc_loader *loader, const struct ebc_loader_options *options)
{
	int r;

	loader->n_cpus = libbpf_num_possible_cpus();
	if (loader->n_cpus < 0)
		return loader->n_cpus;
	loader->cpu_counters = calloc((size_t)loader->n_cpus, sizeof(*loader->cpu_counters));
	if (!loader->cpu_counters)
		return -ENOMEM;
	loader->ioctl_fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (loader->ioctl_fd < 0)
		return -errno;
	r = map_ctl(loader, options);
	if (r == 0)
		r = ebc_ring_open(&loader->rx_ring, loader->tc->maps.ebc_rx_ring);
	if (r == 0)
		r = ebc_ring_open(&loader->tx_ring, loader->tc->maps.ebc_tx_ring);
	return r;
}

int ebc_loader_new(const struct ebc_loader_options *options, struct ebc_loader **ret_loader, char *reason,
		   size_t reason_size)
{
	_cleanup_(cleanup_loader) struct ebc_loader *loader = NULL;
	uint32_t tx_mark = choose_tx_mark();
	int r;

	if (reason_size)
		reason[0] = '\0';
	r = check_options(options, reason, reason_size);
	if (r < 0)
		return r;
	loader = calloc(1, sizeof(*loader));
	if (!loader)
		return -ENOMEM;
	loader->ioctl_fd = loader->rx_ring.fd = loader->tx_ring.fd = -1;

	ebc_reason_start();
	loader->programs.use_tcx = options->attach_mode != EBC_ATTACH_CLSACT && kernel_has_tcx();
	r = load_tc(loader, options, tx_mark);
	if (r == 0 && options->attach_mode == EBC_ATTACH_TCX && !loader->programs.use_tcx) {
		snprintf(reason, reason_size, "kernel without tcx (since 6.6)");
		return -EOPNOTSUPP;
	}
	if (r == 0) {
		choose_tx_stamp(loader, options->tx_stamp, tx_mark);
		r = set_up(loader, options);
	}
	if (r < 0) {
		ebc_reason_describe(r, reason, reason_size);
		return r;
	}
	if (options->publish_stamps && options->stamps_pin_path) {
		r = ebc_pin_stamps(loader, options->stamps_pin_path, reason, reason_size);
		if (r < 0)
			return r;
	}
	*ret_loader = TAKE_PTR(loader);
	return 0;
}

void ebc_loader_free(struct ebc_loader *loader)
{
	if (!loader)
		return;
	ebc_port_detach_all(loader);
	ebc_unpin_stamps(loader);
	ebc_ring_close(&loader->rx_ring);
	ebc_ring_close(&loader->tx_ring);
	if (loader->ctl)
		munmap((void *)loader->ctl, loader->ctl_octets);
	ebc_tx_bpf__destroy(loader->tx);
	ebc_tc_bpf__destroy(loader->tc);
	close_fd(loader->ioctl_fd);
	free(loader->cpu_counters);
	free(loader);
}

enum ebc_stamp_source ebc_loader_tx_stamp(const struct ebc_loader *loader, const char **ret_reason)
{
	if (ret_reason)
		*ret_reason = loader->tx_reason;
	return loader->tx_stamp;
}

bool ebc_loader_uses_tcx(const struct ebc_loader *loader)
{
	return loader->programs.use_tcx;
}

volatile struct ebc_ctl *ebc_loader_ctl(struct ebc_loader *loader)
{
	return loader->ctl;
}
