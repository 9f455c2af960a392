/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See objects.h. The only file that includes the generated skeletons, and of these only the bytes. */
#include "bpf/objects.h"

#include <bpf/btf.h>
#include <errno.h>
#include <string.h>

#include "ebc_boundary.skel.h"
#include "ebc_boundary_tx.skel.h"
#include "ebc_transparent.skel.h"
#include "ebc_transparent_tx.skel.h"

struct bytes {
	const void *data;
	size_t size;
};

static struct bytes bytes_of(enum ebc_mode mode, bool is_tx)
{
	struct bytes bytes;

	if (mode == EBC_MODE_BOUNDARY)
		bytes.data = is_tx ? ebc_boundary_tx_bpf__elf_bytes(&bytes.size)
				   : ebc_boundary_bpf__elf_bytes(&bytes.size);
	else
		bytes.data = is_tx ? ebc_transparent_tx_bpf__elf_bytes(&bytes.size)
				   : ebc_transparent_bpf__elf_bytes(&bytes.size);
	return bytes;
}

/* Where the object's constants lie until it is loaded. */
static char *constants_of(const struct bpf_object *object, size_t *ret_size)
{
	struct bpf_map *map;

	bpf_object__for_each_map(map,
				 object) if (bpf_map__is_internal(map) &&
					     strstr(bpf_map__name(map), ".rodata")) return (char *)(uintptr_t)
		bpf_map__initial_value(map, ret_size);
	return NULL;
}

/* An object need not have every constant. */
static void set_constant(const struct bpf_object *object, const char *name, const void *value, size_t size)
{
	const struct btf *btf = bpf_object__btf(object);
	int32_t id = btf__find_by_name_kind(btf, ".rodata", BTF_KIND_DATASEC);
	const struct btf_type *section = id < 0 ? NULL : btf__type_by_id(btf, (uint32_t)id);
	size_t room = 0;
	char *constants = constants_of(object, &room);

	for (int i = 0; section && constants && i < btf_vlen(section); i++) {
		const struct btf_var_secinfo *at = btf_var_secinfos(section) + i;
		const struct btf_type *variable = btf__type_by_id(btf, at->type);

		if (at->size == size && at->offset + size <= room &&
		    strcmp(btf__name_by_offset(btf, variable->name_off), name) == 0)
			memcpy(constants + at->offset, value, size);
	}
}

static struct bpf_object *open_object(enum ebc_mode mode, bool is_tx, const struct ebc_constants *c)
{
	struct bytes bytes = bytes_of(mode, is_tx);
	struct bpf_object *object = bpf_object__open_mem(bytes.data, bytes.size, NULL);

	if (!object)
		return NULL;
	set_constant(object, "ebc_consume_verdict", &c->consume_verdict, sizeof(c->consume_verdict));
	set_constant(object, "ebc_tx_mark", &c->tx_mark, sizeof(c->tx_mark));
	set_constant(object, "ebc_rx_mark", &c->rx_mark, sizeof(c->rx_mark));
	set_constant(object, "ebc_is_monitor", &c->is_monitor, sizeof(c->is_monitor));
	set_constant(object, "ebc_tx_halfway", &c->is_halfway, sizeof(c->is_halfway));
	return object;
}

struct bpf_object *ebc_objects_open_tc(enum ebc_mode mode, const struct ebc_constants *constants)
{
	return open_object(mode, false, constants);
}

struct bpf_object *ebc_objects_open_tx(enum ebc_mode mode, const struct ebc_constants *constants,
				       const struct bpf_object *tc)
{
	struct bpf_object *object = open_object(mode, true, constants);
	struct bpf_map *map;

	if (!object)
		return NULL;
	bpf_object__for_each_map(map, object)
	{
		const struct bpf_map *shared = bpf_object__find_map_by_name(tc, bpf_map__name(map));
		int r;

		if (!shared || bpf_map__is_internal(map))
			continue;
		r = bpf_map__reuse_fd(map, bpf_map__fd(shared));
		if (r < 0) {
			bpf_object__close(object);
			errno = -r;
			return NULL;
		}
	}
	return object;
}

static uint64_t fnv1a(uint64_t hash, const uint8_t *data, size_t size)
{
	for (size_t i = 0; i < size; i++)
		hash = (hash ^ data[i]) * 0x100000001B3ULL;
	return hash;
}

uint64_t ebc_objects_hash(enum ebc_mode mode)
{
	struct bytes tc = bytes_of(mode, false), tx = bytes_of(mode, true);

	return fnv1a(fnv1a(0xCBF29CE484222325ULL, tc.data, tc.size), tx.data, tx.size);
}
