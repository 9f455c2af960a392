# SPDX-License-Identifier: GPL-2.0-or-later
# What OpenWrt's functions.sh does for those who read /etc/config: config_load NAME calls config_cb, option_cb and
# list_cb as the file says, and config_cb once more at the end. The file is sh's own words, as there.

config_cb() { return 0; }
option_cb() { return 0; }
list_cb() { return 0; }

config() {
	stub_sections=$((stub_sections + 1))
	config_cb "$1" "${2:-cfg$stub_sections}"
}

option() {
	stub_name=$1
	shift
	option_cb "$stub_name" "$*"
}

# Of a list there is an option for its length besides, and one for each of its items.
list() {
	stub_name=$1
	shift
	option_cb "${stub_name}_ITEM1" "$*"
	option_cb "${stub_name}_LENGTH" 1
	list_cb "$stub_name" "$*"
}

config_load() {
	stub_sections=0
	[ -r "$IPKG_INSTROOT/etc/config/$1" ] || return 1
	. "$IPKG_INSTROOT/etc/config/$1"
	config_cb
}
